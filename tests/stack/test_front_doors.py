"""The functions for other APIs, invoked as AWS services invoke them: by Lambda, with AWS's events."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chalicelib.domain.errors import StoreUnavailable
from tests.stack.calls import Caller
from tests.support.events import API, Event, appsync, http_api, rest_request, websocket

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

NO_TABLE = {"TABLE_NAME": "no-such-table"}


@pytest.fixture
def token(caller: Caller) -> dict[str, Any]:
    """Return a token that opens every GET and nothing else."""
    return caller.create(caller.newcomer(), name="ci", scopes=["api:read"])


def test_rest_request(caller: Caller, token: dict[str, Any]) -> None:
    """The policy opens the routes of the scopes at the API that asked. A stranger is Unauthorized."""
    event = rest_request(f"Bearer {token['token']}")

    failure, answer = caller.stack.invoke("RestRequestAuthorizer", event)

    assert failure is None
    (statement,) = answer["policyDocument"]["Statement"]
    assert f"{API}/test/GET/*" in statement["Resource"]
    assert f"{API}/test/POST/*" not in statement["Resource"]
    assert answer["context"]["token_id"] == token["id"]
    failure, refused = caller.stack.invoke("RestRequestAuthorizer", rest_request("Bearer bodhi_x"))
    assert (failure, refused["errorMessage"]) == ("Unhandled", "Unauthorized")


def test_http_api(caller: Caller, token: dict[str, Any]) -> None:
    """Simple responses: yes with a context, or no."""
    event = http_api(f"Bearer {token['token']}", path="/api/whoami")

    failure, answer = caller.stack.invoke("HttpApiAuthorizer", event)

    assert (failure, answer["isAuthorized"]) == (None, True)
    assert int(answer["context"].pop("idle_at")) > time.time()
    assert answer["context"] == _context(caller, token)
    writing = http_api(f"Bearer {token['token']}", "POST", "/api/echo")
    for refused in (writing, http_api("Bearer bodhi_x"), http_api(None)):
        assert caller.stack.invoke("HttpApiAuthorizer", refused) == (None, {"isAuthorized": False})


def test_websocket(caller: Caller, token: dict[str, Any]) -> None:
    """The policy names the connection. Without a header the gateway responds with 401."""
    event = websocket(f"Bearer {token['token']}")

    failure, answer = caller.stack.invoke("WebsocketAuthorizer", event)

    assert failure is None
    (statement,) = answer["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Allow", [event["methodArn"]])
    failure, refused = caller.stack.invoke("WebsocketAuthorizer", websocket(None))
    assert (failure, refused["errorMessage"]) == ("Unhandled", "Unauthorized")


def test_appsync(caller: Caller, token: dict[str, Any]) -> None:
    """A scope that opens POST opens GraphQL. A refusal is never remembered."""
    writing = caller.create(caller.newcomer())

    failure, answer = caller.stack.invoke("AppsyncAuthorizer", appsync(writing["token"]))

    assert (failure, answer["isAuthorized"], "ttlOverride" in answer) == (None, True, False)
    assert answer["resolverContext"]["token_id"] == writing["id"]
    for credential in (token["token"], "bodhi_x"):
        refused = caller.stack.invoke("AppsyncAuthorizer", appsync(credential))
        assert refused == (None, {"isAuthorized": False, "ttlOverride": 0})


@pytest.mark.parametrize(
    ("door", "event_with"),
    [
        ("RestRequestAuthorizer", rest_request),
        ("HttpApiAuthorizer", partial(http_api, path="/api/whoami")),
        ("WebsocketAuthorizer", websocket),
        ("AppsyncAuthorizer", appsync),
    ],
)
def test_door_fails_without_its_table(
    caller: Caller, token: dict[str, Any], door: str, event_with: Callable[[str], Event]
) -> None:
    """The invocation fails, and gateways respond with 5xx. A refusal or an allow would be wrong."""
    event = event_with(f"Bearer {token['token']}")

    with caller.stack.changed(door, **NO_TABLE):
        failure, answer = caller.stack.invoke(door, event)

    assert (failure, answer["errorMessage"]) == ("Unhandled", str(StoreUnavailable()))
    assert answer.keys().isdisjoint({"policyDocument", "isAuthorized"})


def _context(caller: Caller, token: dict[str, Any]) -> dict[str, str]:
    whoami = caller.call("GET", "/api/whoami", token["token"]).json
    return {
        "user_id": whoami["user_id"],
        "token_id": token["id"],
        "token_name": token["name"],
        "scopes": " ".join(token["scopes"]),
    }
