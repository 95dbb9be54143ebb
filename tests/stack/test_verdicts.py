"""The judge of runs under load finds each kind of fault, and none if both statuses are right."""

import pytest

from tests.stack.verdicts import Change, Kept, Use, faults

REFRESH = 2.0


def use(sent: float, received: float, status: int = 200) -> Use:
    """Return a use of the one token."""
    return Use("tok", "usr", sent, received, status)


def found(uses: list[Use], changes: list[Change], kept: Kept | None = None) -> int:
    """Return how many faults are found."""
    last = max((u.sent for u in uses if u.status == 200), default=None)
    usual = Kept(last, 1 if last is not None else 0)
    return len(faults(uses, changes, {"tok": kept or usual}, REFRESH))


@pytest.mark.parametrize("subject", ["tok", "usr"])
def test_answers_are_held_to_acknowledged_changes(subject: str) -> None:
    """Before a change is asked for, while it is under way, and after it is acknowledged."""
    ended = [Change(subject, False, asked=10, acknowledged=11)]
    assert found([use(9, 9.5)], ended) == 0
    assert found([use(10.5, 10.8)], ended) == 0
    assert found([use(10.9, 12)], ended) == 0
    assert found([use(11.1, 12)], ended) == 1
    assert found([use(9, 9.5, 401)], ended) == 1
    assert found([use(9, 10.1, 401)], ended) == 0
    assert found([use(11.1, 12, 401)], ended) == 0


def test_what_comes_back_must_be_let_in_once_that_is_acknowledged() -> None:
    """A refusal is right until then, an allow from the moment it was asked for."""
    back = [Change("tok", False, 10, 11), Change("tok", True, 12, 13)]
    assert found([use(11.5, 12.1)], back) == 0
    assert found([use(12.5, 14, 401)], back) == 0
    assert found([use(13.1, 14, 401)], back) == 1
    assert found([use(11.1, 11.9)], back) == 1


def test_token_is_refused_while_its_owner_is() -> None:
    """Both have to be usable."""
    changes = [Change("usr", False, 10, 11), Change("tok", False, 12, 13), Change("tok", True, 14, 15)]
    assert found([use(16, 17)], changes) == 1
    assert found([use(16, 17, 401)], changes) == 0


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_any_other_answer_is_a_fault(status: int) -> None:
    """Nothing but yes and no is right, whatever changed meanwhile."""
    assert found([use(1, 2, status)], [Change("tok", False, 1, 2)]) == 1


def test_last_use_may_be_as_old_as_the_refresh_interval() -> None:
    """Older, or none at all, is a lost touch."""
    uses = [use(10, 10.1)]
    assert found(uses, [], Kept(8.0, 1)) == 0
    assert found(uses, [], Kept(7.9, 1)) == 1
    assert found(uses, [], Kept(None, 1)) == 1


def test_use_that_meets_a_change_of_its_token_may_be_lost() -> None:
    """A touch requires the version that was read. A change of the owner leaves that alone."""
    met = [Change("tok", False, 10.05, 10.2)]
    assert found([use(10, 10.1)], met, Kept(None, 0)) == 0
    assert found([use(10, 10.1)], [Change("usr", False, 10.05, 10.2)], Kept(None, 0)) == 2
    assert found([use(5, 5.1), use(10, 10.1)], met, Kept(None, 0)) == 2
    assert found([use(5, 5.1), use(10, 10.1)], met, Kept(5.05, 1)) == 0


def test_uses_are_at_least_what_was_written_and_at_most_what_happened() -> None:
    """Uses further apart than the interval are written one by one."""
    uses = [use(10, 10.1), use(10.5, 10.6), use(12.2, 12.3), use(14.4, 14.5)]
    assert [found(uses, [], Kept(14.4, count)) for count in (2, 3, 4, 5)] == [1, 0, 0, 1]


@pytest.mark.parametrize("refused", [[], [use(10, 10.1, 401)]])
def test_token_that_was_never_let_in_shows_no_use(refused: list[Use]) -> None:
    """A use that is refused leaves no trace in the row. Without a use there is none either."""
    assert found(refused, [Change("tok", False, 5, 6)], Kept(None, 0)) == 0
    assert found(refused, [Change("tok", False, 5, 6)], Kept(10.05, 0)) == 1
    assert found(refused, [Change("tok", False, 5, 6)], Kept(None, 1)) == 1


def test_last_use_is_not_after_the_last_answer_that_let_in() -> None:
    """A later one is of a call that was refused."""
    uses = [use(10, 10.1), use(10.05, 10.3), use(12, 12.1, 401)]
    ended = [Change("tok", False, 11, 11.5)]
    assert found(uses, ended, Kept(10.301, 1)) == 0
    assert found(uses, ended, Kept(10.31, 1)) == 1
    assert found(uses, ended, Kept(12.05, 1)) == 1
