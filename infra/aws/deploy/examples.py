"""Settings that still have the example values of this project's configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from infra.aws.errors import DeploymentError
from infra.aws.package.settings_file import file_of

# Names that cannot be registered (RFC 2606 section 3, RFC 6761 section 6.5).
_RESERVED = re.compile(r"(.*\.)?(example\.(com|net|org)|example|invalid|test)")
_URLS = ("ISSUER", "AUDIENCE", "OIDC_ISSUER")
# Without a custom domain, these name an address that the first deployment makes.
_KNOWN_LATER = ("ISSUER", "AUDIENCE")


def refuse_examples(settings: Mapping[str, str], stage: str, *, first: bool) -> None:
    """Raise DeploymentError if a URL is still an example.

    A ``first`` deployment may lack the address that only it can make.
    """
    names = [n for n in _URLS if _is_example(settings.get(n, "")) and not (first and n in _KNOWN_LATER)]
    if names:
        verb = "is an example" if len(names) == 1 else "are examples"
        raise DeploymentError(
            f"{' and '.join(names)} of the stage {stage} {verb}. Put your own into {file_of(stage)}."
        )


def next_steps(settings: Mapping[str, str], outputs: Mapping[str, str], stage: str) -> list[str]:
    """Return the steps that are left after a deployment."""
    address = outputs.get("EndpointURL", "").rstrip("/")
    missing = [name for name in _KNOWN_LATER if _is_example(settings.get(name, ""))]
    if missing:
        return [
            f"Set {' and '.join(missing)} of the stage {stage} in {file_of(stage)}:",
            f'  "ISSUER": "{address}", unless you have a domain of your own.',
            '  "AUDIENCE": the URL of the API that tokens open, or any other URL of yours.',
            f"Then deploy again: make deploy STAGE={stage}",
        ]
    issuer = settings.get("ISSUER", "").rstrip("/")
    return [
        *_dns_steps(outputs),
        f"The page: {issuer}/settings/api-tokens",
        f"Allow this redirect at your OpenID provider: {issuer}/login/callback",
    ]


def _dns_steps(outputs: Mapping[str, str]) -> list[str]:
    target, zone = outputs.get("DomainTarget"), outputs.get("DomainTargetHostedZoneId")
    if not target:
        return []
    hint = f" In Route 53 its hosted zone is {zone}." if zone else ""
    return [f"Make the DNS name of your domain an alias of {target}.{hint}"]


def _is_example(url: str) -> bool:
    return bool(_RESERVED.fullmatch(urlsplit(url).hostname or ""))
