"""Rotation: a token is replaced by a successor, and works beside it until the overlap ends."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain.errors import (
    TokenAlreadyExpired,
    TokenAlreadyRevoked,
    TokenAlreadyRotated,
    TokenNotActive,
)
from chalicelib.domain.tokens import Token, TokenPolicy, TokenStatus
from chalicelib.domain.users import User


@dataclass(frozen=True, slots=True)
class Change:
    """A row as it was read and as it is to be."""

    before: Token
    after: Token


@dataclass(frozen=True, slots=True)
class Rotation:
    """What one rotation writes, all of it or nothing.

    ``cut_short`` is the predecessor's own predecessor where it still works: its overlap ends now, so
    that at most two tokens of a family work at the same time. The successor takes its predecessor's
    place in the quota; ``takes_new_place`` where nobody can tell whether that one still has it.
    """

    rotated: Change
    successor: Token
    cut_short: Change | None
    takes_new_place: bool


def rotation_of(
    token: Token,
    grandparent: Token | None,
    successor: Token,
    overlap: timedelta,
    policy: TokenPolicy,
) -> Rotation:
    """Return what replaces ``token``, whose predecessor is ``grandparent``, by ``successor``."""
    now = successor.created_at
    end = now + overlap if token.expires_at is None else min(now + overlap, token.expires_at)
    rotated = replace(
        _ending_at(end, token, now, policy), successor_id=successor.id, family_id=successor.family_id
    )
    return Rotation(
        rotated=Change(token, rotated),
        successor=replace(successor, name=token.name, description=token.description),
        cut_short=_cut_short(grandparent, now, policy) if grandparent else None,
        takes_new_place=not token.surely_counts(now),
    )


def successor_of(token: Token, token_id: str, now: datetime, policy: TokenPolicy) -> Token:
    """Return the token that takes over: equal but for its id, and its lifetime begins anew."""
    lifetime = _lifetime(token, policy)
    successor = replace(
        token,
        id=token_id,
        created_at=now,
        updated_at=now,
        expires_at=now.replace(microsecond=0) + lifetime if lifetime else None,
        last_used_at=None,
        usage={},
        predecessor_id=token.id,
        family_id=token.family_id or token.id,
        version=1,
    )
    return successor.alive_since(now, policy)


def require_rotatable(token: Token, owner: User, now: datetime) -> None:
    """Let a token pass that is active and has no successor.

    Raises TokenAlreadyRotated, TokenAlreadyRevoked, TokenAlreadyExpired or TokenNotActive.
    """
    status = token.status(owner, now)
    if status is TokenStatus.REVOKED and not token.is_ended_by_rotation(owner, now):
        raise TokenAlreadyRevoked
    if token.successor_id:
        raise TokenAlreadyRotated(token.successor_id)
    if status is TokenStatus.EXPIRED:
        raise TokenAlreadyExpired
    if status is not TokenStatus.ACTIVE:
        raise TokenNotActive


def needs_reuse_record(token: Token, now: datetime, policy: TokenPolicy) -> bool:
    """Whether the last recorded reuse is old enough to be worth a write."""
    last = token.last_reused_at
    return last is None or now - last >= policy.refresh_interval


def reused(token: Token, count: int, now: datetime) -> Token:
    """Return the token as presented ``count`` more times after its overlap."""
    return replace(token, reuse_count=token.reuse_count + count, last_reused_at=now)


def _lifetime(token: Token, policy: TokenPolicy) -> timedelta | None:
    if token.expires_at is None:
        return policy.max_lifetime
    lifetime = token.expires_at - token.created_at.replace(microsecond=0)
    return min(lifetime, policy.max_lifetime) if policy.max_lifetime else lifetime


def _cut_short(token: Token, now: datetime, policy: TokenPolicy) -> Change | None:
    if token.state is TokenStatus.REVOKED or token.overlap_is_over(now):
        return None
    return Change(token, _ending_at(now, token, now, policy))


def _ending_at(end: datetime, token: Token, now: datetime, policy: TokenPolicy) -> Token:
    return replace(token, overlap_ends_at=end, updated_at=now, purge_at=policy.purge_time(end))
