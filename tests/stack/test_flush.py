"""From a change in the table by its stream to the gateway's cache, on the deployed stack.

The emulator lacks FlushStageAuthorizersCache: a stub takes exactly that call (caching.py).
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.stack.caching import at_rest, seconds_until
from tests.stack.calls import Caller
from tests.stack.wire import Wire
from tests.support.control_plane import ControlPlane

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]


def test_use_of_a_token_costs_no_flush(caller: Caller, flushed: list[float]) -> None:
    """The mapping's patterns keep touches from the function: it is not even invoked."""
    person = caller.newcomer()
    created = [caller.create(person) for _ in range(2)]
    before, flushes = at_rest(caller.stack), len(flushed)

    assert [caller.whoami(token["token"]) for token in created] == [200, 200]
    after = at_rest(caller.stack)

    listed = caller.call("GET", "/v1/tokens", person).json["tokens"]
    assert all(token["last_used_at"] for token in listed)
    assert (after, len(flushed)) == (before, flushes)


def test_flush_that_fails_is_tried_again(
    caller: Caller, flushed: list[float], wire: Wire, plane: ControlPlane
) -> None:
    """API Gateway may be busy: an invocation makes three calls, and then the records come again."""
    person = caller.newcomer()
    created = caller.create(person)
    assert caller.whoami(created["token"]) == 200
    plane.answers = [503] * 4

    caller.call("DELETE", f"/v1/tokens/{created['id']}", person)

    seconds_until(wire, created["token"], 401)
    assert flushed


def test_revocations_at_once_all_beat_the_cache(caller: Caller, flushed: list[float], wire: Wire) -> None:
    """However they come, in one batch or several, none is forgotten."""
    person = caller.newcomer()
    created = [caller.create(person) for _ in range(4)]
    assert [caller.whoami(token["token"]) for token in created] == [200] * 4

    with ThreadPoolExecutor(4) as pool:
        paths = [f"/v1/tokens/{token['id']}" for token in created]
        list(pool.map(lambda path: caller.call("DELETE", path, person), paths))

    for token in created:
        seconds_until(wire, token["token"], 401)
    assert flushed
