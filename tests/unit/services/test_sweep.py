"""The sweep: each row once a day, in bounded invocations, after failures and beside other runs."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import StoreUnavailable, UnreadableRow
from chalicelib.domain.ids import new_generation
from chalicelib.domain.ports.sweeps import OwnedRows, SweptToken, UserPosition
from chalicelib.domain.revocations import EndedGeneration, Revocation, RevocationReason
from chalicelib.domain.seen_networks import RefusedReason, RefusedUses, SeenNetworks
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User, UserStatus
from chalicelib.services import sweep
from chalicelib.services.sweep import FillIndexKeys, ForgetAddresses, SweepTokens, Swept
from tests.support.actors import an_event
from tests.support.builders import a_token, a_user, an_identity
from tests.support.clock import START, FixedClock
from tests.support.memory import InMemoryStore

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
LATER = START + HOUR
# Users with no tokens, one, a page, and more than two pages.
SIZES = (0, 1, 3, 8, 0, 2)
CALLS = (
    "find_walk",
    "save_walk",
    "list_positions",
    "read_owned",
    "fill_index_keys",
    "forget_addresses",
    "save_notices",
    "list_tokens",
    "find_mail_round",
    "save_mail_round",
)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have two users and three tokens in a page."""
    monkeypatch.setattr(sweep, "USERS_AT_A_TIME", 2)
    monkeypatch.setattr(sweep, "TOKENS_AT_A_TIME", 3)


@dataclass
class Watched:
    """A store that calls ``before`` and ``after`` around each call, with the number of the call."""

    store: InMemoryStore
    before: Callable[[int], None] = lambda _: None
    after: Callable[[int], None] = lambda _: None
    count: int = 0

    def __getattr__(self, name: str) -> Any:
        """Return the method with the calls around it."""
        method = getattr(self.store, name)

        def call(*given: Any, **named: Any) -> Any:
            self.count += 1
            number = self.count
            self.before(number)
            result = method(*given, **named)
            self.after(number)
            return result

        return call if name in CALLS else method


@dataclass
class Bench:
    """Users with tokens, and processes that sweep them."""

    store: InMemoryStore = field(default_factory=InMemoryStore)
    clock: FixedClock = field(default_factory=FixedClock)
    visited: Counter[str] = field(default_factory=Counter)

    def filled(self) -> "Bench":
        """Add users, whose tokens have all that a sweep may find. The users were removed."""
        for number, size in enumerate(SIZES):
            user = a_user(f"user-{number}@example.com", created_at=START + number * SECOND)
            removed = user.removed(LATER, new_generation())
            self.store.add_user(removed, an_event())
            ended = EndedGeneration(
                user.generation, Revocation(RevocationReason.USER_REMOVED, LATER), LATER
            )
            self.store._ended[user.id, user.generation] = ended
            for age in range(size):
                self.add(a_seen_token(user, START + age * SECOND))
        return self

    def add(self, token: Token) -> Token:
        """Add a row as 0.1 would have written it."""
        self.store._tokens[token.user_id, token.id] = token
        self.store.lose_index_keys(token)
        return token

    def sweep(self, store: Any = None, max_calls: int = 10_000, deadline: datetime | None = None) -> Swept:
        """Run one invocation."""
        store = store or self.store
        visits = (self._note, FillIndexKeys(store), ForgetAddresses(store))
        run = SweepTokens(store, visits, self.clock, max_calls)
        return run(deadline or self.clock.now() + HOUR)

    def _note(self, swept: SweptToken, rows: OwnedRows, now: datetime) -> bool:
        assert swept.token.user_id == rows.owner.id
        self.visited[swept.token.id] += 1
        return False

    def require_all_done(self) -> None:
        """Require that every row was visited and corrected, and that the walk counted each once."""
        rows = self.store.rows()
        assert self.visited.keys() == {token.id for token in rows}
        assert self.store.unindexed() == set()
        assert not any(token.networks or (token.refused and token.refused.last_from) for token in rows)
        kept = self.store.find_walk()
        assert kept is not None
        assert kept.walk.ended_at is not None
        assert (kept.walk.users, kept.walk.tokens) == (len(SIZES), sum(SIZES))


def a_seen_token(owner: User, now: datetime = START, **changes: Any) -> Token:
    """Return a token that was used, and refused, from a network."""
    refused = RefusedUses(3, now, RefusedReason.REVOKED, "192.0.2.0/24")
    seen = SeenNetworks().seen("192.0.2.0/24", now)
    return a_token(owner, now, networks=seen, refused=refused, **changes)


def calls_of_a_walk() -> int:
    """Return how many calls a whole walk makes."""
    bench = Bench().filled()
    watched = Watched(bench.store)
    assert bench.sweep(watched).calls == watched.count
    return watched.count


CALLS_OF_A_WALK = 48
# Two users with a page of three tokens each, between two checkpoints.
MOST_REPEATED = 2 * 3


def test_every_row_is_visited_once_a_day() -> None:
    """On each of several days. Between walks, an invocation is one read."""
    bench = Bench().filled()
    for day in range(1, 4):
        swept = bench.sweep()
        assert (swept.users, swept.tokens) == (len(SIZES), sum(SIZES))
        bench.require_all_done()
        assert set(bench.visited.values()) == {day}
        for _ in range(3):
            bench.clock.advance(HOUR)
            idle = bench.sweep()
            assert (idle.calls, idle.users, idle.tokens) == (1, 0, 0)
        bench.clock.set_to(START + day * DAY)


def test_walk_begins_with_the_utc_day() -> None:
    """At midnight, however short the time since the last walk."""
    bench = Bench().filled()
    midnight = (START + DAY).replace(hour=0)
    bench.clock.set_to(midnight - SECOND)
    bench.sweep()
    bench.clock.set_to(midnight)
    bench.sweep()
    assert set(bench.visited.values()) == {2}


def test_walk_that_passes_midnight_is_finished_first() -> None:
    """Otherwise the last users of a large table would never be visited."""
    bench = Bench().filled()
    bench.sweep(max_calls=20)
    bench.clock.advance(2 * DAY)
    finished = bench.sweep()
    assert (finished.walk.began_at, finished.walk.ended_at) == (START, START + 2 * DAY)
    bench.require_all_done()
    assert set(bench.visited.values()) == {1}
    assert bench.sweep().walk.began_at == START + 2 * DAY
    assert set(bench.visited.values()) == {2}


def test_clock_that_is_set_back_begins_no_walk() -> None:
    """The walk of a later day counts for today."""
    bench = Bench().filled()
    bench.sweep()
    bench.clock.set_to(START - 3 * DAY)
    assert bench.sweep().calls == 1


@pytest.mark.parametrize("max_calls", [1, 2, 5, 17])
def test_work_of_an_invocation_is_bounded(max_calls: int) -> None:
    """It ends after a page of tokens and a checkpoint at the latest. The next one goes on."""
    bench = Bench().filled()
    for _ in range(500):
        swept = bench.sweep(max_calls=max_calls + 2)
        # A page of three tokens with two writes each, and a checkpoint.
        assert swept.calls <= max_calls + 2 + 3 * 2 + 2
        if swept.walk.ended_at:
            break
    bench.require_all_done()
    assert set(bench.visited.values()) == {1}


def test_time_of_an_invocation_is_bounded() -> None:
    """No page begins after the deadline, and the place is kept."""
    bench = Bench().filled()
    watched = Watched(bench.store, after=lambda _: bench.clock.advance(SECOND))
    for _ in range(500):
        began = bench.clock.now()
        swept = bench.sweep(watched, deadline=began + 5 * SECOND)
        assert bench.clock.now() - began <= (5 + 3 * 2 + 2) * SECOND
        if swept.walk.ended_at:
            break
    bench.require_all_done()
    assert set(bench.visited.values()) == {1}


def test_calls_are_counted() -> None:
    """The number that the following tests take as the last place of a failure is right."""
    assert calls_of_a_walk() == CALLS_OF_A_WALK


@pytest.mark.parametrize("number", range(1, CALLS_OF_A_WALK + 1))
@pytest.mark.parametrize("is_done", [False, True], ids=["not done", "response lost"])
def test_crash_at_any_call_loses_nothing(number: int, is_done: bool) -> None:
    """The call is made or is not. The next invocation goes on, and repeats two users at most."""
    bench = Bench().filled()

    def fail(count: int) -> None:
        if count == number:
            raise StoreUnavailable

    watched = Watched(bench.store, after=fail) if is_done else Watched(bench.store, before=fail)
    with pytest.raises(StoreUnavailable):
        bench.sweep(watched)
    bench.sweep()

    bench.require_all_done()
    again = [token_id for token_id, count in bench.visited.items() if count > 1]
    assert len(again) <= MOST_REPEATED
    assert max(bench.visited.values()) <= 2


@pytest.mark.parametrize("number", range(1, CALLS_OF_A_WALK + 1))
def test_two_runs_at_once_neither_lose_nor_double(number: int) -> None:
    """A second invocation runs as a whole between two calls of the first, which then ends."""
    bench = Bench().filled()
    runs: list[Swept] = []

    def other(count: int) -> None:
        if count == number:
            runs.append(bench.sweep())

    first = bench.sweep(Watched(bench.store, before=other))

    assert len(runs) == 1
    bench.require_all_done()
    assert first.is_left_to_another or first.calls == 1 or first.walk.ended_at
    assert max(bench.visited.values()) <= 2
    assert sum(count - 1 for count in bench.visited.values()) <= MOST_REPEATED


def test_damaged_row_of_a_visit_does_not_hold_up_the_walk() -> None:
    """Otherwise the walk would fail at the same row every day."""
    bench = Bench().filled()

    def damaged(*_: Any, **__: Any) -> bool:
        raise UnreadableRow

    visits = (damaged, bench._note)
    done = SweepTokens(bench.store, visits, bench.clock, owner_visits=[damaged])(bench.clock.now() + HOUR)
    assert (done.walk.ended_at is not None, done.tokens, done.users) == (True, sum(SIZES), len(SIZES))
    assert bench.visited.keys() == {token.id for token in bench.store.rows()}


def test_user_that_comes_during_a_walk_is_visited() -> None:
    """The newest users are the last ones."""
    bench = Bench().filled()
    bench.sweep(max_calls=20)
    late = a_user("late@example.com", created_at=LATER)
    bench.store.add_user(late, an_event())
    token = bench.add(a_token(late))
    bench.sweep()
    assert bench.visited[token.id] == 1


class WithStaleIndex(InMemoryStore):
    """A store whose index still has a user that was deleted."""

    def list_positions(self, after: str, limit: int) -> Sequence[UserPosition]:
        """Return the deleted user first."""
        gone = [UserPosition("usr_gone", "0")] if after < "0" else []
        return [*gone, *super().list_positions(after, limit)][:limit]


def test_user_whose_row_is_gone_is_passed() -> None:
    """The index may be older than the table."""
    bench = Bench(WithStaleIndex()).filled()
    assert bench.sweep().users == len(SIZES) + 1
    assert bench.visited.keys() == {token.id for token in bench.store.rows()}


def test_age_is_that_of_the_latest_end() -> None:
    """During the first walk, it is the time since its beginning."""
    bench = Bench().filled()
    walk = bench.sweep(max_calls=5).walk
    assert walk.age(START + HOUR) == HOUR
    bench.clock.advance(HOUR)
    walk = bench.sweep().walk
    assert walk.age(START + 3 * HOUR) == 2 * HOUR
    bench.clock.set_to(START + DAY)
    walk = bench.sweep(max_calls=5).walk
    assert walk.age(START + DAY + HOUR) == DAY


def owned(owner: User, token: Token, *ended: EndedGeneration) -> OwnedRows:
    """Return the rows of a user with one token."""
    return OwnedRows(owner, {each.generation: each for each in ended}, [SweptToken(token, True)], None)


def an_end(generation: str, reason: RevocationReason) -> EndedGeneration:
    """Return the record of a generation that ended."""
    return EndedGeneration(generation, Revocation(reason, LATER), LATER)


class TestForgottenAddresses:
    """Tokens from before a removal lose them, and no other token does."""

    OWNER = a_user(generation="g1")
    TOKEN = a_seen_token(OWNER)
    REMOVED = OWNER.removed(LATER, "g2")
    RETURNED = REMOVED.returned(an_identity(issued_at=LATER), LATER + HOUR, "g3", named=False)

    def is_forgotten(self, owner: User, token: Token, *ended: EndedGeneration) -> bool:
        """Return whether the visit deletes the addresses of a stored token."""
        store = InMemoryStore()
        store._tokens[token.user_id, token.id] = token
        rows = owned(owner, token, *ended)
        called = ForgetAddresses(store)(rows.tokens[0], rows, LATER)
        (row,) = store.rows()
        assert called is (row != token)
        return called

    def test_tokens_of_a_removed_user(self) -> None:
        """Of the generation that the removal ended, and of generations that ended before."""
        ended = an_end("g1", RevocationReason.USER_REMOVED)
        assert self.is_forgotten(self.REMOVED, self.TOKEN, ended)
        older = a_seen_token(replace(self.OWNER, generation="g0"))
        assert self.is_forgotten(
            self.REMOVED, older, an_end("g0", RevocationReason.USER_DEACTIVATED), ended
        )

    def test_tokens_from_before_a_return(self) -> None:
        """Also of one under 0.1, which does not write when the person came back."""
        ended = an_end("g1", RevocationReason.USER_REMOVED)
        assert self.is_forgotten(self.RETURNED, self.TOKEN, ended)
        assert self.is_forgotten(replace(self.RETURNED, returned_at=None), self.TOKEN, ended)

    def test_tokens_from_after_a_return_keep_theirs(self) -> None:
        """Even if the read of the user is older than the return."""
        token = a_seen_token(self.RETURNED, LATER + 2 * HOUR)
        ended = an_end("g1", RevocationReason.USER_REMOVED)
        assert not self.is_forgotten(self.RETURNED, token, ended)
        assert not self.is_forgotten(self.REMOVED, token, ended)

    @pytest.mark.parametrize("status", [UserStatus.ACTIVE, UserStatus.INACTIVE])
    def test_tokens_of_other_users_keep_theirs(self, status: UserStatus) -> None:
        """Whatever ended their generation, if not a removal."""
        owner = replace(self.OWNER, status=status)
        assert not self.is_forgotten(owner, self.TOKEN)
        later = replace(owner, generation="g2")
        for reason in (RevocationReason.ADMIN, RevocationReason.USER_DEACTIVATED):
            assert not self.is_forgotten(later, self.TOKEN, an_end("g1", reason))

    def test_token_without_addresses_is_not_written(self) -> None:
        """A refusal without a network does not count."""
        refused = RefusedUses(1, START, RefusedReason.REVOKED, None)
        token = a_token(self.OWNER, refused=refused)
        assert not self.is_forgotten(self.REMOVED, token, an_end("g1", RevocationReason.USER_REMOVED))
