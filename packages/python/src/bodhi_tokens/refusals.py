"""The responses of the middleware to requests that it refuses: problem documents (RFC 9457)."""

import json
import logging
import re
from dataclasses import dataclass

from bodhi_tokens.errors import MissingScope, NotAuthenticated

_log = logging.getLogger("bodhi_tokens")

# RFC 6749 section 3.3. An application may build the name of a scope from a request, and a header must not
# hold other characters.
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A response to a refused request. ``reason`` is the phrase of the status."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes


def refusal(error: NotAuthenticated | MissingScope) -> Refusal:
    """Return the response to an error, with the challenge of RFC 6750. Log the reason of a 401."""
    if isinstance(error, MissingScope):
        challenge = 'Bearer error="insufficient_scope"'
        if _SCOPE_TOKEN.fullmatch(error.scope):
            challenge += f', scope="{error.scope}"'
        return _response(403, "Forbidden", "insufficient_scope", str(error), challenge)
    _log.warning("A request was refused: %s", error)
    detail = "This API needs an API token that its gateway has verified."
    return _response(401, "Unauthorized", "not_authenticated", detail, "Bearer")


def _response(status: int, title: str, code: str, detail: str, challenge: str) -> Refusal:
    problem = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail}
    body = json.dumps(problem).encode()
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("WWW-Authenticate", challenge),
    ]
    return Refusal(status, title, headers, body)
