"""Checks of a token before it is used or changed."""

from datetime import datetime

from chalicelib.domain.errors import (
    ExpiredToken,
    IdleToken,
    InactiveOwner,
    InactiveToken,
    InvalidToken,
    RevokedToken,
    RotatedToken,
    TokenAlreadyExpired,
    TokenAlreadyRevoked,
    TokenAlreadyRotated,
    TokenNotActive,
    WrongNetwork,
)
from chalicelib.domain.networks import Address, allows
from chalicelib.domain.seen_networks import RefusedReason
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token, TokenStatus
from chalicelib.domain.users import User

_REFUSALS: dict[TokenStatus, type[InvalidToken]] = {
    TokenStatus.INACTIVE: InactiveToken,
    TokenStatus.IDLE: IdleToken,
    TokenStatus.EXPIRED: ExpiredToken,
    TokenStatus.REVOKED: RevokedToken,
}


# Not InactiveOwner: its owner cannot look, and after a removal nothing new may be kept about a person.
_RECORDED: dict[type[InvalidToken], RefusedReason] = {
    WrongNetwork: RefusedReason.NETWORK,
    InactiveToken: RefusedReason.PAUSED,
    IdleToken: RefusedReason.IDLE,
    # The string of a token that has expired by itself is refused before its row is read.
    ExpiredToken: RefusedReason.LIFETIME,
    RotatedToken: RefusedReason.ROTATED,
    RevokedToken: RefusedReason.REVOKED,
}


def require_usable(token: Token, owner: User, now: datetime, rules: TokenRules) -> None:
    """Accept a token that may be used right now.

    Raises the InvalidToken that says why it may not. An inactive owner comes before the token's own state.
    """
    if not owner.is_active:
        raise InactiveOwner
    status = token.status(owner, now, rules)
    if token.is_ended_by_rotation(owner, now):
        raise RotatedToken
    if status is not TokenStatus.ACTIVE:
        raise _REFUSALS[status]


def require_allowed_network(token: Token, address: Address | None) -> None:
    """Accept a token that may be used from an address. Raises WrongNetwork."""
    if not allows(token.allowed_networks, address):
        raise WrongNetwork


def reason_to_record(refusal: InvalidToken) -> RefusedReason | None:
    """Return the reason that the token's owner sees for a refusal, or None if it is not recorded."""
    return _RECORDED.get(type(refusal))


def require_changeable(token: Token, owner: User, now: datetime, rules: TokenRules) -> None:
    """Accept a token that can still change. Raises TokenAlreadyRevoked."""
    if token.status(owner, now, rules) is TokenStatus.REVOKED:
        raise TokenAlreadyRevoked


def require_active(token: Token, owner: User, now: datetime, rules: TokenRules) -> None:
    """Accept a token that is active and was not rotated.

    Raises TokenAlreadyRotated, TokenAlreadyRevoked, TokenAlreadyExpired or TokenNotActive.
    """
    status = token.status(owner, now, rules)
    if status is TokenStatus.REVOKED and not token.is_ended_by_rotation(owner, now):
        raise TokenAlreadyRevoked
    if token.successor_id:
        raise TokenAlreadyRotated(token.successor_id)
    if status is TokenStatus.EXPIRED:
        raise TokenAlreadyExpired
    if status is not TokenStatus.ACTIVE:
        raise TokenNotActive


def require_unexpired(token: Token, now: datetime, rules: TokenRules) -> None:
    """Accept a token whose status can still change. Raises TokenAlreadyExpired."""
    if token.has_expired(now, rules):
        raise TokenAlreadyExpired
