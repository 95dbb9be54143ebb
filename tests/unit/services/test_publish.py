"""The reader of the stream that looks after events: sent at least once, tampering told, reuse written."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import attributes, items
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.events import EVENT
from chalicelib.bootstrap import OpenService
from chalicelib.domain.errors import StoreUnavailable, TokensUnavailable
from chalicelib.domain.events import SYSTEM, Event, EventType
from chalicelib.handlers.events import publish_events
from chalicelib.services.publish import LAST_CALL
from infra.aws.package.publishing import MAPPING
from tests.support.actors import an_event
from tests.support.api import api_of
from tests.support.builders import a_token, a_user
from tests.support.bus import FakeBus
from tests.support.clock import START
from tests.support.events import Context
from tests.support.memory import InMemoryStore
from tests.support.service import MemoryService
from tests.support.stream import Record, a_record, handed_on
from tests.unit.services.log_lines import written

OWNER = a_user()
ROTATED = replace(a_token(OWNER), successor_id="tok_other", reuse_count=2, last_reused_at=START)
REUSED = replace(ROTATED, reuse_count=5, last_reused_at=START + timedelta(minutes=7))
TTL = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def row(event: Event, **changed: attributes.Attribute) -> Item:
    """Return the row of an event."""
    return EVENT.item(event) | changed


def new(event: Event, number: int = 7) -> Record:
    """Return the record of a new event."""
    return a_record(None, row(event), number=number)


def reuse(number: int = 7) -> Record:
    """Return the record of a reuse."""
    return a_record(items.TOKEN.item(ROTATED), items.TOKEN.item(REUSED), number=number)


def changed(event: Event) -> Record:
    """Return the record of an event that was overwritten."""
    return a_record(row(event), row(event) | {"address": attributes.text("192.0.2.0/24")})


def gone(event: Event, by: Any = None) -> Record:
    """Return the record of an event that was deleted."""
    record = a_record(row(event), None)
    return record | {"userIdentity": by} if by else record


def a_service(store: InMemoryStore | None = None, **environ: str) -> MemoryService:
    """Return the service of a function that sends to a bus."""
    return MemoryService({"EVENT_BUS_NAME": "default", **environ}, store=store)


def told(service: MemoryService, records: Sequence[Record]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the lines of an invocation, and the sequence numbers that Lambda gets back."""
    with api_of(service), written() as lines:
        response = publish_events({"Records": records}, Context())
    assert set(response) == {"batchItemFailures"}
    return lines, [each["itemIdentifier"] for each in response["batchItemFailures"]]


def events_of(count: int) -> list[Event]:
    """Return some events."""
    return [an_event() for _ in range(count)]


def test_new_events_are_sent_in_their_order() -> None:
    """In calls of at most ten, as EventBridge allows."""
    service, events = a_service(), events_of(23)
    lines, failed = told(service, [new(event) for event in events])
    assert service.bus.sent == events
    assert service.bus.calls == 3
    assert failed == []
    (line,) = lines
    assert {name: line[name] for name in ("event", "outcome", "records", "sent", "request_id")} == {
        "event": "publish",
        "outcome": "ok",
        "records": 23,
        "sent": 23,
        "request_id": "request-7",
    }


def test_without_a_bus_nothing_is_sent() -> None:
    """Tampering and reuse are noticed nevertheless."""
    service = MemoryService()
    lines, failed = told(service, [new(an_event()), changed(an_event()), reuse()])
    assert (service.bus.calls, failed) == (0, [])
    assert (lines[-1]["sent"], lines[-1]["tampered"], lines[-1]["reused"]) == (0, 1, 1)


def test_short_failure_is_not_noticed() -> None:
    """Two of three attempts may fail."""
    service, event = a_service(), an_event()
    service.bus.failures = 2
    lines, failed = told(service, [new(event)])
    assert (service.bus.sent, failed) == ([event], [])
    assert service.clock.now() - START == timedelta(seconds=4)
    assert [line["event"] for line in lines] == ["events.not_sent", "events.not_sent", "publish"]


def test_lasting_failure_is_delivered_again_from_there() -> None:
    """What was sent before stays sent, and nothing behind it is lost."""
    service, events = a_service(), events_of(30)
    service.bus.refused = {events[13].id, events[17].id}
    records = [new(event, number) for number, event in enumerate(events)]
    lines, failed = told(service, records)
    assert failed == ["13"]
    assert service.bus.sent == [event for event in events[:20] if event.id not in service.bus.refused]
    assert (lines[-1]["outcome"], lines[-1]["level"], lines[-1]["sent"]) == ("error", "ERROR", 18)

    service.bus.refused = set()
    assert told(service, records[13:])[1] == []
    assert {event.id for event in service.bus.sent} == {event.id for event in events}


def test_slow_bus_gets_the_rest_later() -> None:
    """The function ends before Lambda stops it, and keeps what it has done."""
    service, events = a_service(), events_of(25)
    service.bus.on_call = lambda: service.clock.advance(LAST_CALL / 2)
    _, failed = told(service, [new(event, number) for number, event in enumerate(events)])
    assert (len(service.bus.sent), failed) == (20, ["20"])


@pytest.mark.parametrize(
    "by",
    [
        None,
        {"type": "AssumedRole", "principalId": "AROA:someone"},
        {"type": "Service", "principalId": "other.amazonaws.com"},
        {"type": "User", "principalId": TTL["principalId"]},
    ],
)
def test_deleted_event_is_told(by: Any) -> None:
    """By anything but TTL."""
    event = an_event()
    lines, failed = told(a_service(), [gone(event, by)])
    line, _ = lines
    assert {name: line[name] for name in ("event", "level", "change", "user_id", "position")} == {
        "event": "events.tampered",
        "level": "WARNING",
        "change": "REMOVE",
        "user_id": event.user_id,
        "position": event.position,
    }
    assert (lines[-1]["tampered"], failed) == (1, [])


def test_ttl_deletes_events() -> None:
    """The only one that may."""
    lines, _ = told(a_service(), [gone(an_event(), TTL)])
    assert [line["event"] for line in lines] == ["publish"]
    assert lines[0]["tampered"] == 0


def test_overwritten_event_is_told_and_not_sent() -> None:
    """Whoever may put a row may put one over an event, which no policy can forbid."""
    service = a_service()
    lines, _ = told(service, [changed(an_event())])
    assert [line["event"] for line in lines] == ["events.tampered", "publish"]
    assert service.bus.sent == []


def test_overwriting_by_anything_is_told() -> None:
    """A row that cannot be read after the change is not passed over."""
    event = an_event()
    lines, _ = told(a_service(), [a_record(row(event), {"pk": row(event)["pk"], "sk": row(event)["sk"]})])
    assert [line["event"] for line in lines] == ["events.tampered", "publish"]


def test_tampering_is_told_while_the_bus_is_away() -> None:
    """It stands behind events that cannot be sent, and is told at once."""
    service = a_service()
    service.bus.failures = 1_000
    lines, failed = told(service, [new(an_event(), 1), changed(an_event())])
    assert (lines[0]["event"], failed) == ("events.tampered", ["1"])


def test_reuse_is_an_event_of_the_system() -> None:
    """It is derived from the token's row, and has the time of the use."""
    service = a_service()
    told(service, [reuse()])
    (event,) = service.store.events()
    assert (event.type, event.user_id, event.token_id) == (EventType.TOKEN_REUSED, OWNER.id, ROTATED.id)
    assert (event.at, event.actor_kind, event.actor_id) == (REUSED.last_reused_at, SYSTEM.kind, None)
    assert event.purge_at == event.at + timedelta(days=400)


def test_reuse_that_is_delivered_twice_has_one_event() -> None:
    """In one invocation or in two, and by two readers at once."""
    store = InMemoryStore()
    assert told(a_service(store), [reuse(), reuse()])[0][-1]["reused"] == 1
    assert told(a_service(store), [reuse()])[0][-1]["reused"] == 0
    assert len(store.events()) == 1


def test_next_reuse_has_another_event() -> None:
    """The count tells them apart."""
    service = a_service()
    later = replace(REUSED, reuse_count=6, last_reused_at=START + timedelta(hours=1))
    told(service, [reuse(), a_record(items.TOKEN.item(REUSED), items.TOKEN.item(later))])
    assert len({event.id for event in service.store.events()}) == 2


def test_first_reuse_has_an_event() -> None:
    """The row had no count before."""
    service, never = a_service(), replace(ROTATED, reuse_count=0, last_reused_at=None)
    told(service, [a_record(items.TOKEN.item(never), items.TOKEN.item(ROTATED))])
    assert [event.at for event in service.store.events()] == [START]


@pytest.mark.parametrize(
    "after", [ROTATED, replace(ROTATED, reuse_count=1), replace(ROTATED, name="other")]
)
def test_count_that_does_not_grow_is_no_reuse(after: Any) -> None:
    """The pattern hands on every change of a token that was reused."""
    service = a_service()
    lines, failed = told(service, [a_record(items.TOKEN.item(ROTATED), items.TOKEN.item(after))])
    assert (service.store.events(), failed, lines[-1]["outcome"]) == ([], [], "ok")


class BrokenStore(InMemoryStore):
    """A store that takes no event."""

    calls = 0

    def add_event(self, event: Event) -> bool:
        """Fail."""
        self.calls += 1
        raise StoreUnavailable


def test_reuse_that_cannot_be_written_is_delivered_again() -> None:
    """Events before it are sent. Those behind it come again with it."""
    service, events = a_service(BrokenStore()), events_of(2)
    records = [new(events[0], 1), reuse(2), new(events[1], 3), changed(an_event())]
    lines, failed = told(service, records)
    assert (service.bus.sent, failed) == ([events[0]], ["2"])
    assert [line["event"] for line in lines] == ["events.tampered", "events.not_written", "publish"]


def test_store_that_fails_is_asked_once() -> None:
    """Each call may take seconds, and Lambda ends the function after a minute."""
    store = BrokenStore()
    assert told(a_service(store), [reuse(number) for number in range(100)])[1] == ["0"]
    assert store.calls == 1


def test_first_record_that_fails_sends_nothing_behind_it() -> None:
    """The first place is 0, which is a place."""
    service = a_service(BrokenStore())
    assert told(service, [reuse(1), new(an_event(), 2)])[1] == ["1"]
    assert service.bus.sent == []


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"eventName": "INSERT", "dynamodb": None},
        {"eventName": "INSERT", "dynamodb": {"Keys": {"pk": {"S": "E#usr_1"}, "sk": {"S": "1"}}}},
        a_record(None, row(an_event(), type=attributes.text("token.of_tomorrow"))),
        a_record(None, row(an_event(), changes=attributes.text("{"))),
        a_record(None, row(an_event(), at=attributes.text("now"))),
        a_record(None, items.USER.item(OWNER)),
        a_record(items.USER.item(OWNER), items.USER.item(OWNER)),
        a_record(items.TOKEN.item(ROTATED), items.TOKEN.item(REUSED) | {"reuse_count": {"N": "many"}}),
    ],
)
def test_poison_is_told_and_holds_nothing_up(record: Record) -> None:
    """An hour of retries would not make it readable; the events beside it are sent."""
    service, event = a_service(), an_event()
    lines, failed = told(service, [record, new(event)])
    assert (service.bus.sent, failed) == ([event], [])
    assert [line["event"] for line in lines] == ["stream.unreadable", "publish"]
    assert (lines[-1]["outcome"], lines[-1]["unreadable"]) == ("error", 1)


def test_line_about_poison_has_no_content() -> None:
    """Only the place of the row."""
    secret = row(an_event(), type=attributes.text("x"), user_agent=attributes.text("agent-7"))
    lines, _ = told(a_service(), [a_record(None, secret)])
    assert "agent-7" not in json.dumps(lines)
    assert (lines[0]["pk"], lines[0]["sk"]) == (secret["pk"]["S"], secret["sk"]["S"])


def test_open_mode_has_no_events() -> None:
    """Packaging turns the mapping off."""
    with api_of(OpenService()), pytest.raises(TokensUnavailable):
        publish_events({"Records": [new(an_event())]}, Context())


def test_patterns_hand_on_what_is_looked_after() -> None:
    """And keep back uses of tokens, which are the commonest writes."""
    event, token = an_event(), a_token(OWNER)
    wanted = [
        new(event),
        changed(event),
        gone(event),
        gone(event, {"type": "AssumedRole", "principalId": "AROA:x"}),
        gone(event, TTL),
        reuse(),
    ]
    others = [
        a_record(items.TOKEN.item(token), items.TOKEN.item(replace(token, last_used_at=START))),
        a_record(None, items.TOKEN.item(REUSED)),
        a_record(items.TOKEN.item(REUSED), None),
        a_record(items.USER.item(OWNER), items.USER.item(OWNER)),
    ]
    assert handed_on([*wanted, *others], MAPPING) == wanted


def test_bus_gets_at_most_ten() -> None:
    """The fake is as strict as EventBridge."""
    with pytest.raises(AssertionError):
        FakeBus().send(events_of(11))
