"""Calls and read units of lists, searches and counts, as one user's tokens and all users grow.

Rows are written straight into the emulator. It sorts a whole partition for each query, so it holds 10,000
rows of one user in minutes, and not 100,000. Larger numbers are extrapolated, and named so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.bootstrap import Service
from chalicelib.domain.users import User
from chalicelib.services.all_tokens import AllTokensQuery
from chalicelib.services.listing import TokenQuery
from chalicelib.services.read_budget import MOST_CALLS, MOST_READ_UNITS
from chalicelib.services.user_lists import UserQuery
from tests.benchmarks.filling import fill
from tests.benchmarks.meter import Meter, metered, total
from tests.benchmarks.place import Place, emulated_place
from tests.benchmarks.process import environment
from tests.benchmarks.table import Row, Section
from tests.support.builders import a_token, a_user
from tests.support.dynamodb import dynamodb_client

MOST_OF_ONE_USER = 10_000
MOST_USERS = 10_000
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
    return [
        Section("Tokens of one user, by their number", owner, _OWNER_NOTES),
        Section("Users, by their number", users, _USER_NOTES),
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
_USER_NOTES = (
    "Each user has one token. Lists and pages of a search do not grow with the number of users. The number "
    "of pages of a whole search does.",
)
