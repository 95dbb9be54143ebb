"""The authorizer in the other shapes that AWS asks for it: one decision, thin wrappers.

Each is a function of its own in ``chalicelib.handlers.front_doors``; how to attach one to an API is in
``docs/attach.md``.
"""

import re
from typing import Any

from chalicelib import bootstrap, logs
from chalicelib.domain.errors import InvalidToken, PathTooLong
from chalicelib.handlers.authorizer import (
    Answer,
    Event,
    admitted,
    answered,
    decide,
    note_missing_scope,
    policy,
    refusal,
    statement,
)
from chalicelib.handlers.credentials import OPTIONAL_WHITE_SPACE
from chalicelib.services.callers import authorizer_context
from chalicelib.services.verify import Verified

# What a connection of a WebSocket API is in terms of scopes: the request that opens it.
_CONNECT = ("GET", "/")
_GRAPHQL = ("POST", "/graphql")
_NOBODY = "nobody"
# RFC 3986 section 3.3: to whoever resolves them the path is another one than scopes were compared with.
# HTTP APIs hand paths on decoded, so that these may have been written as %2e or %2F.
_DOT_SEGMENT = re.compile(r"[/\\]\.\.?(?:[/\\]|$)")


def rest_request_authorizer(event: Event, context: Any) -> Answer:
    """Answer a REQUEST authorizer of a REST API, or of an HTTP API with payload format 1.0."""
    return answered(_rest_request, event, context)


def http_api_authorizer(event: Event, context: Any) -> Answer:
    """Answer an HTTP API with payload format 2.0 and simple responses."""
    return answered(_http_api, event, context)


def websocket_authorizer(event: Event, context: Any) -> Answer:
    """Answer the ``$connect`` route of a WebSocket API."""
    return answered(_websocket, event, context)


def appsync_authorizer(event: Event, context: Any) -> Answer:
    """Answer AppSync's Lambda authorization."""
    return answered(_appsync, event, context)


def _rest_request(event: Event) -> Answer:
    header, method_arn = _authorization(event), event["methodArn"]
    if event.get("version") != "1.0":
        return policy(admitted(header), method_arn)
    # An HTTP API: AWS documents refusals by the policy there, and none by a message.
    verified = _decided(header)
    return policy(verified, method_arn) if verified else refusal(_NOBODY)


def _http_api(event: Event) -> Answer:
    """Simple responses know no 401: whoever is refused here gets 403 from the gateway."""
    verified = _decided((event.get("headers") or {}).get("authorization"))
    if verified is None or not _opens(verified, _method(event), _path(event)):
        return {"isAuthorized": False}
    return {"isAuthorized": True, "context": authorizer_context(verified)}


def _websocket(event: Event) -> Answer:
    """Only ``$connect`` is opened by the scope for it; elsewhere the same ARN would be anybody's route."""
    if event["requestContext"]["eventType"] != "CONNECT":
        raise ValueError("not asked by the $connect route of a WebSocket API")
    verified = admitted(_authorization(event))
    return statement(verified, [event["methodArn"]] if _opens(verified, *_CONNECT) else [])


def _appsync(event: Event) -> Answer:
    """AppSync wants the token without a scheme; with one it is the same token.

    How long a yes is remembered is for the API to say: nothing can flush that cache.
    """
    presented = event["authorizationToken"].strip(OPTIONAL_WHITE_SPACE)
    verified = _decided(presented if " " in presented else f"Bearer {presented}")
    if verified is None or not _opens(verified, *_GRAPHQL):
        return {"isAuthorized": False, "ttlOverride": 0}
    return {"isAuthorized": True, "resolverContext": authorizer_context(verified)}


def _decided(unverified_header: str | None) -> Verified | None:
    """Return the token, or None for a refusal. Raises DependencyUnavailable: that is no refusal."""
    try:
        return decide(unverified_header)
    except InvalidToken:
        return None


def _opens(verified: Verified, method: str, path: str) -> bool:
    catalogue = bootstrap.current().policy.scopes
    try:
        if catalogue.opens(verified.scopes, method, path) and not _DOT_SEGMENT.search(path):
            return True
    except PathTooLong as error:
        logs.add(outcome="refused", reason=error.code)
    else:
        note_missing_scope()
    return False


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
