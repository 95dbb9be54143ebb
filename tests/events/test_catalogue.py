"""The catalogue of events agrees with what is sent, and the page with the catalogue."""

import json
import re
from dataclasses import replace
from datetime import timedelta, timezone

import jsonschema_rs
import pytest

from chalicelib.adapters.event_detail import DETAIL, SOURCE, detail_of
from chalicelib.domain.events import (
    OF_KEYS,
    Actor,
    ActorKind,
    Difference,
    Event,
    EventType,
)
from chalicelib.domain.ids import new_event_id
from infra import event_catalogue
from tests.support.actors import an_event
from tests.support.clock import START

PAGE = event_catalogue.PAGE.read_text(encoding="utf-8")
SCHEMA = dict(event_catalogue.schema())
VALID = jsonschema_rs.validator_for(SCHEMA)


def full(kind: EventType = EventType.TOKEN_ROTATED, actor: ActorKind = ActorKind.PERSON) -> Event:
    """Return an event with every member."""
    return replace(
        an_event("usr_owner", kind),
        actor_kind=actor,
        actor_id="jane.doe@example.com",
        address="203.0.113.0/24",
        user_agent="curl/8.7.1",
        request_id="request-1",
        token_id="tok_1",
        changes={
            "name": Difference("Jane's laptop", "Joe's laptop"),
            "successor_id": Difference(None, "tok_2"),
            "kid": Difference(None, "kid-1"),
        },
    )


def test_page_has_the_present_catalogue() -> None:
    """After a change: `python -m infra draw-events`."""
    assert event_catalogue.updated(PAGE) == PAGE


def test_every_type_has_a_meaning() -> None:
    """A new type without one fails here."""
    assert list(event_catalogue.MEANINGS) == list(EventType)


def test_schema_is_a_schema_that_describes_itself() -> None:
    """Each member has a sentence."""
    jsonschema_rs.meta.validate(SCHEMA)
    assert [each["description"].endswith(".") for each in SCHEMA["properties"].values()] == [True] * len(
        DETAIL
    )


@pytest.mark.parametrize("kind", EventType)
@pytest.mark.parametrize("actor", ActorKind)
def test_what_is_sent_is_valid(kind: EventType, actor: ActorKind) -> None:
    """With every member, and with as few as an event has."""
    for event in (full(kind, actor), replace(an_event(kind=kind), actor_kind=actor)):
        detail = detail_of(event)
        VALID.validate(detail)
        assert set(detail) <= set(SCHEMA["properties"])


@pytest.mark.parametrize("member", [member.name for member in DETAIL if member.required])
def test_schema_requires_what_every_event_has(member: str) -> None:
    """A receiver may rely on it."""
    detail = {name: value for name, value in detail_of(full()).items() if name != member}
    with pytest.raises(jsonschema_rs.ValidationError, match=member):
        VALID.validate(detail)


def test_detail_is_thin() -> None:
    """No address, no name, no text of others: those who may see them ask the API."""
    text = json.dumps(detail_of(full()))
    for private in ("203.0.113", "curl", "laptop"):
        assert private not in text


@pytest.mark.parametrize("actor", ActorKind)
def test_operator_is_not_named(actor: ActorKind) -> None:
    """The id of an operator is a name. Other ids are random or derived."""
    named = {ActorKind.PERSON, ActorKind.TOKEN, ActorKind.ADMINISTRATOR}
    assert ("actor_id" in detail_of(full(actor=actor))) is (actor in named)
    assert Actor(actor).id is None


def test_value_is_never_too_long_for_the_bus() -> None:
    """EventBridge takes 256 KB at once. A row may have 400 KB, and would hold up the events behind it."""
    detail = detail_of(replace(full(), request_id="x" * 400_000))
    assert len(json.dumps(detail)) < 1_500


def test_key_has_no_user() -> None:
    """Its history stands in place of one."""
    detail = detail_of(replace(full(EventType.KEY_REVOKED, ActorKind.OPERATOR), user_id=OF_KEYS))
    assert "user_id" not in detail
    assert detail["key_id"] == "kid-1"


def test_time_is_utc() -> None:
    """In milliseconds, whatever the zone."""
    event = replace(an_event(), at=START.astimezone(timezone(timedelta(hours=2))))
    assert detail_of(event)["time"] == START.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_examples_of_the_page_are_valid() -> None:
    """The first block of JSON is an event on the bus."""
    (example, _) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    event = json.loads(example)
    assert event["source"] == SOURCE
    assert event["detail-type"] == event["detail"]["type"]
    VALID.validate(event["detail"])
    assert len(event["detail"]["id"]) == len(new_event_id())
