"""The sentences that name members, parameters and headers of the HTTP API.

Errors of the domain carry values. An error that is not worded here says its own ``detail``.
"""

from collections.abc import Mapping

from chalicelib.domain import errors
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.network_lists import NetworkFault
from chalicelib.domain.text import plain_text
from chalicelib.handlers.http.refusals import quoted


class Members(Frozen):
    """The names that an endpoint gives to the members of a token request."""

    scopes: str
    lifetime_in_days: str
    networks: str


# The OAuth endpoints have other names for them (handlers/oauth/errors.py).
JSON_MEMBERS = Members(scopes="scopes", lifetime_in_days="expires_in_days", networks="allowed_networks")

_NETWORK_RULES: Mapping[NetworkFault, str] = {
    NetworkFault.WHITE_SPACE: "Remove the white space.",
    NetworkFault.ZONE: "Remove the zone, which is the part after %.",
    NetworkFault.LEADING_ZERO: "Remove leading zeros, because some programs read such numbers as octal.",
    NetworkFault.NOT_AN_ADDRESS: "It is not an IPv4 or IPv6 network. Write, for example, 192.0.2.0/24.",
    NetworkFault.LENGTH_NOT_A_NUMBER: "The length after / must be a whole number, as in 192.0.2.0/24.",
    NetworkFault.LENGTH_TOO_LARGE: "The length after / must be at most {longest}.",
    NetworkFault.MAPPED_AND_MORE: "It holds more than IPv4 addresses. Write a network like 192.0.2.0/24.",
    NetworkFault.EVERYWHERE: "It holds every address. To allow every address, send an empty list.",
    NetworkFault.HOST_BITS: "The address has bits beyond the length. Write {corrected}.",
    NetworkFault.REPEATED: "The network {corrected} is in the list twice. Remove one.",
}
# The longest network is an IPv6 address with a dotted quad at its end, and a length.
_MOST_OF_A_NETWORK = 49

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
        case errors.InvalidNetwork():
            rule = _NETWORK_RULES[error.fault].format(longest=error.longest, corrected=error.corrected)
            return f"'{members.networks}' has {quoted(error.text, _MOST_OF_A_NETWORK)}. {rule}"
        case errors.TooManyNetworks(most=most):
            return f"'{members.networks}' may have at most {most} networks."
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
