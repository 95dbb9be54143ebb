"""The one rule for repeated calls to AWS: the number of tries, and the pauses between them.

See docs/decisions/0021-lean-client.md.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from chalicelib.adapters.failures import Failure, failure_of
from chalicelib.domain.frozen import Frozen

if TYPE_CHECKING:
    from chalicelib.domain.ports.time import Clock, Sleep


T = TypeVar("T")


class _Schedule(Frozen):
    """The longest pause before each repeat. No repeat begins later than ``within`` after the first try."""

    longest_pauses: tuple[timedelta, ...]
    within: timedelta | None = None


def _milliseconds(*pauses: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(milliseconds=pause) for pause in pauses)


# A caller waits, so there are three tries.
_SOON = _Schedule(_milliseconds(70, 110), within=timedelta(milliseconds=200))
# Two transactions that meet at a row both end soon.
_AFTER_CONFLICT = _Schedule(_milliseconds(20, 40, 80, 160, 320))


class Retries(Frozen):
    """Tries of one call, with random pauses between them.

    ``jitter`` returns a part of the longest pause, from 0 to 1. Callers that failed together must not
    try again together.
    """

    clock: "Clock"
    sleep: "Sleep"
    jitter: Callable[[], float] = random.random

    def call(self, once: Callable[[], T], *, is_safe: bool) -> T:
        """Return the result of ``once``, which is tried again after a failure that may pass.

        Only a call that ``is_safe`` is repeated if it may have had its effect. A call without a response is
        repeated once however long that took, because a kept connection may have died. Raises the error of
        the last try.
        """
        began = self.clock.now()
        tries = 0
        while True:
            try:
                return once()
            except Exception as error:
                failure = failure_of(error)
                if failure is Failure.UNKNOWN and not is_safe:
                    raise
                pause = self._pause(failure, tries, began)
                if pause is None:
                    raise
            self.sleep(pause)
            tries += 1

    def _pause(self, failure: Failure, repeats: int, began: datetime) -> timedelta | None:
        """Return the pause before the next try, or None if there is not another one."""
        if failure is Failure.FINAL:
            return None
        schedule = _AFTER_CONFLICT if failure is Failure.CONFLICT else _SOON
        if repeats >= len(schedule.longest_pauses):
            return None
        pause = schedule.longest_pauses[repeats] * self.jitter()
        # abs: if the clock is set back, the wait must not become longer.
        is_late = schedule.within is not None and abs(self.clock.now() - began) + pause > schedule.within
        if not is_late:
            return pause
        is_first_silence = failure in (Failure.UNKNOWN, Failure.UNSENT) and repeats == 0
        return timedelta(0) if is_first_silence else None
