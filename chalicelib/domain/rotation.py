"""Rotation: a token is replaced by a successor, and works beside it until the overlap ends."""

from datetime import datetime, timedelta

from chalicelib.domain.errors import NoPredecessor
from chalicelib.domain.frozen import Frozen, replace
from chalicelib.domain.lines import Change, Line
from chalicelib.domain.token_rules import MAX_OVERLAP, TokenRules
from chalicelib.domain.tokens import Token, TokenStatus
from chalicelib.domain.users import User


class Rotation(Frozen):
    """The writes of one rotation, all or nothing.

    ``cut_short`` is the predecessor of ``rotated`` if it still works. Its overlap ends now, so that at
    most two tokens of a family work at the same time. The family keeps its place in the quota.
    ``takes_new_place`` is true if that place may already be missing from the count. ``line`` is the row
    of the line that goes on. It is None if a person rotates, because that begins a new line.
    """

    rotated: Change
    successor: Token
    cut_short: Change | None
    takes_new_place: bool
    line: Line | None


def rotation_of(
    token: Token,
    grandparent: Token | None,
    successor: Token,
    overlap: timedelta,
    rules: TokenRules,
) -> Rotation:
    """Return the writes that replace ``token``, whose predecessor is ``grandparent``, by ``successor``."""
    now, expiry = successor.created_at, token.expiry(rules)
    end = now + overlap if expiry is None else min(now + overlap, expiry)
    is_self_rotation = successor.id_of_line == token.id_of_line
    rotated = replace(
        _ending_at(end, token, now, rules), successor_id=successor.id, family_id=successor.family_id
    )
    cut_short = None
    if grandparent and grandparent.may_work(now):
        cut_short = Change(grandparent, _ending_at(now, grandparent, now, rules))
    return Rotation(
        rotated=Change(token, rotated),
        # The successor was signed before. A change since then must not be lost.
        successor=replace(
            successor,
            name=token.name,
            description=token.description,
            allowed_networks=token.allowed_networks,
        ),
        cut_short=cut_short,
        # A token that rotates itself does not end later than before, so its family still has its place.
        takes_new_place=not is_self_rotation and not token.surely_holds_place(now),
        line=_continued(token, successor, rules) if is_self_rotation else None,
    )


def successor_of(token: Token, token_id: str, now: datetime, rules: TokenRules) -> Token:
    """Return the successor for a rotation by a person. Its lifetime and its line begin anew."""
    lifetime = _lifetime(token, rules)
    expires_at = now.replace(microsecond=0) + lifetime if lifetime else None
    successor = _successor(token, token_id, now)
    successor = replace(successor, line_id=token_id, expires_at=expires_at)
    return successor.alive_since(now, rules)


def own_successor_of(token: Token, token_id: str, now: datetime, rules: TokenRules) -> Token:
    """Return the successor for a self-rotation. It ends when the token would have ended."""
    successor = _successor(token, token_id, now)
    successor = replace(successor, line_id=token.id_of_line, lifetime_began_at=token.lifetime_start)
    return successor.alive_since(now, rules)


def without_overlap(token: Token | None, owner: User, now: datetime, rules: TokenRules) -> Change:
    """Return the write that ends the overlap of ``token``, a predecessor.

    Raises NoPredecessor if it does not work beside its successor. A paused or idle one counts as working.
    """
    if token is None or token.overlap_ends_at is None:
        raise NoPredecessor
    if token.status(owner, now, rules) in {TokenStatus.REVOKED, TokenStatus.EXPIRED}:
        raise NoPredecessor
    return Change(token, _ending_at(now, token, now, rules))


def needs_reuse_record(token: Token, now: datetime, rules: TokenRules) -> bool:
    """Return True if the last recorded reuse is old enough to write a new one."""
    last = token.last_reused_at
    return last is None or now - last >= rules.refresh_interval


def reused(token: Token, count: int, now: datetime) -> Token:
    """Return the token after ``count`` more uses past its overlap."""
    return replace(token, reuse_count=token.reuse_count + count, last_reused_at=now)


def _successor(token: Token, token_id: str, now: datetime) -> Token:
    # A field that is not named begins anew, with its default. A test decides about each field.
    return Token(
        id=token_id,
        user_id=token.user_id,
        generation=token.generation,
        name=token.name,
        description=token.description,
        scopes=token.scopes,
        state=token.state,
        created_at=now,
        updated_at=now,
        idle_at=token.idle_at,
        purge_at=token.purge_at,
        expires_at=token.expires_at,
        predecessor_id=token.id,
        family_id=token.family_id or token.id,
        allowed_networks=token.allowed_networks,
    )


def _continued(token: Token, successor: Token, rules: TokenRules) -> Line:
    # The row outlives every rotated token of its line, so it names every token that an end must change.
    purge_at = rules.purge_time(successor.created_at + MAX_OVERLAP)
    return Line(token.user_id, token.id_of_line, (token.id, successor.id), purge_at)


def _lifetime(token: Token, rules: TokenRules) -> timedelta | None:
    if token.expires_at is None:
        return rules.max_lifetime
    lifetime = token.expires_at - token.lifetime_start.replace(microsecond=0)
    return min(lifetime, rules.max_lifetime) if rules.max_lifetime else lifetime


def _ending_at(end: datetime, token: Token, now: datetime, rules: TokenRules) -> Token:
    return replace(token, overlap_ends_at=end, updated_at=now, purge_at=rules.purge_time(end))
