"""The events of one user, page by page, as owners and administrators see them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidCursor
from chalicelib.domain.events import ActorKind, Difference, Event, EventType
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.ports.events import EventPart
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.services import cursors
from chalicelib.services.histories import MOST_READS, EventPage, HistoryQuery, ReadHistories
from tests.support.actors import an_event
from tests.support.builders import a_token, a_user
from tests.support.clock import START, FixedClock
from tests.support.memory import InMemoryStore

SECOND, MILLISECOND = timedelta(seconds=1), timedelta(milliseconds=1)


class Meter(InMemoryStore):
    """Counts reads of events."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.most_at_once = 0

    def list_events(self, user_id: str, *, after: str | None, limit: int) -> EventPart:
        """Return events of a user."""
        self.reads += 1
        self.most_at_once = max(self.most_at_once, limit)
        return super().list_events(user_id, after=after, limit=limit)


class World:
    """Two people with histories."""

    def __init__(self, record: RecordNetworks = RecordNetworks.FULL) -> None:
        self.store = Meter()
        self.clock = FixedClock(START + timedelta(days=1))
        self.owner, self.other = a_user(), a_user("other@example.com")
        self.store.put(self.owner, self.other)
        self.histories = ReadHistories(self.store, self.store, self.clock, record)

    def has(self, **changes: Any) -> Event:
        """Return a new event, of the owner and by the owner unless it is said otherwise."""
        usual = {"actor_id": self.owner.id, "address": "192.0.2.7", "user_agent": "curl"}
        event = replace(an_event(self.owner.id), **usual | {"request_id": "request-1"} | changes)
        self.store.put(event)
        return event

    def all(
        self, owner: User, token: Token | None = None, limit: int = 30, most_pages: int = 1_000
    ) -> list[Event]:
        """Return the events of all pages, as owners see them. Check the bounds of each page."""
        found: list[Event] = []
        query = HistoryQuery(limit)
        for _ in range(most_pages):
            self.store.reads = 0
            page = self.histories.own(owner, query, token)
            assert self.store.reads <= MOST_READS
            assert self.store.most_at_once <= 101
            assert len(page.events) <= limit
            found += page.events
            if page.next_cursor is None:
                return found
            assert len(page.next_cursor) < 200
            query = HistoryQuery(limit, page.next_cursor)
        raise AssertionError("the walk does not end")


@pytest.fixture
def world() -> World:
    """Return a world without events."""
    return World()


@settings(max_examples=60)
@given(
    whose=st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 2)), max_size=40),
    limit=st.integers(1, 7),
)
def test_pages_of_one_person_never_show_anothers(whose: list[tuple[bool, int, int]], limit: int) -> None:
    """Each event is on exactly one page, of its own user, also if many have one millisecond."""
    world = World()
    tokens = [a_token(world.owner, START - SECOND) for _ in range(3)]
    for is_own, at, token in whose:
        user = world.owner if is_own else world.other
        world.has(user_id=user.id, at=START + at * MILLISECOND, token_id=tokens[token].id)

    for user in (world.owner, world.other):
        expected = sorted(world.store.events(user.id), key=lambda event: event.position, reverse=True)
        assert [event.id for event in world.all(user, limit=limit)] == [e.id for e in expected]
        for token_ in tokens:
            own = [event.id for event in expected if event.token_id == token_.id]
            assert [event.id for event in world.all(user, token_, limit)] == own


def test_new_events_between_pages_shift_nothing(world: World) -> None:
    """A page goes on behind the last event of the page before."""
    old = [world.has(at=START + n * SECOND) for n in range(4)]
    first = world.histories.own(world.owner, HistoryQuery(2))
    world.has(at=START + timedelta(hours=1))
    second = world.histories.own(world.owner, HistoryQuery(2, first.next_cursor))
    shown = [event.id for event in (*first.events, *second.events)]
    assert shown == [event.id for event in reversed(old)]
    assert second.next_cursor is None


def test_long_history_is_read_in_bounded_steps(world: World) -> None:
    """The pages of a token that is rarely in a long history are short, and none of them is endless."""
    token = a_token(world.owner, START)
    first = world.has(token_id=token.id)
    for n in range(MOST_READS * 100 + 1):
        world.has(at=START + n * SECOND)
    assert [event.id for event in world.all(world.owner, token)] == [first.id]


@settings(max_examples=60)
@given(
    made=st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.integers(0, 2)), max_size=90),
    sizes=st.lists(st.sampled_from([300, 4_097, 8_193, 40_000, 400_000]), min_size=1, max_size=3),
    limit=st.sampled_from([1, 3, 100]),
)
def test_search_shows_each_event_once_whatever_its_row_is(
    made: list[tuple[bool, bool, bool, int]], sizes: list[int], limit: int
) -> None:
    """Rows larger than any of today, unreadable rows and rows that await TTL end no search early."""
    world = World()
    token, expected, hidden = a_token(world.owner, START - SECOND), [], set()
    for is_about_it, is_readable, is_kept, at in made:
        event = world.has(
            at=START + at * MILLISECOND,
            token_id=token.id if is_about_it else None,
            purge_at=world.clock.now() + (SECOND if is_kept else -SECOND),
        )
        if not is_readable:
            hidden.add(event.id)
        elif is_about_it and is_kept:
            expected.append(event)
    read = world.store.list_events

    def heavy(user_id: str, *, after: str | None, limit: int) -> EventPart:
        part = read(user_id, after=after, limit=limit)
        readable = [event for event in part.events if event.id not in hidden]
        return EventPart(
            readable, part.next_position, [sizes[n % len(sizes)] for n in range(len(part.events))]
        )

    world.store.list_events = heavy  # type: ignore[method-assign]
    expected.sort(key=lambda event: event.position, reverse=True)
    shown = world.all(world.owner, token, limit, most_pages=len(made) + 1)
    assert [event.id for event in shown] == [event.id for event in expected]


def test_rows_that_cannot_be_read_end_no_walk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page makes its reads and no more. The next page goes on behind the rows that it skipped."""
    event = world.has(at=START)
    for n in range(MOST_READS * 4):
        world.has(at=START + (n + 1) * SECOND)
    read = world.store.list_events

    def unreadable(user_id: str, *, after: str | None, limit: int) -> EventPart:
        part = read(user_id, after=after, limit=limit)
        return EventPart([e for e in part.events if e.id == event.id], part.next_position)

    monkeypatch.setattr(world.store, "list_events", unreadable)
    cursor, pages = None, []
    while True:
        world.store.reads = 0
        page = world.histories.own(world.owner, HistoryQuery(2, cursor))
        assert world.store.reads <= MOST_READS
        pages.append([each.id for each in page.events])
        cursor = page.next_cursor
        if cursor is None:
            break
    assert pages == [[], [event.id]]


def test_walk_ends_before_the_token_was_made(world: World) -> None:
    """Older events cannot be about it, so they are not read to the last one."""
    token = a_token(world.owner, START)
    for n in range(500):
        world.has(at=START - timedelta(minutes=2) - n * SECOND)
    created = world.has(token_id=token.id)
    assert [event.id for event in world.all(world.owner, token)] == [created.id]
    assert world.store.reads == 1


def test_rotation_is_in_the_histories_of_both_tokens(world: World) -> None:
    """Its event is at the predecessor, and tells where the successor came from."""
    token, successor = a_token(world.owner), a_token(world.owner)
    rotated = world.has(
        type=EventType.TOKEN_ROTATED,
        token_id=token.id,
        changes={"successor_id": Difference(None, successor.id)},
    )
    for each in (token, successor):
        assert [event.id for event in world.all(world.owner, each)] == [rotated.id]
    assert world.all(world.owner, a_token(world.owner)) == []


def test_events_that_ttl_has_not_deleted_yet_are_not_shown(world: World) -> None:
    """DynamoDB may take days to delete a row."""
    now = world.clock.now()
    world.has(purge_at=now)
    left = world.has(purge_at=now + SECOND)
    assert [event.id for event in world.all(world.owner, limit=1)] == [left.id]


def hidden(event: Event) -> bool:
    """Return whether nothing tells who the actor is."""
    return (event.actor_id, event.address, event.user_agent, event.request_id) == (None,) * 4


@pytest.mark.parametrize("kind", ActorKind)
def test_owner_sees_who_acted_only_if_that_is_their_own(world: World, kind: ActorKind) -> None:
    """Of every other kind an owner sees the kind, of administrators and reporters above all."""
    made = world.has(actor_kind=kind)
    (seen,) = world.all(world.owner)
    assert seen.actor_kind is kind
    if kind in {ActorKind.PERSON, ActorKind.TOKEN}:
        assert seen == made
    else:
        assert hidden(seen)
        assert replace(made, actor_id=None, address=None, user_agent=None, request_id=None) == seen


def test_owner_sees_no_other_person(world: World) -> None:
    """No event has one as its actor today. If one did, the owner would not learn who it is."""
    world.has(actor_id=world.other.id)
    (seen,) = world.all(world.owner)
    assert hidden(seen)


def test_administrator_who_acts_on_the_own_account_is_hidden_too(world: World) -> None:
    """The kind decides, so that nothing is to be concluded from what is shown."""
    world.has(actor_kind=ActorKind.ADMINISTRATOR, actor_id=world.owner.id)
    (seen,) = world.all(world.owner)
    assert hidden(seen)


def test_person_who_returns_sees_no_address_from_before_the_removal(world: World) -> None:
    """It may be another person by the same identity. What happened stays listed."""
    before = world.has(at=START)
    after = world.has(at=START + SECOND)
    returned = replace(world.owner, returned_at=START + SECOND)
    new, old = world.all(returned)
    assert (old.id, old.actor_id) == (before.id, world.owner.id)
    assert (old.address, old.user_agent, old.request_id) == (None, None, None)
    assert new == after


@pytest.mark.parametrize("kind", ActorKind)
def test_administrators_see_every_actor_and_the_names(world: World, kind: ActorKind) -> None:
    """Names are looked up, and only those of people."""
    world.store.put(replace(world.other, name="Otto Other"))
    event = world.has(actor_kind=kind, actor_id=world.other.id)
    page = world.histories.of_user(world.owner, HistoryQuery())
    assert page.events == [event]
    people = {world.owner.id: "Una User"}
    if kind in {ActorKind.PERSON, ActorKind.ADMINISTRATOR}:
        people[world.other.id] = "Otto Other"
    assert page.names == people


def test_administrators_see_a_removed_users_events(world: World) -> None:
    """They stay until their TTL, with their addresses. The name is gone."""
    event = world.has()
    tombstone = world.owner.removed(START + SECOND, "other-generation")
    world.store.put(tombstone)
    page = world.histories.of_user(tombstone, HistoryQuery())
    assert (page.events, page.names) == ([event], {world.owner.id: ""})


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        (RecordNetworks.FULL, "192.0.2.7"),
        (RecordNetworks.PREFIX, "192.0.2.0/24"),
        (RecordNetworks.OFF, None),
    ],
)
def test_no_more_of_an_address_is_shown_than_may_be_recorded_now(
    record: RecordNetworks, shown: str | None
) -> None:
    """The operator may have chosen to record less since."""
    world = World(record)
    world.has()
    pages = (
        world.histories.own(world.owner, HistoryQuery()),
        world.histories.of_user(world.owner, HistoryQuery()),
    )
    assert [page.events[0].address for page in pages] == [shown, shown]


def test_cursor_of_another_list_is_refused(world: World) -> None:
    """Of another user, of another token, of the same list for administrators, and of anything else."""
    tokens = [a_token(world.owner), a_token(world.owner)]
    for token in tokens:
        for _ in range(2):
            world.has(token_id=token.id)
    histories, one = world.histories, HistoryQuery(1)
    lists: dict[str, Callable[[HistoryQuery], EventPage]] = {
        "own": lambda query: histories.own(world.owner, query),
        "own token": lambda query: histories.own(world.owner, query, tokens[0]),
        "own other token": lambda query: histories.own(world.owner, query, tokens[1]),
        "of user": lambda query: histories.of_user(world.owner, query),
        "of token": lambda query: histories.of_user(world.owner, query, tokens[0]),
        "another's": lambda query: histories.own(world.other, query),
    }
    for name, read in lists.items():
        cursor = read(one).next_cursor
        assert bool(cursor) is (name != "another's")
        for other in lists.keys() - {name} if cursor else ():
            with pytest.raises(InvalidCursor):
                lists[other](HistoryQuery(1, cursor))


@pytest.mark.parametrize(
    "parts", [(), ("x",), ("0" * 15,), (f"{0:015d}#tok_1",), ("0" * 15, "1" * 15), (1,), (None,)]
)
def test_cursor_of_another_form_is_refused(world: World, parts: tuple[Any, ...]) -> None:
    """Also with the right seal, which anybody can make."""
    cursor = cursors.write_sealed(cursors.seal("own", world.owner.id, None), *parts)
    with pytest.raises(InvalidCursor):
        world.histories.own(world.owner, HistoryQuery(1, cursor))


@pytest.mark.parametrize("cursor", ["", "x", "é", "x" * 2000, "bnVsbA", "e30", "W10"])
def test_what_is_no_cursor_is_refused(world: World, cursor: str) -> None:
    """Empty, too long, and JSON of other kinds."""
    with pytest.raises(InvalidCursor):
        world.histories.own(world.owner, HistoryQuery(1, cursor))
