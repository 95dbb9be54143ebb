"""What calls cost, exactly, on the emulator: counts are promises, times are not."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import attributes, primary_keys
from chalicelib.adapters.dynamodb.lean.client import LeanDynamoDB
from chalicelib.domain.tokens import TokenState
from chalicelib.services.manage import TokenPatch
from tests.benchmarks import costs, management
from tests.benchmarks.capacity import item_bytes
from tests.benchmarks.cold_programs import DECISION, PROGRAMS, environ_of
from tests.benchmarks.cold_start import packaged, used
from tests.benchmarks.filling import fill, rows
from tests.benchmarks.management import ISSUE, LIST, READER, REVOKE
from tests.benchmarks.meter import Meter, metered, operations, total
from tests.benchmarks.place import Place, authorize, emulated_place, installed, signed_in
from tests.benchmarks.prices import Units
from tests.benchmarks.subject import Subject, subject_at
from tests.packaging.dynamodb_stub import dynamodb_stub
from tests.support.actors import OPERATOR, PERSON
from tests.support.builders import a_request

pytestmark = [pytest.mark.slow, pytest.mark.emulator]

# 101 rows of 293 bytes, which are 8 units, the caller's own row, and where the identity leads.
_LIST_READS_AT_MOST = 10
PAUSE = TokenPatch(status=TokenState.INACTIVE)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Return the emulator, started once."""
    with emulated_place() as place:
        yield place


@pytest.fixture
def meter(place: Place) -> Iterator[Meter]:
    """Return what counts the calls."""
    with metered(place.running.endpoint) as meter:
        yield meter


@pytest.fixture(scope="module")
def subject(place: Place) -> Subject:
    """Return a token that was used just now."""
    return subject_at(place)


def row_of(size: int) -> Any:
    """Return an item of so many bytes."""
    row = primary_keys.token_key("usr_size", f"tok_{size}") | {"number": attributes.number(1700000000123)}
    padding = size - item_bytes(row) - len("padding")
    return row | {"padding": attributes.text("x" * padding)}


@pytest.mark.parametrize(("size", "units"), [(1024, 1), (1025, 2), (2048, 2), (2049, 3)])
def test_our_sizes_are_the_emulators(place: Place, meter: Meter, size: int, units: int) -> None:
    """An item that we say fills its units to the last byte costs them, and one byte more one more."""
    dynamodb = place.service(meter.url).dynamodb
    dynamodb.put_item(TableName=place.table, Item=row_of(size))
    assert total(meter.taken()) == Units(write=units)


@pytest.mark.parametrize("consistent", [True, False])
def test_our_reads_are_the_emulators(
    place: Place, meter: Meter, subject: Subject, consistent: bool
) -> None:
    """Where the emulator counts a read both ways of counting agree."""
    dynamodb = place.service(meter.url).dynamodb
    for key in (*subject.keys_asked, primary_keys.user_key("nobody")):
        dynamodb.get_item(TableName=place.table, Key=key, ConsistentRead=consistent)
    calls = meter.taken()
    assert [call.units.read for call in calls] == [call.reported for call in calls]


@pytest.mark.parametrize("is_listed", [False, True])
def test_decision_costs_two_units(place: Place, meter: Meter, subject: Subject, *, is_listed: bool) -> None:
    """Two strong reads in one call; one write more when a use is recorded. The client is Lambda's.

    A list of ten networks costs no call and no unit.
    """
    subject = subject.with_list() if is_listed else subject
    with installed(place.service(meter.url)) as service:
        assert isinstance(service.dynamodb_once, LeanDynamoDB)
        authorize(subject.token.secret)
        meter.taken()
        for expected in (Units(2, 0), Units(2, 1), Units(2, 0)):
            if expected.write:
                subject.make_stale()
            authorize(subject.token.secret)
            calls = meter.taken()
            assert operations(calls) == ["BatchGetItem", "UpdateItem"][: 1 + int(expected.write)]
            assert total(calls) == expected


def test_usual_authorizer_costs_more(subject: Subject, meter: Meter) -> None:
    """The baseline reads twice and writes every time; it decides about the same token."""
    assert costs.usual(subject, meter, consistent=True).units == Units(2, 1)
    subject.usual(meter.url)()
    assert operations(meter.taken()) == ["GetItem", "GetItem", "UpdateItem"]


def test_bad_tokens_cost_nothing(subject: Subject, meter: Meter) -> None:
    """A forged token under a known key and garbage make no call at all."""
    assert costs.refusals(subject, meter) == []


def test_uses_are_counted_over_time(place: Place, meter: Meter) -> None:
    """A cached second costs a thirtieth of the reads and as many recorded uses."""
    busy = costs.every_second(place, meter)
    assert busy.units == Units((600 * 2 + 10) / 600, 2 / 600)
    assert busy.decisions == 1
    cached = costs.every_second(place, meter, costs.CACHE_SECONDS)
    assert cached.units == Units((20 * 2 + 10) / 600, 2 / 600)
    assert cached.decisions == 1 / 30
    assert costs.every_hour(place, meter).units == Units(3, 1)


def test_summary_costs_what_its_rows_cost_up_to_5000(place: Place, meter: Meter) -> None:
    """A hundred rows are one call of seven units. A user with more than 5,000 costs what 6,000 cost."""
    service = place.service(meter.url)
    owner = signed_in(place.service(), "counted@example.com")
    fill(place, rows(service, owner, 0, 100))
    assert service.summary(owner).total == 100
    calls = meter.taken()
    assert (operations(calls), total(calls)) == (["Query"], Units(read=7))
    fill(place, rows(service, owner, 100, 6_500))
    summary = service.summary(owner)
    assert (summary.total, summary.is_complete) == (5_000, False)
    calls = meter.taken()
    assert operations(calls) == ["Query"] * 6
    assert total(calls).read <= 6 * 72


def test_units_do_not_depend_on_the_tables_size(place: Place, meter: Meter) -> None:
    """Issue and revoke cost the same in small and large tables, a list what its page reads."""
    service = place.service()
    owner = signed_in(service, READER)
    fill(place, rows(service, owner, 0, 400))
    before = management.counted(place, meter)
    # Where the identity leads, the user, and the ring of keys. The user, the token and the event are
    # written in a transaction, which doubles them. The index has the token and the event.
    assert before[ISSUE].units == Units(3, 3 * 2 + 2)
    # The same two rows, and the token. The index has the token already.
    assert before[REVOKE].units == Units(3, 3 * 2 + 1)
    assert before[LIST].operations == ["BatchGetItem", "Query"]
    assert before[LIST].units.read <= _LIST_READS_AT_MOST
    fill(place, rows(service, owner, 400, 2_000))
    after = management.counted(place, meter)
    assert after == before


def test_change_pays_for_its_event(place: Place, meter: Meter) -> None:
    """Row and event are doubled by the transaction, and the index has the event. A rename is counted."""
    service = place.service(meter.url)
    owner = signed_in(place.service(), "changing@example.com")
    token = place.service().issue(owner, a_request(), PERSON).token
    changes: list[tuple[Callable[[], object], Units]] = [
        (lambda: service.manage.patch(owner, token.id, TokenPatch(name="new"), PERSON), Units(1, 6)),
        (lambda: service.manage.patch(owner, token.id, PAUSE, PERSON), Units(1, 5)),
        (lambda: service.administer.deactivate(None, owner.id, OPERATOR), Units(1, 5)),
    ]
    for change, units in changes:
        meter.taken()
        change()
        assert total(meter.taken()) == units


def test_first_decision_makes_two_calls_here() -> None:
    """A cold start is measured on a token that was used just now."""
    with packaged() as root, dynamodb_stub(used_now=True) as stub:
        used(PROGRAMS[DECISION], environ_of(stub), root)
        assert stub.calls == ["Query", "BatchGetItem"]
