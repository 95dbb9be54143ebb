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
)
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
    """Let a token pass that may be used right now.

    Raises the InvalidToken that says why not; an inactive owner is named before the token's own state.
    """
    if not owner.is_active:
        raise InactiveOwner
    status = token.status(owner, now, rules)
    if token.is_ended_by_rotation(owner, now):
        raise RotatedToken
    if status is not TokenStatus.ACTIVE:
        raise _REFUSALS[status]


def require_changeable(token: Token, owner: User, now: datetime, rules: TokenRules) -> None:
    """Raises TokenAlreadyRevoked for a token that nothing can change any more."""
    if token.status(owner, now, rules) is TokenStatus.REVOKED:
        raise TokenAlreadyRevoked


def require_unexpired(token: Token, now: datetime, rules: TokenRules) -> None:
    """Raises TokenAlreadyExpired for a token whose status nothing can change any more."""
    if token.has_expired(now, rules):
        raise TokenAlreadyExpired
