"""Resources of events, made of what the services return."""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.events import OF_KEYS, ActorKind, Event
from chalicelib.domain.revocations import Revocation, RevocationReason
from chalicelib.handlers.http.responses import moment
from chalicelib.handlers.v1.events import resources
from chalicelib.services.histories import EventPage

# A page puts each after "by".
_WORDS: Mapping[ActorKind, str] = {
    ActorKind.PERSON: "the owner",
    ActorKind.TOKEN: "the token itself",
    ActorKind.ADMINISTRATOR: "an administrator",
    ActorKind.OPERATOR: "an operator",
    ActorKind.SYSTEM: "the system",
    ActorKind.REPORTER: "a person who reported it",
}
# A token's row keeps the reason alone, so a token counts as its owner and an operator as an administrator.
_REVOKED_BY: Mapping[RevocationReason, ActorKind] = {
    RevocationReason.OWNER: ActorKind.PERSON,
    RevocationReason.ADMIN: ActorKind.ADMINISTRATOR,
    RevocationReason.USER_DEACTIVATED: ActorKind.ADMINISTRATOR,
    RevocationReason.USER_REMOVED: ActorKind.ADMINISTRATOR,
    RevocationReason.ROTATED: ActorKind.PERSON,
    RevocationReason.REUSE: ActorKind.SYSTEM,
    RevocationReason.EXPOSED: ActorKind.REPORTER,
}


def description(kind: ActorKind) -> str:
    """Return the words for an actor of a kind."""
    return _WORDS[kind]


def revoked_by(revocation: Revocation) -> str:
    """Return the actor of a revocation in the words of events."""
    # The reason of a job may be that of a leak report.
    kind = ActorKind.ADMINISTRATOR if revocation.job_id else _REVOKED_BY[revocation.reason]
    return _WORDS[kind]


def own_page(page: EventPage) -> resources.EventPage:
    """Return a page as owners see it."""
    events = [
        resources.Event(**_event(event), actor=resources.EventActor(**_actor(event)))
        for event in page.events
    ]
    return resources.EventPage(events=events, next_cursor=page.next_cursor)


def admins_page(page: EventPage) -> resources.AdminsEventPage:
    """Return a page as administrators see it."""
    events = [_named(event, page.names) for event in page.events]
    return resources.AdminsEventPage(events=events, next_cursor=page.next_cursor)


def _named(event: Event, names: Mapping[str, str]) -> resources.AdminsEvent:
    actor = resources.NamedActor(**_actor(event), name=names.get(event.actor_id or ""))
    user_id = event.user_id
    user = None if user_id == OF_KEYS else resources.EventUser(id=user_id, name=names.get(user_id, ""))
    return resources.AdminsEvent(**_event(event), actor=actor, user=user)


def _actor(event: Event) -> dict[str, Any]:
    return {
        "kind": event.actor_kind,
        "description": description(event.actor_kind),
        "id": event.actor_id,
        "address": event.address,
        "user_agent": event.user_agent,
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "type": event.type,
        "at": moment(event.at),
        "token_id": event.token_id,
        "request_id": event.request_id,
        "changes": {
            name: resources.Difference(before=_value(each.before), after=_value(each.after))
            for name, each in event.changes.items()
        },
    }


def _value(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
