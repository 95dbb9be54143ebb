"""The middleware by itself: other servers, other kinds of connection, Mangum."""

import asyncio
import logging
from typing import Any

import pytest
from mangum import Mangum

from bodhi_tokens import MissingScope, NotAuthenticated, caller_in, wsgi
from bodhi_tokens.asgi import CallerMiddleware, Message, Receive, Scope, Send
from tests.packages import contexts
from tests.packages.contexts import FORGED, MEMBERS
from tests.support.aside import aside

REST = contexts.header(contexts.rest(MEMBERS)).encode()
OTHER = contexts.header(contexts.rest(FORGED)).encode()


async def tell_user(scope: Scope, receive: Receive, send: Send) -> None:
    """Respond with the caller's id."""
    body = caller_in(scope).user_id.encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def run(app: Any, scope: Scope) -> list[Message]:
    """Return the messages that an application sends."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    aside(asyncio.run, app(scope, receive, send))
    return sent


def http(*headers: tuple[bytes, bytes], **members: Any) -> Scope:
    """Return a scope."""
    return {"type": "http", "path": "/", "method": "GET", "headers": list(headers), **members}


def test_an_application_runs_beside_a_running_loop() -> None:
    """Playwright leaves one running in the thread of the tests."""

    async def fail(scope: Scope, receive: Receive, send: Send) -> None:
        raise LookupError("told")

    async def main() -> list[Message]:
        with pytest.raises(LookupError, match="told"):
            run(fail, http())
        return run(CallerMiddleware(tell_user), http())

    start, _ = aside(asyncio.run, main())
    assert start["status"] == 401


@pytest.mark.usefixtures("behind_adapter")
def test_a_web_socket_without_a_caller_is_closed() -> None:
    """The adapter makes none, so another way leads here."""
    app = CallerMiddleware(tell_user)
    assert run(app, http(type="websocket")) == [{"type": "websocket.close", "code": 1008}]


def test_the_life_of_the_server_is_passed_on() -> None:
    """A lifespan has no caller."""
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    run(CallerMiddleware(app), {"type": "lifespan"})
    assert seen == [{"type": "lifespan"}]


@pytest.mark.usefixtures("behind_adapter")
def test_an_error_after_the_response_began_is_raised() -> None:
    """A second response would be invalid."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise MissingScope("orders:write")

    with pytest.raises(MissingScope):
        run(CallerMiddleware(app), http((b"x-amzn-request-context", REST)))


@pytest.mark.usefixtures("behind_adapter")
@pytest.mark.parametrize(
    ("scope", "challenge"),
    [
        ("orders:write", b'Bearer error="insufficient_scope", scope="orders:write"'),
        ("a\r\nSet-Cookie: b", b'Bearer error="insufficient_scope"'),
        ('a", realm="b', b'Bearer error="insufficient_scope"'),
        ("é", b'Bearer error="insufficient_scope"'),
        ("", b'Bearer error="insufficient_scope"'),
    ],
)
def test_a_scope_made_of_a_request_writes_no_header(scope: str, challenge: bytes) -> None:
    """An application may build its name from a path."""

    async def app(passed: Scope, receive: Receive, send: Send) -> None:
        caller_in(passed).require_scope(scope)

    start, _ = run(CallerMiddleware(app), http((b"x-amzn-request-context", REST)))
    assert start["status"] == 403
    assert dict(start["headers"])[b"www-authenticate"] == challenge


def test_a_view_without_the_middleware_gets_no_caller() -> None:
    """Also if something else stands at its place."""
    for scope in ({}, {"bodhi_tokens.caller": "usr_1"}):
        with pytest.raises(NotAuthenticated, match="did not pass the middleware"):
            caller_in(scope)


@pytest.mark.parametrize("name", ["plain", "behind_adapter"])
@pytest.mark.parametrize("members", [MEMBERS, {}])
def test_under_mangum_the_event_counts(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, name: str, members: dict[str, str]
) -> None:
    """The header is the client's there, and says another user."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "orders")
    if name == "behind_adapter":
        request.getfixturevalue(name)
    event = contexts.http_2(members) | {
        "rawQueryString": "",
        "headers": {"x-amzn-request-context": OTHER.decode("latin-1"), "host": "api.example.com"},
        "isBase64Encoded": False,
    }
    event["requestContext"]["http"] = {
        "method": "GET",
        "path": "/",
        "sourceIp": "192.0.2.1",
        "protocol": "HTTP/1.1",
    }
    context: Any = {}

    def respond() -> dict[str, Any]:
        asyncio.set_event_loop(loop := asyncio.new_event_loop())
        try:
            return Mangum(CallerMiddleware(tell_user), lifespan="off")(event, context)
        finally:
            loop.close()

    response = aside(respond)
    assert (response["statusCode"], response["body"] == "usr_1") == (
        (200, True) if members else (401, False)
    )


def environ(software: str | None) -> dict[str, Any]:
    """Return a request with the adapter's header on a WSGI server."""
    found = {"HTTP_X_AMZN_REQUEST_CONTEXT": REST.decode("latin-1"), "PATH_INFO": "/"}
    return found | ({"SERVER_SOFTWARE": software} if software else {})


def statuses(software: str | None) -> list[str]:
    """Return the status of a request on a server."""
    told: list[str] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [caller_in(environ).user_id.encode()]

    wsgi.CallerMiddleware(app)(environ(software), lambda status, headers: told.append(status))
    return told


@pytest.mark.usefixtures("behind_adapter")
@pytest.mark.parametrize(
    ("software", "is_safe"),
    [
        ("gunicorn/22.0.0", True),
        ("gunicorn/100.1", True),
        ("waitress", True),
        ("Werkzeug/3.1.9", True),
        ("gunicorn/21.2.0", False),
        ("gunicorn", False),
        ("Werkzeug/2.3.0", False),
        ("WSGIServer/0.2 CPython/3.13.0", False),
        ("uWSGI/2.0", False),
        ("notgunicorn/23", False),
        ("", False),
        (None, False),
    ],
)
def test_only_servers_that_drop_underscores_are_served(software: str | None, is_safe: bool) -> None:
    """WSGI has one name for ``x-amzn-request-context`` and ``x_amzn_request_context``."""
    assert statuses(software) == (["200 OK"] if is_safe else ["401 Unauthorized"])


@pytest.mark.usefixtures("behind_adapter")
def test_a_refusal_is_logged_without_what_the_client_sent(caplog: pytest.LogCaptureFixture) -> None:
    """The operator learns which part is missing."""
    with caplog.at_level(logging.WARNING, "bodhi_tokens"):
        run(CallerMiddleware(tell_user), http((b"x-amzn-request-context", b'{"secret-of-the-client"')))
    assert "not valid JSON" in caplog.text
    assert "secret-of-the-client" not in caplog.text
