"""REQUEST authorizers at the local gateway: identity sources, and the decisions that are kept by them."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from chalice.config import Config

from infra.aws.package.fixes import IDENTITY_SOURCES
from infra.local.decisions import KeptDecisions, identity_of
from infra.local.events import HttpRequest
from infra.local.gateway import Gateway
from infra.local.http_server import create_server
from infra.local.responses import GatewayResponses
from infra.local.template import read_template
from tests.infra.tiny_app import EventRequest, TinyApp

A, B = "192.0.2.7", "198.51.100.7"
BY_TOKEN = IDENTITY_SOURCES[:1]
FORGED = {"x-forwarded-for": [A], "forwarded": [f"for={A}"], "x-real-ip": [A]}

Decide = Callable[[Mapping[str, Any]], dict[str, Any]]


def policy(*networks: str) -> dict[str, Any]:
    """Return the decision that allows everything to callers from these networks."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    if networks:
        statement["Condition"] = {"IpAddress": {"aws:SourceIp": list(networks)}}
    return {"principalId": "p", "policyDocument": {"Statement": [statement]}}


class Guarded:
    """A gateway with one guarded route, and the events that its authorizer got."""

    def __init__(
        self, decide: Decide, cache_seconds: float = 300, sources: Sequence[str] = IDENTITY_SOURCES
    ) -> None:
        self.events: list[Mapping[str, Any]] = []
        app = TinyApp(app_name="tiny")

        @app.authorizer()
        def guard(request: EventRequest) -> dict[str, Any]:
            self.events.append(request.event)
            return decide(request.event)

        @app.route("/guarded/{x}", authorizer=guard)
        def guarded(x: str) -> dict[str, str]:
            assert app.current_request
            identity: dict[str, str] = app.current_request.context["identity"]
            return identity

        config, answers = Config.create(app_name="tiny"), GatewayResponses(read_template())
        self.gateway = Gateway(app, config, answers, identity_sources=sources, cache_seconds=cache_seconds)

    def call(
        self, source_ip: str, token: str = "Bearer x", headers: Mapping[str, Sequence[str]] | None = None
    ) -> int:
        """Return the status of a call from an address."""
        sent = {"authorization": [token], **(headers or {})}
        return self.gateway.respond(HttpRequest("GET", "/guarded/7", sent, b"", source_ip)).status


def from_a(event: Mapping[str, Any]) -> dict[str, Any]:
    """Decide as a token that may be used from A only."""
    if event["requestContext"]["identity"]["sourceIp"] != A:
        raise Exception("Unauthorized")
    return policy(f"{A}/32")


def test_authorizer_gets_the_request() -> None:
    """The event has what AWS documents for REQUEST authorizers, and no body."""
    guarded = Guarded(lambda event: policy())

    assert guarded.call(A, headers={"accept": ["a", "b"]}) == 200
    (event,) = guarded.events
    assert event["type"] == "REQUEST"
    assert event["methodArn"].endswith(":local/local/GET/guarded/7")
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/guarded/{x}", "/guarded/7", "GET")
    assert event["multiValueHeaders"]["accept"] == ["a", "b"]
    assert event["pathParameters"] == {"x": "7"}
    assert event["requestContext"]["identity"]["sourceIp"] == A
    assert "body" not in event


@pytest.mark.parametrize("headers", [{}, {"authorization": [""]}, FORGED])
def test_missing_identity_source_is_refused_unasked(headers: Mapping[str, Sequence[str]]) -> None:
    """API Gateway answers 401 by itself."""
    guarded = Guarded(lambda event: policy())

    assert guarded.gateway.respond(HttpRequest("GET", "/guarded/7", headers)).status == 401
    assert guarded.events == []


def test_unknown_identity_source_is_not_understood() -> None:
    """A source that is silently ignored would be missing from the key."""
    with pytest.raises(ValueError, match="is not understood"):
        identity_of(HttpRequest("GET", "/", {}), ["method.request.querystring.token"])


def test_decision_kept_for_one_address_never_serves_another_by_the_identity_sources() -> None:
    """The address is part of the key, so the authorizer is asked again."""
    guarded = Guarded(from_a)

    assert [guarded.call(address) for address in (A, A, B, B, A)] == [200, 200, 401, 401, 200]
    assert len(guarded.events) == 3


def test_decision_kept_for_one_address_never_serves_another_by_the_condition() -> None:
    """An API that keeps decisions by token alone applies the condition to each request."""
    guarded = Guarded(from_a, sources=BY_TOKEN)

    assert [guarded.call(address) for address in (A, A, B, A)] == [200, 200, 403, 200]
    assert len(guarded.events) == 1


def test_without_condition_and_identity_source_the_wrong_caller_is_served() -> None:
    """Each of both is what refuses the caller in the tests above."""
    guarded = Guarded(lambda event: policy(), sources=BY_TOKEN)

    assert [guarded.call(address) for address in (A, B)] == [200, 200]
    assert len(guarded.events) == 1


@pytest.mark.parametrize("sources", [IDENTITY_SOURCES, BY_TOKEN])
def test_forged_header_reaches_no_kept_decision(sources: Sequence[str]) -> None:
    """The address is that of the peer. No header says otherwise."""
    guarded = Guarded(from_a, sources=sources)

    assert guarded.call(A) == 200
    assert guarded.call(B, headers=FORGED) in (401, 403)
    fresh = Guarded(from_a, sources=sources)
    assert fresh.call(B, headers=FORGED) == 401


def test_tokens_do_not_share_decisions() -> None:
    """The header is part of the key, letter by letter."""
    guarded = Guarded(lambda event: policy())

    assert [guarded.call(A, token) for token in ("Bearer x", "Bearer y", "bearer x")] == [200] * 3
    assert len(guarded.events) == 3


def test_decision_is_kept_for_its_time() -> None:
    """A decision ends with its time. Errors and refusals by a message are not kept."""
    now, made = [0.0], iter("abc")
    kept = KeptDecisions(30, lambda: now[0])
    assert [kept.decision("k", lambda: next(made)) for now[0] in (0.0, 29.9, 30.0)] == ["a", "a", "b"]

    def fail() -> str:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        kept.decision("other", fail)
    assert kept.decision("other", lambda: "later") == "later"

    never, more = KeptDecisions(0, lambda: 0.0), iter("xy")
    assert [never.decision("k", lambda: next(more)) for _ in range(2)] == ["x", "y"]


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.0.0.2"])
def test_address_is_that_of_the_peer(peer: str) -> None:
    """Over a real connection, whatever its headers say."""
    guarded = Guarded(lambda event: policy())
    server = create_server(guarded.gateway, 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        connection = http.client.HTTPConnection(
            "127.0.0.1", server.server_address[1], timeout=10, source_address=(peer, 0)
        )
        sent = {"Authorization": "Bearer x", "X-Forwarded-For": A, "X-Real-IP": A, "Forwarded": f"for={A}"}
        connection.request("GET", "/guarded/7", headers=sent)
        assert f'"sourceIp":"{peer}"' in connection.getresponse().read().decode()
        connection.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    (event,) = guarded.events
    assert event["requestContext"]["identity"]["sourceIp"] == peer
