"""From a change in the table by its stream to the gateway's cache, on the deployed stack.

The emulator lacks FlushStageAuthorizersCache: a stub takes exactly that call (caching.py).
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.local.deployed import Deployed
from tests.stack.caching import flushing, seconds_until
from tests.stack.calls import Caller
from tests.stack.wire import Wire
from tests.support.control_plane import ControlPlane

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

FLUSHER = "FlushAuthorizerCaches"


@pytest.fixture
def flushed(stack: Deployed, plane: ControlPlane) -> Iterator[list[float]]:
    """Let decisions be remembered for long, and flushes work; return when each came."""
    with flushing(stack, plane) as came:
        yield came


@pytest.fixture
def wire(stack: Deployed) -> Wire:
    """Call the protected API."""
    return Wire(stack)


def test_revocation_beats_the_cache(caller: Caller, flushed: list[float], wire: Wire) -> None:
    """Revoked, let in by the cache, and refused within seconds of 300."""
    person = caller.newcomer()
    created = caller.create(person)
    assert caller.whoami(created["token"]) == 200
    assert caller.call("DELETE", f"/v1/tokens/{created['id']}", person).status == 204

    seconds_until(wire, created["token"], 401)
    assert flushed


def test_pause_and_deactivation_beat_the_cache_too(
    caller: Caller, flushed: list[float], wire: Wire
) -> None:
    """Whatever ends the use of a token; what brings it back needs no flush, for refusals are not kept."""
    person, admin = caller.newcomer(), caller.admin()
    created = caller.create(person)
    user = f"/v1/users/{caller.call('GET', '/v1/me', person).json['id']}"
    path = f"/v1/tokens/{created['id']}"
    assert caller.whoami(created["token"]) == 200

    caller.call("PATCH", path, person, {"status": "inactive"})
    seconds_until(wire, created["token"], 401)
    caller.call("PATCH", path, person, {"status": "active"})
    assert caller.whoami(created["token"]) == 200
    caller.call("PATCH", user, admin, {"status": "inactive"})

    seconds_until(wire, created["token"], 401)


def _at_rest(caller: Caller) -> int:
    """Wait until what was changed has gone through; return how often the function has run."""
    seen = -1
    for _ in range(10):
        before, seen = seen, caller.stack.invocations(FLUSHER)
        if seen == before:
            return seen
        # Longer than an invocation: it is in the log once it is over.
        time.sleep(4)
    pytest.fail("the function does not come to rest")


def test_use_of_a_token_costs_no_flush(caller: Caller, flushed: list[float]) -> None:
    """The mapping's patterns keep touches from the function: it is not even invoked."""
    person = caller.newcomer()
    created = [caller.create(person) for _ in range(2)]
    before, flushes = _at_rest(caller), len(flushed)

    assert [caller.whoami(token["token"]) for token in created] == [200, 200]
    after = _at_rest(caller)

    listed = caller.call("GET", "/v1/tokens", person).json["tokens"]
    assert all(token["last_used_at"] for token in listed)
    assert (after, len(flushed)) == (before, flushes)


def test_flush_that_fails_is_tried_again(
    caller: Caller, flushed: list[float], wire: Wire, plane: ControlPlane
) -> None:
    """API Gateway may be busy: the records come again until a flush goes through."""
    person = caller.newcomer()
    created = caller.create(person)
    assert caller.whoami(created["token"]) == 200
    plane.answers = [503] * 8

    caller.call("DELETE", f"/v1/tokens/{created['id']}", person)

    seconds_until(wire, created["token"], 401)
    assert flushed


def test_many_revocations_flush_once_per_second(caller: Caller, flushed: list[float], wire: Wire) -> None:
    """However they come; and none is forgotten."""
    person = caller.newcomer()
    created = [caller.create(person) for _ in range(4)]
    assert [caller.whoami(token["token"]) for token in created] == [200] * 4

    with ThreadPoolExecutor(4) as pool:
        paths = [f"/v1/tokens/{token['id']}" for token in created]
        list(pool.map(lambda path: caller.call("DELETE", path, person), paths))

    for token in created:
        seconds_until(wire, token["token"], 401)
    # The claims are a second apart; what comes after a claim may take longer once than another time.
    assert len(flushed) <= 2 + flushed[-1] - flushed[0]
