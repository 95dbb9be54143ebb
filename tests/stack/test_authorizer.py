"""The authorizer behind the gateway: its answer remembered or not, cold, and asked by many at once."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.stack.calls import Caller

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

AUTHORIZER = "ApiTokenAuthorizer"
MANY = 8


def test_without_cache_the_next_request_is_refused(caller: Caller) -> None:
    """A TTL of 0: every request is decided afresh."""
    person = caller.newcomer()
    created = caller.create(person)
    before = caller.stack.invocations(AUTHORIZER)
    assert [caller.whoami(created["token"]) for _ in range(3)] == [200] * 3
    assert caller.stack.invocations(AUTHORIZER) == before + 3

    caller.call("DELETE", f"/v1/tokens/{created['id']}", person)

    assert caller.whoami(created["token"]) == 401


def test_with_cache_a_revoked_token_passes_until_its_decision_is_forgotten(caller: Caller) -> None:
    """This is the cost of the cache. Only the cache lets the token in."""
    person = caller.newcomer()
    created = caller.create(person)
    with caller.stack.remembering(300):
        assert caller.whoami(created["token"]) == 200
        before = caller.stack.invocations(AUTHORIZER)

        caller.call("DELETE", f"/v1/tokens/{created['id']}", person)

        assert caller.whoami(created["token"]) == 200
        assert caller.stack.invocations(AUTHORIZER) == before
        caller.stack.forget_decisions()
        assert caller.whoami(created["token"]) == 401


def test_with_cache_a_revoked_token_passes_no_longer_than_the_ttl(caller: Caller) -> None:
    """This bound holds without any flush. The test uses two seconds instead of thirty."""
    person = caller.newcomer()
    created = caller.create(person)
    with caller.stack.remembering(2):
        assert caller.whoami(created["token"]) == 200
        decided = time.monotonic()
        caller.call("DELETE", f"/v1/tokens/{created['id']}", person)

        time.sleep(max(0.0, decided + 2.1 - time.monotonic()))

        assert caller.whoami(created["token"]) == 401


def test_remembered_policy_is_right_for_every_route(caller: Caller) -> None:
    """One decision for two routes: the scope opens the one and not the other, in any order."""
    person = caller.newcomer()
    whole, reading = (caller.create(person, scopes=s) for s in (["api:read", "api:write"], ["api:read"]))
    with caller.stack.remembering(300):
        before = caller.stack.invocations(AUTHORIZER)
        for _ in range(2):
            assert caller.call("POST", "/api/echo", reading["token"], {"message": "x"}).status == 403
            assert caller.whoami(reading["token"]) == 200
            assert caller.whoami(whole["token"]) == 200
            assert caller.call("POST", "/api/echo", whole["token"], {"message": "x"}).status == 200
        assert caller.stack.invocations(AUTHORIZER) == before + 2


def test_refusal_is_not_remembered(caller: Caller) -> None:
    """A paused token that comes back is let in at once, whatever the TTL."""
    person = caller.newcomer()
    created = caller.create(person)
    path = f"/v1/tokens/{created['id']}"
    with caller.stack.remembering(300):
        caller.call("PATCH", path, person, {"status": "inactive"})
        assert caller.whoami(created["token"]) == 401
        caller.call("PATCH", path, person, {"status": "active"})
        assert caller.whoami(created["token"]) == 200


def test_first_requests_of_cold_functions_are_right(caller: Caller) -> None:
    """Nothing is decided from what an earlier process knew: a good token, a dead one and a forged one."""
    person = caller.newcomer()
    good, dead = caller.create(person), caller.create(person)
    caller.call("DELETE", f"/v1/tokens/{dead['id']}", person)
    forged = good["token"][:-2] + ("AA" if not good["token"].endswith("AA") else "QA")

    answers = []
    for token in (good["token"], dead["token"], forged):
        caller.stack.make_cold(AUTHORIZER)
        answers.append(caller.whoami(token))

    assert answers == [200, 401, 401]


def test_gateway_asks_the_alias(caller: Caller) -> None:
    """A change of the function alone reaches no caller until a deployment leads the alias to it."""
    person = caller.newcomer()
    token = caller.create(person)["token"]
    functions, name = caller.stack.client("lambda"), caller.stack.physical(AUTHORIZER)
    usual = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    elsewhere = {"Variables": {**usual, "TABLE_NAME": "no-such-table"}}

    functions.update_function_configuration(FunctionName=name, Environment=elsewhere)
    try:
        assert caller.whoami(token) == 200
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": usual})

    with caller.stack.changed(AUTHORIZER, TABLE_NAME="no-such-table"):
        assert caller.whoami(token) == 503
    assert caller.whoami(token) == 200


def test_many_at_once_get_each_their_own_answer(caller: Caller) -> None:
    """Several processes of each function run side by side. No caller gets another's response."""
    person = caller.newcomer()
    tokens = [caller.create(person, name=f"n{number}") for number in range(MANY)]
    caller.stack.make_cold(AUTHORIZER)

    def ask(token: dict[str, str]) -> tuple[int, str]:
        answer = caller.call("GET", "/api/whoami", token["token"])
        return answer.status, answer.json.get("token_id")

    with ThreadPoolExecutor(MANY) as pool:
        answers = list(pool.map(ask, tokens * 3))

    assert answers == [(200, token["id"]) for token in tokens] * 3
