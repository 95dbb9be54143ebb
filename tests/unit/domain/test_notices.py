"""Notices that are due: once for each stage, and again after a use or a change."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.noticed import Notice, NoticeKind
from chalicelib.domain.notices import due_notices, given
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
OWNER = a_user()
IDLING, EXPIRING, NEVER_USED = NoticeKind.IDLING, NoticeKind.EXPIRING, NoticeKind.NEVER_USED

Told = list[tuple[int, NoticeKind, int]]


def a_used_token(**changes: Any) -> Token:
    """Return a token that was used at the start."""
    return replace(a_token(OWNER).touched(START, RULES), **changes)


def walked(
    token: Token,
    days: range,
    rules: TokenRules = RULES,
    owner: User = OWNER,
    used_on: frozenset[int] = frozenset(),
) -> Told:
    """Return the notices of a walk on each day at noon, with uses an hour later."""
    told: Told = []
    for day in days:
        now = START + day * DAY
        notices = due_notices(token, owner, now, rules)
        told += [(day, notice.kind, notice.days) for notice in notices]
        token = given(token, notices)
        assert not due_notices(token, owner, now, rules)
        if day in used_on:
            token = token.touched(now + HOUR, rules)
    return told


def test_each_stage_is_told_once() -> None:
    """Seven, three and one day before the token goes idle."""
    assert walked(a_used_token(), range(40)) == [(23, IDLING, 7), (27, IDLING, 3), (29, IDLING, 1)]


def test_stages_before_the_expiry_are_told() -> None:
    """A token that is used all the time expires nevertheless."""
    token = a_used_token(expires_at=START + 20 * DAY)
    told = walked(token, range(40), used_on=frozenset(range(40)))
    assert told == [(13, EXPIRING, 7), (17, EXPIRING, 3), (19, EXPIRING, 1)]


def test_expiry_by_the_longest_lifetime_is_told() -> None:
    """The token has no expiry of its own."""
    rules = replace(RULES, max_lifetime=20 * DAY)
    assert walked(a_used_token(), range(40), rules) == [
        (13, EXPIRING, 7),
        (17, EXPIRING, 3),
        (19, EXPIRING, 1),
    ]


def test_only_the_nearer_stage_is_told() -> None:
    """If no walk came by for days, or the operator shortens the timeout."""
    assert walked(a_used_token(), range(28, 40)) == [(28, IDLING, 3), (29, IDLING, 1)]


@pytest.mark.parametrize(
    ("timeout", "stages"), [(1, []), (2, [1]), (3, [1]), (4, [3, 1]), (7, [3, 1]), (8, [7, 3, 1])]
)
def test_stages_are_shorter_than_the_timeout(timeout: int, stages: list[int]) -> None:
    """Otherwise each use would be followed by a notice."""
    rules = replace(RULES, idle_timeout=timeout * DAY)
    token = a_used_token(idle_at=START + timeout * DAY)
    assert [days for _, _, days in walked(token, range(20), rules)] == stages


@pytest.mark.parametrize(("lifetime", "stages"), [(1, []), (3, [1]), (7, [3, 1]), (8, [7, 3, 1])])
def test_stages_are_shorter_than_the_lifetime(lifetime: int, stages: list[int]) -> None:
    """A token that is made for a day says nothing about its end."""
    token = a_used_token(expires_at=START + lifetime * DAY)
    assert [days for _, _, days in walked(token, range(20))] == stages


@pytest.mark.parametrize("used_on", [23, 25, 27, 29])
def test_use_arms_the_notices_again(used_on: int) -> None:
    """The next deadline has all its stages."""
    told = walked(a_used_token(), range(80), used_on=frozenset({used_on}))
    later = [(day, days) for day, _, days in told if day > used_on]
    assert later == [(used_on + 24, 7), (used_on + 28, 3), (used_on + 30, 1)]


def test_token_that_was_never_used_is_told_once() -> None:
    """After 30 days, also if it is idle by then. Its owner may keep it alive."""
    assert walked(a_token(OWNER), range(60))[-1] == (30, NEVER_USED, 0)
    kept = replace(a_token(OWNER), idle_at=START + 90 * DAY)
    assert walked(kept, range(60)) == [(30, NEVER_USED, 0)]
    assert walked(a_used_token(), range(60))[-1] == (29, IDLING, 1)


@pytest.mark.parametrize(
    ("token", "owner"),
    [
        (a_used_token().paused(START), OWNER),
        (a_used_token(successor_id="tok_2", overlap_ends_at=START + 90 * DAY), OWNER),
        (a_used_token(generation="other"), OWNER),
        (a_token(OWNER), OWNER.deactivated(START)),
        (a_token(OWNER), OWNER.removed(START, "g2")),
    ],
)
def test_token_that_does_not_work_is_not_told(token: Token, owner: User) -> None:
    """Nor one that its successor replaces."""
    assert walked(token, range(60), owner=owner) == []


def test_each_kind_keeps_its_newest_notice() -> None:
    """Otherwise the row would grow."""
    day = START.date()
    first, second, other = Notice(IDLING, 7, day), Notice(IDLING, 3, day), Notice(NEVER_USED, 0, day)
    assert given(given(a_token(OWNER), [first, other]), [second]).noticed == (second, other)


def test_moment_of_the_day_does_not_matter() -> None:
    """A deadline just before and just after midnight, walks at either side of it."""
    for deadline_hour in (0, 1, 12, 23):
        for walk_hour in (0, 1, 12, 23):
            midnight = START.replace(hour=0)
            token = a_used_token(idle_at=midnight + 30 * DAY + deadline_hour * HOUR)
            told = []
            for day in range(40):
                now: datetime = midnight + day * DAY + walk_hour * HOUR
                notices = due_notices(token, OWNER, now, RULES)
                told += [notice.days for notice in notices]
                token = given(token, notices)
            assert told == [7, 3, 1]
