"""Settings that nobody has set yet: the examples of the project's own configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from infra.aws.errors import DeploymentError

# RFC 2606 section 3, RFC 6761 section 6.5: nobody can have these.
_RESERVED = re.compile(r"(.*\.)?(example\.(com|net|org)|example|invalid|test)")
_URLS = ("ISSUER", "AUDIENCE", "OIDC_ISSUER")
# Without a domain of one's own these name an address that the first deployment makes.
_KNOWN_LATER = ("ISSUER", "AUDIENCE")


def refuse_examples(settings: Mapping[str, str], stage: str, *, first: bool) -> None:
    """Raise DeploymentError where a URL is an example still.

    A ``first`` deployment may go without the address that only it can make.
    """
    names = [n for n in _URLS if _is_example(settings.get(n, "")) and not (first and n in _KNOWN_LATER)]
    if names:
        verb = "is an example" if len(names) == 1 else "are examples"
        raise DeploymentError(
            f"{' and '.join(names)} of the stage {stage} {verb}: put your own into .chalice/config.json."
        )


def next_steps(settings: Mapping[str, str], outputs: Mapping[str, str], stage: str) -> list[str]:
    """Return what is left to do, told after a deployment."""
    address = outputs.get("EndpointURL", "").rstrip("/")
    missing = [name for name in _KNOWN_LATER if _is_example(settings.get(name, ""))]
    if missing:
        return [
            f"Not in order yet: {' and '.join(missing)} of the stage {stage} in .chalice/config.json.",
            f'  Without a domain of your own: "ISSUER": "{address}"',
            '  "AUDIENCE" names the API that tokens open: its URL, or any URL of yours.',
            f"  Then: make deploy STAGE={stage}",
        ]
    issuer = settings.get("ISSUER", "").rstrip("/")
    target = outputs.get("DomainTarget")
    return [
        *([f"The DNS name of your domain has to be an alias of {target}"] if target else []),
        f"The page: {issuer}/settings/api-tokens",
        f"Your OpenID provider has to allow the redirect to {issuer}/login/callback",
    ]


def _is_example(url: str) -> bool:
    return bool(_RESERVED.fullmatch(urlsplit(url).hostname or ""))
