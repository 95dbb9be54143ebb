"""The notices that are due about a token."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from chalicelib.domain.frozen import replace
from chalicelib.domain.noticed import Notice, NoticeKind
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token, TokenStatus
from chalicelib.domain.users import User

STAGES = (1, 3, 7)
"""Days before a deadline, the last notice first."""

NEVER_USED_AFTER = timedelta(days=30)

_DAY = timedelta(days=1)


def due_notices(token: Token, owner: User, now: datetime, rules: TokenRules) -> Sequence[Notice]:
    """Return the notices that are due at ``now`` and were not given yet.

    A use or a change moves a deadline, so that notices about it are due again. A rotated token gets none,
    because its successor does its work.
    """
    status = token.status(owner, now, rules)
    if token.successor_id or status not in (TokenStatus.ACTIVE, TokenStatus.IDLE):
        return ()
    deadlines = deadlines_of(token, rules) if status is TokenStatus.ACTIVE else {}
    found = [_due_before(kind, deadline, token, now, rules) for kind, deadline in deadlines.items()]
    found.append(_due_if_never_used(token, now))
    return tuple(notice for notice in found if notice)


def deadlines_of(token: Token, rules: TokenRules) -> Mapping[NoticeKind, datetime]:
    """Return the deadlines about which an owner gets notices.

    A token that expires before it would go idle gets no notice about idling.
    """
    expiry = token.expiry(rules)
    deadlines = {} if expiry is None else {NoticeKind.EXPIRING: expiry}
    if expiry is None or token.idle_at < expiry:
        deadlines[NoticeKind.IDLING] = token.idle_at
    return deadlines


def given(token: Token, notices: Sequence[Notice]) -> Token:
    """Return the token after more notices. Each kind keeps its newest one."""
    newest = {notice.kind: notice for notice in (*token.noticed, *notices)}
    return replace(token, noticed=tuple(newest.values()))


def _due_before(
    kind: NoticeKind, deadline: datetime, token: Token, now: datetime, rules: TokenRules
) -> Notice | None:
    span = rules.idle_timeout if kind is NoticeKind.IDLING else deadline - token.lifetime_start
    left = deadline - now
    reached = [days for days in STAGES if left <= days * _DAY < span]
    if not reached or any(_is_about(each, kind, deadline, reached[0]) for each in token.noticed):
        return None
    return Notice(kind, reached[0], now.date())


def _is_about(notice: Notice, kind: NoticeKind, deadline: datetime, days: int) -> bool:
    """Return True if a notice was about this deadline, at this stage or a later one.

    When it was given, at most ``notice.days`` were left. If more were left until this deadline, the notice
    was about an earlier one.
    """
    was_left = (deadline.date() - notice.on).days
    return notice.kind is kind and notice.days <= days and was_left <= notice.days


def _due_if_never_used(token: Token, now: datetime) -> Notice | None:
    was_given = any(notice.kind is NoticeKind.NEVER_USED for notice in token.noticed)
    if token.last_used_at or was_given or now < token.created_at + NEVER_USED_AFTER:
        return None
    return Notice(NoticeKind.NEVER_USED, 0, now.date())
