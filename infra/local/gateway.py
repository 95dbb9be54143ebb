"""API Gateway on this machine, built on the local gateway of Chalice.

`chalice local` differs from AWS in what matters to an authorizer. It drops the connection if an authorizer
raises, ignores an explicit deny, and echoes the Authorization header. The fixes are here, so that deployed
code needs none.
"""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from chalice.app import Chalice, ChaliceAuthorizer
from chalice.config import Config
from chalice.local import LocalChalice, LocalGateway

from infra.aws.package.fixes import IDENTITY_SOURCES
from infra.local.decisions import KeptDecisions, identity_of
from infra.local.events import Event, HttpRequest, authorizer_event, proxy_event
from infra.local.policies import BadAuthorizerResult, allows, context_of
from infra.local.responses import GatewayResponses, Response, problem
from infra.local.routes import ExactRouteMatcher

_LOG = logging.getLogger(__name__)


class Refused(Exception):
    """The gateway responds without the application."""

    def __init__(self, response: Response) -> None:
        """Carry the response to the connection."""
        super().__init__(response.status)
        self.response = response


class PerThreadChalice(LocalChalice):
    """A Chalice application with a request and a context for each thread."""

    _OWN = threading.local()

    @property
    def lambda_context(self) -> Any:
        """The context of this thread's invocation."""
        return getattr(self._OWN, "lambda_context", None)

    @lambda_context.setter
    def lambda_context(self, value: Any) -> None:
        self._OWN.lambda_context = value


class Gateway(LocalGateway):
    """A gateway that routes, authorizes, invokes, and refuses as the deployment's template says."""

    def __init__(
        self,
        app: Chalice,
        config: Config,
        responses: GatewayResponses,
        *,
        identity_sources: Sequence[str] = IDENTITY_SOURCES,
        cache_seconds: float = 0,
    ) -> None:
        """Serve the application's routes. All authorizers are REQUEST authorizers.

        ``identity_sources`` are theirs. Their decisions are kept for ``cache_seconds``.
        """
        super().__init__(app, config)
        self._identity_sources = identity_sources
        self._kept = KeptDecisions(cache_seconds)
        # As `chalice local` does, because views use the application that their module made.
        app.__class__ = type("LocalApplication", (PerThreadChalice, app.__class__), {})
        self.app: Any = app
        self.config = config
        self._responses = responses
        self._matcher = ExactRouteMatcher(app.routes)

    def respond(self, request: HttpRequest) -> Response:
        """Return the response to one request."""
        # A kept connection reuses its thread, so nothing of the last request may stay.
        self.app.current_request = None
        self.app.lambda_context = None
        try:
            return self._invoke(request, self._routed(request))
        except Refused as refused:
            return refused.response

    def _routed(self, request: HttpRequest) -> Event:
        try:
            match = self._matcher.match_route(request.target)
        except ValueError:
            raise Refused(self._responses.named("MISSING_AUTHENTICATION_TOKEN")) from None
        return proxy_event(request, match, self.app.api.binary_types)

    def _invoke(self, request: HttpRequest, event: Event) -> Response:
        methods = self.app.routes[event["resource"]]
        if request.method not in methods:
            return self._method_not_here(request, event)
        context = self._generate_lambda_context()
        authorizer = methods[request.method].authorizer
        if isinstance(authorizer, ChaliceAuthorizer):
            decided = self._authorized(request, event, authorizer, context)
            event["requestContext"]["authorizer"] = decided
        try:
            return _from_lambda(self.app(event, context), event["requestContext"]["requestId"])
        except Exception as error:
            _LOG.exception("the application failed")
            raise Refused(self._responses.named("DEFAULT_5XX")) from error

    def _method_not_here(self, request: HttpRequest, event: Event) -> Response:
        methods = self.app.routes[event["resource"]]
        with_cors = any(entry.cors is not None for entry in methods.values())
        if request.method == "OPTIONS" and with_cors:
            return Response(HTTPStatus.OK, self._autogen_options_headers(event))
        return problem(HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": ", ".join(sorted(methods))})

    def _authorized(
        self, request: HttpRequest, proxied: Event, authorizer: ChaliceAuthorizer, context: Any
    ) -> dict[str, str]:
        identity = identity_of(request, self._identity_sources)
        if identity is None:
            raise Refused(self._responses.named("UNAUTHORIZED"))
        event = authorizer_event(request, proxied)
        try:
            result = self._kept.decision((authorizer.name, *identity), lambda: authorizer(event, context))
        except Exception as error:
            raise Refused(self._response_to(error)) from error
        try:
            # A decision that was kept is applied to this request, its method and its address.
            if not allows(result, event["methodArn"], request.source_ip):
                raise Refused(self._responses.named("ACCESS_DENIED"))
            return context_of(result)
        except (BadAuthorizerResult, AttributeError) as error:
            _LOG.error("unusable authorizer result: %s", error)
            raise Refused(self._responses.named("AUTHORIZER_CONFIGURATION_ERROR")) from error

    def _response_to(self, error: Exception) -> Response:
        # API Gateway compares the whole message. Lambda reports nothing else about the error.
        if str(error) == "Unauthorized":
            return self._responses.named("UNAUTHORIZED")
        _LOG.error("the authorizer failed", exc_info=error)
        return self._responses.named("AUTHORIZER_FAILURE")


def _from_lambda(response: dict[str, Any], request_id: str) -> Response:
    body = response["body"] or b""
    if response.get("isBase64Encoded"):
        body = base64.b64decode(body)
    elif isinstance(body, str):
        body = body.encode("utf-8")
    headers = {**response["headers"], **response["multiValueHeaders"]}
    headers["x-amzn-RequestId"] = request_id
    names = {name.lower() for name in headers}
    if body and "content-type" not in names:
        headers["Content-Type"] = "application/json"
    return Response(response["statusCode"], headers, body)
