"""The app as a gateway calls it behind a stage or a base path."""

from dataclasses import dataclass
from typing import Any

from chalicelib.bootstrap import Service
from chalicelib.handlers.authorizer import api_token_authorizer
from infra.local.events import HttpRequest, proxy_event
from infra.local.routes import ExactRouteMatcher
from tests.support import canaries, contract
from tests.support.api import Answer, Api
from tests.support.events import API, Context


@dataclass(frozen=True)
class Mapped:
    """Calls the app through one host and prefix. ``service`` must be installed."""

    service: Service
    host: str
    prefix: str

    @property
    def site(self) -> str:
        """The address that callers know."""
        return f"https://{self.host}{self.prefix}"

    def call(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Return the answer to a request for a path of ours; its cookies are a list."""
        from app import app

        sent = {name.lower(): [value] for name, value in (headers or {}).items()} | {"host": [self.host]}
        request = HttpRequest(method, path, sent, body)
        event = proxy_event(request, ExactRouteMatcher(app.routes).match_route(path), ())
        event["requestContext"] |= {"path": self.prefix + request.path, "stage": "dev"}
        route = app.routes[event["resource"]][method]
        if route.authorizer:
            event["requestContext"]["authorizer"] = self._admitted(sent["authorization"][0])
        response = app(event, Context())
        answer = Answer(
            response["statusCode"], response["headers"] | response["multiValueHeaders"], response["body"]
        )
        contract.check_headers(f"{method} {path}", answer.headers, over_tls=True)
        without_cookies = Answer(answer.status, response["headers"], answer.text)
        Api.watch(method, request.path, without_cookies)
        return answer

    @staticmethod
    def _admitted(header: str) -> dict[str, Any]:
        canaries.remember(header.partition(" ")[2])
        event = {"type": "TOKEN", "authorizationToken": header, "methodArn": f"{API}/dev/GET/"}
        return dict(api_token_authorizer(event, Context())["context"])
