"""The program of the development OpenID provider. It runs in the environment of the local stack's tools.

The provider is oidc-provider-mock, whose pages load their style from a third party. The pages here load
nothing from elsewhere, and say that this sign-in is for development only.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask
import uvicorn
from jinja2 import ChoiceLoader, FileSystemLoader
from oidc_provider_mock import User, app

HERE = Path(__file__).parent
_FILES = {"/sign-in.css": "text/css", "/mark.svg": "image/svg+xml"}
_CONTENT_SECURITY_POLICY = "; ".join(
    # Not form-action: it would also bind the redirect back to the service, which is another origin.
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_MOST_RECENT = 3


@dataclass(frozen=True)
class Account:
    """An account that a person can choose. ``role`` is a word beside the name, or empty."""

    claims: Mapping[str, Any]
    role: str = ""

    @property
    def subject(self) -> str:
        """The subject that the provider's JWTs name."""
        return str(self.claims["sub"])

    @property
    def name(self) -> str:
        """The name to show."""
        return str(self.claims["name"])

    @property
    def initials(self) -> str:
        """The first letters of the name's first and last word."""
        words = self.name.split()
        return "".join(word[0] for word in dict.fromkeys((words[0], words[-1])))


def main() -> None:
    """Serve the provider until a signal stops it."""
    options = _options()
    accounts = [Account(**each) for each in json.loads(options.accounts)]
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # The provider listens on loopback only, without TLS.
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    uvicorn.run(provider(accounts), interface="wsgi", host=options.host, port=options.port, log_config=None)


def provider(accounts: Sequence[Account]) -> Any:
    """Return the provider as a WSGI application, with our pages."""
    users = [
        User(sub=each.subject, claims={name: claim for name, claim in each.claims.items() if name != "sub"})
        for each in accounts
    ]
    made = app(user_claims=users)
    made.jinja_loader = ChoiceLoader([FileSystemLoader(HERE / "templates"), made.jinja_loader])
    made.context_processor(lambda: {"accounts": accounts, "most_recent": _MOST_RECENT})
    made.after_request(_with_headers)
    for path, media_type in _FILES.items():
        made.add_url_rule(path, path, _serving(HERE / path[1:], media_type))
    return made


def _serving(file: Path, media_type: str) -> Any:
    return lambda: flask.send_file(file, media_type)


def _with_headers(response: Any) -> Any:
    response.headers["Content-Security-Policy"] = _CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--accounts", required=True, help="the accounts, as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
