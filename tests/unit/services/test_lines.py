"""Ending a token ends its line: every ancestor, every order, and what others do meanwhile."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib import logs
from chalicelib.domain.errors import (
    ConcurrentChange,
    StoreUnavailable,
    TokenAlreadyRevoked,
    TokenLimitReached,
)
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.tokens import Token, TokenStatus
from chalicelib.services.revocation import RevokeToken
from tests.support.actors import JOURNAL, PERSON
from tests.support.builders import RULES
from tests.unit.services.log_lines import written
from tests.unit.services.test_issue import LIMIT, Desk

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = 7 * DAY
WHY = RevocationReason.EXPOSED


class Lines(Desk):
    """An owner with one token, and what may become of it."""

    def __init__(self) -> None:
        super().__init__()
        self.first = self.issue()
        self.revoking = RevokeToken(self.store, self.store, self.store, self.clock, RULES, JOURNAL)

    def rotate(self, token: Token, overlap: timedelta = HOUR, *, by_itself: bool = True) -> Token:
        """Rotate a token a minute later."""
        self.clock.advance(timedelta(minutes=1))
        owner = self.store.read_user(self.owner)
        return self.rotating(owner, token.id, overlap, PERSON, by_itself=by_itself).token

    def grow(self, length: int) -> list[Token]:
        """Return the first token and ``length`` that grew out of it by self-rotation."""
        line = [self.first]
        for _ in range(length):
            line.append(self.rotate(line[-1]))
        return line

    def end(self, token: Token) -> bool:
        """Revoke a token."""
        self.store.calls.clear()
        return self.revoking.by_ids(self.owner.id, token.id, WHY, PERSON)

    def working(self) -> list[Token]:
        """Return the tokens that may be used."""
        owner, now = self.store.read_user(self.owner), self.clock.now()
        return [t for t in self.store.rows() if t.status(owner, now, RULES) is TokenStatus.ACTIVE]

    def as_in_0_1(self) -> None:
        """Leave of all rows what 0.1 writes."""
        self.store.put(*[replace(t, line_id=None, lifetime_began_at=None) for t in self.store.rows()])
        self.store.purge(*self.store.lines())


@pytest.fixture
def desk() -> Lines:
    """Return an owner with one token."""
    return Lines()


@pytest.mark.parametrize("which", range(5))
def test_every_token_of_a_line_ends_it(desk: Lines, which: int) -> None:
    """The newest, the one in its overlap, and every ancestor, all for the ancestor's reason."""
    line = desk.grow(4)

    assert len(desk.working()) == 2
    assert desk.end(line[which])
    assert desk.working() == []
    ended = [desk.store.read_token(token) for token in line]
    assert [row.own_revocation(desk.clock.now()).reason.value for row in ended] == [  # type: ignore[union-attr]
        *["rotated"] * 3,
        *["exposed"] * 2,
    ]
    assert desk.count == 0
    assert not desk.end(line[which])


@pytest.mark.parametrize("which", [0, 1, 28, 29, 30])
def test_end_of_a_long_line_is_one_write_and_few_reads(desk: Lines, which: int) -> None:
    """However long the line is, and however far back the token stands."""
    line = desk.grow(30)
    desk.end(line[which])

    assert desk.store.calls["end_line"] == 1
    assert desk.store.calls["find_rows"] <= 3
    assert desk.store.calls["list_family"] == 0
    assert desk.working() == []


def test_other_tokens_that_ended_are_logged(desk: Lines) -> None:
    """The line names them."""
    first, second = desk.grow(1)
    with written() as lines, logs.entry("test"):
        desk.end(first)

    (line,) = [line for line in lines if line["event"] == "test"]
    assert line["also_revoked"] == [second.id]


def test_persons_rotation_begins_a_line_of_its_own(desk: Lines) -> None:
    """The predecessor ends alone, and so does the successor; the last one frees the place."""
    stolen, other = desk.grow(1)
    fresh = desk.rotate(other, WEEK, by_itself=False)

    assert desk.end(stolen)
    assert [token.id for token in desk.working()] == [fresh.id]
    assert desk.count == 1
    assert desk.end(fresh)
    assert (desk.count, desk.working()) == (0, [])


@pytest.mark.parametrize("first", ["predecessor", "successor"])
def test_family_holds_its_place_until_its_last_token_ends(desk: Lines, first: str) -> None:
    """In whichever order the two end."""
    successor = desk.rotate(desk.first, WEEK, by_itself=False)
    pair = [desk.first, successor]
    for place, token in zip((1, 0), pair if first == "predecessor" else pair[::-1], strict=True):
        assert desk.end(token)
        assert desk.count == place


def test_quota_holds_however_often_successors_are_revoked(desk: Lines) -> None:
    """Create, rotate with a week's overlap, revoke the successor: as many as allowed and no more."""
    desk.end(desk.first)
    for _ in range(LIMIT):
        desk.end(desk.rotate(desk.issue(), WEEK, by_itself=False))

    with pytest.raises(TokenLimitReached):
        desk.issue()
    assert (len(desk.working()), desk.count, desk.truth) == (LIMIT, LIMIT, LIMIT)
    desk.clock.advance(WEEK)
    assert (desk.working(), desk.count) == ([], LIMIT)  # too many until the next recount
    desk.issue()
    assert desk.count == 1


@pytest.mark.parametrize("which", range(5))
def test_line_of_0_1_ends_with_every_of_its_tokens(desk: Lines, which: int) -> None:
    """It has no row; the links of its family lead to what works."""
    line = desk.grow(4)
    desk.as_in_0_1()

    assert desk.end(line[which])
    assert (desk.working(), desk.count) == ([], 0)


@pytest.mark.parametrize("which", range(5))
def test_line_of_0_1_goes_on(desk: Lines, which: int) -> None:
    """A token that rotates itself after the upgrade still ends with its ancestors from before."""
    line = desk.grow(2)
    desk.as_in_0_1()
    line.append(desk.rotate(desk.store.read_token(line[-1])))
    line.append(desk.rotate(line[-1]))

    assert desk.end(line[which])
    assert (desk.working(), desk.count) == ([], 0)


def test_place_that_0_1_freed_is_freed_once(desk: Lines) -> None:
    """Its successor was revoked alone, with the place; the predecessor ends without one."""
    other = desk.issue()
    successor = desk.rotate(desk.first, WEEK)
    desk.as_in_0_1()
    alone = desk.store.read_token(successor).revoked(WHY, desk.clock.now(), RULES)
    desk.store.put(alone, replace(desk.store.read_user(desk.owner), live_tokens=1))

    assert desk.end(desk.first)
    assert [token.id for token in desk.working()] == [other.id]
    assert desk.count == 1


@pytest.mark.parametrize("which", range(5))
def test_rotation_by_0_1_in_between_breaks_no_line(desk: Lines, which: int) -> None:
    """After a way back to 0.1 and forward again."""
    line = desk.grow(2)
    tip = desk.rotate(line[-1])
    desk.store.put(replace(tip, line_id=None, lifetime_began_at=None))
    row = desk.store.line_of(desk.first)
    desk.store.put(replace(row, token_ids=(line[1].id, line[2].id)))
    line += [tip, desk.rotate(desk.store.read_token(tip))]

    assert desk.end(line[which])
    assert (desk.working(), desk.count) == ([], 0)


@pytest.mark.parametrize("which", range(4))
def test_deleted_row_of_a_line_is_not_missed(desk: Lines, which: int) -> None:
    """TTL keeps no order."""
    line = desk.grow(3)
    desk.store.purge(*desk.store.lines())

    assert desk.end(line[which])
    assert desk.working() == []


def test_line_goes_on_after_its_row_was_deleted(desk: Lines) -> None:
    """A token that rotates itself after a long time begins the row anew."""
    line = desk.grow(1)
    desk.store.purge(*desk.store.lines())
    line.append(desk.rotate(line[-1]))

    assert desk.end(line[0])
    assert desk.working() == []


def test_deleted_tokens_are_not_missed(desk: Lines) -> None:
    """The rows of ancestors may be gone, and that of the token itself."""
    line = desk.grow(3)
    for token in line[1:3]:
        desk.store.purge(token)

    assert desk.end(line[0])
    assert desk.working() == []


def test_ended_generation_has_nothing_to_end(desk: Lines) -> None:
    """All of its tokens are revoked already."""
    line = desk.grow(1)
    desk.store.put(replace(desk.store.read_user(desk.owner), generation="next"))

    assert not desk.end(line[0])
    assert desk.store.calls["find_rows"] == 0


def thief(desk: Lines) -> Callable[[], object]:
    """Return what rotates the newest token by itself."""

    def rotate() -> None:
        newest = max(desk.store.rows(), key=lambda token: token.id)
        with suppress(ConcurrentChange):
            desk.rotate(newest)

    return rotate


@pytest.mark.parametrize("length", [0, 1, 3])
@pytest.mark.parametrize("times", [1, 2, 9])
def test_self_rotation_meanwhile_does_not_escape(desk: Lines, length: int, times: int) -> None:
    """However often a thief rotates, the line stops growing after the first meeting, and ends."""
    line = desk.grow(length)
    desk.store.let("end_line", *[thief(desk)] * times)
    desk.store.let("find_rows", thief(desk))

    assert desk.end(line[0])
    assert desk.working() == []
    assert desk.count == 0
    assert desk.store.calls["end_line"] <= 3


@pytest.mark.parametrize("by_itself", [True, False])
def test_rotation_that_meets_the_end_is_refused(desk: Lines, by_itself: bool) -> None:
    """The end was first, so no successor is made."""
    line = desk.grow(2)
    desk.store.let("rotate_token", lambda: desk.end(line[0]))

    with pytest.raises(TokenAlreadyRevoked):
        desk.rotate(line[-1], by_itself=by_itself)
    assert desk.working() == []


def test_persons_rotation_that_comes_first_outlives_the_end(desk: Lines) -> None:
    """Its successor is of another line. The predecessor ends."""
    line = desk.grow(1)
    made: list[Token] = []
    desk.store.let("end_line", lambda: made.append(desk.rotate(line[-1], WEEK, by_itself=False)))

    assert desk.end(line[0])
    assert desk.working() == made
    assert desk.count == 1


def test_end_that_breaks_off_is_made_good_by_the_next(desk: Lines) -> None:
    """A line that was stopped grows no further, and its tokens end when the caller tries again."""
    line = desk.grow(1)

    def fail() -> None:
        raise StoreUnavailable

    desk.store.let("end_line", thief(desk), fail)
    with pytest.raises(StoreUnavailable):
        desk.end(line[0])
    newest = max(desk.store.rows(), key=lambda token: token.id)
    with pytest.raises(ConcurrentChange):
        desk.rotate(newest)
    assert desk.end(line[0])
    assert desk.working() == []


def test_line_that_cannot_be_stopped_is_ended_all_the_same(desk: Lines) -> None:
    """The stop only helps the end against a token that keeps rotating itself."""
    line = desk.grow(1)

    def fail() -> None:
        raise StoreUnavailable

    desk.store.let("end_line", thief(desk))
    desk.store.let("stop_line", fail)

    assert desk.end(line[0])
    assert desk.working() == []


@pytest.mark.parametrize("call", ["find_rows", "end_line"])
def test_store_that_does_not_answer_is_an_error(desk: Lines, call: str) -> None:
    """An end that was not written is never acknowledged."""
    line = desk.grow(1)
    desk.store.let("end_line", thief(desk))
    desk.store.broken = {call}

    with pytest.raises(StoreUnavailable):
        desk.end(line[0])
