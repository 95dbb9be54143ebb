"""Flushes: after the change has settled, each stage once per second, one failure stopping no other."""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.domain.decisions import RowChange, TokenChange
from chalicelib.domain.errors import GatewayUnavailable, StageNotFlushable, StoreUnavailable
from chalicelib.domain.ports import FlushClaim
from chalicelib.services.flush import SETTLE, SPACING, FlushCaches, Flushed
from tests.support.builders import a_token, a_user
from tests.support.caches import FakeCaches
from tests.support.clock import START, FixedClock
from tests.support.memory import InMemoryStore

ONE, OTHER = "restapis/a1/v1", "apis/b2/$default"
TOKEN = a_token(a_user())
PAUSE = {"change": TokenChange(TOKEN, TOKEN.paused(START))}
RENAME = {"change": TokenChange(TOKEN, replace(TOKEN, name="other"))}
UNREADABLE: dict[str, Any] = {"change": None}
MILLISECOND = timedelta(milliseconds=1)


def read(record: Mapping[str, Any]) -> RowChange | None:
    """Return what the test put in."""
    change: RowChange | None = record["change"]
    return change


class Bench:
    """The service over the store in memory, with its time in view."""

    def __init__(self, *stages: str) -> None:
        self.clock = FixedClock()
        self.store = InMemoryStore()
        self.caches = FakeCaches(self.clock)
        self.service = FlushCaches(stages, read, self.store, self.caches, self.clock, self.clock.advance)

    def claimed(self, stage: str, since_start: timedelta) -> None:
        """Let somebody else have claimed a stage."""
        assert self.store.claim_flush(stage, START + since_start, SPACING).won

    def after(self, *records: dict[str, Any]) -> Flushed:
        """Hand records on."""
        return self.service.after(records)


def test_change_flushes_every_stage_when_it_has_settled() -> None:
    """One wait for all, not before a decision that was under way can be in the cache."""
    bench = Bench(ONE, OTHER)
    done = bench.after(RENAME, PAUSE, PAUSE)
    assert sorted(bench.caches.flushes) == sorted([(ONE, START + SETTLE), (OTHER, START + SETTLE)])
    assert (done.changes, set(done.flushed), done.left_to_others) == (2, {ONE, OTHER}, [])


def test_what_decides_nothing_costs_nothing() -> None:
    """No wait, no claim, no call."""
    bench = Bench(ONE)
    assert bench.after(RENAME) == Flushed(0, [], [], {})
    assert (bench.clock.now(), bench.caches.flushes) == (START, [])


def test_without_stages_there_is_nothing_to_wait_for() -> None:
    """Nothing is cached anywhere."""
    bench = Bench()
    assert bench.after(PAUSE) == Flushed(1, [], [], {})
    assert bench.clock.now() == START


def test_what_cannot_be_read_is_flushed_for() -> None:
    """Nobody can say that it decides nothing."""
    bench = Bench(ONE)
    bench.after(UNREADABLE)
    assert bench.caches.flushes == [(ONE, START + SETTLE)]


def test_recent_flush_by_others_is_waited_for_and_then_followed() -> None:
    """It may have come before the change had settled, so it does not count for us."""
    bench = Bench(ONE)
    bench.claimed(ONE, SETTLE - MILLISECOND)
    bench.after(PAUSE)
    assert bench.caches.flushes == [(ONE, START + SETTLE - MILLISECOND + SPACING)]


def test_flush_that_others_claimed_late_enough_is_ours_too() -> None:
    """So however many functions wait, the next flush serves them all."""
    bench = Bench(ONE, OTHER)
    bench.claimed(ONE, SETTLE)
    done = bench.after(PAUSE)
    assert bench.caches.flushes == [(OTHER, START + SETTLE)]
    assert (done.flushed, done.left_to_others) == ([OTHER], [ONE])
    assert bench.clock.now() == START + SETTLE


def test_changes_in_a_row_flush_once_per_second_at_most() -> None:
    """Whoever revokes a hundred tokens one by one."""
    bench = Bench(ONE)
    for _ in range(20):
        bench.after(PAUSE)
        bench.clock.advance(timedelta(milliseconds=-800))
    times = [time for _, time in bench.caches.flushes]
    assert len(times) > 3
    assert min(b - a for a, b in itertools.pairwise(times)) >= SPACING


def test_one_stage_that_fails_stops_no_other() -> None:
    """Its failure is told, and whether another attempt may help."""
    bench = Bench(ONE, OTHER)
    lasting, passing = StageNotFlushable(), GatewayUnavailable()
    bench.caches.failures = {ONE: lasting}
    done = bench.after(PAUSE)
    assert (done.flushed, done.failures, done.worth_retrying) == ([OTHER], {ONE: lasting}, None)
    bench.caches.failures = {ONE: passing}
    assert bench.after(PAUSE).worth_retrying is passing


def test_store_that_fails_flushes_nothing_and_is_worth_another_attempt() -> None:
    """Without a claim nobody knows how often the stage is flushed."""
    bench = Bench(ONE)
    failure = StoreUnavailable()

    class Broken:
        def claim_flush(self, *_: object) -> FlushClaim:
            raise failure

    bench.service._store = Broken()
    assert bench.after(PAUSE).worth_retrying is failure
    assert bench.caches.flushes == []


def test_slow_stages_leave_no_other_out() -> None:
    """Each has its own patience, and the time that one takes is not the next one's."""
    stages = [f"restapis/a{number}/v1" for number in range(8)]
    bench = Bench(*stages)

    class Slow(FakeCaches):
        def flush(self, stage: str) -> None:
            bench.clock.advance(timedelta(seconds=8))
            super().flush(stage)

    caches = bench.service._caches = Slow(bench.clock)
    caches.failures = {stage: GatewayUnavailable() for stage in stages[:7]}
    done = bench.after(PAUSE)
    assert list(done.flushed) == stages[7:]
    assert done.failures.keys() == set(stages[:7])


def test_every_stage_comes_first_at_some_time() -> None:
    """An attempt that is cut off by the function's time limit begins elsewhere the next time."""
    bench = Bench(ONE, OTHER)
    for _ in range(10):
        bench.after(PAUSE)
    assert {stage for stage, _ in bench.caches.flushes[::2]} == {ONE, OTHER}


def test_patience_ends() -> None:
    """A stage that others always claim just before us is left to Lambda's next attempt."""
    bench = Bench(ONE)

    class Taken:
        def claim_flush(self, _stage: str, now: Any, _spacing: timedelta) -> FlushClaim:
            return FlushClaim(won=False, at=START)

    bench.service._store = Taken()
    bench.service._sleep = lambda _: bench.clock.advance(SPACING)
    assert isinstance(bench.after(PAUSE).worth_retrying, GatewayUnavailable)
    assert bench.clock.now() - START < timedelta(seconds=15)
