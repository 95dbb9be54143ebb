"""The cost of a day's walk of the sweep through many tokens, counted on the emulator."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.bootstrap import Service
from tests.benchmarks.filling import fill
from tests.benchmarks.meter import Metered, metered, total
from tests.benchmarks.place import Place, emulated_place
from tests.benchmarks.prices import DOLLARS_PER_MILLION_LAMBDA_REQUESTS
from tests.benchmarks.process import environment
from tests.benchmarks.table import Row, Section
from tests.support.builders import a_token, a_user
from tests.support.dynamodb import dynamodb_client

MOST_TOKENS = 100_000
TOKENS_EACH = 5
TICKS_A_DAY = 24 * 60 // 5
_PLANNED = 0.012
_MILLION = 1_000_000
# The emulator is slower than DynamoDB. So the calls of an invocation end it, and not its time.
_TIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Walked:
    """A whole walk: its calls, the number of invocations, and the calls of one with nothing to do."""

    calls: list[Metered]
    ticks: int
    idle: list[Metered]

    def dollars(self, tokens: int) -> float:
        """Return the dollars of a day for a million tokens, without what does not grow with them."""
        return total(self.calls).shared_by(tokens).dollars


def walked(place: Place, tokens: int) -> Walked:
    """Fill the place with tokens, five of each user, and walk through them. Nothing is due to any."""
    with metered(place.running.endpoint) as meter:
        service = place.service(meter.url)
        with environment(place.running.environment):
            # The emulator sorts the index for each page, which may take longer than a call on AWS may.
            service.__dict__["dynamodb"] = dynamodb_client(meter.url)
        fill(place, _rows(service, tokens))
        meter.taken()
        ticks = 1
        while service.sweep(service.clock.now() + _TIME).walk.ended_at is None:
            ticks += 1
        calls = meter.taken()
        _tick(service)
        return Walked(calls, ticks, meter.taken())


def measured(tokens: int) -> Section:
    """Walk through a table of its own."""
    with emulated_place() as place:
        result = walked(place, tokens)
    units, idle = total(result.calls), total(result.idle)
    named = Counter(call.operation for call in result.calls)
    users, times = tokens // TOKENS_EACH, _MILLION / tokens
    day = TICKS_A_DAY * (idle.dollars + DOLLARS_PER_MILLION_LAMBDA_REQUESTS) / _MILLION
    rows = [
        Row(
            f"a walk through {tokens:,} tokens of {users:,} users",
            str(units),
            f"{len(result.calls):,} calls in {result.ticks} of {TICKS_A_DAY} invocations",
        ),
        Row(
            "a walk through a million tokens, extrapolated from it",
            f"{units.read * times:,.0f} RRU + {units.write * times:,.0f} WRU",
            f"{len(result.calls) * times:,.0f} calls",
        ),
        Row(
            "dollars a day for a million tokens",
            f"${result.dollars(tokens):.4f}",
            f"${_PLANNED} planned",
            result.dollars(tokens) / _PLANNED,
        ),
        Row("an invocation with nothing left to do", str(idle), f"all of a day: ${day:.5f}"),
    ]
    shown = ", ".join(f"{count:,} {name}" for name, count in sorted(named.items()))
    return Section("The daily sweep", rows, (f"The calls of the walk: {shown}.", *_NOTES))


def _rows(service: Service, tokens: int) -> Iterator[Item]:
    now = service.clock.now()
    for number in range(tokens // TOKENS_EACH):
        user = a_user(f"user-{number}@example.com", created_at=now + timedelta(seconds=number))
        yield items.USER.item(replace(user, live_tokens=TOKENS_EACH))
        for _ in range(TOKENS_EACH):
            yield items.TOKEN.item(a_token(user, now).touched(now, service.rules))


def _tick(service: Service) -> None:
    """Do what an invocation does, between its line of log and its end."""
    deadline = service.clock.now() + _TIME
    service.run_revocations.all_running(deadline)
    service.sweep(deadline)
    service.run_revocations.all_running(deadline)


_NOTES = (
    "Each user has five tokens, which were used. No notice is due, and no row is of 0.1. A notice writes "
    "its event and its row. The first walk after 0.1 writes the keys of the index into each row once.",
    "An invocation makes at most 20,000 calls. Lambda's time is not included.",
)
