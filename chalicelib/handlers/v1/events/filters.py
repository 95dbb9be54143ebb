"""The query parameters of lists of events."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from chalicelib.domain.errors import InvalidRequest
from chalicelib.domain.events import ActorKind, EventType
from chalicelib.domain.ids import TOKEN_ID, USER_ID
from chalicelib.handlers.http.wire import given
from chalicelib.handlers.v1.inputs import Asked, Cursor, Limit
from chalicelib.services.all_events import DEFAULT_SPAN, AllEventsQuery
from chalicelib.services.histories import HistoryQuery
from chalicelib.services.listing import DEFAULT_LIMIT


class HistoryListQuery(Asked, frozen=True, kw_only=True):
    """A query for a page of the events of a user or a token."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET

    def query(self) -> HistoryQuery:
        """Return the query."""
        return HistoryQuery(self.limit, given(self.cursor))


_KINDS = {kind.value: kind for kind in ActorKind}
_Time = Annotated[datetime, Meta(tz=True)]


class AllEventsListQuery(Asked, frozen=True, kw_only=True):
    """A query for a page of the events of all users. An event must match every parameter."""

    type: Annotated[EventType, Meta(description="Only events of this type.")] | UnsetType = UNSET
    actor: (
        Annotated[
            str,
            Meta(
                # Python's ``$`` would allow a line break at the end.
                pattern=f"^(?:{'|'.join(_KINDS)}|{USER_ID.pattern}|{TOKEN_ID.pattern})$(?!\\n)",
                description=f"Only events by this user or token, or by actors of this kind: "
                f"{', '.join(f'`{kind}`' for kind in _KINDS)}.",
                examples=["administrator"],
                extra={"hint": f" that is the id of a user or a token, or one of: {', '.join(_KINDS)}"},
            ),
        ]
        | UnsetType
    ) = UNSET
    since: (
        Annotated[
            _Time,
            Meta(
                description=f"Only events at this time or later. Without it, the list ends "
                f"{DEFAULT_SPAN.days} days before `until`.",
                examples=["2026-01-01T00:00:00Z"],
            ),
        ]
        | UnsetType
    ) = UNSET
    until: (
        Annotated[
            _Time,
            Meta(
                description="Only events before this time. Without it, until now.",
                examples=["2026-01-31T12:00:00Z"],
            ),
        ]
        | UnsetType
    ) = UNSET
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET

    def query(self) -> AllEventsQuery:
        """Return the query. Raises InvalidRequest if no time is in the span."""
        actor, since, until = given(self.actor), given(self.since), given(self.until)
        if since and until and since >= until:
            raise InvalidRequest("'since' must be before 'until'.")
        return AllEventsQuery(
            type=given(self.type),
            actor=_KINDS.get(actor, actor) if actor else None,
            since=since,
            until=until,
            limit=self.limit,
            cursor=given(self.cursor),
        )
