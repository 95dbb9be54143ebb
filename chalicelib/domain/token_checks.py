"""Checks of a token before it is used or changed."""

from datetime import datetime

from chalicelib.domain.errors import (
    ExpiredToken,
    IdleToken,
    InactiveOwner,
    InactiveToken,
    InvalidToken,
    NetworkNotAllowed,
    RevokedToken,
    RotatedToken,
    TokenAlreadyExpired,
    TokenAlreadyRevoked,
)
from chalicelib.domain.networks import Address, allows
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token, TokenStatus
from chalicelib.domain.users import User

_REFUSALS: dict[TokenStatus, type[InvalidToken]] = {
    TokenStatus.INACTIVE: InactiveToken,
    TokenStatus.IDLE: IdleToken,
    TokenStatus.EXPIRED: ExpiredToken,
    TokenStatus.REVOKED: RevokedToken,
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


def require_network(token: Token, address: str | None) -> None:
    """Accept a token that may be used from an address, which is None if it is unknown.

    Raises NetworkNotAllowed, also for a text that is not an address if the token has a list.
    """
    # Most tokens have no list, so their addresses need not be read.
    if token.allowed_networks and not allows(token.allowed_networks, Address.parse(address)):
        raise NetworkNotAllowed


def require_changeable(token: Token, owner: User, now: datetime, rules: TokenRules) -> None:
    """Accept a token that can still change. Raises TokenAlreadyRevoked."""
    if token.status(owner, now, rules) is TokenStatus.REVOKED:
        raise TokenAlreadyRevoked


def require_unexpired(token: Token, now: datetime, rules: TokenRules) -> None:
    """Accept a token whose status can still change. Raises TokenAlreadyExpired."""
    if token.has_expired(now, rules):
        raise TokenAlreadyExpired
