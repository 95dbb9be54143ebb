"""The cost of the sweep, exactly, on the emulator."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.bootstrap import Service
from tests.benchmarks import sweeping
from tests.benchmarks.filling import fill
from tests.benchmarks.meter import Meter, metered, total
from tests.benchmarks.place import Place, emulated_place
from tests.benchmarks.prices import Units
from tests.support.builders import a_token, a_user

pytestmark = [pytest.mark.slow, pytest.mark.emulator]

USERS, TOKENS_EACH = 200, 5
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Return an emulator with an empty table."""
    with emulated_place() as place:
        yield place


@pytest.fixture
def meter(place: Place) -> Iterator[Meter]:
    """Return the meter of all calls."""
    with metered(place.running.endpoint) as meter:
        yield meter


def rows_of_0_1(service: Service) -> Iterator[Item]:
    """Yield 1,000 tokens of 200 users, without the keys of the generic index."""
    now = service.clock.now()
    for number in range(USERS):
        user = a_user(f"user-{number}@example.com", created_at=now + timedelta(seconds=number))
        yield items.USER.item(user)
        for _ in range(TOKENS_EACH):
            row = items.TOKEN.item(a_token(user, now).touched(now, service.rules))
            yield {name: each for name, each in row.items() if not name.startswith("by_")}


def test_bench_counts_a_walk_of_its_own() -> None:
    """The figures of `make bench`, for few tokens: half a unit a user, and a tick with nothing to do."""
    with emulated_place() as own:
        result = sweeping.walked(own, 1_000)
    # The checkpoint, three pages of users, the rows of each user, and four writes of the checkpoint.
    assert (total(result.calls), result.ticks) == (Units(104.5, 4), 1)
    assert total(result.idle) == Units(2, 0)
    assert result.dollars(1_000) == pytest.approx(0.0156, abs=0.0001)


def test_walk_through_a_thousand_tokens_costs_104_units(place: Place, meter: Meter) -> None:
    """A user with five tokens is one read of half a unit. Only the first walk after 0.1 writes rows."""
    service = place.service(meter.url)
    fill(place, rows_of_0_1(service))

    def swept() -> tuple[Units, Counter[str]]:
        meter.taken()
        assert service.sweep(service.clock.now() + HOUR).walk.ended_at
        calls = meter.taken()
        return total(calls), Counter(call.operation for call in calls)

    filled, filling = swept()
    # 1,000 rows, each with its entry in the index, and the checkpoint: at the beginning, twice, at the end.
    assert filling["UpdateItem"] == USERS * TOKENS_EACH + 4
    checkpoint = service.sweep_store.find_walk()
    assert checkpoint is not None
    service.sweep_store.save_walk(checkpoint, checkpoint.walk.next_one(service.clock.now()))
    walked, calls = swept()

    assert calls == {"GetItem": 1, "Query": 3 + USERS, "UpdateItem": 3}
    assert walked.write == 3
    assert walked.read == filled.read == 104.5
    idle, calls = swept()
    assert (idle, calls) == (Units(1, 0), {"GetItem": 1})
