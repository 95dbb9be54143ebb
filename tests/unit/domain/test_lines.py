"""Ends of lines: the tokens that end together, and the family's place in the quota."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from chalicelib.domain.lines import Ending, Line, Members, ending_of
from chalicelib.domain.revocations import Revocation, RevocationReason
from chalicelib.domain.tokens import Token, TokenState
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START

OWNER = a_user()
TICK = timedelta(milliseconds=1)
DAY, SKEW = timedelta(days=1), timedelta(minutes=5)
WHY = RevocationReason.EXPOSED
LINE = Line(OWNER.id, "tok_1", ("tok_1", "tok_2"), START + 97 * DAY)


def a_rotated(ends: datetime) -> Token:
    """Return a token that works until its overlap ends."""
    return a_token(OWNER, successor_id="tok_2", overlap_ends_at=ends)


def ended(*tokens: Token, beside: tuple[Token, ...] = (), line: Line | None = None) -> Ending | None:
    """Return the end of a line of these tokens at START."""
    return ending_of(Members(line, tokens, beside), WHY, START, RULES)


def test_both_tokens_end_for_the_same_reason() -> None:
    """At the same moment; the row of the line says that it has ended."""
    ending = ended(a_rotated(START + DAY), a_token(OWNER), line=LINE)

    assert ending
    revocations = [change.after.revocation for change in ending.changes]
    assert revocations == [Revocation(WHY, START)] * 2
    assert ending.line == replace(LINE, ended_at=START)
    assert ending.frees_place


@pytest.mark.parametrize("token", [a_rotated(START), a_token(OWNER).revoked(WHY, START, RULES)])
def test_what_is_over_stays_as_it_is(token: Token) -> None:
    """A token that was rotated out keeps its reason, and a line without a living token has no end."""
    assert not token.may_work(START)
    assert ended(token) is None
    other = a_token(OWNER)
    ending = ended(token, other)
    assert ending
    assert [change.before for change in ending.changes] == [other]


@pytest.mark.parametrize("changes", [{"state": TokenState.INACTIVE}, {"idle_at": START}])
def test_paused_and_idle_tokens_end(changes: dict[str, object]) -> None:
    """They could come back."""
    assert ended(replace(a_token(OWNER), **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("relative", "frees"),
    [
        (a_rotated(START + TICK), False),
        (a_rotated(START), True),
        (a_token(OWNER), False),
        (a_token(OWNER, state=TokenState.INACTIVE), False),
        (a_token(OWNER, expires_at=START), True),
        (a_token(OWNER).revoked(WHY, START, RULES), True),
    ],
)
def test_relative_that_works_keeps_the_place(relative: Token, frees: bool) -> None:
    """The place is freed by the end of the last token that works."""
    ending = ended(a_token(OWNER), beside=(relative,))

    assert ending
    assert ending.frees_place is frees


def test_place_that_0_1_freed_is_not_freed_again() -> None:
    """It revoked a successor and left the predecessor in its overlap."""
    ending = ended(a_rotated(START + DAY), a_token(OWNER).revoked(WHY, START, RULES))

    assert ending
    assert not ending.frees_place


@pytest.mark.parametrize(("left", "frees"), [(SKEW + TICK, True), (SKEW, False), (TICK, False)])
@pytest.mark.parametrize("end", ["expires_at", "overlap_ends_at"])
def test_place_is_freed_once_whatever_the_clocks(end: str, left: timedelta, frees: bool) -> None:
    """Minutes before a token ends by itself, a faster clock may have recounted without it."""
    ending = ended(a_token(OWNER, **{end: START + left}))

    assert ending
    assert ending.frees_place is frees


def test_second_end_of_a_line_keeps_the_first_time() -> None:
    """A line that was stopped before its tokens ended has one end."""
    stopped = LINE.ended(START - DAY, RULES)

    assert stopped.ended(START, RULES) is stopped
    assert stopped.purge_at == max(LINE.purge_at, RULES.purge_time(START - DAY))
