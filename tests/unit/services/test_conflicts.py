"""Attempts at a change that other writes overtake."""

import pytest

from chalicelib.domain.errors import ConcurrentChange, StoreUnavailable
from chalicelib.services.conflicts import ATTEMPTS, retry_on_conflict


class Change:
    """A change that other writes overtake a number of times."""

    def __init__(self, overtaken: int) -> None:
        self.overtaken = overtaken
        self.attempts = 0

    def __call__(self) -> str:
        """Return the result of the attempt. Raises ConcurrentChange if it is overtaken."""
        self.attempts += 1
        if self.attempts <= self.overtaken:
            raise ConcurrentChange
        return f"attempt {self.attempts}"


@pytest.mark.parametrize("overtaken", range(ATTEMPTS))
def test_overtaken_change_is_tried_again(overtaken: int) -> None:
    """The first attempt that succeeds is the last one."""
    change = Change(overtaken)

    assert retry_on_conflict(change) == f"attempt {overtaken + 1}"
    assert change.attempts == overtaken + 1


def test_change_that_is_always_overtaken_is_given_up() -> None:
    """The number of attempts is fixed."""
    change = Change(ATTEMPTS)

    with pytest.raises(ConcurrentChange):
        retry_on_conflict(change)
    assert change.attempts == ATTEMPTS == 5


def test_other_errors_are_not_retried() -> None:
    """A failure of the store is not a conflict."""
    attempts = []

    def fail() -> None:
        attempts.append(1)
        raise StoreUnavailable

    with pytest.raises(StoreUnavailable):
        retry_on_conflict(fail)
    assert attempts == [1]
