"""The budget of flushes, which all processes share by one row."""

from collections.abc import Callable
from datetime import datetime

from chalicelib.domain.flush_budget import FlushBudget, FlushLimits
from chalicelib.domain.ports.flushes import FlushStore, KeptBudget
from chalicelib.domain.ports.time import Clock

ChangeBudget = Callable[[FlushBudget, FlushLimits, datetime], FlushBudget]


class SharedBudget:
    """The budget that all processes share, as this process saw it last.

    It changes by conditional writes. If another process wrote first, the budget becomes that process's.
    """

    def __init__(self, limits: FlushLimits, store: FlushStore, clock: Clock) -> None:
        self.limits = limits
        self._store = store
        self._clock = clock
        self._kept: KeptBudget | None = None

    def seen(self) -> FlushBudget:
        """Return the budget as it was seen last. It may have moved on since."""
        known = self._kept.budget if self._kept else FlushBudget()
        return known.corrected(self.limits, self._clock.now())

    def forget(self) -> None:
        """Make the next write learn what the table has: an operator may have deleted the row."""
        self._kept = None

    def write(self, change: ChangeBudget) -> bool:
        """Write the changed budget. Return False if another process was first. Raises StoreUnavailable."""
        now = self._clock.now()
        swap = self._store.swap_budget(self._kept, change(self.seen(), self.limits, now), now)
        self._kept = swap.kept
        return swap.won
