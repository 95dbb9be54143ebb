"""A token that this service itself has verified, by introspection or by its signature."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from bodhi_tokens.errors import MissingScope


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A token that may be used now.

    ``token_id`` is the id of the API token. ``access_token_id`` is None unless the string was an access
    token that the API token was exchanged for. ``expires_at`` is None if the token does not expire.
    """

    user_id: str
    token_id: str
    access_token_id: str | None
    audience: str
    scopes: frozenset[str]
    issued_at: datetime
    expires_at: datetime | None

    def require_scope(self, scope: str) -> None:
        """Return if the token has the scope. Raises MissingScope."""
        if scope not in self.scopes:
            raise MissingScope(scope)


def verified_token(claims: Mapping[str, Any]) -> VerifiedToken:
    """Return the token that verified claims describe.

    ``client_id`` names the API token behind an access token (RFC 9068 section 2.2).
    Raises ValueError if a claim is missing or has another type.
    """
    own_id, behind = _text(claims, "jti"), claims.get("client_id")
    return VerifiedToken(
        user_id=_text(claims, "sub"),
        token_id=own_id if behind is None else _text(claims, "client_id"),
        access_token_id=None if behind is None else own_id,
        audience=_text(claims, "aud"),
        scopes=frozenset(_text(claims, "scope").split(" ")) - {""},
        issued_at=_time(claims["iat"]),
        expires_at=None if claims.get("exp") is None else _time(claims["exp"]),
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not (value or name == "scope"):
        raise ValueError(name)
    return value


def _time(value: object) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("time")
    try:
        return datetime.fromtimestamp(value, timezone.utc)
    except (OverflowError, OSError) as error:
        raise ValueError("time") from error
