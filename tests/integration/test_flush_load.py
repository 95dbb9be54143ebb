"""Flushes under load, simulated: calls a minute, spacing, and how late each revocation is flushed.

Four shards hand records on as Lambda does, a quarter of a second late and one batch at a time. Their
processes share the row. Nothing waits: the time is simulated. The table is in docs/performance.md.
"""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.changes import RowChange, TokenChange
from chalicelib.domain.errors import GatewayThrottled
from chalicelib.domain.flush_budget import FlushLimits
from chalicelib.services.flush import SETTLE, FlushCaches
from chalicelib.services.shared_budget import SharedBudget
from tests.support.builders import a_token, a_user
from tests.support.caches import FakeCaches
from tests.support.clock import START
from tests.support.memory import InMemoryStore
from tests.support.simulation import SimulatedTime

DOCUMENT = Path(__file__).parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- flushes: tests/integration/test_flush_load.py -->", "<!-- flushes: to here -->"
SHARDS, LATE = 4, timedelta(milliseconds=250)
A_CALL = timedelta(milliseconds=60)
TOKEN = a_token(a_user())
PAUSED = TOKEN.paused(START)
STOP, BACK = TokenChange(TOKEN, PAUSED), TokenChange(PAUSED, TOKEN)
RENAME = TokenChange(TOKEN, replace(TOKEN, name="other"))


@dataclass(frozen=True)
class Event:
    """One change of a row, when it was written."""

    at: datetime
    change: RowChange


@dataclass
class Load:
    """A scene: a name for the table, the stages, the TTL, and the changes."""

    name: str
    stages: int
    ttl: int
    events: Sequence[Event]
    throttled: range = range(0)

    @property
    def limits(self) -> FlushLimits:
        """Return the limits by the default settings."""
        return FlushLimits(self.stages, 2, 10, timedelta(seconds=self.ttl))


class Gateway(FakeCaches):
    """API Gateway's own API, which takes time and refuses some calls for too many."""

    def __init__(self, time: SimulatedTime, throttled: range) -> None:
        super().__init__(time)
        self._time = time
        self._throttled = throttled
        self.called: list[datetime] = []

    def flush(self, stage: str) -> None:
        """Note the flush as it begins, since a decision may enter the cache right after."""
        self.called.append(self._time.now())
        if len(self.called) in self._throttled:
            raise GatewayThrottled
        super().flush(stage)
        self._time.sleep(A_CALL)


@dataclass
class Result:
    """The result. Staleness is in seconds, from a revocation to its flush at the last stage."""

    load: Load
    called: Sequence[datetime]
    spacings: Sequence[timedelta]
    staleness: Sequence[float]

    @property
    def per_minute(self) -> int:
        """Return the most calls of any minute."""
        return most_within(self.called, timedelta(minutes=1))

    @property
    def widest(self) -> float:
        """Return the widest spacing that a round asked for, in seconds; 0 without a round."""
        return max(self.spacings, default=timedelta(0)).total_seconds()


def most_within(times: Sequence[datetime], window: timedelta) -> int:
    """Return how many of the times, which are in order, fall into any window at most."""
    most = first = 0
    for last, time in enumerate(times):
        while time - times[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most


class Watched(InMemoryStore):
    """The store, with the times at which rounds began in view."""

    def __init__(self) -> None:
        super().__init__()
        self.rounds: dict[datetime, float] = {}

    def swap_budget(self, *arguments: Any) -> Any:
        """Note a round that begins, and its pressure."""
        swap = super().swap_budget(*arguments)
        if swap.won and swap.kept and swap.kept.budget.round_at > START:
            self.rounds[swap.kept.budget.round_at] = swap.kept.budget.pressure
        return swap


def simulated(load: Load) -> Result:
    """Run the function in several processes until every change is served."""
    time, store = SimulatedTime(), Watched()
    gateway = Gateway(time, load.throttled)
    stages = [f"restapis/a{number}/v1" for number in range(load.stages)]

    def shard(number: int) -> None:
        budget = SharedBudget(load.limits, store, time)
        service = FlushCaches(stages, read, budget, gateway, time, time.sleep)
        events = load.events[number::SHARDS]
        first = 0
        while first < len(events):
            time.sleep(events[first].at + LATE - time.now())
            after = bisect_right(events, time.now() - LATE, key=lambda event: event.at)
            batch = [{"change": event.change} for event in events[first:after]]
            # Lambda hands the same records on again after a failure.
            if service(batch).worth_retrying is None:
                first = after

    time.run(*((lambda n=n: shard(n)) for n in range(SHARDS)))
    flushes = {stage: [at for each, at in gateway.flushes if each == stage] for stage in stages}
    stops = [event.at for event in load.events if event.change is STOP]
    staleness = [max(lateness(at, times) for times in flushes.values()) for at in stops]
    spacings = [load.limits.spacing(pressure) for pressure in store.rounds.values()]
    return Result(load, gateway.called, spacings, staleness)


def read(record: Mapping[str, Any]) -> RowChange | None:
    """Return the change that a shard handed on."""
    change: RowChange = record["change"]
    return change


def lateness(stopped: datetime, flushes: Sequence[datetime]) -> float:
    """Return the seconds until the first flush that a decision under way at the stop cannot outlive."""
    return (flushes[bisect_left(flushes, stopped + SETTLE)] - stopped).total_seconds()


def every(seconds: float, minutes: float, *changes: RowChange) -> Iterator[Event]:
    """Return changes in turn, so far apart and for so long."""
    count = int(minutes * 60 / seconds)
    turns = itertools.cycle(changes)
    for number in range(count):
        yield Event(START + timedelta(seconds=1 + number * seconds), next(turns))


LOADS = [
    Load("one revocation", 20, 30, list(every(60, 1, STOP))),
    Load("one revocation a minute, and others' names", 20, 30, list(every(30, 10, STOP, RENAME))),
    Load("one user pauses and re-activates, a change a second", 20, 30, list(every(1, 10, STOP, BACK))),
    *(
        Load(f"{n} revocation{'s' * (n > 1)} a second", 20, 30, list(every(1 / n, 5, STOP)))
        for n in (1, 5, 10, 50)
    ),
    Load("2 revocations a second, decisions kept 300 s", 20, 300, list(every(0.5, 30, STOP))),
    Load("1 revocation a second, one stage", 1, 30, list(every(1, 5, STOP))),
    Load("1 revocation a second, 429 at 5 calls", 20, 30, list(every(1, 5, STOP)), range(3, 8)),
    Load("50 re-activations a second", 20, 30, list(every(0.02, 5, BACK))),
]


@pytest.fixture(scope="module")
def results() -> Sequence[Result]:
    """Return what came of each load."""
    return [simulated(load) for load in LOADS]


def by_name(results: Sequence[Result], text: str) -> Result:
    """Return the first result whose load's name begins so."""
    return next(result for result in results if result.load.name.startswith(text))


def test_calls_are_never_above_the_budget(results: Sequence[Result]) -> None:
    """In any window the calls are at most the burst and two for each second."""
    for result in results:
        for seconds in (1, 2, 5, 10, 30, 60, 300):
            most = most_within(result.called, timedelta(seconds=seconds))
            assert most <= 10 + 2 * seconds, (result.load.name, seconds)


def test_every_revocation_is_flushed_within_the_widest_spacing_and_a_round(
    results: Sequence[Result],
) -> None:
    """The record comes late, settles, waits for the round at most so long, and the round takes time."""
    for result in results:
        limits = result.load.limits
        bound = LATE + SETTLE + limits.widest + limits.narrowest
        assert max(result.staleness, default=0) <= bound.total_seconds(), result.load.name


def test_calm_changes_are_flushed_at_twenty_stages_within_five_seconds(results: Sequence[Result]) -> None:
    """After the record came and settled: also once a minute, and after minutes of pressure."""
    calm = (LATE + SETTLE).total_seconds() + 5.1
    for name in ("one revocation", "one revocation a minute"):
        assert max(by_name(results, name).staleness) <= calm
    pressed = list(every(0.1, 5, STOP))
    later = Event(pressed[-1].at + timedelta(minutes=3), STOP)
    assert simulated(Load("calm again", 20, 30, [*pressed, later])).staleness[-1] <= calm


def test_spacing_grows_to_the_widest_under_pressure(results: Sequence[Result]) -> None:
    """So that decisions are remembered for most of their time."""
    assert by_name(results, "50 revocations").widest == 30
    assert by_name(results, "2 revocations a second, decisions").widest == 300


def test_one_user_who_pauses_and_reactivates_costs_few_calls(results: Sequence[Result]) -> None:
    """760 calls in a minute before there was a budget."""
    assert by_name(results, "one user").per_minute <= 130


def test_reactivations_alone_make_a_call_for_each_stage_a_minute(results: Sequence[Result]) -> None:
    """However many there are."""
    result = by_name(results, "50 re-activations")
    assert result.spacings == []
    assert most_within(result.called, timedelta(seconds=59)) <= 20


def test_reactivations_hold_no_revocation_up() -> None:
    """One in another shard comes when the bucket lacks a call or two at most."""
    back = [event for event in every(0.02, 3, BACK) if event.at.second % 10]
    stops = [Event(START + timedelta(seconds=20.01 + 50 * n), STOP) for n in range(3)]
    result = simulated(Load("both", 20, 30, sorted([*back, *stops], key=lambda event: event.at)))
    own_shard = LATE + SETTLE + SETTLE + timedelta(seconds=10)
    assert max(result.staleness) <= own_shard.total_seconds() + 6


def table(results: Sequence[Result]) -> str:
    """Return the table for the document."""
    lines = [
        "| load | stages | calls in the worst minute | calls in the worst second | widest spacing (s) "
        "| mean staleness (s) | worst staleness (s) |",
        "|---|---|---|---|---|---|---|",
    ]
    for result in results:
        late = result.staleness
        mean, worst = (f"{sum(late) / len(late):.1f}", f"{max(late):.1f}") if late else ("", "")
        second = most_within(result.called, timedelta(seconds=1))
        widest = f"{result.widest:.0f}" if result.spacings else ""
        lines.append(
            f"| {result.load.name} | {result.load.stages} | {result.per_minute} | {second} "
            f"| {widest} | {mean} | {worst} |"
        )
    return "\n".join(lines)


def test_document_has_these_figures(results: Sequence[Result]) -> None:
    """The simulation is the same in every run, so the table is too."""
    print(table(results))  # noqa: T201 - to be copied when figures change
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0].strip() == table(results)
