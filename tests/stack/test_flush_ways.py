"""Each way to end a token's use, through the stream to the gateway's cache, by a flush of its own."""

import time
from typing import Any

import pytest

from infra.local.deployed import Deployed
from tests.stack.caching import PATIENCE, at_rest, seconds_until
from tests.stack.calls import Caller
from tests.stack.wire import Wire
from tests.support.control_plane import ControlPlane

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

TOKEN, USER = "/v1/tokens/{token_id}", "/v1/users/{user_id}"


@pytest.fixture(scope="module", autouse=True)
def nothing_under_way(deployment: tuple[Deployed, ControlPlane]) -> None:
    """Wait for earlier changes: their flush would do for ours. The tests below each wait for their own."""
    at_rest(deployment[0])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("DELETE", TOKEN, None, id="revoked"),
        pytest.param("PATCH", TOKEN, {"status": "inactive"}, id="paused"),
        pytest.param("POST", f"{TOKEN}/rotate", {}, id="rotated out"),
        pytest.param("PATCH", USER, {"status": "inactive"}, id="user deactivated"),
        pytest.param("DELETE", USER, None, id="user removed"),
        pytest.param("DELETE", f"{USER}/tokens", None, id="all of the user's"),
    ],
)
def test_end_beats_the_cache(
    caller: Caller, flushed: list[float], wire: Wire, method: str, path: str, body: Any
) -> None:
    """Refused within seconds, though the gateway remembers for 300 that it let the token in."""
    person = caller.newcomer()
    created = caller.create(person)
    user_id = caller.call("GET", "/v1/me", person).json["id"]
    assert caller.whoami(created["token"]) == 200

    sender = caller.admin() if path.startswith(USER) else person
    where = path.format(token_id=created["id"], user_id=user_id)
    assert caller.call(method, where, sender, body).status < 300

    seconds_until(wire, created["token"], 401)
    assert len(flushed) == 1


def test_way_back_flushes_too(caller: Caller, flushed: list[float], wire: Wire) -> None:
    """Here no refusal is remembered, but HTTP APIs with simple responses do (decision 20)."""
    person = caller.newcomer()
    created = caller.create(person)
    path = f"/v1/tokens/{created['id']}"
    assert caller.whoami(created["token"]) == 200
    caller.call("PATCH", path, person, {"status": "inactive"})
    seconds_until(wire, created["token"], 401)

    caller.call("PATCH", path, person, {"status": "active"})

    assert caller.whoami(created["token"]) == 200
    deadline = time.monotonic() + PATIENCE
    while len(flushed) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(flushed) == 2
