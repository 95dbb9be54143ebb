"""The bucket of calls and the spacing of rounds, as rules of arithmetic."""

import itertools
import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.flush_budget import FlushBudget, FlushLimits, Pace
from tests.support.clock import START

SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)
MINUTE = timedelta(minutes=1)
LIMITS = FlushLimits(stages=20, calls_per_second=2, burst=10, cache_ttl=timedelta(seconds=30))


def limits(stages: int = 20, rate: int = 2, burst: int = 10, ttl: int = 30) -> FlushLimits:
    """Return limits that differ from the usual ones."""
    return FlushLimits(stages, rate, burst, timedelta(seconds=ttl))


@pytest.mark.parametrize("rate", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("burst", [1, 2, 10, 20])
def test_bucket_holds_for_every_window(rate: int, burst: int) -> None:
    """Whenever a call is asked for, those made fit into the burst and the rate."""
    bounds, budget, now = limits(rate=rate, burst=burst), FlushBudget(), START
    dice, made = random.Random(rate * burst), []
    for _ in range(400):
        now += MILLISECOND * dice.choice((0, 0, 1, 50, 400, 3000))
        if budget.call_at(bounds) <= now:
            budget = budget.spent(bounds, now)
            made.append(now)
    assert len(made) > burst
    for first, last in itertools.combinations(range(len(made)), 2):
        assert last - first + 1 <= burst + (made[last] - made[first]) / SECOND * rate


@pytest.mark.parametrize(
    ("bounds", "narrowest", "widest"),
    [
        (limits(), 10, 30),
        (limits(stages=1), 1, 30),
        (limits(stages=20, rate=8), 2.5, 30),
        (limits(stages=20, rate=1), 20, 30),
        (limits(ttl=0), 10, 30),
        (limits(ttl=3600), 10, 3600),
    ],
)
def test_spacing_lies_between_what_the_budget_pays_for_and_the_ttl(
    bounds: FlushLimits, narrowest: float, widest: float
) -> None:
    """At no pressure and at the most; more pressure than the most makes no difference."""
    assert (bounds.narrowest / SECOND, bounds.widest / SECOND) == (narrowest, widest)
    assert bounds.spacing(0.0) == bounds.narrowest
    assert bounds.spacing(bounds.most_pressure) == bounds.spacing(1e9) == bounds.widest
    pressed = FlushBudget(round_at=START, pressure=1e9).begun(bounds, START + bounds.widest)
    assert (pressed.pressure, pressed.pace(bounds)) == (bounds.most_pressure, Pace.WIDEST)
    kept = replace(pressed, pressure=round(pressed.pressure * 1000) / 1000)
    assert kept.pace(bounds) is Pace.WIDEST


def test_pressure_is_bounded_so_that_quiet_ends_it_soon() -> None:
    """An hour of pressure is forgotten as fast as a minute of it."""
    budget, now = FlushBudget(), START
    for _ in range(500):
        now = max(now, budget.next_round_at(LIMITS))
        budget = budget.begun(LIMITS, now)
    calm = budget.begun(LIMITS, now + 4 * MINUTE)
    assert (budget.pace(LIMITS), calm.pace(LIMITS)) == (Pace.WIDEST, Pace.FAST)


def test_changes_that_leave_15_seconds_of_quiet_press_nothing() -> None:
    """Each round is forgotten before the next one."""
    budget, now = FlushBudget(), START
    for _ in range(100):
        now += LIMITS.narrowest + timedelta(seconds=15)
        budget = budget.begun(LIMITS, now)
    assert budget.pressure == 1


def test_refused_call_empties_the_bucket_and_widens_at_once() -> None:
    """However calm it was, and however often it is refused."""
    budget = FlushBudget().throttled(LIMITS, START)
    assert budget.call_at(LIMITS) == START + LIMITS.interval
    assert LIMITS.spacing(budget.pressure) == 2 * LIMITS.narrowest
    for _ in range(100):
        budget = budget.throttled(LIMITS, START)
    assert budget.pace(LIMITS) is Pace.WIDEST
    assert budget.corrected(LIMITS, START) == budget


def test_wide_spacing_needs_a_longer_quiet() -> None:
    """Half the spacing takes one round back, where that is more than 15 s."""
    wide = limits(ttl=300)
    budget = FlushBudget(round_at=START, pressure=wide.most_pressure)
    after = budget.begun(wide, START + timedelta(seconds=300 + 2 * 150))
    assert after.pressure == pytest.approx(wide.most_pressure - 2 + 1)


def at(name: str, time: datetime) -> FlushBudget:
    """Return a budget with one of its times set."""
    changes: dict[str, Any] = {name: time}
    return replace(FlushBudget(), **changes)


@pytest.mark.parametrize("name", ["whole_at", "round_at", "opened_at"])
def test_time_that_only_a_wrong_clock_can_have_written_is_ignored(name: str) -> None:
    """The bucket is empty then. Clocks that differ by seconds are believed."""
    far = at(name, START + MINUTE)
    assert far.corrected(LIMITS, START) == FlushBudget(whole_at=START + LIMITS.refill)
    near = at(name, START + 4 * SECOND)
    assert near.corrected(LIMITS, START) == near
