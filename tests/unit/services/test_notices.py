"""Notices of the sweep: each stage has exactly one event, also after failures and beside other runs."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.events import ActorKind, Difference, Event, EventType
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.services import sweep
from chalicelib.services.journal import Journal
from chalicelib.services.notices import GiveNotices
from chalicelib.services.sweep import SweepTokens, Swept
from tests.support.actors import an_event
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START, FixedClock
from tests.support.memory import InMemoryStore
from tests.unit.services.test_sweep import Watched

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
JOURNAL = Journal(timedelta(days=400), RecordNetworks.PREFIX)
IDLING, EXPIRING, NEVER_USED = (
    EventType.TOKEN_IDLING,
    EventType.TOKEN_EXPIRING,
    EventType.TOKEN_NEVER_USED,
)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have two users and two tokens in a page."""
    monkeypatch.setattr(sweep, "USERS_AT_A_TIME", 2)
    monkeypatch.setattr(sweep, "TOKENS_AT_A_TIME", 2)


class Bench:
    """Three users, of whom one has more tokens than a page."""

    def __init__(self) -> None:
        self.store, self.clock = InMemoryStore(), FixedClock()
        self.users = [a_user(f"{n}@example.com", created_at=START + n * SECOND) for n in range(3)]
        for user in self.users:
            self.store.add_user(user, an_event())
        self.tokens = [
            self.add(user, n) for user, size in zip(self.users, (1, 5, 2), strict=True) for n in range(size)
        ]

    def add(self, owner: User, number: int) -> Token:
        """Add a token: every second one was used, and every fifth one expires on day 20."""
        expiry = {"expires_at": START + 20 * DAY} if number == 4 else {}
        token = a_token(owner, START + number * SECOND, **expiry)
        token = token.touched(START, RULES) if number % 2 == 0 else token
        self.store._tokens[token.user_id, token.id] = token
        return token

    def sweep(self, store: Any = None) -> Swept:
        """Run one invocation."""
        store = store or self.store
        visits = (GiveNotices(store, JOURNAL, RULES),)
        return SweepTokens(store, visits, self.clock)(self.clock.now() + DAY)

    def require_each_told_once(self) -> None:
        """Require one event for each token that will go idle, and none for others."""
        idling = sorted(token.id for token in self.tokens if not token.expires_at)
        assert self.told() == [(token_id, IDLING, 24) for token_id in idling]
        noticed = {token.id for token in self.store.rows() if token.noticed}
        assert noticed == set(idling)

    def told(self) -> list[tuple[str | None, EventType, int]]:
        """Return the token, the type and the day of each event of a notice, in order."""
        kinds = {IDLING, EXPIRING, NEVER_USED}
        events = [event for event in self.store.events() if event.type in kinds]
        return sorted(
            ((event.token_id, event.type, (event.at - START).days) for event in events),
            key=lambda each: (each[0] or "", each[1].value, each[2]),
        )


def event_of(bench: Bench, kind: EventType) -> Event:
    """Return the first event of a type."""
    return next(event for event in bench.store.events() if event.type is kind)


def test_each_stage_has_one_event_on_its_day() -> None:
    """Four sweeps on each of 40 days."""
    bench = Bench()
    for hour in range(40 * 4):
        bench.clock.set_to(START + hour * timedelta(hours=6))
        bench.sweep()

    expected = []
    for token in bench.tokens:
        if token.expires_at:
            expected += [(token.id, EXPIRING, day) for day in (13, 17, 19)]
            continue
        expected += [(token.id, IDLING, day) for day in (23, 27, 29)]
        if not token.last_used_at:
            expected.append((token.id, NEVER_USED, 30))
    # Each walk begins at midnight, twelve hours before the deadlines' own time of day.
    told = Counter((token_id, kind) for token_id, kind, _ in bench.told())
    assert told == Counter((token_id, kind) for token_id, kind, _ in expected)
    days = {(kind, day) for _, kind, day in bench.told()}
    assert days <= {(kind, day + late) for _, kind, day in expected for late in (0, 1)}


def test_event_says_what_is_coming() -> None:
    """By the system, without a caller: the deadline and the days that are left at most."""
    bench = Bench()
    bench.clock.set_to(START + 24 * DAY)
    bench.sweep()
    event = event_of(bench, IDLING)
    assert (event.actor_kind, event.actor_id, event.address) == (ActorKind.SYSTEM, None, None)
    assert event.changes == {
        "idle_at": Difference(None, "2026-02-14T12:00:00.000+00:00"),
        "days_left": Difference(None, "7"),
    }
    assert event.purge_at == START + 424 * DAY
    bench.clock.set_to(START + 31 * DAY)
    bench.sweep()
    assert event_of(bench, NEVER_USED).changes == {}


CALLS_OF_A_WALK = 22


def test_calls_are_counted() -> None:
    """The number that the following tests take as the last place of a failure is right."""
    bench = Bench()
    bench.clock.set_to(START + 24 * DAY)
    watched = Watched(bench.store)
    bench.sweep(watched)
    assert watched.count == CALLS_OF_A_WALK
    bench.require_each_told_once()


@pytest.mark.parametrize("number", range(1, CALLS_OF_A_WALK + 1))
@pytest.mark.parametrize("is_done", [False, True], ids=["not done", "response lost"])
def test_crash_at_any_call_neither_loses_nor_doubles(number: int, is_done: bool) -> None:
    """The next invocation gives the notices that are left."""
    bench = Bench()
    bench.clock.set_to(START + 24 * DAY)

    def fail(count: int) -> None:
        if count == number:
            raise StoreUnavailable

    watched = Watched(bench.store, after=fail) if is_done else Watched(bench.store, before=fail)
    with pytest.raises(StoreUnavailable):
        bench.sweep(watched)
    bench.sweep()

    bench.require_each_told_once()


@pytest.mark.parametrize("number", range(1, CALLS_OF_A_WALK + 1))
def test_two_runs_at_once_neither_lose_nor_double(number: int) -> None:
    """A second invocation runs as a whole between two calls of the first."""
    bench = Bench()
    bench.clock.set_to(START + 24 * DAY)

    def other(count: int) -> None:
        if count == number:
            bench.sweep()

    bench.sweep(Watched(bench.store, before=other))

    bench.require_each_told_once()


def test_use_between_read_and_write_is_not_told() -> None:
    """The notice would be about a deadline that has moved."""
    bench = Bench()
    bench.clock.set_to(START + 24 * DAY)
    token = bench.tokens[0]

    def use(_: int) -> None:
        row = bench.store.find_token(token.user_id, token.id)
        assert row is not None
        if row.last_used_at == token.last_used_at:
            bench.store.touch(row, row.touched(bench.clock.now(), RULES))

    watched = Watched(bench.store)
    watched.before = lambda count: use(count) if count == 5 else None
    bench.sweep(watched)

    assert token.id not in {token_id for token_id, _, _ in bench.told()}
    bench.clock.advance(DAY)
    bench.sweep()
    assert token.id not in {token_id for token_id, _, _ in bench.told()}
