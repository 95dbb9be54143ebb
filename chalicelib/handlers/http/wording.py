"""The sentences that name members, parameters and headers of the HTTP API.

Errors of the domain carry values. An error that is not worded here says its own ``detail``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain import errors
from chalicelib.domain.text import plain_text


@dataclass(frozen=True, slots=True)
class Members:
    """The names that an endpoint gives to the members of a token request."""

    scopes: str
    lifetime_in_days: str


# The OAuth endpoints have other names for them (handlers/oauth/errors.py).
JSON_MEMBERS = Members(scopes="scopes", lifetime_in_days="expires_in_days")

_OF_KINDS: Mapping[type[errors.ApiTokensError], str] = {
    errors.NotAuthenticated: "Sign in at your OpenID provider and send its JWT as Authorization: Bearer.",
    errors.TooManyToSort: "This list is too long for that order. Use sort=created_at or sort=-created_at.",
    errors.IdempotencyKeyReused: "This Idempotency-Key was used with another body. Use a new key.",
}


def sentence(error: errors.ApiTokensError, members: Members = JSON_MEMBERS) -> str:
    """Return the sentence that a caller reads about an error."""
    match error:
        case errors.LifetimeTooLong(longest=longest):
            return f"'{members.lifetime_in_days}' must be at most {longest.days}."
        case errors.InvalidScope(allowed=allowed) if allowed:
            return f"'{members.scopes}' must name at least one of: {', '.join(allowed)}."
        case errors.AlreadyCreated(token_id=token_id):
            return (
                f"Token {token_id} was created with this Idempotency-Key. Its string was shown then and "
                "cannot be shown again. If you lost it, revoke the token and create another one."
            )
    return _OF_KINDS.get(type(error), error.detail)


def sentence_of_kind(kind: type[errors.ApiTokensError]) -> str:
    """Return the sentence about every error of a kind, or "" if it depends on the case."""
    return _OF_KINDS.get(kind, kind.detail)


def text_member(value: str, member: str, longest: int) -> str:
    """Return a name or description, trimmed.

    Raises InvalidRequest, which names the member, if the text is not valid.
    """
    try:
        return plain_text(value, longest)
    except errors.InvalidText as error:
        raise errors.InvalidRequest(f"'{member}' {error.rule}.") from None
