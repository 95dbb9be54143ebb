"""The events of one user, or of one token, page by page, newest first."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

from chalicelib.domain.event_views import as_administrators_see, as_its_owner_sees, is_about
from chalicelib.domain.events import ActorKind, Event
from chalicelib.domain.frozen import Frozen, field
from chalicelib.domain.ids import EVENT_ID, USER_ID
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.ports.events import EventCount, EventStore
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.users import UserStore
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.services import cursors
from chalicelib.services.listing import DEFAULT_LIMIT
from chalicelib.services.read_budget import EVENT_UNITS, OWNER, PageIsFullError, ReadBudget

POSITION = re.compile(rf"[0-9]{{15}}#{EVENT_ID.pattern}")
"""The form of an event's place in its history."""
MOST_READS = 30
"""The largest number of queries for one page."""

_PEOPLE = (ActorKind.PERSON, ActorKind.ADMINISTRATOR)
# More than the clocks of two machines differ.
_LEEWAY = timedelta(minutes=1)


class HistoryQuery(Frozen):
    """The size and the start of a page."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class EventPage(Frozen):
    """One page. ``next_cursor`` is None on the last. Any page may be short or even empty.

    ``names`` has what to show of the users that administrators read about, by their ids.
    """

    events: Sequence[Event]
    next_cursor: str | None
    names: Mapping[str, str] = field(default_factory=dict)


def names_in(events: Sequence[Event], users: UserStore) -> Mapping[str, str]:
    """Return the names of owners and actors as they are now. Raises DependencyUnavailable.

    Events have ids alone, so that a removed user's name is in none of them.
    """
    owners = {event.user_id for event in events}
    actors = {event.actor_id for event in events if event.actor_kind in _PEOPLE}
    people = {each for each in owners | actors if each and USER_ID.fullmatch(each)}
    return {user.id: user.shown_name for user in users.find_users(sorted(people))}


class ReadHistories:
    """Histories of users. Pages neither skip nor repeat an event.

    ``record_networks`` is the part of an address that may be shown.
    """

    def __init__(
        self, store: EventStore, users: UserStore, clock: Clock, record_networks: RecordNetworks
    ) -> None:
        self._store = store
        self._users = users
        self._clock = clock
        self._record_networks = record_networks

    def own(self, owner: User, query: HistoryQuery, token: Token | None = None) -> EventPage:
        """Return events as their owner sees them: all, or those of ``token``, one of their own.

        Raises InvalidCursor or DependencyUnavailable.
        """
        page = self._page("own", owner, token, query)
        shown = [as_its_owner_sees(event, owner, self._record_networks) for event in page.events]
        return EventPage(shown, page.next_cursor)

    def of_user(self, owner: User, query: HistoryQuery, token: Token | None = None) -> EventPage:
        """Return the events of a user or of a user's ``token``, as administrators see them.

        Raises InvalidCursor or DependencyUnavailable.
        """
        page = self._page("of user", owner, token, query)
        shown = [as_administrators_see(event, self._record_networks) for event in page.events]
        return EventPage(shown, page.next_cursor, names_in(shown, self._users))

    def count(self, owner: User) -> EventCount:
        """Return how many events of a user and of the user's tokens are kept.

        Raises DependencyUnavailable.
        """
        return self._store.count_events(owner.id, self._clock.now())

    def _page(self, name: str, owner: User, token: Token | None, query: HistoryQuery) -> EventPage:
        seal = cursors.seal(name, owner.id, token.id if token else None)
        after = None if query.cursor is None else cursors.read_sealed(query.cursor, seal, POSITION)[0]
        if token:
            found, place = self._search(owner.id, token, query.limit, after)
        else:
            found, place = self._walk(owner.id, query.limit, after)
        return EventPage(found, cursors.write_sealed(seal, place) if place else None)

    def _walk(self, user_id: str, limit: int, after: str | None) -> tuple[list[Event], str | None]:
        """Return the events of a page, and the place of the next page if there is one."""
        found: list[Event] = []
        now = self._clock.now()
        for _ in range(MOST_READS):
            # One more than the page has place for shows that there is another page.
            part = self._store.list_events(user_id, after=after, limit=limit - len(found) + 1)
            for event in part.events:
                if len(found) == limit:
                    return found, after
                after = event.position
                # TTL may delete a row days after its time.
                if event.purge_at > now:
                    found.append(event)
            if part.next_position is None:
                return found, None
            # Behind the events of the part, there may be rows that cannot be read.
            after = part.next_position
        return found, after

    def _search(
        self, user_id: str, token: Token, limit: int, after: str | None
    ) -> tuple[list[Event], str | None]:
        """Return the events of a token on a page. It ends when the next read would cost too much."""
        found: list[Event] = []
        now, budget = self._clock.now(), ReadBudget()
        with suppress(PageIsFullError):
            # The names of the owner, and below of each actor.
            budget.pay(0, OWNER)
            for _ in range(MOST_READS):
                rows = budget.most_strong_rows(EVENT_UNITS)
                part = self._store.list_events(user_id, after=after, limit=rows)
                budget.pay_strong_query(sum(part.sizes))
                for event in part.events:
                    if len(found) == limit:
                        return found, after
                    if event.at < token.created_at - _LEEWAY:
                        return found, None
                    if event.purge_at > now and is_about(event, token.id):
                        budget.pay(0, OWNER)
                        found.append(event)
                    after = event.position
                if part.next_position is None:
                    return found, None
                after = part.next_position
        return found, after
