"""Functions called as by API Gateway, each in its own process, with recorded calls to AWS."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from http.cookies import SimpleCookie
from typing import Any, TypeVar, cast

from chalice.local import MatchResult

from app import app
from chalicelib import bootstrap
from chalicelib.adapters.api_gateway import ApiGatewayCaches
from chalicelib.adapters.aws import event_bridge_client, http_apis_client, rest_apis_client, ses_client
from chalicelib.adapters.event_bridge import EventBridgeBus
from chalicelib.adapters.ses import SesMailer
from chalicelib.domain.ports.events import EventBus
from chalicelib.domain.ports.flushes import AuthorizerCaches
from chalicelib.domain.ports.mails import Mailer
from chalicelib.domain.ports.sign_in import LoginProvider
from chalicelib.domain.ports.time import Sleep
from chalicelib.handlers.events import publish_events
from chalicelib.handlers.flush import flush_authorizer_caches
from chalicelib.handlers.sweep import sweep_tokens
from infra.aws.package.flushing import FLUSHER
from infra.aws.package.functions import API, PAGE, PAGE_PATHS
from infra.aws.package.publishing import PUBLISHER
from infra.aws.package.sweeping import SWEEPER
from infra.local.events import HttpRequest, proxy_event
from infra.local.policies import allows
from infra.local.routes import ExactRouteMatcher
from tests.iam.recorder import Recorder
from tests.iam.stack import BUS, SENDER
from tests.support import canaries
from tests.support.api import Answer
from tests.support.clock import FixedClock
from tests.support.dynamodb import Cloud, CloudService
from tests.support.events import Context, Event, appsync, http_api, rest_request, websocket
from tests.support.provider import TestProvider

T = TypeVar("T")

HOST = "tokens.example.com"

# Each authorizer's handler, as Lambda finds it, and what its gateway sends for a header. Our own API sends
# REQUEST events to the first one. A TOKEN event has less in it and makes the same calls.
DOORS: Mapping[str, tuple[str, Callable[[str], Event]]] = {
    "ApiTokenAuthorizer": ("chalicelib.handlers.authorizer.api_token_authorizer", rest_request),
    "RestRequestAuthorizer": ("chalicelib.handlers.front_doors.rest_request_authorizer", rest_request),
    "HttpApiAuthorizer": ("chalicelib.handlers.front_doors.http_api_authorizer", http_api),
    "WebsocketAuthorizer": ("chalicelib.handlers.front_doors.websocket_authorizer", websocket),
    "AppsyncAuthorizer": ("chalicelib.handlers.front_doors.appsync_authorizer", appsync),
}


class Process(CloudService):
    """The service in the process of one function. People sign in at a provider in memory."""

    def __init__(
        self, cloud: Cloud, recorder: Recorder, clock: FixedClock, environ: dict[str, str]
    ) -> None:
        super().__init__(cloud, clock, environ)
        self._recorder = recorder
        self._passing = clock

    @cached_property
    def authorizer_caches(self) -> AuthorizerCaches:
        """The real adapter. Its calls to API Gateway's own API always succeed."""
        return ApiGatewayCaches(self._answered(rest_apis_client), self._answered(http_apis_client))

    @cached_property
    def event_bus(self) -> EventBus:
        """The real adapter, over moto."""
        client: Any = event_bridge_client()
        client.create_event_bus(Name=BUS)
        self._recorder.watch(client)
        return EventBridgeBus(client, BUS)

    @cached_property
    def sleep(self) -> Sleep:
        """The clock moves on instead."""
        return self._passing.advance

    def _answered(self, make: Callable[[], T]) -> Callable[[], T]:
        client = make()
        self._recorder.answer_for_api_gateway(client)
        return lambda: client

    @cached_property
    def mailer(self) -> Mailer:
        """The real adapter. SES takes every mail."""
        client = ses_client()
        self._recorder.answer_for_ses(client)
        return SesMailer(lambda: client, SENDER)

    @cached_property
    def login_provider(self) -> LoginProvider:
        """The provider in memory."""
        return TestProvider(self.clock)


class Gateway:
    """All functions behind their gateways. ``called`` has the routes that were called."""

    def __init__(
        self, cloud: Cloud, recorder: Recorder, clock: FixedClock, environ: Mapping[str, str]
    ) -> None:
        self.called: set[str] = set()
        self._recorder = recorder
        self._processes = {
            function: Process(cloud, recorder, clock, dict(environ))
            for function in (API, PAGE, FLUSHER, PUBLISHER, SWEEPER, *DOORS)
        }

    def decide(self, door: str, token: str) -> bool:
        """Ask an authorizer whether it lets a token in."""
        return self._decision(door, f"Bearer {token}") is not None

    def stream(self, records: Sequence[Event]) -> None:
        """Hand records of the table's stream on to the flusher."""
        self._run(FLUSHER, flush_authorizer_caches, {"Records": records})

    def publish(self, records: Sequence[Event]) -> None:
        """Hand records of the table's stream on to the function that sends events."""
        response = self._run(PUBLISHER, publish_events, {"Records": records})
        assert response == {"batchItemFailures": []}

    def sweep(self) -> None:
        """Run the scheduled function."""
        self._run(SWEEPER, sweep_tokens, {"detail-type": "Scheduled Event"})

    def call(
        self,
        method: str,
        path: str,
        bearer: str | None = None,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call the API or the page."""
        sent = {"Host": HOST, "Content-Type": "application/json", **(headers or {})}
        if bearer:
            canaries.remember(bearer)
            sent["Authorization"] = f"Bearer {bearer}"
        event = _event(method, path, sent, body)
        route = event["requestContext"]["resourcePath"]
        self.called.add(f"{method} {route}")
        if app.routes[route][method].authorizer:
            decision = self._decision("ApiTokenAuthorizer", sent["Authorization"])
            if decision is None:
                return Answer(401, {}, "{}")
            event["requestContext"]["authorizer"] = decision["context"]
        answer = self._run(PAGE if route in PAGE_PATHS else API, app, event)
        cookies = answer.get("multiValueHeaders", {}).get("Set-Cookie", [])
        return Answer(answer["statusCode"], {**answer["headers"], **_kept(cookies)}, answer["body"])

    def _decision(self, door: str, header: str) -> Event | None:
        handler, event_of = DOORS[door]
        module, _, name = handler.rpartition(".")
        event = event_of(header)
        try:
            decision = self._run(door, getattr(importlib.import_module(module), name), event)
        except Exception as error:
            if str(error) != "Unauthorized":
                raise
            return None
        return cast("Event", decision) if _lets_in(decision, event) else None

    def _run(self, function: str, handler: Callable[[Event, Any], Any], event: Event) -> Any:
        bootstrap.install(self._processes[function])
        with self._recorder.running(function):
            return handler(event, Context())


def _lets_in(decision: Mapping[str, Any], event: Event) -> bool:
    if "policyDocument" in decision:
        return allows(decision, event["methodArn"])
    return decision["isAuthorized"] is True


def routes() -> set[str]:
    """Return every route that the app has."""
    return {f"{method} {path}" for path, methods in app.routes.items() for method in methods}


def _event(method: str, target: str, headers: Mapping[str, str], body: str | None) -> Event:
    sent = {name.lower(): [value] for name, value in headers.items()}
    request = HttpRequest(method, target, sent, (body or "").encode())
    event = proxy_event(request, routed(target), ())
    event["requestContext"] |= {
        "path": f"/v1{request.path}",
        "stage": "v1",
        "identity": {"sourceIp": "192.0.2.1"},
        "requestId": "request-7",
    }
    return event


def routed(target: str) -> MatchResult:
    """Return the route of a request and its parameters. Raises ValueError if there is none."""
    return ExactRouteMatcher(app.routes).match_route(target)


def _kept(cookies: Sequence[str]) -> Mapping[str, str]:
    """Return the Cookie header that a browser sends after these were set."""
    morsels = [morsel for text in cookies for morsel in SimpleCookie(text).values() if morsel.value]
    for morsel in morsels:
        canaries.remember(morsel.value)
    return {"Cookie": "; ".join(f"{morsel.key}={morsel.value}" for morsel in morsels)}
