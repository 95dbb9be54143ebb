"""The budget of calls that flush, and the spacing between rounds.

A round flushes every stage once. All processes take their calls from one token bucket. API Gateway allows
10 calls of its own API per second and account, deployments included. It does not raise that limit (API
Gateway Developer Guide, "Quotas for creating, deploying and managing an API"). Rounds are also spaced,
because a cache that is emptied all the time remembers nothing.
"""

from datetime import UTC, datetime, timedelta
from enum import Enum
from math import ceil, log2

from chalicelib.domain.frozen import Frozen, replace

_SECOND = timedelta(seconds=1)
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
_LEAST_WIDEST = timedelta(seconds=30)
# This many rounds in a row keep the narrowest spacing, because people revoke several tokens in a row.
_UNPRESSED_ROUNDS = 10
_LEAST_QUIET = timedelta(seconds=15)
_CLOCK_SKEW = timedelta(seconds=5)

BETWEEN_OPENINGS = timedelta(minutes=1)
"""The least time between two flushes that let tokens in again."""


class Pace(Enum):
    """The present spacing, compared with the narrowest and the widest."""

    FAST = "fast"
    SLOWER = "slower"
    WIDEST = "widest"


class FlushLimits(Frozen):
    """The limits of flushes: the number of stages, the bucket's rate and size, the TTL of decisions."""

    stages: int
    calls_per_second: int
    burst: int
    cache_ttl: timedelta

    @property
    def interval(self) -> timedelta:
        """The time in which the bucket gains one call, in whole milliseconds as the table keeps times."""
        return timedelta(milliseconds=ceil(1000 / self.calls_per_second))

    @property
    def refill(self) -> timedelta:
        """The time in which an empty bucket is full again."""
        return self.burst * self.interval

    @property
    def narrowest(self) -> timedelta:
        """The spacing without pressure: the bucket gains a round's calls in this time. At least 1 s."""
        return max(_SECOND, self.stages * self.interval)

    @property
    def widest(self) -> timedelta:
        """The spacing under lasting pressure.

        The cache forgets by itself in this time. Less than 30 seconds would not relieve other callers.
        """
        return max(self.narrowest, self.cache_ttl, _LEAST_WIDEST)

    @property
    def most_pressure(self) -> float:
        """The pressure of the widest spacing, rounded up to thousandths. More is not counted."""
        return _UNPRESSED_ROUNDS + ceil(log2(self.widest / self.narrowest) * 1000) / 1000

    def spacing(self, pressure: float) -> timedelta:
        """Return the spacing: each round beyond the first few doubles it."""
        if pressure >= self.most_pressure:
            return self.widest
        return self.narrowest * 2 ** max(0.0, pressure - _UNPRESSED_ROUNDS)


class FlushBudget(Frozen):
    """The bucket and the rounds so far.

    The bucket is full at ``whole_at``. Each call moves that time by one interval (the generic cell rate
    algorithm, ITU-T I.371). The last round began at ``round_at``. ``pressure`` grows by one with each
    round and falls without rounds, in thousandths. The last flush that lets tokens in again began at
    ``opened_at``.
    """

    whole_at: datetime = _NEVER
    round_at: datetime = _NEVER
    pressure: float = 0.0
    opened_at: datetime = _NEVER

    def corrected(self, limits: FlushLimits, now: datetime) -> "FlushBudget":
        """Return the budget without times that only a wrong clock can have written.

        Such times would stop every flush until they come. The corrected bucket is empty.
        """
        latest = now + _CLOCK_SKEW
        if max(self.round_at, self.opened_at, self.whole_at - limits.refill) <= latest:
            return self
        return FlushBudget(whole_at=now + limits.refill, pressure=min(self.pressure, limits.most_pressure))

    def call_at(self, limits: FlushLimits) -> datetime:
        """Return the time from which the bucket has a call."""
        return self.whole_at - (limits.burst - 1) * limits.interval

    def next_round_at(self, limits: FlushLimits) -> datetime:
        """Return the time from which the next round may begin."""
        return self.round_at + limits.spacing(self.pressure)

    def pace(self, limits: FlushLimits) -> Pace:
        """Return the pace of the present spacing."""
        spacing = limits.spacing(self.pressure)
        if spacing >= limits.widest:
            return Pace.WIDEST
        return Pace.FAST if spacing <= limits.narrowest else Pace.SLOWER

    def spent(self, limits: FlushLimits, now: datetime) -> "FlushBudget":
        """Return the budget after a call at ``now``."""
        return replace(self, whole_at=max(now, self.whole_at) + limits.interval)

    def begun(self, limits: FlushLimits, now: datetime) -> "FlushBudget":
        """Return the budget as a round begins.

        Quiet is the time beyond the spacing. Each 15 seconds of quiet take back the pressure of one round.
        If half the spacing is longer than that, it counts instead of 15 seconds.
        """
        spacing = limits.spacing(self.pressure)
        quiet = max(now - self.round_at - spacing, timedelta(0))
        relief = quiet / max(_LEAST_QUIET, spacing / 2)
        return replace(self, round_at=now, pressure=_pressed(max(0.0, self.pressure - relief) + 1, limits))

    def opened(self, limits: FlushLimits, now: datetime) -> "FlushBudget":
        """Return the budget after the first call of a flush that lets tokens in again."""
        return replace(self.spent(limits, now), opened_at=now)

    def throttled(self, limits: FlushLimits, now: datetime) -> "FlushBudget":
        """Return the budget after API Gateway refused a call: an empty bucket and a wider spacing."""
        pressure = _pressed(max(self.pressure, _UNPRESSED_ROUNDS) + 1, limits)
        return replace(self, whole_at=now + limits.refill, pressure=pressure)


def _pressed(pressure: float, limits: FlushLimits) -> float:
    return min(round(pressure, 3), limits.most_pressure)
