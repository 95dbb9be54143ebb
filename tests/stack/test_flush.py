"""From a change in the table by its stream to the gateway's cache, on the deployed stack.

The emulator lacks FlushStageAuthorizersCache: a stub takes exactly that call and does what AWS does.
"""

import time
from collections.abc import Iterator

import pytest

from infra.local.deployed import Deployed
from tests.stack.calls import Caller
from tests.support.control_plane import ControlPlane

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

FLUSHER = "FlushAuthorizerCaches"
TTL = 300
# AWS takes about a second. Here the machine may be busy, and the function has to start.
SOON = 20.0


@pytest.fixture
def flushing(stack: Deployed, plane: ControlPlane) -> Iterator[list[float]]:
    """Let decisions be remembered for long, and flushes work; return when each came."""
    came: list[float] = []

    def flush(stage: str) -> None:
        assert stage == f"restapis/{stack.api_id}{stack.prefix}"
        stack.forget_decisions()
        came.append(time.monotonic())

    with stack.remembering(TTL):
        plane.on_flush = flush
        try:
            yield came
        finally:
            plane.on_flush = lambda stage: None


def _seconds_until(caller: Caller, token: str, status: int) -> float:
    """Return how long it takes until the API answers so; the cache answers at once meanwhile."""
    started = time.monotonic()
    while caller.whoami(token) != status:
        assert time.monotonic() < started + SOON, f"not {status} within {SOON} s"
        time.sleep(0.05)
    return time.monotonic() - started


def test_revocation_beats_the_cache(caller: Caller, flushing: list[float]) -> None:
    """Revoked, let in by the cache, and refused within seconds of 300."""
    person = caller.newcomer()
    created = caller.create(person)
    assert caller.whoami(created["token"]) == 200
    assert caller.call("DELETE", f"/v1/tokens/{created['id']}", person).status == 204

    stale = _seconds_until(caller, created["token"], 401)

    assert flushing
    assert stale < SOON < TTL


def test_pause_and_deactivation_beat_the_cache_too(caller: Caller, flushing: list[float]) -> None:
    """Whatever ends the use of a token; what brings it back needs no flush, for refusals are not kept."""
    person, admin = caller.newcomer(), caller.admin()
    created = caller.create(person)
    user = f"/v1/users/{caller.call('GET', '/v1/me', person).json['id']}"
    path = f"/v1/tokens/{created['id']}"
    assert caller.whoami(created["token"]) == 200

    caller.call("PATCH", path, person, {"status": "inactive"})
    _seconds_until(caller, created["token"], 401)
    caller.call("PATCH", path, person, {"status": "active"})
    assert caller.whoami(created["token"]) == 200
    caller.call("PATCH", user, admin, {"status": "inactive"})

    _seconds_until(caller, created["token"], 401)


def test_use_of_a_token_costs_no_flush(caller: Caller, flushing: list[float]) -> None:
    """The mapping's patterns keep touches from the function: it is not even invoked."""
    person = caller.newcomer()
    created = [caller.create(person) for _ in range(2)]
    # What came before has to have gone through.
    time.sleep(3)
    before, flushes = caller.stack.invocations(FLUSHER), len(flushing)

    assert [caller.whoami(token["token"]) for token in created] == [200, 200]
    time.sleep(3)

    listed = caller.call("GET", "/v1/tokens", person).json["tokens"]
    assert all(token["last_used_at"] for token in listed)
    assert caller.stack.invocations(FLUSHER) == before
    assert len(flushing) == flushes


def test_flush_that_fails_is_tried_again(
    caller: Caller, flushing: list[float], plane: ControlPlane
) -> None:
    """API Gateway may be busy: the records come again until a flush goes through."""
    person = caller.newcomer()
    created = caller.create(person)
    assert caller.whoami(created["token"]) == 200
    plane.answers = [503] * 8

    caller.call("DELETE", f"/v1/tokens/{created['id']}", person)

    _seconds_until(caller, created["token"], 401)
    assert flushing
