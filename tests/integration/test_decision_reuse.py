"""DECISION_REUSE_SECONDS through the whole service: calls counted, doors, reloads, flushes, and threads."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.key_cache import MAX_AGE
from chalicelib.domain.errors import InvalidToken
from chalicelib.handlers import authorizer, front_doors
from chalicelib.handlers.http.responses import moment
from chalicelib.services.flush import SETTLE
from infra.local.policies import allows
from tests.integration.test_calls import calls_of, use
from tests.integration.world import World
from tests.support import canaries
from tests.support.api import Api, api_of
from tests.support.builders import A_CALLER, a_token, a_user
from tests.support.clock import START
from tests.support.events import (
    Context,
    Event,
    appsync,
    http_api,
    rest_request,
    rest_token,
    websocket,
)
from tests.support.service import MemoryService
from tests.support.stream import a_record
from tests.unit.services.stores import BusyStore

READ = "find_for_authorization"
SECOND = timedelta(seconds=1)
TICK = timedelta(milliseconds=1)
STAGE = "restapis/a1/v1"


@pytest.fixture
def service() -> MemoryService:
    """Return a service that may decide again for two seconds, and counts its reads."""
    return MemoryService(
        {
            "DECISION_REUSE_SECONDS": "2",
            "AUTHORIZER_CACHE_SECONDS": "30",
            "AUTHORIZER_CACHE_STAGES": STAGE,
        },
        store=BusyStore(),
    )


@pytest.fixture
def api(service: MemoryService) -> Iterator[Api]:
    """Call the app."""
    with api_of(service) as api:
        yield api


@pytest.fixture
def person(service: MemoryService) -> str:
    """Return a user's sign-in."""
    return service.provider.sign_in("user@example.com")


def reads(service: MemoryService) -> int:
    """Return how often rows were read for a decision."""
    assert isinstance(service.store, BusyStore)
    return service.store.calls[READ]


def test_busy_second_is_one_read_of_the_table(world: World) -> None:
    """On the wire: 1,500 decisions, one BatchGetItem. By default each of them reads."""
    world.configure(DECISION_REUSE_SECONDS="1")
    world.create_token(name="ci")
    event = rest_token(f"Bearer {world.secret}")

    def decide(times: int) -> None:
        for _ in range(times):
            authorizer.api_token_authorizer(event, Context())

    assert calls_of(world, decide, 1) == ["Query", "BatchGetItem", "UpdateItem"]
    assert calls_of(world, decide, 1_499) == []
    world.advance(seconds=1)
    assert calls_of(world, decide, 1_500) == ["BatchGetItem"]
    world.configure()
    assert calls_of(world, decide, 3) == ["Query", *["BatchGetItem"] * 3]


def test_self_service_exchange_and_introspection_read(world: World) -> None:
    """On the wire, with rows of this moment in the same process."""
    world.configure(DECISION_REUSE_SECONDS="5")
    world.create_token(name="ci")
    use(world)
    assert calls_of(world, use, world) == []
    verify = bootstrap.service().verify
    assert "BatchGetItem" in calls_of(world, verify, world.secret)
    assert calls_of(world, verify.uncounted, world.secret) == ["BatchGetItem"]
    assert "BatchGetItem" in calls_of(world, world.api.delete, "/v1/tokens/self", world.secret)


DOORS: list[tuple[Callable[..., Any], Callable[[str], Event]]] = [
    (authorizer.api_token_authorizer, rest_token),
    (front_doors.rest_request_authorizer, rest_request),
    (front_doors.rest_request_authorizer, lambda header: {**rest_request(header), "version": "1.0"}),
    (front_doors.http_api_authorizer, http_api),
    (front_doors.websocket_authorizer, websocket),
    (front_doors.appsync_authorizer, appsync),
]


@pytest.mark.parametrize(("door", "event_with"), DOORS)
def test_each_door_reuses_what_it_allows(
    api: Api,
    service: MemoryService,
    person: str,
    door: Callable[..., Any],
    event_with: Callable[[str], Event],
) -> None:
    """The same answer without a read; a line each time."""
    event = event_with(f"Bearer {api.create_token(person)['token']}")
    first = door(event, Context())
    before = reads(service)
    with canaries.recorded() as log:
        assert door(event, Context()) == first
    assert reads(service) == before
    (line,) = log.lines("authorize")
    assert (line["outcome"], line["user_id"][:4], line["token_id"][:4]) == ("allowed", "usr_", "tok_")


def test_refusal_for_a_scope_reads_each_time(api: Api, service: MemoryService, person: str) -> None:
    """The owner's role, and so the scopes, may have grown since."""
    token = api.create_token(person, scopes=["api:read"])["token"]
    reading, writing = (http_api(f"Bearer {token}", method) for method in ("GET", "POST"))
    for event, expected in ((reading, 0), (writing, 1), (writing, 1), (reading, 0), (reading, 0)):
        front_doors.http_api_authorizer(reading, Context())
        before = reads(service)
        answer = front_doors.http_api_authorizer(event, Context())
        assert (answer["isAuthorized"], reads(service) - before) == (event is reading, expected)


def test_path_that_is_refused_reads_too(api: Api, service: MemoryService, person: str) -> None:
    """Every refusal does, so none is decided on old rows."""
    token = api.create_token(person)["token"]
    front_doors.http_api_authorizer(http_api(f"Bearer {token}"), Context())
    before = reads(service)
    for path in ("/a/../b", "/" + "a" * 20_000):
        answer = front_doors.http_api_authorizer(http_api(f"Bearer {token}", path=path), Context())
        assert answer == {"isAuthorized": False}
    assert reads(service) == before + 2


def test_policy_without_a_route_reads(service: MemoryService) -> None:
    """A policy that denies everything is a refusal."""
    environ = {
        "DECISION_REUSE_SECONDS": "5",
        "SCOPES": '{"a": {"description": "A", "opens": ["GET /a"], "roles": ["admin"]}}',
        "ADMIN_SUBJECTS": "admin@example.com",
    }
    service = MemoryService(environ, store=BusyStore())
    with api_of(service) as api:
        token = api.create_token(service.provider.sign_in("admin@example.com"), scopes=["a"])["token"]
        stripped = service.redeployed({**environ, "ADMIN_SUBJECTS": "other@example.com"})
        bootstrap.install(stripped)
        event = rest_token(f"Bearer {token}")
        for _ in range(3):
            before = reads(service)
            answer = authorizer.api_token_authorizer(event, Context())
            assert not allows(answer, event["methodArn"])
            assert reads(service) == before + 1


def test_reload_of_the_signing_keys_drops_the_rows(api: Api, service: MemoryService, person: str) -> None:
    """An operator who revokes a key finds every process reading again."""
    event = rest_token(f"Bearer {api.create_token(person)['token']}")
    authorizer.api_token_authorizer(event, Context())
    service.clock.advance(MAX_AGE - TICK)
    authorizer.api_token_authorizer(event, Context())
    before = reads(service)
    service.clock.advance(TICK)
    authorizer.api_token_authorizer(event, Context())
    assert reads(service) == before + 1


def test_no_token_string_is_a_key_or_kept(api: Api, service: MemoryService, person: str) -> None:
    """The keys are the two ids."""
    created = api.create_token(person)
    authorizer.api_token_authorizer(rest_token(f"Bearer {created['token']}"), Context())
    (key,) = service.recent_rows._rows
    assert key[1] == created["id"]
    for part in created["token"].split("."):
        assert part not in repr(service.recent_rows._rows)


def test_effective_by_says_so(api: Api, service: MemoryService, person: str) -> None:
    """The gateway's cache and the reuse together, in members and in the header."""
    token = api.create_token(person)
    answer = api.delete(f"/v1/tokens/{token['id']}", person)
    expected = moment(START + timedelta(seconds=32))
    assert answer.headers["Effective-By"] == expected
    assert api.get(f"/v1/tokens/{token['id']}", person).json["effective_by"] == expected


def test_what_is_refused_later_than_effective_by_is_never_let_in(
    api: Api, service: MemoryService, person: str
) -> None:
    """The last decision by old rows is a moment before two seconds have passed."""
    token = api.create_token(person)
    event = rest_token(f"Bearer {token['token']}")
    authorizer.api_token_authorizer(event, Context())
    bootstrap.install(process_of(service))
    api.delete(f"/v1/tokens/{token['id']}", person)
    bootstrap.install(service)
    service.clock.advance(2 * SECOND - TICK)
    assert allows(authorizer.api_token_authorizer(event, Context()), event["methodArn"])
    service.clock.advance(TICK)
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer.api_token_authorizer(event, Context())


def test_flush_waits_for_the_reuse(service: MemoryService) -> None:
    """A flush before would let a decision by old rows into the cache again, for the whole TTL."""
    token = a_token(a_user())
    rows = [items.TOKEN.item(row) for row in (token, token.paused(START))]
    with api_of(service):
        service.flush([a_record(*rows)])
    assert service.gateway.flushes == [(STAGE, START + SETTLE + 2 * SECOND)]


class Crowd:
    """Threads that present one token to one process all the time; each decision with its begin and end."""

    def __init__(self, decider: MemoryService, secret: str) -> None:
        self.decisions: list[tuple[datetime, datetime, bool]] = []
        self._decider = decider
        self._secret = secret
        self._made = threading.Semaphore(0)
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._decide) for _ in range(8)]

    def __enter__(self) -> "Crowd":
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """End."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait(self) -> None:
        """Wait for some decisions that are made from now on."""
        while self._made.acquire(blocking=False):
            pass
        for _ in range(20):
            self._made.acquire()

    def _decide(self) -> None:
        while not self._over.is_set():
            began, allowed = self._decider.clock.now(), True
            try:
                self._decider.admit(self._secret, A_CALLER, lambda caller: True)
            except InvalidToken:
                allowed = False
            self.decisions.append((began, self._decider.clock.now(), allowed))
            self._made.release()


def test_threads_share_the_rows_and_end_with_them(api: Api, service: MemoryService, person: str) -> None:
    """The token is revoked meanwhile. A decision that begins two seconds later refuses it."""
    created = api.create_token(person)
    tenth = timedelta(milliseconds=100)
    with Crowd(process_of(service), created["token"]) as crowd:
        for _ in range(20):
            crowd.wait()
            service.clock.advance(tenth)
        assert api.delete(f"/v1/tokens/{created['id']}", person).status == 204
        revoked = service.clock.now()
        for _ in range(40):
            crowd.wait()
            service.clock.advance(tenth)
    assert all(allowed for _, ended, allowed in crowd.decisions if ended < revoked)
    assert {allowed for began, _, allowed in crowd.decisions if began >= revoked + 2 * SECOND} == {False}


def process_of(service: MemoryService) -> MemoryService:
    """Return another process over the same rows, keys and clock."""
    return service.redeployed(
        {"DECISION_REUSE_SECONDS": "2", "AUTHORIZER_CACHE_SECONDS": "30", "AUTHORIZER_CACHE_STAGES": STAGE}
    )
