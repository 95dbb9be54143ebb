"""Actors, callers and events for tests that need some, whichever they are."""

from datetime import timedelta

from chalicelib.domain.callers import Caller, Door
from chalicelib.domain.events import Actor, ActorKind, Event, EventType
from chalicelib.domain.ids import new_event_id
from chalicelib.domain.networks import RecordNetworks
from chalicelib.services.journal import Journal
from tests.support.clock import START

CALLER = Caller(Door.OWN_API, "203.0.113.7", "tests/1.0", "POST", "/v1/tokens", "request-1")
PERSON = Actor(ActorKind.PERSON, "usr_person", CALLER)
ADMINISTRATOR = Actor(ActorKind.ADMINISTRATOR, "usr_administrator", CALLER)
OPERATOR = Actor(ActorKind.OPERATOR)
JOURNAL = Journal(timedelta(days=400), RecordNetworks.PREFIX)


def an_event(user_id: str = "usr_person", kind: EventType = EventType.TOKEN_CHANGED) -> Event:
    """Return an event, each time another one."""
    return Event(
        id=new_event_id(),
        user_id=user_id,
        type=kind,
        at=START,
        actor_kind=ActorKind.PERSON,
        purge_at=START + timedelta(days=400),
    )
