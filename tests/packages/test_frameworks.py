"""FastAPI and Flask behind the adapter, on real servers, with the headers that attackers send."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from bodhi_tokens import NotAuthenticated, adapter
from tests.packages import contexts
from tests.packages.conftest import needs
from tests.packages.contexts import FORGED, MEMBERS
from tests.packages.servers import Headers, Reply, asgi_server, ask, through_adapter, wsgi_server

needs("fastapi")
needs("flask")

from tests.packages.apps import fastapi_app, flask_app  # noqa: E402

Ask = Callable[..., Reply]
NAME = "x-amzn-request-context"
REST, HTTP_2, OTHER = (
    contexts.header(event)
    for event in (contexts.rest(MEMBERS), contexts.http_2(MEMBERS), contexts.rest(FORGED))
)
SERVERS: dict[str, tuple[Callable[[], Any], Callable[[Any], AbstractContextManager[int]]]] = {
    "fastapi": (fastapi_app.make_app, asgi_server),
    "flask": (flask_app.make_app, wsgi_server),
}


@pytest.fixture(params=SERVERS)
def serve(request: pytest.FixtureRequest) -> Iterator[Ask]:
    """Serve an application in the environment that the test has made, and return the way to ask it."""
    make_app, server = SERVERS[request.param]
    with server(make_app()) as port:

        def asked(path: str, headers: Headers, method: str = "GET") -> Reply:
            return ask(port, path, headers, method)

        yield asked


@pytest.fixture
def inside(behind_adapter: None, serve: Ask) -> Ask:
    """An application in Lambda, behind the adapter."""
    return serve


@pytest.mark.parametrize("header", [REST, HTTP_2])
def test_the_caller_arrives(inside: Ask, header: str) -> None:
    """With text beyond ASCII in the context, which the adapter does not escape."""
    reply = inside("/whoami", through_adapter(header))
    assert (reply.status, json.loads(reply.text)) == (
        200,
        {"user_id": "usr_1", "name": "Grüße", "scopes": ["live", "orders:read"]},
    )


FORGERIES: list[Headers] = [
    [(NAME, OTHER)],
    [("X-Amzn-Request-Context", OTHER)],
    [("X-AMZN-REQUEST-CONTEXT", OTHER), (NAME, OTHER)],
    [("x_amzn_request_context", OTHER)],
    [("X-Amzn_Request-Context", OTHER)],
    [("x_amzn-request-context", '{"a":[1'), ("x_amzn_request_context", f"2],{OTHER[1:]}")],
    [("http-x-amzn-request-context", OTHER), ("HTTP_X_AMZN_REQUEST_CONTEXT", OTHER)],
    [("bodhi_tokens.caller", OTHER), ("bodhi-tokens-caller", OTHER)],
    [("x-amzn-lambda-context", OTHER), ("connection", NAME)],
]


@pytest.mark.parametrize("forged", FORGERIES)
@pytest.mark.parametrize("is_before", [True, False])
def test_a_header_of_the_client_does_not_count(inside: Ask, forged: Headers, is_before: bool) -> None:
    """In any case and spelling, before or after the adapter's own. The adapter replaces the first ones."""
    sent = through_adapter(REST, forged)
    reply = inside("/whoami", sent if is_before else [*sent[-1:], *sent[:-1]])
    assert (reply.status, json.loads(reply.text)["user_id"]) == (200, "usr_1")


@pytest.mark.parametrize("forged", FORGERIES)
def test_outside_lambda_the_header_is_refused(serve: Ask, forged: Headers) -> None:
    """Every client can send it there."""
    reply = serve("/whoami", forged)
    assert reply.status == 401
    assert "usr_" not in reply.text


@pytest.mark.usefixtures("behind_adapter")
@pytest.mark.parametrize("sign", ["AWS_LAMBDA_FUNCTION_NAME", "extension"])
@pytest.mark.parametrize("name", SERVERS)
def test_one_sign_is_not_enough(name: str, sign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same image runs outside Lambda, and functions run without the adapter."""
    if sign == "extension":
        adapter.EXTENSION.unlink()
    else:
        monkeypatch.setenv(sign, "")
    make_app, server = SERVERS[name]
    with server(make_app()) as port:
        assert ask(port, "/whoami", [(NAME, REST)]).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(NAME, "")],
        [(NAME, REST), (NAME, REST)],
        [(NAME, OTHER), ("X-Amzn-Request-Context", REST)],
        [(NAME, REST[:-1])],
        [(NAME, REST + ",{}")],
        [(NAME, f"[{REST}]")],
        [(NAME, json.dumps(REST))],
        [(NAME, "null")],
        [(NAME, "NaN")],
        [(NAME, '{"authorizer":' + "[" * 20_000)],
        [(NAME, '{"elb":{"targetGroupArn":"arn:aws:x"}}')],
        [(NAME, contexts.header(contexts.rest({})))],
        [(NAME, '{"padding":"' + "x" * 60_000 + '",' + REST[1:])] * 2,
        [("x_amzn_request_context", OTHER)],
    ],
    ids=lambda headers: str(headers)[:40],
)
def test_what_the_adapter_never_sends_is_refused(inside: Ask, headers: Headers) -> None:
    """Nothing, two of one name, broken JSON, another value, deep nesting, a load balancer's context."""
    reply = inside("/whoami", headers)
    assert reply.status in (401, 400, 431)
    assert "usr_" not in reply.text
    if reply.status == 401:
        assert json.loads(reply.text)["code"] == "not_authenticated"
        assert reply.headers["www-authenticate"] == "Bearer"
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.headers["cache-control"] == "no-store"


def test_a_missing_scope_is_403(inside: Ask) -> None:
    """The view asks for a scope."""
    reply = inside("/orders", through_adapter(REST), "DELETE")
    assert (reply.status, json.loads(reply.text)["code"]) == (403, "insufficient_scope")
    granted = contexts.header(contexts.rest(MEMBERS | {"scopes": "orders:write"}))
    assert inside("/orders", through_adapter(granted), "DELETE").status == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [("/health", 200), ("/health/", 401), ("/HEALTH", 401), ("/x", 401)],
)
def test_open_paths_are_exact(serve: Ask, path: str, status: int) -> None:
    """A health check needs no caller. Nothing else is open, in any spelling."""
    assert serve(path, []).status == status


def test_a_long_context_is_refused_whatever_the_server_takes() -> None:
    """65,536 bytes count, one more does not. Servers have limits of their own, mostly lower ones."""
    padding = adapter.MAX_BYTES - len(REST.encode()) - len('"x":"",')
    for extra, is_accepted in ((0, True), (1, False)):
        value = ('{"x":"' + "x" * (padding + extra) + '",' + REST[1:]).encode()
        try:
            found = adapter.caller_from_header([value], is_trusted=True).user_id
        except NotAuthenticated:
            found = ""
        assert (found == "usr_1") is is_accepted


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    """The adapter sends UTF-8."""
    with pytest.raises(NotAuthenticated, match="not valid JSON"):
        adapter.caller_from_header([REST.encode("latin-1")], is_trusted=True)
