"""The local gateway refuses, routes and reports as API Gateway does."""

from __future__ import annotations

import http.client
import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest
from chalice.config import Config

from infra.local.events import HttpRequest
from infra.local.gateway import Gateway
from infra.local.responses import GatewayResponses
from infra.local.template import read_template
from tests.infra.tiny_app import make_app
from tests.infra.wire_client import Client, Reply
from tests.packaging.fresh import start
from tests.support import challenges, contract
from tests.support.waiting import wait_until

CANARY = "bodhi_canary-that-must-not-come-back"


def assert_problem(reply: Reply, status: int, code: str) -> None:
    """Check that a reply is a problem document that is not to be stored."""
    assert (reply.status, reply.document["code"]) == (status, code)
    assert reply.headers["Content-Type"] == "application/problem+json"
    contract.check_headers(code, reply.headers, over_tls=False)
    assert reply.headers["Cache-Control"] == "no-store"
    assert CANARY.encode() not in reply.body


def test_an_allowed_call_reaches_the_view_with_a_flat_string_context(client: Client) -> None:
    """The view sees what it would see on AWS: strings."""
    reply = client.send("GET", "/guarded", Authorization="Bearer good")
    assert (reply.status, reply.document) == (
        200,
        {"principalId": "user", "n": "7", "admin": "true"},
    )


@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}, {"Authorization": "Bearer revoked"}])
def test_a_missing_or_refused_token_is_unauthorized(client: Client, headers: dict[str, Any]) -> None:
    """No header, an empty one and a raising authorizer look the same to a stranger."""
    reply = client.send("GET", "/guarded", **headers)
    assert_problem(reply, 401, "invalid_token")
    assert reply.headers["WWW-Authenticate"] == challenges.INVALID_TOKEN


def test_an_authorizer_is_asked_about_every_header_that_is_not_empty() -> None:
    """A REQUEST authorizer has no validation expression. Missing and empty headers are refused alike."""
    answers = GatewayResponses(read_template())
    gateway = Gateway(make_app(), Config.create(app_name="tiny"), answers)
    statuses = {
        header: gateway.respond(HttpRequest("GET", "/guarded", {"authorization": [header]})).status
        for header in ("Bearer denied", "bearer   denied", "Bearer good", "Bearer revoked", "garbage", "")
    }
    assert statuses == {
        "Bearer denied": 403,
        "bearer   denied": 403,
        "Bearer good": 200,
        "Bearer revoked": 401,
        "garbage": 403,
        "": 401,
    }
    refused = gateway.respond(HttpRequest("GET", "/guarded", {"authorization": ["Bearer revoked"]}))
    assert refused == gateway.respond(HttpRequest("GET", "/guarded", {})) == answers.named("UNAUTHORIZED")


@pytest.mark.parametrize("token", [CANARY, "denied"])
def test_a_refusing_policy_is_forbidden(client: Client, token: str) -> None:
    """Neither an empty policy nor an explicit deny beside an allow lets a caller in."""
    reply = client.send("GET", "/guarded", Authorization=f"Bearer {token}")
    assert_problem(reply, 403, "forbidden")
    assert reply.headers["WWW-Authenticate"] == challenges.FORBIDDEN


@pytest.mark.parametrize("token", ["database-down", "malformed-policy", "nested-context"])
def test_a_broken_authorizer_is_unavailable_not_unauthorized(client: Client, token: str) -> None:
    """A failing or senseless authorizer is our fault, never the caller's."""
    reply = client.send("GET", "/guarded", Authorization=f"Bearer {token}")
    assert_problem(reply, 503, "unavailable")
    assert reply.headers["Retry-After"]


@pytest.mark.parametrize("header", [f"Bearer {CANARY}", "Bearer caf\xe9"])
def test_an_unknown_path_is_not_found_and_echoes_nothing(client: Client, header: str) -> None:
    """Chalice's own gateway would repeat the Authorization header here."""
    assert_problem(client.send("GET", "/nowhere", Authorization=header), 404, "not_found")


@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "TRACE", "BREW"])
def test_an_unknown_method_is_told_which_are_known(client: Client, method: str) -> None:
    """Even a method that the HTTP server has never heard of."""
    reply = client.send(method, "/open", Authorization=f"Bearer {CANARY}")
    assert_problem(reply, 405, "method_not_allowed")
    assert reply.headers["Allow"] == "GET, POST"


def test_head_never_has_a_body(client: Client) -> None:
    """A body after HEAD would be read as the next response on the connection."""
    received = client.raw(b"HEAD /open HTTP/1.1\r\nHost: x\r\n\r\nGET /a/1/b HTTP/1.1\r\nHost: x\r\n\r\n")
    head, _, rest = received.partition(b"\r\n\r\n")
    assert b" 405 " in head.splitlines()[0]
    assert rest.startswith(b"HTTP/1.1 200")


def test_no_content_has_neither_body_nor_length(client: Client) -> None:
    """RFC 9110 forbids Content-Length with 204."""
    reply = client.send("DELETE", "/nothing")
    assert (reply.status, reply.body, "Content-Length" in reply.headers) == (204, b"", False)


@pytest.mark.parametrize("length", ["nonsense", "-1", "+5", "1_0", "5, 5"])
def test_a_senseless_content_length_is_refused_and_closes(client: Client, length: str) -> None:
    """Nobody can tell where such a request ends."""
    received = client.raw(
        b"POST /open HTTP/1.1\r\nContent-Length: " + length.encode() + b"\r\n\r\nGET /open HTTP/1.1"
    )
    assert received.startswith(b"HTTP/1.1 400")
    assert (received.count(b"HTTP/1.1"), b"Connection: close" in received) == (1, True)


@pytest.mark.parametrize(
    ("request_head", "status", "code"),
    [
        (b"POST /open HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n", 400, "bad_request"),
        (b"POST /open HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort", 400, "bad_request"),
        (b"POST /open HTTP/1.1\r\nno colon here\r\n\r\n", 400, "bad_request"),
        (b"POST /open HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411, "length_required"),
        (b"POST /open HTTP/1.1\r\nContent-Length: 10485761\r\n\r\n", 413, "content_too_large"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414, "uri_too_long"),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000 + b"\r\n\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431, "headers_too_large"),
        (CANARY.encode() + b"\r\n\r\n", 400, "bad_request"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_problem_document_and_closes(
    client: Client, request_head: bytes, status: int, code: str
) -> None:
    """Broken framing never leaves a connection half read, nor is it repeated."""
    received = client.raw(request_head)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Content-Type: application/problem+json" in head
    assert b"Connection: close" in head
    assert json.loads(body)["code"] == code
    assert CANARY.encode() not in received


def test_a_client_that_sends_too_much_can_still_read_the_refusal(client: Client) -> None:
    """The refusal arrives although the body was not read by the application."""
    reply = client.send("POST", "/open", b"x" * (10 * 1024 * 1024 + 1))
    assert_problem(reply, 413, "content_too_large")


def test_the_event_looks_like_one_of_api_gateway(client: Client) -> None:
    """What handlers may rely on is there, and the request id is fresh each time."""
    first, second = (client.send("GET", "/open?a=1&a=2&b=").document for _ in range(2))
    context = first["requestContext"]
    assert first["httpMethod"] == context["httpMethod"] == "GET"
    assert (context["stage"], context["apiId"]) == ("local", "local")
    assert first["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [""]}
    assert first["queryStringParameters"] == {"a": "2", "b": ""}
    assert context["requestId"] != second["requestContext"]["requestId"]


@pytest.mark.parametrize(
    ("query", "seen"), [("Café".encode(), "Café"), (b"Caf%C3%A9", "Café"), (b"Caf\xe9", "Caf\ufffd")]
)
def test_query_is_utf_8_as_curl_sends_it(client: Client, query: bytes, seen: str) -> None:
    """A search that was typed without percent-encoding finds the same."""
    reply = client.raw(b"GET /open?q=" + query + b" HTTP/1.0\r\n\r\n")
    event = json.loads(reply.partition(b"\r\n\r\n")[2])
    assert event["multiValueQueryStringParameters"] == {"q": [seen]}


def test_the_caller_learns_the_request_id(client: Client) -> None:
    """The id that log lines carry is in the answer, as API Gateway puts it there."""
    reply = client.send("GET", "/open")
    assert reply.headers["x-amzn-RequestId"] == reply.document["requestContext"]["requestId"]


@pytest.mark.parametrize(
    ("body", "content_type", "seen"),
    [
        ("é".encode(), "application/json", "'é'"),
        (b"\xff", "application/json", r"b'\xff'"),
        (b"\xff", "application/octet-stream", "'/w=='"),
    ],
)
def test_bodies_are_text_unless_they_cannot_be(
    client: Client, body: bytes, content_type: str, seen: str
) -> None:
    """Text arrives as text; what is not UTF-8 is not changed on the way."""
    reply = client.send("POST", "/open", body, Content_Type=content_type)
    assert reply.document["body"] == seen


def test_path_parameters_of_another_route_do_not_bleed(client: Client) -> None:
    """A candidate that did not match leaves nothing behind."""
    assert client.send("GET", "/a/1/c").document == {
        "y": "1",
        "z": "c",
        "all": {"y": "1", "z": "c"},
    }


@pytest.mark.parametrize("rest", ["1", "1/c", "1/b/c", "b/b/b/b"])
def test_greedy_parameter_takes_the_rest_of_the_path(client: Client, rest: str) -> None:
    """API Gateway prefers every other route, and takes nothing if there is no rest."""
    assert client.send("GET", f"/g/{rest}").document == {"all": {"rest": rest}}
    assert client.send("GET", "/g/1/b").document == {"x": "1"}
    assert client.send("GET", "/g").status == client.send("GET", "/g/").status == 404


@pytest.mark.parametrize("path", ["/a//b", "/a/1/b/c", "//a/1/b/x"])
def test_empty_and_extra_segments_match_nothing(client: Client, path: str) -> None:
    """A parameter is one segment that is not empty."""
    assert client.send("GET", path).status == 404


def test_a_kept_connection_forgets_the_last_request(client: Client) -> None:
    """Each response is about its own request."""
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=10)
    for number in range(50):
        connection.request("GET", f"/a/{number}/b")
        assert json.loads(connection.getresponse().read()) == {"x": str(number)}
    connection.close()


def test_a_response_leaves_in_one_piece(client: Client) -> None:
    """A second write would wait some 40 ms for the client to acknowledge the first one."""
    with socket.create_connection(("127.0.0.1", client.port), timeout=10) as connection:
        for _ in range(50):
            connection.sendall(b"GET /a/1/b HTTP/1.1\r\nHost: localhost\r\n\r\n")
            head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            assert json.loads(body) == {"x": "1"}


def test_the_access_log_has_no_query_and_nothing_as_long_as_a_token(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever somebody pastes into an address stays out of the log."""
    token = "bodhi_" + "x" * 100
    with caplog.at_level("INFO", logger="access"):
        client.send("GET", f"/a/{token}/b?token={token}", Authorization=f"Bearer {token}")
        # The line comes after the response, and that of an earlier request may come as late.
        wait_until(lambda: any(line.startswith("GET /a/.../b 200 ") for line in caplog.messages))
    assert token not in caplog.text


def test_nothing_that_is_deployed_imports_the_local_stack() -> None:
    """The fixes for one machine never reach Lambda."""
    root = Path(__file__).parents[2]
    deployed = [root / "app.py", *(root / "chalicelib").rglob("*.py")]
    importing = re.compile(r"^\s*(from|import) infra\b", re.MULTILINE)
    assert not [path for path in deployed if path.exists() and importing.search(path.read_text())]


SERVED = """
    import json
    from pathlib import Path
    from infra.local.events import HttpRequest
    from infra.local.serve import load_gateway

    gateway = load_gateway(Path("."))
    for header in ("Bearer garbage", "Basic x", "Bearer bodhi_a.b.c", None):
        headers = {} if header is None else {"authorization": [header]}
        answer = gateway.respond(HttpRequest("GET", "/api/whoami", headers))
        print(json.dumps([answer.status, answer.headers["WWW-Authenticate"]]))
"""


def test_the_application_is_served_with_the_authorizer_of_the_deployment() -> None:
    """Garbage is refused by the authorizer, which logs a line for it. A missing header never reaches it."""
    ended = start(SERVED)
    assert ended.returncode == 0, ended.stderr
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [line for line in lines if isinstance(line, list)] == [[401, challenges.INVALID_TOKEN]] * 4
    assert [line["reason"] for line in lines if "reason" in line] == ["malformed"] * 3
