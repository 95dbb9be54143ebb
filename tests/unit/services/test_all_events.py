"""The events of all users, day by day, page by page."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidCursor
from chalicelib.domain.events import OF_KEYS, ActorKind, Event, EventType
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.ports.events import EventPart
from chalicelib.domain.token_rules import LONGEST_RETENTION
from chalicelib.services import cursors
from chalicelib.services.all_events import DEFAULT_SPAN, MOST_CALLS, AllEventsQuery, ListAllEvents
from tests.support.actors import an_event
from tests.support.builders import a_user
from tests.support.clock import FixedClock
from tests.support.memory import InMemoryStore

DAY, SECOND, MILLISECOND = timedelta(days=1), timedelta(seconds=1), timedelta(milliseconds=1)
# The clocks of Europe and of America change in this span, and the year too in others.
MIDNIGHT = datetime(2026, 3, 30, tzinfo=UTC)
NOW = MIDNIGHT + timedelta(hours=9)


class Meter(InMemoryStore):
    """Counts what DynamoDB would be asked: for a day eight queries and a batch."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.sizes = [0]
        self.unreadable: set[str] = set()

    def list_day(self, day: date, *, before: str, limit: int) -> EventPart:
        """Return events of a day. Their rows have ``sizes``, in turn."""
        assert 1 <= limit <= 100
        self.calls += 9
        part = super().list_day(day, before=before, limit=limit)
        readable = [event for event in part.events if event.id not in self.unreadable]
        sizes = [self.sizes[n % len(self.sizes)] for n in range(len(part.events))]
        return EventPart(readable, part.next_position, sizes)

    def find_users(self, user_ids: Any) -> Any:
        """Return users, a hundred by one call."""
        self.calls += -(-len(user_ids) // 100)
        return super().find_users(user_ids)


class World:
    """Events of many users over the store in memory."""

    def __init__(self) -> None:
        self.store = Meter()
        self.clock = FixedClock(NOW)
        self.all = ListAllEvents(self.store, self.store, self.clock, RecordNetworks.FULL)

    def has(self, at: datetime, user_id: str = "usr_" + "a" * 32, **changes: Any) -> Event:
        """Return a new event."""
        event = replace(an_event(user_id), at=at, **changes)
        self.store.put(event)
        return event

    def pages(self, query: AllEventsQuery) -> list[list[str]]:
        """Return the ids on each page, and check that each page keeps to its bounds."""
        pages: list[list[str]] = []
        while len(pages) < 2_000:
            self.store.calls = 0
            page = self.all.page(query)
            assert self.store.calls <= MOST_CALLS
            assert len(page.events) <= query.limit
            pages.append([event.id for event in page.events])
            if page.next_cursor is None:
                return pages
            assert len(page.next_cursor) < 200
            query = replace(query, cursor=page.next_cursor)
        raise AssertionError("the walk does not end")

    def ids(self, **changes: Any) -> list[str]:
        """Return the ids of all pages."""
        return [each for page in self.pages(AllEventsQuery(**changes)) for each in page]


@pytest.fixture
def world() -> World:
    """Return a world without events."""
    return World()


MOMENTS = st.builds(
    lambda days, off: MIDNIGHT - days * DAY + off * MILLISECOND,
    st.integers(-1, 12),
    st.sampled_from([-2, -1, 0, 1, 2, 1000]),
)
KINDS = st.sampled_from([EventType.TOKEN_CREATED, EventType.TOKEN_REVOKED, EventType.USER_CREATED])
ACTORS = st.sampled_from([ActorKind.PERSON, ActorKind.SYSTEM])


@settings(max_examples=150)
@given(
    made=st.lists(st.tuples(MOMENTS, KINDS, ACTORS), max_size=60),
    limit=st.integers(1, 9),
    kind=st.none() | KINDS,
    actor=st.none() | ACTORS,
    since=st.none() | MOMENTS,
    until=st.none() | MOMENTS,
)
def test_pages_are_those_of_a_simple_list(
    made: list[tuple[datetime, EventType, ActorKind]],
    limit: int,
    kind: EventType | None,
    actor: ActorKind | None,
    since: datetime | None,
    until: datetime | None,
) -> None:
    """Each event that matches is on exactly one page, also those of one millisecond and at midnight."""
    world = World()
    events = [world.has(at, type=type_, actor_kind=by) for at, type_, by in made]
    end = min(until or NOW + 60 * SECOND, NOW + 60 * SECOND)
    expected = [
        event
        for event in events
        if (since or end - DEFAULT_SPAN) <= event.at < end
        and kind in (None, event.type)
        and actor in (None, event.actor_kind)
    ]
    expected.sort(key=lambda event: event.position, reverse=True)

    found = world.ids(limit=limit, type=kind, actor=actor, since=since, until=until)
    assert found == [event.id for event in expected]


@settings(max_examples=60)
@given(
    made=st.lists(st.tuples(MOMENTS, st.booleans(), st.booleans(), st.booleans()), max_size=90),
    sizes=st.lists(st.sampled_from([300, 4_097, 8_193, 40_000, 400_000]), min_size=1, max_size=3),
    limit=st.sampled_from([1, 3, 100]),
)
def test_search_shows_each_event_once_whatever_its_row_is(
    made: list[tuple[datetime, bool, bool, bool]], sizes: list[int], limit: int
) -> None:
    """Rows larger than any of today, unreadable rows and rows that await TTL end no search early."""
    world = World()
    world.store.sizes = sizes
    expected = []
    for at, matches, is_readable, is_kept in made:
        kind = EventType.TOKEN_CREATED if matches else EventType.USER_CREATED
        event = world.has(at, type=kind, purge_at=NOW + (SECOND if is_kept else -SECOND))
        if not is_readable:
            world.store.unreadable.add(event.id)
        elif matches and is_kept and at < NOW + 60 * SECOND:
            expected.append(event)
    expected.sort(key=lambda event: event.position, reverse=True)
    assert world.ids(limit=limit, type=EventType.TOKEN_CREATED) == [event.id for event in expected]


@settings(max_examples=30)
@given(
    made=st.lists(st.tuples(MOMENTS, st.integers(1, 60)), max_size=4),
    limit=st.sampled_from([1, 30, 100]),
    kind=st.none() | KINDS,
)
def test_crowded_milliseconds_are_read_to_their_end(
    made: list[tuple[datetime, int]], limit: int, kind: EventType | None
) -> None:
    """More events in one millisecond than a page has, or than a step reads."""
    world = World()
    events = [
        world.has(at, type=EventType.TOKEN_CREATED if n % 3 else EventType.USER_CREATED)
        for at, count in made
        for n in range(count)
    ]
    expected = [e for e in events if e.at < NOW + 60 * SECOND and kind in (None, e.type)]
    expected.sort(key=lambda event: event.position, reverse=True)
    assert world.ids(limit=limit, type=kind) == [event.id for event in expected]


def test_new_events_between_pages_shift_nothing(world: World) -> None:
    """A page goes on behind the last event of the page before. The default span does not move either."""
    old = [world.has(NOW - DEFAULT_SPAN + 61 * SECOND + n * DAY) for n in range(3)]
    page = world.all.page(AllEventsQuery(limit=1))
    found = [event.id for event in page.events]
    while page.next_cursor:
        world.clock.advance(timedelta(hours=1))
        world.has(world.clock.now())
        page = world.all.page(AllEventsQuery(limit=1, cursor=page.next_cursor))
        found += [event.id for event in page.events]
    assert found == [event.id for event in reversed(old)]


def test_event_of_a_clock_that_is_ahead_is_shown(world: World) -> None:
    """By a little."""
    event = world.has(NOW + 30 * SECOND)
    world.has(NOW + 90 * SECOND)
    assert world.ids() == [event.id]


def test_events_that_ttl_has_not_deleted_yet_are_not_shown(world: World) -> None:
    """DynamoDB may take days to delete a row."""
    world.has(NOW - SECOND, purge_at=NOW)
    left = world.has(NOW - SECOND, purge_at=NOW + SECOND)
    assert world.ids(limit=1) == [left.id]


def test_actor_is_a_kind_or_an_id(world: World) -> None:
    """An id that looks like none of either matches nothing."""
    ada, token = "usr_" + "b" * 32, "tok_" + "1" * 36
    by_ada = world.has(NOW, actor_kind=ActorKind.ADMINISTRATOR, actor_id=ada)
    by_token = world.has(NOW - SECOND, actor_kind=ActorKind.TOKEN, actor_id=token)
    world.has(NOW, actor_id="usr_" + "c" * 32)
    assert world.ids(actor=ada) == world.ids(actor=ActorKind.ADMINISTRATOR) == [by_ada.id]
    assert world.ids(actor=token) == world.ids(actor=ActorKind.TOKEN) == [by_token.id]
    assert world.ids(actor="usr_" + "d" * 32) == world.ids(actor=ActorKind.SYSTEM) == []


def test_names_are_looked_up(world: World) -> None:
    """Of owners and actors. Keys and operators have none."""
    owner, admin = a_user(name="Una"), a_user("admin@example.com", name="Ada")
    world.store.put(owner, admin)
    world.has(NOW, owner.id, actor_kind=ActorKind.ADMINISTRATOR, actor_id=admin.id)
    world.has(NOW, OF_KEYS, actor_kind=ActorKind.OPERATOR, actor_id="arn:aws:iam::1:user/una")
    page = world.all.page(AllEventsQuery())
    assert page.names == {owner.id: "Una", admin.id: "Ada"}


def test_addresses_are_shown_as_far_as_may_be_recorded(world: World) -> None:
    """Today."""
    world.has(NOW, address="192.0.2.7")
    off = ListAllEvents(world.store, world.store, world.clock, RecordNetworks.OFF)
    assert [page.page(AllEventsQuery()).events[0].address for page in (world.all, off)] == [
        "192.0.2.7",
        None,
    ]


def test_cursor_is_sealed_to_its_filters(world: World) -> None:
    """With any other filter, it is another list."""
    for n in range(3):
        world.has(NOW - n * SECOND)
    first = AllEventsQuery(limit=1, since=NOW - DAY, until=NOW + DAY)
    cursor = world.all.page(first).next_cursor
    assert world.all.page(replace(first, cursor=cursor, limit=2)).events
    for changes in (
        {"type": EventType.TOKEN_CHANGED},
        {"actor": ActorKind.PERSON},
        {"since": None},
        {"since": NOW - 2 * DAY},
        {"until": None},
    ):
        with pytest.raises(InvalidCursor):
            world.all.page(replace(first, cursor=cursor, **changes))


@pytest.mark.parametrize(
    "parts",
    [(), ("0" * 15,), ("0" * 15, "x"), ("x", "0" * 15), ("0" * 14, "0" * 15), ("0" * 15, "-" + "0" * 14)],
)
def test_cursor_of_another_form_is_refused(world: World, parts: tuple[str, ...]) -> None:
    """Also with the right seal, which anybody can make."""
    query = AllEventsQuery()
    with pytest.raises(InvalidCursor):
        world.all.page(replace(query, cursor=cursors.write_sealed(query.seal, *parts)))


@pytest.mark.parametrize(
    ("before", "since"),
    [("9" * 15, "0" * 15), ("0" * 15, "9" * 15), ("0" * 15, "0" * 15), ("0" * 14 + "1", "0" * 15)],
)
def test_forged_place_is_harmless(world: World, before: str, since: str) -> None:
    """It gives no access that its maker lacks. A year that no date has is no fault."""
    query = AllEventsQuery()
    cursor = cursors.write_sealed(query.seal, before, since)
    assert world.all.page(replace(query, cursor=cursor)).events == []


@pytest.mark.parametrize("year", [1, 1970])
def test_walk_ends_where_no_event_can_be_kept(world: World, year: int) -> None:
    """Empty pages come to an end within the longest retention. A cursor from elsewhere goes no further."""
    oldest = world.has(NOW - LONGEST_RETENTION, purge_at=NOW + SECOND)
    since = datetime(year, 1, 1, tzinfo=UTC)
    pages = world.pages(AllEventsQuery(since=since))
    assert [each for page in pages for each in page] == [oldest.id]
    # Four days a page.
    assert len(pages) <= LONGEST_RETENTION.days / 4 + 1

    query = AllEventsQuery(since=since)
    forged = cursors.write_sealed(query.seal, "0" * 14 + "9", "0" * 15)
    world.store.calls = 0
    assert world.all.page(replace(query, cursor=forged)).next_cursor is None
    assert world.store.calls == 0


@pytest.mark.parametrize("year", [1, 1969, 1970, 9999])
def test_far_times_are_no_fault(world: World, year: int) -> None:
    """Nothing was recorded before 1970, and nothing will be recorded tomorrow."""
    far = datetime(year, 1, 1, tzinfo=UTC)
    world.has(NOW)
    for query in (AllEventsQuery(since=far), AllEventsQuery(until=far)):
        page = world.all.page(query)
        assert len(page.events) == (1 if (far < NOW) is (query.since is not None) else 0)
