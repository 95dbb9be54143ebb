"""The caller of a request, as an authorizer of Bodhi API Tokens describes it to a backend."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import unquote

from bodhi_tokens.errors import MissingScope, NotAuthenticated

# The middleware stores the caller under this name in the ASGI scope or the WSGI environ.
# A client cannot set it: names of headers get a prefix there.
KEY = "bodhi_tokens.caller"

_DIGITS = re.compile(r"[0-9]{1,12}", re.ASCII)
_INCOMPLETE_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Caller:
    """The bearer of an API token that an authorizer has let in.

    ``token_name`` is the name that the owner chose. Escape it as you escape any text of users. The times
    are those of the decision, which the gateway may have cached. Use them for warnings only.
    ``expires_at`` is None if the token does not expire.
    """

    user_id: str
    token_id: str
    token_name: str
    scopes: frozenset[str]
    expires_at: datetime | None
    idle_at: datetime | None

    def require_scope(self, scope: str) -> None:
        """Return if the token has the scope. Raises MissingScope."""
        if scope not in self.scopes:
            raise MissingScope(scope)


def caller(event: Mapping[str, Any]) -> Caller:
    """Return the caller of an event that API Gateway or AppSync passed to a Lambda function.

    The event is of a REST, HTTP or WebSocket API with any payload format, or of an AppSync resolver. Pass
    the event itself, never a part of it that a client can write, such as the body.
    Raises NotAuthenticated if the event carries no context of an authorizer of Bodhi API Tokens.
    """
    request_context, identity = event.get("requestContext"), event.get("identity")
    if request_context is not None and identity is not None:
        # No event of AWS has both. One of them may come from a client.
        raise NotAuthenticated("The event has both 'requestContext' and 'identity'.")
    if identity is not None:
        return _from_members(_member(identity, "resolverContext"))
    return caller_from_context(request_context)


def caller_from_context(request_context: object) -> Caller:
    """Return the caller of a request context of API Gateway.

    HTTP APIs with payload format 2.0 have the authorizer's members below ``authorizer.lambda``. REST and
    WebSocket APIs, and payload format 1.0, have them below ``authorizer``.
    Raises NotAuthenticated if the context has no such members.
    """
    authorizer = _member(request_context, "authorizer")
    nested = _member(authorizer, "lambda")
    return _from_members(authorizer if nested is None else nested)


def caller_in(scope_or_environ: Mapping[str, Any]) -> Caller:
    """Return the caller that the middleware found, from the ASGI scope or the WSGI environ.

    Raises NotAuthenticated if the request did not pass the middleware.
    """
    found = scope_or_environ.get(KEY)
    if not isinstance(found, Caller):
        raise NotAuthenticated("The request did not pass the middleware, or its path is open.")
    return found


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None


def _from_members(members: object) -> Caller:
    if not isinstance(members, Mapping) or "token_id" not in members:
        raise NotAuthenticated(
            "The event carries no context of an authorizer of Bodhi API Tokens. "
            "Attach the authorizer to this route, and deploy the stage again."
        )
    return Caller(
        user_id=_text(members, "user_id"),
        token_id=_text(members, "token_id"),
        token_name=_decoded(_text(members, "token_name", "")),
        scopes=frozenset(_text(members, "scopes", "").split(" ")) - {""},
        expires_at=_time(members, "expires_at"),
        idle_at=_time(members, "idle_at"),
    )


def _text(members: Mapping[str, object], name: str, default: str | None = None) -> str:
    value = members.get(name, default)
    if not isinstance(value, str) or not (value or default == ""):
        raise NotAuthenticated(f"The authorizer's context has no valid '{name}'.")
    return value


def _decoded(name: str) -> str:
    """Return the name without percent-encoding (RFC 3986 section 2.1)."""
    try:
        if not _INCOMPLETE_ESCAPE.search(name):
            return unquote(name, errors="strict")
    except UnicodeDecodeError:
        pass
    raise NotAuthenticated("The authorizer's context has no valid 'token_name'.")


def _time(members: Mapping[str, object], name: str) -> datetime | None:
    """Return a time from seconds since 1970 in decimal digits, or None if it is missing."""
    value = members.get(name)
    if value is None:
        return None
    # Gateways carry the number as a string or as a number. A bool is an int to Python.
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not _DIGITS.fullmatch(str(value)):
        raise NotAuthenticated(f"The authorizer's context has no valid '{name}'.")
    try:
        return datetime.fromtimestamp(int(value), timezone.utc)
    except (OverflowError, ValueError, OSError):
        raise NotAuthenticated(f"The authorizer's context has no valid '{name}'.") from None
