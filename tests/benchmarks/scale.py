"""Calls and read units of lists, searches and counts, as one user's tokens and all users grow.

Rows are written straight into the emulator. It sorts a whole partition for each query, so it holds 10,000
rows of one user in minutes, and not 100,000. Larger numbers are extrapolated, and named so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.events import EVENT
from chalicelib.bootstrap import Service
from chalicelib.domain.events import Difference, EventType
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.services.all_events import AllEventsQuery
from chalicelib.services.all_tokens import AllTokensQuery
from chalicelib.services.histories import HistoryQuery
from chalicelib.services.listing import TokenQuery
from chalicelib.services.read_budget import MOST_CALLS, MOST_READ_UNITS
from chalicelib.services.user_lists import UserQuery
from tests.benchmarks.filling import fill
from tests.benchmarks.meter import Meter, metered, total
from tests.benchmarks.place import Place, emulated_place
from tests.benchmarks.process import environment
from tests.benchmarks.table import Row, Section
from tests.support.actors import an_event
from tests.support.builders import a_token, a_user
from tests.support.dynamodb import dynamodb_client

MOST_OF_ONE_USER = 10_000
MOST_USERS = 10_000
MOST_EVENTS = 10_000
_STEPS = (100, 1_000, 10_000)
_ABSENT = "a text that no row has"


@dataclass(frozen=True, slots=True)
class Cost:
    """The calls and read units of one page or count."""

    calls: int
    units: float

    def __str__(self) -> str:
        """Return the cost for people."""
        return f"{self.units:g} RRU in {self.calls:,} {'call' if self.calls == 1 else 'calls'}"


def sizes_up_to(most: int) -> list[int]:
    """Return the numbers of rows at which costs are counted, the largest last."""
    return [*(size for size in _STEPS if size < most), most]


def measured(most: int) -> list[Section]:
    """Count in places of their own, for at most ``most`` rows."""
    with emulated_place() as place:
        owner = _of_one_user(place, sizes_up_to(min(most, MOST_OF_ONE_USER)))
    with emulated_place() as place:
        users = _of_users(place, sizes_up_to(min(most, MOST_USERS)))
    with emulated_place() as place:
        events = _of_events(place, sizes_up_to(min(most, MOST_EVENTS)))
    return [
        Section("Tokens of one user, by their number", owner, _OWNER_NOTES),
        Section("Users, by their number", users, _USER_NOTES),
        Section("Events, by their number", events, _EVENT_NOTES),
    ]


def owner_costs(service: Service, meter: Meter, owner: User) -> dict[str, Cost]:
    """Count what an owner's lists and counts cost."""
    return {
        "list of 100": _cost(meter, lambda: service.listing.page(owner, TokenQuery(limit=100))),
        "a page of a search": _cost(
            meter, lambda: service.listing.page(owner, TokenQuery(text=_ABSENT, limit=100))
        ),
        "summary": _cost(meter, lambda: service.summary(owner)),
    }


def user_costs(service: Service, meter: Meter) -> dict[str, Cost]:
    """Count what administrators' lists cost."""
    return {
        "list of 100 users": _cost(meter, lambda: service.administer.page(UserQuery(None, "", 100, None))),
        "a page of a search of users": _cost(
            meter, lambda: service.administer.page(UserQuery(None, _ABSENT, 100, None))
        ),
        "a page of a search of all tokens": _cost(
            meter, lambda: service.all_tokens.page(AllTokensQuery(anywhere=_ABSENT))
        ),
    }


def event_costs(service: Service, meter: Meter, owner: User, token: Token) -> dict[str, Cost]:
    """Count what histories cost. No event is about the token."""
    absent = AllEventsQuery(type=EventType.USER_REMOVED, limit=100)
    return {
        "list of 100 events of a user": _cost(
            meter, lambda: service.histories.own(owner, HistoryQuery(100))
        ),
        "list of 100 events of all users": _cost(
            meter, lambda: service.all_events.page(AllEventsQuery(limit=100))
        ),
        "a page of a search for the events of a token": _cost(
            meter, lambda: service.histories.own(owner, HistoryQuery(100), token)
        ),
        "a page of a search for a type": _cost(meter, lambda: service.all_events.page(absent)),
    }


def patient_service(place: Place, meter: Meter) -> Service:
    """Return a service that waits for the emulator longer than a call on AWS may take."""
    service = place.service(meter.url)
    with environment(place.running.environment):
        service.__dict__["dynamodb"] = dynamodb_client(meter.url)
    return service


def tokens_of(service: Service, owner: User, start: int, end: int) -> Iterator[Item]:
    """Yield the rows of an owner's tokens with these numbers."""
    for number in range(start, end):
        yield items.TOKEN.item(a_token(owner, service.clock.now() + timedelta(seconds=number)))


def users_with_a_token(service: Service, start: int, end: int) -> Iterator[Item]:
    """Yield the rows of users with these numbers, and of one token of each."""
    for number in range(start, end):
        created_at = service.clock.now() + timedelta(seconds=number)
        user = a_user(f"user-{number}@example.com", created_at=created_at, live_tokens=1)
        yield items.USER.item(user)
        yield items.TOKEN.item(a_token(user, created_at))


def events_of(service: Service, owner: User, start: int, end: int) -> Iterator[Item]:
    """Yield the events of an owner with these numbers, ten seconds apart. The newest one comes last."""
    begin = service.clock.now() - timedelta(days=2)
    for number in range(start, end):
        at = begin + timedelta(seconds=10 * number)
        event = an_event(owner.id)
        yield EVENT.item(
            replace(
                event,
                at=at,
                purge_at=at + timedelta(days=400),
                actor_id=owner.id,
                address="192.0.2.0/24",
                user_agent="curl/8.7.1",
                request_id="c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
                changes={"name": Difference("before", "after")},
            )
        )


def _of_one_user(place: Place, sizes: list[int]) -> list[Row]:
    owner, costs = a_user("owner@example.com"), {}
    with metered(place.running.endpoint) as meter:
        service = patient_service(place, meter)
        for before, size in zip((0, *sizes), sizes, strict=False):
            fill(place, tokens_of(service, owner, before, size))
            costs[size] = owner_costs(service, meter, owner)
    return _rows(costs, "tokens")


def _of_users(place: Place, sizes: list[int]) -> list[Row]:
    costs = {}
    with metered(place.running.endpoint) as meter:
        service = patient_service(place, meter)
        for before, size in zip((0, *sizes), sizes, strict=False):
            fill(place, users_with_a_token(service, before, size))
            costs[size] = user_costs(service, meter)
    return _rows(costs, "users")


def _of_events(place: Place, sizes: list[int]) -> list[Row]:
    owner, costs = a_user("owner@example.com"), {}
    with metered(place.running.endpoint) as meter:
        service = patient_service(place, meter)
        token = a_token(owner, service.clock.now() - timedelta(days=3))
        fill(place, iter([items.USER.item(owner)]))
        for before, size in zip((0, *sizes), sizes, strict=False):
            fill(place, events_of(service, owner, before, size))
            costs[size] = event_costs(service, meter, owner, token)
    return _rows(costs, "events")


def _rows(costs: dict[int, dict[str, Cost]], noun: str) -> list[Row]:
    first, last = min(costs), max(costs)
    rows = []
    for name in costs[first]:
        rows += [Row(f"{name}, {size:,} {noun}", str(costs[size][name])) for size in costs]
        if name.startswith("a page of a search"):
            cost = costs[last][name]
            is_met = cost.calls <= MOST_CALLS and cost.units <= MOST_READ_UNITS
            target = f"<= {MOST_READ_UNITS} RRU in {MOST_CALLS} calls"
            rows.append(Row(f"{name}, at most", str(cost), target=target, met=is_met))
    return rows


def _cost(meter: Meter, call: Callable[[], object]) -> Cost:
    meter.taken()
    call()
    calls = meter.taken()
    return Cost(len(calls), total(calls).read)


_OWNER_NOTES = (
    "Calls of the services, without a sign-in. It is at most 4 calls and 6 read units, which the target "
    "includes.",
    "A list and a page of a search do not grow with the number of tokens, once they are full. The number "
    "of pages of a whole search does. A summary grows up to 5,000 tokens.",
    "A search looks for a text that no row has, so it reads as many rows as a page may. A search of "
    "100,000 tokens has ten times the pages of one of 10,000: this is extrapolated.",
)
_EVENT_NOTES = (
    "All are of one user, within two days. No event is of the token or the type that is searched for.",
    "Lists and pages of a search do not grow with the number of events.",
)
_USER_NOTES = (
    "Each user has one token. Lists and pages of a search do not grow with the number of users. The number "
    "of pages of a whole search does.",
)
