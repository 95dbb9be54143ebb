"""The seconds for which a gateway lets a refused token in, with the flush and without.

Everything is real but the gateway and Lambda: rows and their images, the function, its call over HTTP. The
gateway is its cache, which the call empties; Lambda hands records on half a second late.
"""

import copy
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cached_property

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.api_gateway import ApiGatewayCaches
from chalicelib.adapters.aws import rest_apis_client
from chalicelib.domain.ports.time import Sleep
from chalicelib.handlers.flush import flush_authorizer_caches
from tests.integration.test_faults import authorize, change_user, with_paused_token, with_token
from tests.integration.world import USER_ID, World
from tests.support.control_plane import ControlPlane, control_plane
from tests.support.dynamodb import CloudService
from tests.support.stream import handed_on, records_between

STAGE = "restapis/a1b2c3/v1"
TTL = timedelta(seconds=300)
HANDED_ON_AFTER = timedelta(seconds=0.5)
STEP = timedelta(seconds=0.1)


class GatewayCache:
    """Remembers permissions from when they arrive; it keeps no refusal of a TOKEN authorizer."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._arrived: dict[str, datetime] = {}

    def lets_in(self, secret: str) -> bool:
        """Answer a request."""
        now = self._world.clock.now()
        arrived = self._arrived.get(secret)
        if arrived and arrived <= now < arrived + TTL:
            return True
        return self.decided(secret, timedelta(0))

    def decided(self, secret: str, on_the_way: timedelta) -> bool:
        """Ask the authorizer, and keep its permission when it arrives."""
        allowed = authorize(self._world).status == 200
        if allowed:
            self._arrived[secret] = self._world.clock.now() + on_the_way
        return allowed

    def forget(self, stage: str) -> None:
        """Forget every decision that has arrived."""
        assert stage == STAGE
        now = self._world.clock.now()
        self._arrived = {secret: at for secret, at in self._arrived.items() if at > now}


class Flusher(CloudService):
    """The function's own process, whose waiting moves the clock."""

    world: World

    @cached_property
    def authorizer_caches(self) -> ApiGatewayCaches:
        """The real calls."""
        return ApiGatewayCaches(rest_apis_client, lambda: pytest.fail("this world lacks an HTTP API"))

    @cached_property
    def sleep(self) -> Sleep:
        """Wait by the world's clock."""
        return self.world.clock.advance


@pytest.fixture
def plane(monkeypatch: pytest.MonkeyPatch) -> Iterator[ControlPlane]:
    """Return API Gateway's own API."""
    with control_plane() as plane:
        monkeypatch.setenv("AWS_ENDPOINT_URL_API_GATEWAY", plane.url)
        yield plane


def flush_after(world: World, act: Callable[[World], object]) -> None:
    """Do something, and have the stream tell the function of it."""
    before = copy.deepcopy(world.rows())
    act(world)
    records = handed_on(records_between(before, world.cloud.rows()))
    world.clock.advance(HANDED_ON_AFTER)
    flusher = Flusher(world.cloud, world.clock, {"AUTHORIZER_CACHE_STAGES": STAGE})
    flusher.world = world
    serving = bootstrap.current()
    bootstrap.install(flusher)
    flush_authorizer_caches({"Records": records}, None)
    bootstrap.install(serving)


def staleness(world: World, cache: GatewayCache, changed: datetime) -> float:
    """Return for how many seconds after a change the token was let in."""
    while cache.lets_in(world.secret):
        world.clock.advance(STEP)
    return (world.clock.now() - changed).total_seconds()


def revoke(world: World) -> object:
    """Revoke the token."""
    return world.api.delete(world.path, world.user)


def pause(world: World) -> object:
    """Pause the token."""
    return world.api.patch(world.path, world.user, {"status": "inactive"})


def rotate(world: World) -> object:
    """Rotate the token without overlap."""
    return world.api.post(f"{world.path}/rotate", world.user)


def deactivate(world: World) -> object:
    """Deactivate its owner."""
    return change_user(world, status="inactive")


def revoke_all(world: World) -> object:
    """Revoke all tokens of its owner."""
    return world.api.delete(f"/v1/users/{USER_ID}/tokens", world.admin)


ENDS = pytest.mark.parametrize("end", [revoke, pause, rotate, deactivate, revoke_all])


@ENDS
def test_with_the_flush_it_is_seconds(
    world: World, plane: ControlPlane, end: Callable[[World], object]
) -> None:
    """Half a second until the function runs and one until decisions under way are in the cache."""
    cache = GatewayCache(world)
    plane.on_flush = cache.forget
    with_token(world)
    assert cache.lets_in(world.secret)
    changed = world.clock.now()
    flush_after(world, end)
    assert staleness(world, cache, changed) == pytest.approx(1.5)
    assert len(plane.requests) == 1


@ENDS
def test_without_the_flush_it_is_the_ttl(world: World, end: Callable[[World], object]) -> None:
    """Never more, whatever fails."""
    cache = GatewayCache(world)
    with_token(world)
    assert cache.lets_in(world.secret)
    changed = world.clock.now()
    end(world)
    assert staleness(world, cache, changed) == pytest.approx(TTL.total_seconds())


def test_decision_under_way_is_flushed_too(world: World, plane: ControlPlane) -> None:
    """It read the row before the revocation, and came into the cache almost a second after."""
    cache = GatewayCache(world)
    plane.on_flush = cache.forget
    with_token(world)
    assert cache.decided(world.secret, on_the_way=timedelta(seconds=0.9))
    changed = world.clock.now()
    flush_after(world, revoke)
    assert staleness(world, cache, changed) == pytest.approx(1.5)


def test_what_fails_is_bounded_by_the_ttl(world: World, plane: ControlPlane) -> None:
    """The stage is unknown to API Gateway: the function goes on, the cache runs out."""
    cache = GatewayCache(world)
    plane.answers = [404]
    with_token(world)
    assert cache.lets_in(world.secret)
    changed = world.clock.now()
    flush_after(world, revoke)
    assert staleness(world, cache, changed) == pytest.approx(TTL.total_seconds())


def test_reactivated_token_is_flushed_for(world: World, plane: ControlPlane) -> None:
    """Gateways that remember refusals too, as those of HTTP APIs do, let it in again."""
    flushed: list[str] = []
    plane.on_flush = flushed.append
    with_paused_token(world)
    flush_after(world, lambda w: w.api.patch(w.path, w.user, {"status": "active"}))
    assert flushed == [STAGE]
