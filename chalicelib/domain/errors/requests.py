"""Requests that are not valid in themselves."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.errors.base import ApiTokensError, InvalidRequest

if TYPE_CHECKING:
    # Not loaded by authorizers, which read only lists that were accepted.
    from chalicelib.domain.network_lists import NetworkFault


class InvalidText(InvalidRequest):
    """A name or a description is not valid. ``rule`` says what it must be."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        super().__init__(f"The text {rule}.")


class LifetimeTooLong(InvalidRequest):
    """The lifetime of a new token is longer than the operator allows."""

    def __init__(self, longest: timedelta) -> None:
        self.longest = longest
        super().__init__(f"A token may live for at most {longest.days} days.")


class InvalidNetwork(InvalidRequest):
    """A text in a list of networks is not a network, or may not be listed.

    ``corrected`` is the canonical form that the caller may have meant, and ``longest`` the largest length.
    Each is set if the fault has one.
    """

    detail = "The list of networks has an entry that is not valid."

    def __init__(
        self, fault: "NetworkFault", text: str, corrected: str | None = None, longest: int | None = None
    ) -> None:
        self.fault = fault
        self.text = text
        self.corrected = corrected
        self.longest = longest
        super().__init__()


class TooManyNetworks(InvalidRequest):
    """The list of networks is too long."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"A token may have at most {most} networks.")


class InvalidCursor(InvalidRequest):
    """The cursor was not made for this list in this order."""

    code = "invalid_cursor"
    detail = "This cursor does not belong to this list. Start again without one."


class TooManyToSort(InvalidRequest):
    """The list is too long for an order other than by creation."""

    code = "too_many_to_sort"
    detail = "This list is too long for that order. Sort it by the time of creation."


class InvalidScope(InvalidRequest):
    """A token would have no scope or one that does not exist (RFC 6749 section 5.2).

    ``allowed`` are the scopes that the caller may name.
    """

    code = "invalid_scope"
    detail = "Name at least one scope, and only scopes that exist."

    def __init__(self, allowed: Sequence[str] = ()) -> None:
        self.allowed = allowed
        super().__init__(f"Name at least one of these scopes: {', '.join(allowed)}." if allowed else None)


class ScopeNotHeld(InvalidScope):
    """An access token would have no scope, or one that its API token does not have at present."""

    detail = "Name at least one scope, and only scopes that the API token has right now."


class ScopeNotAllowed(ApiTokensError):
    """The caller's role may not give this scope to a token."""

    code = "scope_not_allowed"

    def __init__(self, scope: str) -> None:
        self.scope = scope
        super().__init__(f"Your role may not create tokens with the scope {scope}.")


class AudienceRequired(InvalidRequest):
    """An access token is requested without the service that it is for."""

    detail = "Name the service that the access token is for."


class InvalidTarget(ApiTokensError):
    """Tokens are not issued for this resource or audience (RFC 8707 section 2)."""

    code = "invalid_target"
    detail = "Tokens are not issued for this resource or audience."


class UnsupportedTokenType(ApiTokensError):
    """Tokens of this type cannot be revoked (RFC 7009 section 2.2.1)."""

    code = "unsupported_token_type"
    detail = "Access tokens for other services cannot be revoked. They expire within 5 minutes."


class IdempotencyKeyReused(ApiTokensError):
    """The idempotency key was used before with another request."""

    code = "idempotency_key_reused"
    detail = "This idempotency key was used with another request. Use a new key."
