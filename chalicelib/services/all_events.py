"""The events of all users, for administrators, found in a bounded number of reads a page.

The walk goes back from day to day through the index of days, which DynamoDB keeps behind the table.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from chalicelib.domain.event_views import as_administrators_see
from chalicelib.domain.events import ActorKind, Event, EventType
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.ports.events import EventPart, EventStore
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.users import UserStore
from chalicelib.domain.token_rules import LONGEST_RETENTION
from chalicelib.services import cursors
from chalicelib.services.histories import POSITION, EventPage, names_in
from chalicelib.services.listing import DEFAULT_LIMIT
from chalicelib.services.read_budget import NAMES, PageIsFullError, ReadBudget

MOST_CALLS = 40
"""The largest number of calls to DynamoDB for one page."""
DEFAULT_SPAN = timedelta(days=30)
"""The time before ``until`` that is searched unless the caller says otherwise."""

# Eight queries and one batch each. The names of owners and actors are at most two more batches.
# Rows are read strongly consistent, because the index may know a row that the nearest copy lacks.
_MOST_READS = 4
# The clock of the machine that wrote an event may be ahead of ours.
_LEEWAY = timedelta(minutes=1)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MILLISECONDS = re.compile(r"[0-9]{15}")
_BOUND = re.compile(rf"{_MILLISECONDS.pattern}|{POSITION.pattern}")


class AllEventsQuery(Frozen):
    """The filters and the start of a page. ``actor`` is a kind, or the id of a user or a token.

    Events at ``since`` are listed, those at ``until`` are not.
    """

    type: EventType | None = None
    actor: ActorKind | str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None

    @property
    def is_filtered(self) -> bool:
        """True if an event of the span may not match."""
        return self.type is not None or self.actor is not None

    def matches(self, event: Event) -> bool:
        """Return True if type and actor match."""
        if self.type not in (None, event.type):
            return False
        return self.actor is None or self.actor in (event.actor_kind, event.actor_id)

    @property
    def seal(self) -> str:
        """The seal of the list and its filters."""
        return cursors.seal("all events", self.type, self.actor, self.since, self.until)


class ListAllEvents:
    """Lists of the events of all users, newest first. Pages neither skip nor repeat an event.

    An event of the last seconds may be missing. ``record_networks`` is the part of an address that may be
    shown.
    """

    def __init__(
        self, events: EventStore, users: UserStore, clock: Clock, record_networks: RecordNetworks
    ) -> None:
        self._events = events
        self._users = users
        self._clock = clock
        self._record_networks = record_networks

    def page(self, query: AllEventsQuery) -> EventPage:
        """Return one page. Raises InvalidCursor or DependencyUnavailable."""
        now = self._clock.now()
        place = _Place.of(query, now)
        walk = self._search if query.is_filtered else self._walk
        found, next_place = walk(query, place, now)
        shown = [as_administrators_see(event, self._record_networks) for event in found]
        cursor = next_place.write(query.seal) if next_place else None
        return EventPage(shown, cursor, names_in(shown, self._users))

    def _walk(
        self, query: AllEventsQuery, place: "_Place", now: datetime
    ) -> tuple[Sequence[Event], "_Place | None"]:
        """Return the events of a page, and the place of the next page if there may be one."""
        found: list[Event] = []
        for _ in range(_MOST_READS):
            if place.is_at_end:
                return found, None
            part = self._events.list_day(place.day, before=place.before, limit=query.limit - len(found))
            for event in part.events:
                if event.position < place.since:
                    return found, None
                place = _Place(event.position, place.since)
                # TTL may delete a row days after its time.
                if event.purge_at > now:
                    found.append(event)
            place = place.after(part)
            if len(found) == query.limit:
                break
        return found, None if place.is_at_end else place

    def _search(
        self, query: AllEventsQuery, place: "_Place", now: datetime
    ) -> tuple[Sequence[Event], "_Place | None"]:
        """Return the events of a page of a search. It ends when the next read would cost too much."""
        found: list[Event] = []
        budget = ReadBudget()
        with suppress(PageIsFullError):
            while not place.is_at_end and len(found) < query.limit:
                limit = budget.most_events()
                part = self._events.list_day(place.day, before=place.before, limit=limit)
                budget.pay_events(part.sizes)
                for event in part.events:
                    if event.position < place.since:
                        return found, None
                    if event.purge_at > now and query.matches(event):
                        if len(found) == query.limit:
                            return found, place
                        budget.pay(0, NAMES)
                        found.append(event)
                    place = _Place(event.position, place.since)
                place = place.after(part)
        return found, None if place.is_at_end else place


class _Place(Frozen):
    """The part of the walk that is left: events before ``before``, down to ``since``.

    Either is a time in milliseconds since 1970, or the position of an event. A page keeps ``since``, so
    that a default does not move while the caller reads.
    """

    before: str
    since: str

    @classmethod
    def of(cls, query: AllEventsQuery, now: datetime) -> "_Place":
        """Return the place of a query's cursor, or the first. Raises InvalidCursor."""
        latest = _milliseconds(now + _LEEWAY)
        # No event is kept from before. A walk through the years until then would find nothing.
        earliest = _text(_milliseconds(now - LONGEST_RETENTION - _LEEWAY))
        if query.cursor is not None:
            before, down_to = cursors.read_sealed(query.cursor, query.seal, _BOUND, _MILLISECONDS)
            # A forged place in the far future has no date.
            return cls(min(before, _text(latest)), max(down_to, earliest))
        until = min(_milliseconds(query.until), latest) if query.until else latest
        since = _milliseconds(query.since) if query.since else until - DEFAULT_SPAN // _MILLISECOND
        return cls(_text(until), max(_text(since), earliest))

    @property
    def day(self) -> date:
        """The UTC day of the latest events that are left."""
        milliseconds, _, event_id = self.before.partition("#")
        # No event of the millisecond itself is before it.
        last = int(milliseconds) if event_id else int(milliseconds) - 1
        return (_EPOCH + last * _MILLISECOND).date()

    @property
    def is_at_end(self) -> bool:
        """True if nothing is left."""
        return self.before <= self.since

    def after(self, part: EventPart) -> "_Place":
        """Return the place behind a part of this day."""
        return _Place(part.next_position or _start_of(self.day), self.since)

    def write(self, seal: str) -> str:
        """Return the cursor."""
        return cursors.write_sealed(seal, self.before, self.since)


def _milliseconds(moment: datetime) -> int:
    # Rounded up, as an event's time is rounded down: one at ``moment`` itself is not before it.
    return -((_EPOCH - moment) // _MILLISECOND)


def _text(milliseconds: int) -> str:
    return f"{max(milliseconds, 0):015d}"


def _start_of(day: date) -> str:
    return _text(_milliseconds(datetime(day.year, day.month, day.day, tzinfo=UTC)))
