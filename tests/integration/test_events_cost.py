"""A page of events has a bound in calls and in read units, whatever the rows are. No page needs a Scan."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.events import EVENT
from chalicelib.domain.events import ActorKind, Difference, Event, EventType
from chalicelib.domain.ids import user_id_for
from chalicelib.services.all_events import MOST_CALLS, AllEventsQuery
from chalicelib.services.histories import MOST_READS, EventPage, HistoryQuery
from chalicelib.services.read_budget import EVENT_UNITS
from tests.benchmarks.capacity import read_units
from tests.support.actors import an_event
from tests.support.builders import ISSUER, a_token, a_user
from tests.support.clock import START, FixedClock
from tests.support.dynamodb import Cloud, CloudService, moto_cloud
from tests.support.metered_rows import Metered

SECOND = timedelta(seconds=1)
# A hundred rows of a unit, the names of an owner and an actor of each by half a unit, and queries of keys.
MOST_UNITS_OF_A_FULL_PAGE = 210
# A page of a search, its sign-in left out.
MOST_UNITS_OF_A_SEARCH = 94
MOST_CALLS_OF_A_SEARCH = 36


class Company:
    """Events in moto, and the service over a metered client."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.meter = Metered(cloud.dynamodb)
        metered = replace(cloud, dynamodb=cast("Any", self.meter))
        self.service = CloudService(metered, FixedClock(START + timedelta(hours=1)))

    def put(self, event: Event) -> None:
        """Write an event and its user directly."""
        user = a_user(event.user_id, id=event.user_id, name="ü" * 100)
        for item in (EVENT.item(event), items.USER.item(user)):
            self._cloud.dynamodb.put_item(TableName=self._cloud.table, Item=item)

    def walk(self, page: Callable[[str | None], EventPage], calls: int, units: float) -> list[str]:
        """Return the ids of all pages. Check what each page costs."""
        ids: list[str] = []
        cursor: str | None = None
        while True:
            self.meter.calls.clear()
            read = page(cursor)
            assert len(self.meter.calls) <= calls
            assert sum(units for _, units in self.meter.calls) <= units
            ids += [event.id for event in read.events]
            cursor = read.next_cursor
            if cursor is None:
                return ids


@pytest.fixture
def company() -> Iterator[Company]:
    """Return an empty company."""
    with moto_cloud() as cloud:
        yield Company(cloud)


def a_heavy_event(number: int, user_id: str) -> Event:
    """Return an event with long texts, by another administrator each."""
    return replace(
        an_event(user_id),
        type=EventType.TOKEN_CHANGED if number % 3 else EventType.TOKEN_CREATED,
        at=START - number * SECOND,
        actor_kind=ActorKind.ADMINISTRATOR,
        actor_id=user_id_for(ISSUER, f"admin{number}"),
        address="2001:db8:7::/48",
        user_agent="a" * 200,
        request_id="c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        token_id="tok_" + "1" * 36,
        changes={"name": Difference("ü" * 100, "é" * 100), "description": Difference("d" * 500, "e" * 500)},
    )


def the_largest_event(number: int, user_id: str) -> Event:
    """Return an event with the longest texts of four bytes a character, and with full lists of networks."""
    lists = [
        tuple(f"2001:db8:{side}{n:03}:aaaa:bbbb:cccc:dddd:0/112" for n in range(20)) for side in (1, 2)
    ]
    return replace(
        a_heavy_event(number, user_id),
        user_agent="\U0001f511" * 200,
        changes={
            "name": Difference("\U0001f511" * 100, "\U0001f5dd" * 100),
            "description": Difference("\U0001f511" * 500, "\U0001f5dd" * 500),
            "allowed_networks": Difference(*lists),
        },
    )


@pytest.mark.parametrize(("event", "units"), [(a_heavy_event, 1), (the_largest_event, EVENT_UNITS)])
def test_row_is_within_its_units(event: Callable[[int, str], Event], units: int) -> None:
    """A budget of reads counts on the units of the largest event."""
    item = EVENT.item(event(1, user_id_for(ISSUER, "user")))
    assert read_units("Query", {"ConsistentRead": True}, {"Items": [item]}) == units


@pytest.mark.parametrize(
    ("wanted", "expected", "most"),
    [
        (AllEventsQuery(limit=100), 130, MOST_UNITS_OF_A_FULL_PAGE),
        (AllEventsQuery(limit=100, type=EventType.TOKEN_CREATED), 44, MOST_UNITS_OF_A_SEARCH),
        (AllEventsQuery(limit=100, actor=ActorKind.ADMINISTRATOR), 130, MOST_UNITS_OF_A_SEARCH),
        (AllEventsQuery(limit=30, actor=ActorKind.SYSTEM), 0, MOST_UNITS_OF_A_SEARCH),
    ],
    ids=["all", "type", "all match", "none"],
)
def test_events_of_all_users(company: Company, wanted: AllEventsQuery, expected: int, most: int) -> None:
    """On days with many events and on days with none."""
    for number in range(130):
        company.put(a_heavy_event(number, user_id_for(ISSUER, f"user{number}")))

    ids = company.walk(
        lambda cursor: company.service.all_events.page(replace(wanted, cursor=cursor)),
        MOST_CALLS_OF_A_SEARCH if wanted.is_filtered else MOST_CALLS,
        most,
    )
    assert len(ids) == len(set(ids)) == expected


@pytest.mark.parametrize("kind", [EventType.TOKEN_CREATED, EventType.TOKEN_CHANGED, EventType.USER_REMOVED])
def test_search_through_the_largest_events(company: Company, kind: EventType) -> None:
    """The bound holds whatever the rows are, whether many of them match or none."""
    for number in range(60):
        company.put(the_largest_event(number, user_id_for(ISSUER, f"user{number}")))

    ids = company.walk(
        lambda cursor: company.service.all_events.page(AllEventsQuery(type=kind, cursor=cursor)),
        MOST_CALLS_OF_A_SEARCH,
        MOST_UNITS_OF_A_SEARCH,
    )
    expected = {EventType.TOKEN_CREATED: 20, EventType.TOKEN_CHANGED: 40, EventType.USER_REMOVED: 0}
    assert len(ids) == len(set(ids)) == expected[kind]


@pytest.mark.parametrize(
    ("events", "told", "calls", "units"),
    [(0, (0, False), 1, 0.5), (130, (130, False), 1, 32.5), (1_100, (1_000, True), 3, 249.5)],
)
def test_count_of_events_is_bounded(
    company: Company, events: int, told: tuple[int, bool], calls: int, units: float
) -> None:
    """It reads no more than 1,001 rows, eventually consistent. These rows have 2 KB each."""
    owner = a_user(user_id_for(ISSUER, "user"), id=user_id_for(ISSUER, "user"))
    for number in range(events):
        company.put(a_heavy_event(number, owner.id))

    counted = company.service.histories.count(owner)

    assert (counted.count, counted.is_more) == told
    assert len(company.meter.calls) == calls
    assert sum(each for _, each in company.meter.calls) == units


@pytest.mark.parametrize("event", [a_heavy_event, the_largest_event])
@pytest.mark.parametrize("is_about_it", [True, False])
def test_events_of_one_token(
    company: Company, event: Callable[[int, str], Event], is_about_it: bool
) -> None:
    """As an administrator reads them, with the name of each actor."""
    owner = a_user(user_id_for(ISSUER, "user"), id=user_id_for(ISSUER, "user"))
    token = a_token(owner, START - timedelta(days=1))
    for number in range(60):
        made = event(number, owner.id)
        company.put(replace(made, token_id=token.id) if is_about_it else made)

    ids = company.walk(
        lambda cursor: company.service.histories.of_user(owner, HistoryQuery(100, cursor), token),
        MOST_CALLS_OF_A_SEARCH,
        MOST_UNITS_OF_A_SEARCH,
    )
    assert len(ids) == len(set(ids)) == (60 if is_about_it else 0)


@pytest.mark.parametrize("of_token", [False, True], ids=["user", "token"])
def test_events_of_one_user(company: Company, of_token: bool) -> None:
    """A page costs its rows. The search for a rare token costs at most a thousand of them."""
    owner = a_user(user_id_for(ISSUER, "user"), id=user_id_for(ISSUER, "user"))
    for number in range(130):
        company.put(a_heavy_event(number, owner.id))
    token = a_token(owner, START - timedelta(days=1)) if of_token else None

    ids = company.walk(
        lambda cursor: company.service.histories.own(owner, HistoryQuery(100, cursor), token),
        MOST_READS,
        100,
    )
    assert len(ids) == (0 if of_token else 130)
