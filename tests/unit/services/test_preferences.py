"""The choice about mails: counted once, made again after other writes, and never for ended accounts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import ConcurrentChange, TooManyChanges
from chalicelib.domain.users import User, UserStatus
from chalicelib.services.daily_limits import CountChange
from chalicelib.services.preferences import ChangePreferences
from tests.support.actors import an_event
from tests.support.builders import a_user
from tests.support.clock import FixedClock
from tests.unit.services.stores import BusyStore

OWNER = a_user(email_verified=True)
MOST = 2


class Bench:
    """A person who may make two changes a day."""

    def __init__(self) -> None:
        self.store, self.clock = BusyStore(), FixedClock()
        assert self.store.add_user(OWNER, an_event())
        self.change = ChangePreferences(self.store, CountChange(self.store, self.clock, 1, MOST))

    @property
    def row(self) -> User:
        """The person's row."""
        row = self.store.find_user(OWNER.id)
        assert row is not None
        return row

    def end(self, status: UserStatus) -> None:
        """End the account by another write."""
        row = self.row
        self.store.save_user(row, replace(row, status=status), an_event())


def test_changes_of_a_day_are_limited() -> None:
    """Repeating a choice is none. On the next day a change is possible again."""
    bench = Bench()
    for wanted in (True, False, False, True, True):
        assert bench.change(OWNER, wants_notices=wanted).wants_notices is wanted
    with pytest.raises(TooManyChanges):
        bench.change(OWNER, wants_notices=False)
    assert bench.row.wants_notices is True

    bench.clock.advance(timedelta(days=1))
    assert bench.change(OWNER, wants_notices=False).wants_notices is False


def test_write_in_between_is_kept_and_the_change_counts_once() -> None:
    """The other write ended all tokens."""
    bench = Bench()

    def end_tokens() -> None:
        row = bench.row
        bench.store.save_user(row, row.in_generation("gen_other"), an_event())

    bench.store.let("save_preferences", end_tokens)
    bench.change(OWNER, wants_notices=False)
    assert (bench.row.wants_notices, bench.row.generation) == (False, "gen_other")

    bench.change(OWNER, wants_notices=True)
    with pytest.raises(TooManyChanges):
        bench.change(OWNER, wants_notices=False)


@pytest.mark.parametrize("status", [UserStatus.INACTIVE, UserStatus.REMOVED])
def test_account_that_ends_meanwhile_is_not_changed(status: UserStatus) -> None:
    """A tombstone gets no attribute back."""
    bench = Bench()
    bench.store.let("save_preferences", lambda: bench.end(status))
    with pytest.raises(ConcurrentChange):
        bench.change(OWNER, wants_notices=False)
    assert (bench.row.status, bench.row.wants_notices) == (status, True)
