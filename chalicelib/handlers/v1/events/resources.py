"""Bodies of events: the record of who changed what, when and from where."""

from typing import Annotated, TypeAlias

from msgspec import Meta

from chalicelib.domain.events import ActorKind, EventType
from chalicelib.domain.ports.events import MAX_COUNTED
from chalicelib.handlers.http.wire import Resource, TokenId, UserId
from chalicelib.handlers.v1.resources import Moment, NextCursor, SeenFrom
from chalicelib.services.listing import MAX_LIMIT
from chalicelib.settings.scope_definitions import MAX_SCOPES

# No list of a token or a user is longer than that of its scopes.
Value: TypeAlias = str | bool | Annotated[list[str], Meta(max_length=MAX_SCOPES)] | None


class EventActor(Resource, frozen=True, kw_only=True):
    """The one that made a change. An owner sees only the kind of every actor but themselves."""

    kind: ActorKind
    description: Annotated[
        str, Meta(description="The kind in words, for people.", examples=["an administrator"])
    ]
    id: Annotated[
        str | None,
        Meta(
            description="The user id of a person or an administrator, the id of a token, or the name of "
            "an operator. Null if it is unknown or hidden from you."
        ),
    ]
    address: Annotated[
        SeenFrom | None, Meta(description="Null if it is unknown, not recorded or hidden from you.")
    ]
    user_agent: Annotated[
        str | None,
        Meta(description="The client chooses this text freely. Null if it is unknown or hidden from you."),
    ]


class Difference(Resource, frozen=True, kw_only=True):
    """A member before and after a change. ``before`` is null if the member is new."""

    before: Value
    after: Value


class Event(Resource, frozen=True, kw_only=True):
    """One change. An event never changes."""

    id: Annotated[str, Meta(description="The event's id.", examples=["evt_" + "1" * 26])]
    type: EventType
    at: Moment
    token_id: Annotated[TokenId | None, Meta(description="Null if the event is not about one token.")]
    actor: EventActor
    request_id: Annotated[
        str | None,
        Meta(description="The id of the request in our logs. Null if it is unknown or hidden from you."),
    ]
    changes: Annotated[
        dict[str, Difference], Meta(description="The members that the change set, by their names.")
    ]


class EventPage(Resource, frozen=True, kw_only=True):
    """A page of events, newest first. A page may be short, even empty, before the last one."""

    events: Annotated[list[Event], Meta(max_length=MAX_LIMIT)]
    next_cursor: NextCursor


class EventSummary(Resource, frozen=True, kw_only=True):
    """The events of a user in numbers."""

    count: Annotated[
        int,
        Meta(ge=0, le=MAX_COUNTED, description="The kept events of the user's account and tokens."),
    ]
    is_more: Annotated[
        bool, Meta(description=f"True if there are more than {MAX_COUNTED:,}, or if not all were counted.")
    ]


class EventUser(Resource, frozen=True, kw_only=True):
    """The user whose account or token changed."""

    id: UserId
    name: Annotated[str, Meta(description="The name as it is now. Empty for a removed user.")]


class NamedActor(EventActor, frozen=True, kw_only=True):
    """The one that made a change, as administrators see it."""

    name: Annotated[
        str | None,
        Meta(
            description="The name of a person or an administrator as it is now. Empty for a removed user."
        ),
    ]


class AdminsEvent(Event, frozen=True, kw_only=True):
    """One change, as administrators see it."""

    actor: NamedActor
    user: Annotated[EventUser | None, Meta(description="Null if a signing key of the service changed.")]


class AdminsEventPage(Resource, frozen=True, kw_only=True):
    """A page of events, newest first. A page may be short, even empty, before the last one."""

    events: Annotated[list[AdminsEvent], Meta(max_length=MAX_LIMIT)]
    next_cursor: NextCursor
