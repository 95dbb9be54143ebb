"""AUTH_MODE=none at the functions that other APIs ask: each lets every caller in (docs/attach.md)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.bootstrap import OpenService
from chalicelib.handlers import authorizer, front_doors
from infra.local.policies import allows, context_of
from tests.packaging.fresh import result_of
from tests.support.events import (
    API,
    Context,
    Event,
    appsync,
    http_api,
    rest_request,
    rest_token,
    websocket,
)

HEADERS = ["Bearer bodhi_x", "Bearer eyJ.e30.x", "Basic dXNlcjpwYXNz", "anything", "\u2603", ""]


@pytest.fixture(autouse=True)
def open_mode() -> Iterator[None]:
    """Serve without authentication, with no other setting."""
    before = bootstrap.current()
    bootstrap.install(OpenService())
    yield
    bootstrap.install(before)


def assert_open(answer: dict[str, Any]) -> None:
    """Fail unless a policy allows every method and path of the API's stage, and no other stage."""
    for route in ("GET/orders/7", "DELETE/", "PATCH/a/b/c"):
        assert allows(answer, f"{API}/test/{route}")
        assert not allows(answer, f"{API}/prod/{route}")
    assert context_of(answer) == {"principalId": "anonymous"}


@pytest.mark.parametrize("header", HEADERS)
def test_rest_api_lets_every_header_in(header: str) -> None:
    """A TOKEN and a REQUEST authorizer allow the whole API."""
    assert_open(authorizer.api_token_authorizer(rest_token(header), Context()))
    assert_open(authorizer.api_token_authorizer(rest_request(header), Context()))
    assert_open(front_doors.rest_request_authorizer(rest_request(header), Context()))


def test_rest_api_without_an_identity_source_lets_callers_without_a_header_in() -> None:
    """API Gateway asks then, and two headers are as good as none."""
    assert_open(front_doors.rest_request_authorizer(rest_request(None), Context()))
    event = rest_request(None)
    event["multiValueHeaders"] = {"Authorization": ["Bearer a", "Bearer b"]}
    assert_open(front_doors.rest_request_authorizer(event, Context()))


@pytest.mark.parametrize("header", [*HEADERS, None])
def test_http_api_of_format_1_lets_every_header_in(header: str | None) -> None:
    """By the same policy."""
    assert_open(front_doors.rest_request_authorizer({**rest_request(header), "version": "1.0"}, Context()))


@pytest.mark.parametrize("header", [*HEADERS, None])
@pytest.mark.parametrize("path", ["/orders/7", "/orders/../admin", "/" + "a" * 20_000])
def test_http_api_lets_every_request_in(header: str | None, path: str) -> None:
    """A path cannot lack a scope, because there are none."""
    answer = front_doors.http_api_authorizer(http_api(header, "DELETE", path), Context())
    assert answer == {"isAuthorized": True, "context": {}}


@pytest.mark.parametrize("header", [*HEADERS, None])
def test_websocket_lets_every_connection_in(header: str | None) -> None:
    """Its one route is open."""
    event = websocket(header)
    assert allows(front_doors.websocket_authorizer(event, Context()), event["methodArn"])


@pytest.mark.parametrize("header", HEADERS)
def test_appsync_lets_every_token_in(header: str) -> None:
    """AppSync itself refuses requests without one."""
    answer = front_doors.appsync_authorizer(appsync(header), Context())
    assert answer == {"isAuthorized": True, "resolverContext": {}}


def test_event_of_another_door_is_still_a_failure() -> None:
    """A function that is attached to the wrong API is noticed here too."""
    with pytest.raises(KeyError):
        front_doors.http_api_authorizer(rest_request("x"), Context())
    event = websocket("x")
    event["requestContext"]["eventType"] = "MESSAGE"
    with pytest.raises(ValueError, match=r"\$connect route"):
        front_doors.websocket_authorizer(event, Context())


DOORS: dict[str, Event] = {
    "chalicelib.handlers.authorizer.api_token_authorizer": rest_token("x"),
    "chalicelib.handlers.front_doors.rest_request_authorizer": rest_request("x"),
    "chalicelib.handlers.front_doors.http_api_authorizer": http_api("x"),
    "chalicelib.handlers.front_doors.websocket_authorizer": websocket("x"),
    "chalicelib.handlers.front_doors.appsync_authorizer": appsync("x"),
}


@pytest.mark.slow
@pytest.mark.parametrize("handler", DOORS)
def test_door_starts_as_lambda_starts_it(handler: str) -> None:
    """With no setting but the mode, in a process of its own."""
    script = """
        import importlib, json, os
        module, _, name = os.environ["_HANDLER"].rpartition(".")
        door = getattr(importlib.import_module(module), name)
        print(json.dumps(door(json.loads(os.environ["EVENT"]), None)))
    """
    environ = {"_HANDLER": handler, "AUTH_MODE": "none", "EVENT": json.dumps(DOORS[handler])}
    answer = result_of(script, environ)
    assert answer.get("isAuthorized") or answer["policyDocument"]["Statement"][0]["Effect"] == "Allow"
