"""The authorizer in the other shapes that AWS asks for it: one decision, thin wrappers.

Each is a function of its own in ``chalicelib.handlers.front_doors``; how to attach one to an API is in
``docs/attach.md``.
"""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib import bootstrap, logs
from chalicelib.domain.errors import InsufficientScope, InvalidToken
from chalicelib.handlers.authorizer import admitted, decide, policy, statement
from chalicelib.services.callers import authorizer_context
from chalicelib.services.verify import Verified

Event = Mapping[str, Any]
Answer = dict[str, Any]

# What a connection of a WebSocket API is in terms of scopes: the request that opens it.
_CONNECT = ("GET", "/")
_GRAPHQL = ("POST", "/graphql")


def _identified(answer: Callable[[Event], Answer], event: Event, context: Any) -> Answer:
    with logs.request(getattr(context, "aws_request_id", None)):
        return answer(event)


def rest_request_authorizer(event: Event, context: Any) -> Answer:
    """Answer a REQUEST authorizer of a REST API, or of an HTTP API with payload format 1.0."""
    return _identified(_rest_request, event, context)


def http_api_authorizer(event: Event, context: Any) -> Answer:
    """Answer an HTTP API with payload format 2.0 and simple responses."""
    return _identified(_http_api, event, context)


def websocket_authorizer(event: Event, context: Any) -> Answer:
    """Answer the ``$connect`` route of a WebSocket API."""
    return _identified(_websocket, event, context)


def appsync_authorizer(event: Event, context: Any) -> Answer:
    """Answer AppSync's Lambda authorization."""
    return _identified(_appsync, event, context)


def _rest_request(event: Event) -> Answer:
    return policy(admitted(_authorization(event)), event["methodArn"])


def _http_api(event: Event) -> Answer:
    """Simple responses know no 401: whoever is refused here gets 403 from the gateway."""
    verified = _decided(event.get("headers", {}).get("authorization"))
    if verified is None or not _opens(verified, _method(event), _path(event)):
        return {"isAuthorized": False}
    return {"isAuthorized": True, "context": authorizer_context(verified)}


def _websocket(event: Event) -> Answer:
    verified = admitted(_authorization(event))
    return statement(verified, [event["methodArn"]] if _opens(verified, *_CONNECT) else [])


def _appsync(event: Event) -> Answer:
    """AppSync wants the token without a scheme; with one it is the same token."""
    presented = event["authorizationToken"]
    verified = _decided(presented if " " in presented else f"Bearer {presented}")
    if verified is None or not _opens(verified, *_GRAPHQL):
        return {"isAuthorized": False, "ttlOverride": 0}
    seconds = bootstrap.gateway().authorizer_cache_seconds
    return {
        "isAuthorized": True,
        "resolverContext": authorizer_context(verified),
        "ttlOverride": seconds,
    }


def _decided(unverified_header: str | None) -> Verified | None:
    """Return the token, or None for a refusal. Raises DependencyUnavailable: that is no refusal."""
    try:
        return decide(unverified_header)
    except InvalidToken:
        return None


def _opens(verified: Verified, method: str, path: str) -> bool:
    try:
        bootstrap.current().policy.scopes.require(verified.scopes, method, path)
    except InsufficientScope:
        return False
    return True


def _authorization(event: Event) -> str | None:
    """Return the one Authorization header; of two nobody can say which one the backend would read."""
    given = event.get("multiValueHeaders") or {n: [v] for n, v in (event.get("headers") or {}).items()}
    values = [value for name, many in given.items() if name.lower() == "authorization" for value in many]
    return values[0] if len(values) == 1 else None


def _method(event: Event) -> str:
    return str(event["requestContext"]["http"]["method"])


def _path(event: Event) -> str:
    """Return the path as patterns see it: without the stage, which HTTP APIs put before it."""
    stage, path = event["requestContext"]["stage"], str(event["rawPath"])
    return path.removeprefix(f"/{stage}") if path.startswith(f"/{stage}/") else path
