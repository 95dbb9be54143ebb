"""The authorizer in the other shapes that AWS knows: thin wrappers around one decision.

Each function is deployed as ``chalicelib.handlers.front_doors.<name>``. ``docs/attach.md`` shows how to
attach one to an API.
"""

from chalicelib import bootstrap, logs
from chalicelib.domain.callers import Caller, Door
from chalicelib.domain.errors import AmbiguousPath, InsufficientScope, PathTooLong
from chalicelib.domain.frozen import Frozen
from chalicelib.handlers.authorizer import (
    AuthorizerResponse,
    Event,
    allow,
    authorization,
    decide_or_none,
    decide_or_raise_unauthorized,
    respond,
    rest_request,
)
from chalicelib.handlers.callers import NO_CONNECTION, caller_of, connection
from chalicelib.handlers.http.authorization_header import OPTIONAL_WHITE_SPACE
from chalicelib.services.callers import Admitted

_DEFAULT_STAGE = "/$default"

bootstrap.start()


class _Request(Frozen):
    """A request to an API. It is callable, so that it can be passed as ``lets_in``."""

    method: str
    path: str

    def __call__(self, admitted: Admitted) -> bool:
        """Return True if the request is open to the bearer."""
        return self._refusal(admitted) is None

    def caller(self, door: Door, event: Event, member: str) -> Caller:
        """Return the caller who makes the request. ``member`` of the request context has the address."""
        return caller_of(door, self.method, self.path, connection(event["requestContext"], member))

    def is_open_to(self, admitted: Admitted) -> bool:
        """Return True if the request is open to the bearer. Log the reason if it is not."""
        reason = self._refusal(admitted)
        if reason:
            logs.add(outcome="refused", reason=reason)
        return reason is None

    def _refusal(self, admitted: Admitted) -> str | None:
        try:
            is_open = admitted.opens(self.method, self.path)
        except (AmbiguousPath, PathTooLong) as error:
            return error.code
        return None if is_open else InsufficientScope.code


# A connection of a WebSocket API stands for the request that opens it.
_CONNECT = _Request("GET", "/")
_GRAPHQL = _Request("POST", "/graphql")


def rest_request_authorizer(event: Event, context: object) -> AuthorizerResponse:
    """Authorize as REQUEST authorizer of a REST API, or of an HTTP API with payload format 1.0.

    Raises DependencyUnavailable, and Exception(UNAUTHORIZED) for a refusal at a REST API.
    """
    return respond(rest_request, event, context)


def http_api_authorizer(event: Event, context: object) -> AuthorizerResponse:
    """Authorize for an HTTP API with payload format 2.0 and simple responses.

    Raises DependencyUnavailable.
    """
    return respond(_http_api, event, context)


def websocket_authorizer(event: Event, context: object) -> AuthorizerResponse:
    """Authorize for the ``$connect`` route of a WebSocket API.

    Raises Exception(UNAUTHORIZED) for a refusal, DependencyUnavailable, or ValueError on other routes.
    """
    return respond(_websocket, event, context)


def appsync_authorizer(event: Event, context: object) -> AuthorizerResponse:
    """Authorize for AppSync. Raises DependencyUnavailable."""
    return respond(_appsync, event, context)


def _http_api(event: Event) -> AuthorizerResponse:
    request = _Request(str(event["requestContext"]["http"]["method"]), _path(event))
    caller = request.caller(Door.HTTP_API_2, event, "http")
    admitted = decide_or_none((event.get("headers") or {}).get("authorization"), caller, request)
    if admitted is None or not request.is_open_to(admitted):
        # Simple responses have no 401, so the gateway answers every refusal with 403.
        return {"isAuthorized": False}
    return {"isAuthorized": True, "context": admitted.context}


def _websocket(event: Event) -> AuthorizerResponse:
    # Only $connect is opened by the scope. On another route its ARN would allow what the scope does not.
    if event["requestContext"]["eventType"] != "CONNECT":
        raise ValueError("This authorizer is for the $connect route of a WebSocket API only.")
    caller = _CONNECT.caller(Door.WEBSOCKET, event, "identity")
    admitted = decide_or_raise_unauthorized(authorization(event), caller, _CONNECT)
    return allow(admitted, [event["methodArn"]] if _CONNECT.is_open_to(admitted) else [])


def _appsync(event: Event) -> AuthorizerResponse:
    # AppSync sends the token without a scheme. A client that adds the scheme sends the same token.
    unverified_header = event["authorizationToken"].strip(OPTIONAL_WHITE_SPACE)
    if " " not in unverified_header:
        unverified_header = f"Bearer {unverified_header}"
    # AppSync tells no address, and its "requestHeaders" are the client's.
    caller = caller_of(Door.APPSYNC, _GRAPHQL.method, _GRAPHQL.path, NO_CONNECTION)
    admitted = decide_or_none(unverified_header, caller, _GRAPHQL)
    if admitted is None or not _GRAPHQL.is_open_to(admitted):
        # A refusal is not cached: no flush reaches AppSync's cache, so it would outlive its reason.
        # The API itself sets how long it caches the others.
        return {"isAuthorized": False, "ttlOverride": 0}
    return {"isAuthorized": True, "resolverContext": admitted.context}


def _path(event: Event) -> str:
    """Return the path without the stage, as the patterns of scopes see it.

    Only the API's own address begins the path with a named stage (API Gateway Developer Guide, "Stages for
    HTTP APIs"). ``$default`` is served from the base of the address. A custom domain maps to a stage
    without its name. There, a first segment that equals the stage's name belongs to the path.
    """
    context, path = event["requestContext"], str(event["rawPath"])
    stage = f"/{context['stage']}"
    is_own_address = context["domainName"].lower().startswith(f"{context['apiId']}.execute-api.")
    if not is_own_address or stage == _DEFAULT_STAGE or not f"{path}/".startswith(f"{stage}/"):
        return path
    return path.removeprefix(stage) or "/"
