"""Real threads over the services, the adapters and the emulator, whose writes are atomic as AWS's are."""

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import TypeVar

import pytest

from chalicelib.adapters.dynamodb.assertion_store import DynamoDBAssertionStore
from chalicelib.adapters.dynamodb.event_store import DynamoDBEventStore
from chalicelib.adapters.dynamodb.key_store import DynamoDBKeyStore
from chalicelib.domain.clients import UsedAssertion
from chalicelib.domain.errors import (
    AdminRequired,
    AlreadyCreated,
    ApiTokensError,
    ConcurrentChange,
    IdentityTaken,
    InactiveToken,
    InvalidToken,
    NoPredecessor,
    PreconditionFailed,
    RevokedToken,
    RotatedToken,
    TokenAlreadyRevoked,
    TokenAlreadyRotated,
    TokenLimitReached,
    UserInactive,
)
from chalicelib.domain.events import OF_KEYS, Event, EventType
from chalicelib.domain.identities import SubjectIdentifier
from chalicelib.domain.keys import KeyRing, KeyState, KeyUse, VerificationKey
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.token_creation import IssuedToken
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import User, UserStatus
from chalicelib.services.identities import Move, MoveUsers
from chalicelib.services.listing import TokenView
from chalicelib.services.manage import TokenPatch
from chalicelib.services.sign_in import Credentials
from chalicelib.services.verify import Verified
from tests.support.actors import ADMINISTRATOR, CALLER, JOURNAL, OPERATOR, PERSON, an_event
from tests.support.builders import ISSUER, a_request, a_user
from tests.support.clock import START, FixedClock
from tests.support.dynamodb import Cloud, CloudService
from tests.support.provider import TestProvider

pytestmark = [pytest.mark.slow, pytest.mark.emulator]

_T = TypeVar("_T")

ADMIN = a_user("admin@example.com")
_MANY = 60


def at_once(actions: Sequence[Callable[[], object]]) -> list[object]:
    """Do everything at the same moment, and return what each one came to."""
    barrier = Barrier(len(actions))

    def run(action: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return action()
        except ApiTokensError as error:
            return error

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


class TestKeys:
    """However operators and first signers meet, one key is active and at most one is next."""

    @pytest.mark.parametrize("kids", [[], ["a"], ["a", "b"]], ids=["first", "publish", "activate"])
    def test_of_many_changes_at_once_one_is_written(self, atomic_cloud: Cloud, kids: list[str]) -> None:
        """The second caller gets an error."""
        store = DynamoDBKeyStore(atomic_cloud.dynamodb, atomic_cloud.table, KeyUse.API_TOKEN)
        ring = KeyRing()
        for kid in kids:
            ring = ring.published(_a_key(kid))
        store.save_keys(KeyRing(), ring, an_event(OF_KEYS))
        wanted = [
            ring.activated("b", START, timedelta(0)) if ring.next else ring.published(_a_key(f"new-{n}"))
            for n in range(16)
        ]
        told = {event.id for event in _history(atomic_cloud)}
        events = [an_event(OF_KEYS) for _ in wanted]
        results = at_once(
            [partial(store.save_keys, ring, *each) for each in zip(wanted, events, strict=True)]
        )
        assert results.count(None) == 1
        assert sum(isinstance(result, ConcurrentChange) for result in results) == 15
        states = [key.state for key in store.load_keys().keys]
        assert states.count(KeyState.ACTIVE) == 1
        assert states.count(KeyState.NEXT) <= 1
        won = events[results.index(None)].id
        assert {event.id for event in _history(atomic_cloud)} - told == {won}

    def test_first_signers_agree_on_one_key(self, atomic_cloud: Cloud) -> None:
        """Processes that all find the ring empty sign with the same key."""
        services = [CloudService(atomic_cloud, FixedClock()) for _ in range(8)]
        found = at_once([partial(_signing_kid, service) for service in services])
        assert len(set(found)) == 1
        (key,) = services[0].keys.load_keys().keys
        told = [e for e in _history(atomic_cloud) if e.changes and e.changes["kid"].after == key.kid]
        assert [event.type for event in told] == [EventType.KEY_PUBLISHED]


def _history(cloud: Cloud) -> Sequence[Event]:
    store = DynamoDBEventStore(cloud.dynamodb, cloud.table)
    return store.list_events(OF_KEYS, after=None, limit=500).events


def _signing_kid(service: CloudService) -> str:
    return service.signing_key.active().kid


def _a_key(kid: str) -> VerificationKey:
    return VerificationKey(kid, "x", "y", f"arn:{kid}", KeyState.NEXT, START, START)


class Racers:
    """Processes of the service that share nothing but the table and the clock."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._people = 0
        self.clock = FixedClock()
        self.provider = TestProvider(self.clock)
        self.service = self.process()
        self.service.users.add_user(ADMIN, an_event())

    def process(self, **environ: str) -> CloudService:
        """Return a process that has signed before."""
        service = CloudService(self._cloud, self.clock, environ)
        assert service.signing_key.active().kid
        return service

    def processes(self, count: int, **environ: str) -> list[CloudService]:
        """Return several."""
        return [self.process(**environ) for _ in range(count)]

    def new_user(self) -> User:
        """Return a stored user that no earlier round has used."""
        self._people += 1
        user = a_user(f"user-{self._people}@example.com")
        assert self.service.users.add_user(user, an_event())
        return user

    def stored(self, user: User) -> User:
        """Return a user's row."""
        found = self.service.users.find_user(user.id)
        assert found is not None
        return found

    def row(self, token: Token) -> Token:
        """Return a token's row."""
        found = self.service.tokens.find_token(token.user_id, token.id)
        assert found is not None
        return found

    def rows(self, user: User) -> Sequence[Token]:
        """Return a user's tokens."""
        return self.service.tokens.list_tokens(user.id, after=None, newest_first=True, limit=500)

    def places(self, user: User) -> int:
        """Return how many families have a token that holds their place."""
        now = self.clock.now()
        return len({t.family_id or t.id for t in self.rows(user) if t.holds_place(now)})

    def issue(self, owner: User) -> IssuedToken:
        """Return a new token."""
        return self.service.issue(owner, a_request(), PERSON)


@pytest.fixture
def racers(atomic_cloud: Cloud) -> Racers:
    """Return processes over an empty table."""
    return Racers(atomic_cloud)


def of_type(kind: type[_T], results: Sequence[object]) -> list[_T]:
    """Return the results of this type."""
    return [result for result in results if isinstance(result, kind)]


@pytest.mark.parametrize("repetition", range(3))
def test_quota_is_exact_under_concurrent_creations(racers: Racers, repetition: int) -> None:
    """Twenty at once at a quota of five: five succeed, and the count agrees with the rows."""
    owner = racers.new_user()
    processes = racers.processes(20, MAX_TOKENS_PER_USER="5")
    results = at_once([partial(p.issue, owner, a_request(), PERSON) for p in processes])
    assert len(of_type(IssuedToken, results)) == 5
    assert len(of_type(TokenLimitReached, results)) == 15
    assert racers.stored(owner).live_tokens == 5
    issued = {result.token.id for result in of_type(IssuedToken, results)}
    assert issued == {token.id for token in racers.rows(owner)}


def test_quota_is_exact_when_creations_recount_at_once(racers: Racers) -> None:
    """A slot that expired is given away once, however many find it."""
    owner = racers.new_user()
    process = racers.process(MAX_TOKENS_PER_USER="3")
    process.issue(owner, a_request(lifetime=timedelta(days=1)), PERSON)
    for _ in range(2):
        process.issue(owner, a_request(), PERSON)
    racers.clock.advance(timedelta(days=2))
    full = racers.stored(owner)
    processes = racers.processes(10, MAX_TOKENS_PER_USER="3")
    results = at_once([partial(p.issue, full, a_request(), PERSON) for p in processes])
    assert len(of_type(IssuedToken, results)) == 1
    assert len(of_type(TokenLimitReached, results)) == 9
    assert racers.stored(owner).live_tokens == 3


def test_creations_and_revocations_keep_the_count(racers: Racers) -> None:
    """Whatever the order, the count is the number of tokens that live."""
    owner = racers.new_user()
    doomed = [racers.issue(owner).token for _ in range(8)]
    processes = racers.processes(16)
    creations = [partial(p.issue, owner, a_request(), PERSON) for p in processes[:8]]
    revocations = [
        partial(p.revoke, owner, t.id, RevocationReason.OWNER, PERSON)
        for p, t in zip(processes[8:], doomed, strict=True)
    ]
    assert of_type(ApiTokensError, at_once([*creations, *revocations])) == []
    live = [token for token in racers.rows(owner) if token.state is TokenState.ACTIVE]
    assert 8 == len(live) == racers.stored(owner).live_tokens


@pytest.mark.parametrize("repetition", range(3))
def test_same_idempotency_key_makes_one_token(racers: Racers, repetition: int) -> None:
    """Ten replays at once make one token, and nine learn its id."""
    owner = racers.new_user()
    processes = racers.processes(10)
    results = at_once([partial(p.issue, owner, a_request(), PERSON, "key") for p in processes])
    (issued,) = of_type(IssuedToken, results)
    replays = of_type(AlreadyCreated, results)
    assert [issued.token.id] * 9 == [replay.token_id for replay in replays]
    assert [issued.token.id] == [token.id for token in racers.rows(owner)]
    assert racers.stored(owner).live_tokens == 1


def test_client_assertion_is_used_once_by_many(atomic_cloud: Cloud) -> None:
    """A thief may be as quick as the client. Only one of them gets in."""
    store = DynamoDBAssertionStore(atomic_cloud.dynamodb, atomic_cloud.table)
    used = UsedAssertion("hash", START + timedelta(minutes=5))
    results = at_once([lambda: store.use_assertion(used, START)] * 16)
    assert sorted(map(bool, results)) == [False] * 15 + [True]
    expired = UsedAssertion("hash", START + timedelta(minutes=9))
    results = at_once([lambda: store.use_assertion(expired, used.expires_at)] * 16)
    assert results.count(True) == 1


def test_touch_racing_a_revocation_never_revives(racers: Racers) -> None:
    """Used and revoked at the same moment, a token always ends revoked, with its reason."""
    owner = racers.new_user()
    processes = racers.processes(5)
    for _ in range(40):
        issued = racers.issue(owner)
        token = issued.token
        racers.clock.advance(timedelta(minutes=1))
        uses = [partial(p.verify, issued.secret) for p in processes[1:]]
        revocation = partial(processes[0].revoke, owner, token.id, RevocationReason.EXPOSED, PERSON)
        results = at_once([*uses, revocation])
        assert {RevokedToken} >= {type(error) for error in of_type(ApiTokensError, results)}
        row = racers.row(token)
        expected = token.revoked(RevocationReason.EXPOSED, racers.clock.now(), racers.service.rules)
        assert row.state is TokenState.REVOKED
        assert (expected.revocation, expected.purge_at) == (row.revocation, row.purge_at)
        with pytest.raises(RevokedToken):
            racers.service.verify(issued.secret)
    assert racers.stored(owner).live_tokens == 0


def test_touch_racing_a_pause_never_reactivates(racers: Racers) -> None:
    """Used and paused at the same moment, a token always ends paused."""
    owner = racers.new_user()
    issued = racers.issue(owner)
    pause, resume = TokenPatch(status=TokenState.INACTIVE), TokenPatch(status=TokenState.ACTIVE)
    processes = racers.processes(5)
    for _ in range(30):
        racers.clock.advance(timedelta(minutes=10))
        uses = [partial(p.verify, issued.secret) for p in processes[1:]]
        change = partial(processes[0].manage.patch, owner, issued.token.id, pause, PERSON)
        results = at_once([*uses, change])
        assert {InactiveToken} >= {type(error) for error in of_type(ApiTokensError, results)}
        assert racers.row(issued.token).state is TokenState.INACTIVE
        with pytest.raises(InactiveToken):
            racers.service.verify(issued.secret)
        racers.service.manage.patch(owner, issued.token.id, resume, PERSON)


def test_changes_of_different_members_both_last(racers: Racers) -> None:
    """A new name and a new description at the same moment: neither is lost."""
    owner = racers.new_user()
    processes = racers.processes(2)
    for n in range(20):
        token = racers.issue(owner).token
        patches = [TokenPatch(name=f"name {n}"), TokenPatch(description=f"text {n}")]
        results = at_once(
            [
                partial(p.manage.patch, owner, token.id, c, PERSON)
                for p, c in zip(processes, patches, strict=True)
            ]
        )
        assert of_type(ApiTokensError, results) == []
        row = racers.row(token)
        assert (f"name {n}", f"text {n}", 3) == (row.name, row.description, row.version)


def test_of_changes_to_one_version_one_wins(racers: Racers) -> None:
    """With If-Match the others are told that the token is not what they read."""
    owner = racers.new_user()
    processes = racers.processes(6)
    for _ in range(5):
        token = racers.issue(owner).token
        results = at_once(
            [
                partial(p.manage.patch, owner, token.id, TokenPatch(name=f"name {n}"), PERSON, {1})
                for n, p in enumerate(processes)
            ]
        )
        assert len(of_type(PreconditionFailed, results)) == 5
        (won,) = [n for n, r in enumerate(results) if not isinstance(r, ApiTokensError)]
        row = racers.row(token)
        assert (f"name {won}", 2) == (row.name, row.version)


def test_concurrent_revocations_free_one_slot(racers: Racers) -> None:
    """Everybody hears that the token is revoked; the slot is freed once."""
    owner = racers.new_user()
    processes = racers.processes(8)
    racers.issue(owner)
    for _ in range(5):
        token = racers.issue(owner).token
        results = at_once(
            [partial(p.revoke, owner, token.id, RevocationReason.OWNER, PERSON) for p in processes]
        )
        assert results == [None] * 8
        assert racers.stored(owner).live_tokens == 1


@pytest.mark.parametrize("overlap", [timedelta(0), timedelta(hours=1)])
def test_concurrent_rotations_make_one_successor(racers: Racers, overlap: timedelta) -> None:
    """All others hear that the token was rotated, and by which; the count stays."""
    owner = racers.new_user()
    processes = racers.processes(8)
    for n in range(1, 6):
        token = racers.issue(owner).token
        results = at_once([partial(p.rotate, owner, token.id, overlap, PERSON) for p in processes])
        (issued,) = of_type(IssuedToken, results)
        refused = of_type(TokenAlreadyRotated, results)
        assert {error.successor_id for error in refused} == {issued.token.id}
        assert len(refused) == 7
        assert len([t for t in racers.rows(owner) if t.family_id == token.id]) == 2
        assert racers.row(token).successor_id == issued.token.id
        assert racers.stored(owner).live_tokens == n


def test_rotation_racing_a_revocation_keeps_the_count(racers: Racers) -> None:
    """Whichever comes first, the token ends, and the count is the number of places held."""
    owner = racers.new_user()
    processes = racers.processes(4)
    for _ in range(20):
        issued = racers.issue(owner)
        token = issued.token
        rotations = [partial(p.rotate, owner, token.id, timedelta(hours=1), PERSON) for p in processes[2:]]
        revocations = [
            partial(p.revoke, owner, token.id, RevocationReason.OWNER, PERSON) for p in processes[:2]
        ]
        results = at_once([*rotations, *revocations])
        expected = {TokenAlreadyRevoked, TokenAlreadyRotated}
        assert expected >= {type(error) for error in of_type(ApiTokensError, results)}
        with pytest.raises(RevokedToken):
            racers.service.verify(issued.secret)
        assert racers.places(owner) == racers.stored(owner).live_tokens


@pytest.mark.parametrize("older", [0, 1, 2])
def test_self_rotations_racing_the_end_of_an_ancestor_leave_nothing(racers: Racers, older: int) -> None:
    """A thief rotates the token as fast as can be; whichever token of the line is ended, all of it ends."""
    processes = racers.processes(4)
    for _ in range(10):
        owner = racers.new_user()
        issued = [racers.issue(owner)]
        for _ in range(older):
            issued.append(rotate_itself(racers.service, owner, issued[-1]))
        ends: list[Callable[[], object]] = [
            partial(processes[0].revoke, owner, issued[0].token.id, RevocationReason.OWNER, PERSON),
            partial(processes[1].revoke_exposed, [issued[0].secret], CALLER),
        ]
        growing = [partial(grow_until_refused, p, owner, issued[-1]) for p in processes[2:]]
        results = at_once([*ends, *growing])
        assert of_type(ApiTokensError, results) == []
        # Only one process rotated the newest token, and went on from there.
        for each in [*issued, *results[2], *results[3]]:  # type: ignore[misc]
            with pytest.raises(RevokedToken):
                racers.service.verify(each.secret)
        assert (racers.places(owner), racers.stored(owner).live_tokens) == (0, 0)


def rotate_itself(process: CloudService, owner: User, issued: IssuedToken) -> IssuedToken:
    """Let a token rotate itself with an overlap."""
    return process.rotate(owner, issued.token.id, timedelta(hours=1), PERSON, by_itself=True)


def grow_until_refused(process: CloudService, owner: User, issued: IssuedToken) -> list[IssuedToken]:
    """Let a line grow until the store refuses; return what was acknowledged."""
    made: list[IssuedToken] = []
    with contextlib.suppress(TokenAlreadyRevoked, TokenAlreadyRotated, ConcurrentChange):
        while len(made) < _MANY:
            made.append(rotate_itself(process, owner, made[-1] if made else issued))
    assert len(made) < _MANY, "the line was not ended"
    return made


@pytest.mark.parametrize("by_itself", [True, False])
def test_rotation_racing_a_revocation_ends_in_one_of_two_orders(racers: Racers, by_itself: bool) -> None:
    """A successor of the token's own ends with it; one that a person got lives if it was made first."""
    processes = racers.processes(2)
    for _ in range(20):
        owner = racers.new_user()
        issued = racers.issue(owner)
        revoke = partial(processes[0].revoke, owner, issued.token.id, RevocationReason.OWNER, PERSON)
        rotate = partial(
            processes[1].rotate, owner, issued.token.id, timedelta(hours=1), PERSON, by_itself=by_itself
        )
        ended, made = at_once([revoke, rotate])
        assert ended is None
        assert isinstance(made, IssuedToken | TokenAlreadyRevoked)
        works = isinstance(made, IssuedToken) and not by_itself
        with pytest.raises(RevokedToken):
            racers.service.verify(issued.secret)
        if isinstance(made, IssuedToken):
            with contextlib.nullcontext() if works else pytest.raises(RevokedToken):
                racers.service.verify(made.secret)
        assert (racers.places(owner), racers.stored(owner).live_tokens) == (works, works)


def test_concurrent_ends_of_a_line_free_one_place(racers: Racers) -> None:
    """Whichever of its tokens they name."""
    processes = racers.processes(6)
    for _ in range(5):
        owner = racers.new_user()
        racers.issue(owner)
        line = [racers.issue(owner)]
        for _ in range(2):
            line.append(rotate_itself(racers.service, owner, line[-1]))
        ends = [
            partial(process.revoke, owner, line[n % 3].token.id, RevocationReason.OWNER, PERSON)
            for n, process in enumerate(processes)
        ]
        assert at_once(ends) == [None] * 6
        assert (racers.places(owner), racers.stored(owner).live_tokens) == (1, 1)


def test_ends_of_both_tokens_of_a_family_never_count_too_few(racers: Racers) -> None:
    """Predecessor and successor of a person's rotation end at the same moment."""
    processes = racers.processes(2, MAX_TOKENS_PER_USER="1")
    for _ in range(10):
        owner = racers.new_user()
        old = racers.issue(owner).token
        new = racers.service.rotate(owner, old.id, timedelta(hours=1), PERSON).token
        ends = [
            partial(process.revoke, owner, token.id, RevocationReason.OWNER, PERSON)
            for process, token in zip(processes, (old, new), strict=True)
        ]
        assert at_once(ends) == [None, None]
        assert racers.places(owner) <= racers.stored(owner).live_tokens <= 1
        processes[0].issue(racers.stored(owner), a_request(), PERSON)
        assert racers.stored(owner).live_tokens == 1


def test_end_of_an_overlap_racing_a_rotation_leaves_two_at_most(racers: Racers) -> None:
    """The predecessor ends either way, and the line goes on."""
    processes = racers.processes(2)
    for _ in range(10):
        owner = racers.new_user()
        old = racers.issue(owner)
        new = rotate_itself(racers.service, owner, old)
        results = at_once(
            [
                partial(processes[0].manage.end_predecessor, owner, new.token.id, PERSON),
                partial(rotate_itself, processes[1], owner, new),
            ]
        )
        assert {NoPredecessor} >= {type(error) for error in of_type(ApiTokensError, results)}
        with pytest.raises(RotatedToken):
            racers.service.verify(old.secret)
        for issued in [new, *of_type(IssuedToken, results)]:
            racers.service.verify(issued.secret)
        assert racers.stored(owner).live_tokens == 1


def test_use_racing_a_rotation_never_outlives_the_overlap(racers: Racers) -> None:
    """Used and rotated at the same moment, a token ends with its overlap and is kept no longer."""
    owner = racers.new_user()
    processes = racers.processes(5)
    for _ in range(20):
        issued = racers.issue(owner)
        racers.clock.advance(timedelta(minutes=10))
        uses = [partial(p.verify, issued.secret) for p in processes[1:]]
        rotation = partial(processes[0].rotate, owner, issued.token.id, timedelta(0), PERSON)
        results = at_once([*uses, rotation])
        assert {RotatedToken} >= {type(error) for error in of_type(ApiTokensError, results)}
        row = racers.row(issued.token)
        assert row.purge_at == racers.service.rules.purge_time(racers.clock.now())
        with pytest.raises(RotatedToken):
            racers.service.verify(issued.secret)


def test_concurrent_reuse_is_recorded_once(racers: Racers) -> None:
    """Of the processes that saw the same record one writes the next; all refuse."""
    owner = racers.new_user()
    issued = racers.issue(owner)
    racers.service.rotate(owner, issued.token.id, timedelta(0), PERSON)
    processes = racers.processes(8)
    results = at_once([partial(p.verify, issued.secret) for p in processes])
    assert len(of_type(RotatedToken, results)) == 8
    row = racers.row(issued.token)
    assert (row.reuse_count, row.last_reused_at) == (1, racers.clock.now())


def test_concurrent_reports_revoke_once(racers: Racers) -> None:
    """Many report the same tokens: one revokes each, and the count follows."""
    owner = racers.new_user()
    strings = [racers.issue(owner).secret for _ in range(5)]
    processes = racers.processes(6)
    results = at_once([partial(p.revoke_exposed, strings, CALLER) for p in processes])
    assert of_type(ApiTokensError, results) == []
    revoked = [token_id for ids in of_type(list, results) for token_id in ids]
    assert sorted(revoked) == sorted(token.id for token in racers.rows(owner))
    assert racers.stored(owner).live_tokens == 0


def _deactivate(service: CloudService, user: User) -> None:
    service.administer.deactivate(ADMIN, user.id, ADMINISTRATOR)


def _remove(service: CloudService, user: User) -> None:
    service.administer.remove(ADMIN, user.id, ADMINISTRATOR)


def _revoke_all(service: CloudService, user: User) -> None:
    service.administer.revoke_all_tokens(ADMIN, user.id, ADMINISTRATOR)


def _deactivate_and_reactivate(service: CloudService, user: User) -> None:
    service.administer.deactivate(ADMIN, user.id, ADMINISTRATOR)
    service.administer.reactivate(ADMIN, user.id, ADMINISTRATOR, restore_tokens=False)


@pytest.mark.parametrize("end", [_deactivate, _remove, _revoke_all, _deactivate_and_reactivate])
def test_creation_racing_the_end_of_a_user_leaves_no_usable_token(
    racers: Racers, end: Callable[[CloudService, User], None]
) -> None:
    """The token is refused, whether its creation was acknowledged before the end or after it."""
    # A quota out of reach: only the end itself may stop the creations.
    processes = racers.processes(6, MAX_TOKENS_PER_USER="1000")
    for _ in range(4):
        owner = racers.new_user()

        creations = [partial(issue_until_refused, process, owner) for process in processes[1:]]
        results = at_once([partial(end_in_full_swing, racers, owner, end), *creations])
        assert of_type(ApiTokensError, results) == []
        issued = [token for made in of_type(list, results) for token in made]
        assert len(issued) >= 5
        for token in issued:
            with pytest.raises(InvalidToken):
                racers.service.verify(token.secret)
        user = racers.stored(owner)
        current = [t for t in racers.rows(owner) if t.generation == user.generation]
        assert len(current) == user.live_tokens


def issue_until_refused(process: CloudService, owner: User) -> list[IssuedToken]:
    """Make tokens for a user as read once, until the store refuses; return those acknowledged."""
    issued: list[IssuedToken] = []
    with contextlib.suppress(UserInactive, ConcurrentChange):
        while len(issued) < _MANY:
            issued.append(process.issue(owner, a_request(), PERSON))
    assert len(issued) < _MANY, "no caller ended the user"
    return issued


def end_in_full_swing(racers: Racers, owner: User, end: Callable[[CloudService, User], None]) -> None:
    """End a user as soon as there are a few tokens."""
    while len(racers.rows(owner)) < 5:
        pass
    end(racers.service, owner)


def test_concurrent_touches_write_once(racers: Racers) -> None:
    """Of those that saw the same last use one records the next."""
    owner = racers.new_user()
    token = racers.issue(owner).token
    policy = racers.service.rules
    processes = racers.processes(10)
    for _ in range(10):
        racers.clock.advance(timedelta(minutes=10))
        now = racers.clock.now()
        uses = [token.touched(now + timedelta(milliseconds=n), policy) for n in range(10)]
        touches = [
            partial(p.authorization.touch, token, use) for p, use in zip(processes, uses, strict=True)
        ]
        results = at_once(touches)
        assert [result for result in results if result] == [True]
        token = uses[results.index(True)]
        assert token == racers.row(token)


def test_concurrent_uses_are_all_allowed(racers: Racers) -> None:
    """Those whose use is not recorded are let in like the one whose is."""
    issued = racers.issue(racers.new_user())
    processes = racers.processes(10)
    results = at_once([partial(p.verify, issued.secret) for p in processes])
    allowed = of_type(Verified, results)
    assert [issued.token.id] * 10 == [verified.token.id for verified in allowed]
    assert racers.clock.now() == racers.row(issued.token).last_used_at


def test_first_sight_by_many_makes_one_user(racers: Racers) -> None:
    """Ten requests of a new person at once: one record, and the same answer to all."""
    for n in range(5):
        jwt = racers.provider.sign_in(f"newcomer-{n}@example.com")
        results = at_once(
            [
                partial(p.sign_in.user, Credentials(CALLER, unverified_bearer=jwt))
                for p in racers.processes(10)
            ]
        )
        users = of_type(User, results)
        assert len(users) == 10
        assert {racers.stored(users[0]).generation} == {user.generation for user in users}
    listed = racers.service.users.list_users(after=None, limit=100).users
    assert len([user for user in listed if user.id != ADMIN.id]) == 5


def test_return_after_removal_by_many_makes_one_generation(racers: Racers) -> None:
    """Ten requests of a removed person at once start one fresh account."""
    jwt = racers.provider.sign_in("removed@example.com")
    user = racers.service.sign_in.user(Credentials(CALLER, unverified_bearer=jwt))
    racers.service.administer.remove(ADMIN, user.id, ADMINISTRATOR)
    racers.clock.advance(timedelta(seconds=61))
    again = racers.provider.sign_in("removed@example.com")
    results = at_once(
        [
            partial(p.sign_in.user, Credentials(CALLER, unverified_bearer=again))
            for p in racers.processes(10)
        ]
    )
    assert {racers.stored(user).generation} == {u.generation for u in of_type(User, results)}
    assert of_type(ApiTokensError, results) == []
    assert racers.stored(user).status is UserStatus.ACTIVE


def test_every_generation_that_ended_is_on_record(racers: Racers) -> None:
    """Revoke-alls at the same moment each end one generation, and none goes unrecorded."""
    owner = racers.new_user()
    tokens = [racers.issue(owner).token]
    results = at_once(
        [
            partial(p.administer.revoke_all_tokens, ADMIN, owner.id, ADMINISTRATOR)
            for p in racers.processes(4)
        ]
    )
    users = of_type(User, results)
    last = racers.stored(owner).generation
    generations = {tokens[0].generation, *(user.generation for user in users)}
    assert last in generations
    ended = racers.service.tokens.find_ended_generations(owner.id, generations)
    assert generations - {last} == ended.keys()


def test_of_sign_ins_at_once_the_newest_wins(racers: Racers) -> None:
    """If ten JWTs of one person come at once, the newest decides the row and the role."""
    for n in range(10):
        person = f"many-{n}@example.com"
        start = int(racers.clock.now().timestamp())
        jwts = [
            racers.provider.sign_in(person, iat=start + second, name=f"Name {second}")
            for second in range(10)
        ]
        signed_in = [
            partial(process.sign_in.user, Credentials(CALLER, unverified_bearer=jwt))
            for process, jwt in zip(racers.processes(10), jwts, strict=True)
        ]
        results = at_once(signed_in)
        user = racers.service.users.find_user(of_type(User, results)[0].id)
        assert user is not None
        assert of_type(ApiTokensError, results) == []
        assert user.name == "Name 9"
        assert user.signed_in_at == racers.clock.now() + timedelta(seconds=9)


@pytest.mark.parametrize("how", ["named", "claim"])
def test_administrators_who_deactivate_each_other_at_once_leave_one(racers: Racers, how: str) -> None:
    """Two administrators cannot both succeed, so one administrator is left."""
    subjects = [f"{how}-{n}@example.com" for n in range(2)]
    environ = {"ADMIN_SUBJECTS": ",".join(subjects)} if how == "named" else {"ADMIN_CLAIM": "groups=admins"}
    processes = racers.processes(2, **environ)
    for _ in range(20):
        admins = [
            process.sign_in.admin(
                Credentials(CALLER, unverified_bearer=racers.provider.sign_in(subject, groups=["admins"]))
            )
            for process, subject in zip(processes, subjects, strict=True)
        ]
        first, second = admins
        results = at_once(
            [
                partial(processes[0].administer.deactivate, first, second.id, ADMINISTRATOR),
                partial(processes[1].administer.deactivate, second, first.id, ADMINISTRATOR),
            ]
        )
        active = [admin for admin in admins if racers.stored(admin).is_active]
        assert len(active) == 1, results
        assert len(of_type(AdminRequired, results)) == 1
        for admin in admins:
            racers.service.administer.reactivate(None, admin.id, ADMINISTRATOR, restore_tokens=True)


def admins_of(racers: Racers, processes: Sequence[CloudService], *subjects: str) -> list[User]:
    """Return administrators who have signed in, each at a process."""
    return [
        process.sign_in.admin(Credentials(CALLER, unverified_bearer=racers.provider.sign_in(subject)))
        for process, subject in zip(processes, subjects, strict=True)
    ]


def test_administrators_and_owner_at_one_token_end_it_once(racers: Racers) -> None:
    """One pauses, one revokes, and the owner revokes: it ends, with one reason, and one place is free."""
    names = ("first@example.com", "second@example.com")
    processes = racers.processes(3, ADMIN_SUBJECTS=",".join(names))
    first, second = admins_of(racers, processes[:2], *names)
    for _ in range(15):
        owner = racers.new_user()
        racers.issue(owner)
        issued = racers.issue(owner)
        token = issued.token
        tokens = [process.administer_tokens for process in processes]
        paused, by_admin, by_owner = at_once(
            [
                partial(
                    tokens[0].set_status, first, owner.id, token.id, TokenState.INACTIVE, ADMINISTRATOR
                ),
                partial(tokens[1].revoke, second, owner.id, token.id, ADMINISTRATOR),
                partial(processes[2].revoke, owner, token.id, RevocationReason.OWNER, PERSON),
            ]
        )
        assert (by_admin, by_owner) == (None, None)
        assert isinstance(paused, TokenView | TokenAlreadyRevoked)
        revocation = racers.row(token).revocation
        assert revocation is not None
        assert revocation.reason in (RevocationReason.ADMIN, RevocationReason.OWNER)
        assert racers.stored(owner).live_tokens == racers.places(owner) == 1
        with pytest.raises(RevokedToken):
            racers.service.verify(issued.secret)


@pytest.mark.parametrize("of_own_token", [False, True], ids=["of another", "own"])
def test_administrator_who_is_put_out_at_that_moment(racers: Racers, *, of_own_token: bool) -> None:
    """Either the token ended before the administrator did, or nothing happened to it."""
    names = ("first@example.com", "second@example.com")
    processes = racers.processes(2, ADMIN_SUBJECTS=",".join(names))
    for _ in range(25):
        first, second = admins_of(racers, processes, *names)
        owner = racers.stored(second) if of_own_token else racers.new_user()
        token = racers.issue(owner).token
        out, ended = at_once(
            [
                partial(processes[0].administer.deactivate, first, second.id, ADMINISTRATOR),
                partial(processes[1].administer_tokens.revoke, second, owner.id, token.id, ADMINISTRATOR),
            ]
        )
        assert isinstance(out, User)
        assert ended is None or isinstance(ended, AdminRequired)
        assert (racers.row(token).state is TokenState.REVOKED) is (ended is None)
        racers.service.administer.reactivate(None, second.id, OPERATOR, restore_tokens=True)
        racers.clock.advance(timedelta(seconds=1))


def test_sign_in_racing_a_deactivation_never_reactivates(racers: Racers) -> None:
    """A sign-in that brings a new name leaves the deactivation as it is."""
    user = racers.service.sign_in.user(
        Credentials(CALLER, unverified_bearer=racers.provider.sign_in("user@example.com"))
    )
    processes = racers.processes(5)
    for n in range(20):
        racers.clock.advance(timedelta(seconds=1))
        jwt = racers.provider.sign_in("user@example.com", name=f"Name {n}")
        sign_ins = [
            partial(p.sign_in.user, Credentials(CALLER, unverified_bearer=jwt)) for p in processes[1:]
        ]
        results = at_once([*sign_ins, partial(_deactivate, processes[0], user)])
        assert {UserInactive} >= {type(error) for error in of_type(ApiTokensError, results)}
        assert racers.stored(user).status is UserStatus.INACTIVE
        back = replace(racers.stored(user), status=UserStatus.ACTIVE)
        racers.service.users.save_user(racers.stored(user), back, an_event())


def test_move_racing_first_sign_ins_leaves_one_user_for_the_identity(racers: Racers) -> None:
    """Either the move comes first and all sign in as the moved user, or it is refused."""
    for n in range(10):
        user, to = racers.new_user(), SubjectIdentifier(ISSUER, f"new-{n}")
        jwt = racers.provider.sign_in(to.subject)
        sign_ins = [
            partial(p.sign_in.user, Credentials(CALLER, unverified_bearer=jwt)) for p in racers.processes(4)
        ]
        move = partial(MoveUsers(racers.service.users, racers.clock, JOURNAL).move, user.id, to, OPERATOR)
        results = at_once([move, *sign_ins])
        won = bool(of_type(Move, results))
        assert len(of_type(IdentityTaken, results)) == (not won)
        expected = user.id if won else to.user_id
        assert [each.id for each in of_type(User, results)] == [expected] * 4
        found = racers.service.users.find_signed_in(to.user_id)
        assert found is not None
        assert found.id == expected
        assert SubjectIdentifier.of(racers.stored(user)) == (to if won else SubjectIdentifier.of(user))


def test_of_moves_to_one_identity_one_is_written(racers: Racers) -> None:
    """The others are told which user has it, and stay where they are."""
    for n in range(5):
        movers = [racers.new_user() for _ in range(6)]
        to = SubjectIdentifier(ISSUER, f"wanted-{n}")
        store = racers.service.users
        results = at_once(
            [partial(MoveUsers(store, racers.clock, JOURNAL).move, u.id, to, OPERATOR) for u in movers]
        )
        (won,) = of_type(Move, results)
        assert len(of_type(IdentityTaken, results)) == 5
        found = store.find_signed_in(to.user_id)
        assert found is not None
        assert found.id == won.after.id
        others = [user for user in movers if user.id != won.after.id]
        assert [racers.stored(user) for user in others] == others


def test_moves_of_one_user_leave_one_identity(racers: Racers) -> None:
    """The last one is the user's. The identities between lead to the user too, and are refused."""
    for n in range(5):
        user = racers.new_user()
        targets = [SubjectIdentifier(ISSUER, f"target-{n}-{m}") for m in range(4)]
        store = racers.service.users
        results = at_once(
            [partial(MoveUsers(store, racers.clock, JOURNAL).move, user.id, to, OPERATOR) for to in targets]
        )
        assert {ConcurrentChange} >= {type(error) for error in of_type(ApiTokensError, results)}
        now = SubjectIdentifier.of(racers.stored(user))
        reached = {to: found for to in targets if (found := store.find_signed_in(to.user_id))}
        assert now in reached
        assert {found.id for found in reached.values()} == {user.id}
        assert [to for to, found in reached.items() if SubjectIdentifier.of(found) == to] == [now]
