"""Flushes: after the change has settled, all stages out of one budget, one failure stopping no other."""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.changes import RowChange, TokenChange
from chalicelib.domain.errors import (
    ApiTokensError,
    FlushPostponed,
    GatewayThrottled,
    GatewayUnavailable,
    StageNotFlushable,
    StoreUnavailable,
)
from chalicelib.domain.flush_budget import FlushBudget, FlushLimits, Pace
from chalicelib.domain.ports.flushes import BudgetSwap, KeptBudget
from chalicelib.services.flush import PATIENCE, SETTLE, FlushCaches, Flushed
from chalicelib.services.shared_budget import SharedBudget
from tests.support.builders import a_token, a_user
from tests.support.caches import FakeCaches
from tests.support.clock import START, FixedClock
from tests.support.memory import InMemoryStore

ONE, OTHER = "restapis/a1/v1", "apis/b2/$default"
TWENTY = tuple(f"restapis/a{number}/v1" for number in range(20))
TOKEN = a_token(a_user())
PAUSED = TOKEN.paused(START)
PAUSE = {"change": TokenChange(TOKEN, PAUSED)}
BACK = {"change": TokenChange(PAUSED, TOKEN)}
RENAME = {"change": TokenChange(TOKEN, replace(TOKEN, name="other"))}
UNREADABLE: dict[str, Any] = {"change": None}
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def read(record: Mapping[str, Any]) -> RowChange | None:
    """Return what the test put in."""
    change: RowChange | None = record["change"]
    return change


class Bench:
    """Processes over the store in memory, with their time in view; ``service`` is one of them."""

    def __init__(self, *stages: str, ttl: int = 30) -> None:
        self.clock = FixedClock()
        self.store: InMemoryStore = InMemoryStore()
        self.caches = FakeCaches(self.clock)
        self.limits = FlushLimits(len(stages), 2, 10, timedelta(seconds=ttl))
        self.stages = stages
        self.service = self.process()

    def process(self, caches: FakeCaches | None = None) -> FlushCaches:
        """Return another process of the same function, with its own view of the caches if given."""
        budget = SharedBudget(self.limits, self.store, self.clock)
        return FlushCaches(self.stages, read, budget, caches or self.caches, self.clock, self.clock.advance)

    def after(self, *records: dict[str, Any]) -> Flushed:
        """Hand records on to the one process."""
        return self.service(records)

    def elsewhere(self, change: Any) -> None:
        """Let another process change the budget at this moment."""
        shared = SharedBudget(self.limits, self.store, self.clock)
        assert shared.write(change) or shared.write(change)

    @property
    def times(self) -> list[timedelta]:
        """Return when calls came, since the start."""
        return [time - START for _, time in self.caches.flushes]


def test_change_flushes_every_stage_when_it_has_settled() -> None:
    """One wait for all, not before a decision that was under way can be in the cache."""
    bench = Bench(ONE, OTHER)
    done = bench.after(RENAME, PAUSE, PAUSE)
    assert sorted(bench.caches.flushes) == sorted([(ONE, START + SETTLE), (OTHER, START + SETTLE)])
    assert (done.changes, set(done.flushed), done.left_to_others) == (2, {ONE, OTHER}, [])
    assert (done.calls, done.pace) == (2, Pace.FAST)


def test_twenty_stages_are_flushed_within_five_seconds_when_it_is_calm() -> None:
    """Ten at once out of the full bucket, and two a second after that."""
    bench = Bench(*TWENTY)
    assert sorted(bench.after(PAUSE).flushed) == sorted(TWENTY)
    since_settled = [time - SETTLE for time in bench.times]
    assert since_settled[:10] == [timedelta(0)] * 10
    assert since_settled[10:] == [timedelta(seconds=n / 2) for n in range(1, 11)]


def test_what_decides_nothing_costs_nothing() -> None:
    """The function makes no call and does not wait."""
    bench = Bench(ONE)
    assert bench.after(RENAME) == Flushed()
    assert (bench.clock.now(), bench.caches.flushes) == (START, [])


def test_without_stages_there_is_nothing_to_wait_for() -> None:
    """Nothing is cached anywhere."""
    bench = Bench()
    assert bench.after(PAUSE) == Flushed(changes=1)
    assert bench.clock.now() == START


def test_what_cannot_be_read_is_flushed_for() -> None:
    """It may have ended something, so it gets a round."""
    bench = Bench(ONE)
    bench.after(UNREADABLE)
    assert bench.caches.flushes == [(ONE, START + SETTLE)]


def test_recent_round_of_another_process_is_waited_for_and_then_followed() -> None:
    """It may have begun before the change had settled, so it does not serve."""
    bench = Bench(ONE)
    bench.clock.advance(SETTLE / 2)
    bench.elsewhere(FlushBudget.begun)
    bench.clock.advance(-SETTLE / 2)
    bench.after(PAUSE)
    assert bench.caches.flushes == [(ONE, START + SETTLE / 2 + SECOND)]


def test_round_that_another_process_begins_late_enough_serves() -> None:
    """So however many functions wait, the next round serves them all."""
    bench = Bench(ONE, OTHER)
    bench.clock.advance(SETTLE)
    bench.elsewhere(FlushBudget.begun)
    bench.clock.advance(-SETTLE)
    done = bench.after(PAUSE)
    assert (bench.caches.flushes, done.left_to_others) == ([], [ONE, OTHER])
    assert bench.clock.now() == START + SETTLE


def test_round_that_failed_does_not_serve_its_own_records_again() -> None:
    """Lambda hands them on again, and every stage is flushed by then."""
    bench = Bench(ONE)
    bench.caches.failures = {ONE: GatewayUnavailable()}
    assert bench.after(PAUSE).worth_retrying
    bench.caches.failures = {}
    assert bench.after(PAUSE).flushed == [ONE]


def test_process_that_dies_in_its_round_leaves_nothing_to_others() -> None:
    """A later attempt at its records begins a round of its own, in whichever process."""
    bench = Bench(ONE)

    class Killed(BaseException):
        pass

    class Dying(FakeCaches):
        def flush(self, stage: str) -> None:
            raise Killed

    bench.service = bench.process(Dying(bench.clock))
    with pytest.raises(Killed):
        bench.after(PAUSE)
    assert bench.process()([PAUSE]).flushed == [ONE]


def test_spacing_grows_under_pressure_up_to_the_widest() -> None:
    """Ten rounds come fast, then each doubles the spacing, up to 30 s."""
    bench = Bench(ONE)
    paces = [bench.after(PAUSE).pace for _ in range(17)]
    gaps = [(b - a).total_seconds() for a, b in itertools.pairwise(bench.times)]
    assert gaps == [*[1] * 10, 2, 4, 8, 16, 30, 30]
    assert paces == [Pace.FAST] * 10 + [Pace.SLOWER] * 4 + [Pace.WIDEST] * 3


def test_quiet_takes_the_pressure_off() -> None:
    """First a change after a quiet time is served at once, then the spacing is narrow again."""
    bench = Bench(ONE)
    for _ in range(17):
        bench.after(PAUSE)
    bench.clock.advance(timedelta(minutes=4))
    calm = bench.clock.now() - START
    assert [bench.after(PAUSE).pace for _ in range(3)] == [Pace.FAST] * 3
    assert [time - calm for time in bench.times[-3:]] == [SETTLE, 2 * SETTLE, 3 * SETTLE]


def test_widest_spacing_is_the_ttl_where_that_is_longer() -> None:
    """After the TTL the cache has forgotten by itself."""
    assert Bench(ONE, ttl=300).limits.widest == timedelta(seconds=300)
    assert Bench(ONE, ttl=0).limits.widest == timedelta(seconds=30)


def test_one_stage_that_fails_stops_no_other() -> None:
    """Its failure is told, and whether another attempt may help."""
    bench = Bench(ONE, OTHER)
    lasting, passing = StageNotFlushable(), GatewayUnavailable()
    bench.caches.failures = {ONE: lasting}
    done = bench.after(PAUSE)
    assert (done.flushed, done.failures, done.worth_retrying) == ([OTHER], {ONE: lasting}, None)
    bench.caches.failures = {ONE: passing}
    assert bench.after(PAUSE).worth_retrying is passing


def test_passing_failure_is_tried_again_out_of_the_budget() -> None:
    """Three calls at most, of which each costs one of the bucket's."""
    bench = Bench(ONE, OTHER)
    bench.caches.failures = {ONE: GatewayUnavailable()}
    done = bench.after(PAUSE)
    assert [stage for stage, _ in bench.caches.flushes].count(ONE) == done.calls - 1 == 3

    class OnceBusy(FakeCaches):
        def flush(self, stage: str) -> None:
            super().flush(stage)
            self.failures.clear()

    bench.service = bench.process(OnceBusy(bench.clock, {ONE: GatewayUnavailable()}))
    done = bench.after(PAUSE)
    assert (sorted(done.flushed), done.failures, done.calls) == (sorted([ONE, OTHER]), {}, 3)


def test_call_refused_for_too_many_widens_the_spacing_and_empties_the_bucket() -> None:
    """Others of the account need API Gateway's own API now."""
    bench = Bench(ONE)
    bench.caches.failures = {ONE: GatewayThrottled()}
    assert bench.after(PAUSE).pace is Pace.SLOWER
    budget = SharedBudget(bench.limits, bench.store, bench.clock)
    budget.write(FlushBudget.begun)
    assert bench.limits.spacing(budget.seen().pressure) >= 4 * bench.limits.narrowest
    assert budget.seen().whole_at > bench.clock.now()


def test_store_that_fails_flushes_nothing_and_is_worth_another_attempt() -> None:
    """Without the budget the account's limit could be exceeded."""
    bench = Bench(ONE)
    failure = StoreUnavailable()

    class Broken(InMemoryStore):
        def swap_budget(self, *_: object) -> BudgetSwap:
            raise failure

    bench.store = Broken()
    assert bench.process()([PAUSE]).worth_retrying is failure
    assert bench.process()([BACK]).left_to_ttl == [ONE]
    assert bench.caches.flushes == []


def test_slow_stages_leave_no_other_out() -> None:
    """A call takes 5.5 s at most, with the client's time-outs."""
    stages = [f"restapis/a{number}/v1" for number in range(8)]
    bench = Bench(*stages)

    class Slow(FakeCaches):
        def flush(self, stage: str) -> None:
            bench.clock.advance(timedelta(seconds=5.5))
            super().flush(stage)

    caches = Slow(bench.clock)
    bench.service = bench.process(caches)
    caches.failures = {stage: GatewayUnavailable() for stage in stages[:7]}
    done = bench.after(PAUSE)
    assert list(done.flushed) == stages[7:]
    assert done.failures.keys() == set(stages[:7])
    assert bench.clock.now() - START <= timedelta(seconds=60)


def test_every_stage_comes_first_at_some_time() -> None:
    """An attempt that is cut off by the function's time limit begins elsewhere the next time."""
    bench = Bench(ONE, OTHER)
    for _ in range(10):
        bench.after(PAUSE)
        bench.clock.advance(MINUTE)
    assert {stage for stage, _ in bench.caches.flushes[::2]} == {ONE, OTHER}


def test_patience_ends_before_the_function_does() -> None:
    """With a long TTL the next round may be further away than a function may wait."""
    bench = Bench(ONE, ttl=3600)
    for _ in range(17):
        done = bench.after(PAUSE)
    assert isinstance(done.worth_retrying, FlushPostponed)
    assert (done.failures, done.flushed, done.calls) == ({}, [], 0)
    begun = bench.clock.now()
    bench.after(PAUSE)
    assert bench.clock.now() - begun <= PATIENCE


def test_row_that_an_operator_deletes_ends_the_spacing() -> None:
    """A process remembers the spacing, and does not wait for it again."""
    bench = Bench(ONE, ttl=3600)
    for _ in range(17):
        done = bench.after(PAUSE)
    assert isinstance(done.worth_retrying, FlushPostponed)
    bench.store.delete_budget()
    began = bench.clock.now()
    assert bench.after(PAUSE).flushed == [ONE]
    assert bench.clock.now() - began == SETTLE
    assert bench.after(PAUSE).pace is Pace.FAST


def test_deleted_row_ends_a_wait_that_has_begun() -> None:
    """The waiting process looks again every three seconds."""
    bench = Bench(ONE, ttl=3600)
    for _ in range(14):
        bench.after(PAUSE)
    naps: list[timedelta] = []

    def sleep(duration: timedelta) -> None:
        bench.clock.advance(duration)
        naps.append(duration)
        if naps == [SETTLE, 3 * SECOND]:
            bench.store.delete_budget()

    budget = SharedBudget(bench.limits, bench.store, bench.clock)
    service = FlushCaches(bench.stages, read, budget, bench.caches, bench.clock, sleep)
    assert service([PAUSE]).flushed == [ONE]
    assert naps[:2] == [SETTLE, 3 * SECOND]
    assert sum(naps[2:], timedelta(0)) == timedelta(0)


def test_budget_that_other_processes_always_win_is_given_up_on() -> None:
    """The function ends before Lambda ends it."""
    bench = Bench(ONE)

    class Taken(InMemoryStore):
        def swap_budget(self, *_: object) -> BudgetSwap:
            bench.clock.advance(SECOND)
            return BudgetSwap(won=False, kept=KeptBudget(FlushBudget(), "theirs"))

    bench.store = Taken()
    assert isinstance(bench.process()([PAUSE]).worth_retrying, FlushPostponed)
    assert bench.clock.now() - START <= PATIENCE + 2 * SECOND


def test_time_from_a_wrong_clock_holds_no_flush_up() -> None:
    """The bucket counts as empty then, so that the account's limit holds all the same."""
    bench = Bench(*TWENTY)
    bench.clock.advance(timedelta(days=1))
    bench.elsewhere(FlushBudget.begun)
    bench.clock.advance(-timedelta(days=1))
    bench.after(PAUSE)
    assert len(bench.times) == 20
    assert bench.times[1] - bench.times[0] == timedelta(seconds=0.5)


class TestLettingInAgain:
    """Re-activations get what the budget has left, at most once a minute."""

    def test_calm_budget_serves_at_once(self) -> None:
        """Half a second apart, so that a round finds nine of the burst's ten calls."""
        bench = Bench(*TWENTY)
        assert sorted(bench.after(BACK).flushed) == sorted(TWENTY)
        assert bench.times == [SETTLE + timedelta(seconds=n / 2) for n in range(20)]

    def test_second_one_within_a_minute_is_left_to_the_ttl_without_waiting(self) -> None:
        """Revocations of the same shard wait behind it."""
        bench = Bench(ONE)
        bench.after(BACK)
        begun = bench.clock.now()
        done = bench.after(BACK)
        assert (done.left_to_ttl, done.calls, bench.clock.now()) == ([ONE], 0, begun)
        other = bench.process()([BACK])
        assert (other.left_to_ttl, other.calls) == ([ONE], 0)
        bench.clock.advance(MINUTE)
        assert bench.after(BACK).flushed == [ONE]

    def test_bucket_in_use_is_waited_for_ten_seconds_at_most(self) -> None:
        """Then the TTL ends the refusals that are remembered."""
        bench = Bench(*TWENTY)
        bench.after(PAUSE)
        begun = bench.clock.now()
        done = bench.after(BACK)
        assert 0 < len(done.flushed) < 20
        assert len(done.flushed) + len(done.left_to_ttl) == 20
        assert bench.clock.now() - begun <= SETTLE + timedelta(seconds=10)

    def test_round_takes_over(self) -> None:
        """A change that ends something goes first. Its round lets tokens in again too."""
        bench = Bench(*TWENTY)
        rounds = bench.process()

        class Interrupted(FakeCaches):
            def flush(self, stage: str) -> None:
                super().flush(stage)
                if len(self.flushes) == 3:
                    rounds._budget.write(FlushBudget.begun)
                    assert rounds._budget.write(FlushBudget.begun)

        bench.service = bench.process(Interrupted(bench.clock))
        done = bench.after(BACK)
        assert (len(done.flushed), len(done.left_to_others), done.left_to_ttl) == (3, 17, [])

    def test_together_with_an_end_it_is_a_round(self) -> None:
        """One change that ends something is enough."""
        bench = Bench(ONE)
        bench.after(BACK)
        assert bench.after(BACK, PAUSE).flushed == [ONE]

    @pytest.mark.parametrize("error", [GatewayUnavailable(), GatewayThrottled(), StageNotFlushable()])
    def test_failure_holds_nothing_up(self, error: ApiTokensError) -> None:
        """Lambda does not hand the records on again; a stage that is gone is told all the same."""
        bench = Bench(ONE, OTHER)
        bench.caches.failures = {ONE: error}
        done = bench.after(BACK)
        assert (done.worth_retrying, done.flushed) == (None, [OTHER])
        assert [*done.left_to_ttl, *done.failures] == [ONE]


class Racing(InMemoryStore):
    """A store in which another process acts just before each of the first writes."""

    def __init__(self) -> None:
        super().__init__()
        self.others: list[FlushCaches] = []

    def swap_budget(self, before: KeptBudget | None, after: FlushBudget, now: datetime) -> BudgetSwap:
        """Let the other process go first."""
        if self.others:
            self.others.pop()([PAUSE])
        return super().swap_budget(before, after, now)


def test_of_two_at_the_same_moment_one_flushes() -> None:
    """The other meets its round in the row."""
    bench = Bench(ONE, OTHER)
    bench.store = racing = Racing()
    racing.others = [bench.process()]
    done = bench.process()([PAUSE])
    assert (len(bench.caches.flushes), done.left_to_others) == (2, [ONE, OTHER])
