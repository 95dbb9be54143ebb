"""The authorizer in the other shapes that AWS asks for it: one decision, thin wrappers.

Each is a function of its own in ``chalicelib.handlers.front_doors``; how to attach one to an API is in
``docs/attach.md``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib import logs
from chalicelib.domain.errors import AmbiguousPath, InsufficientScope, InvalidToken, PathTooLong
from chalicelib.handlers.authorizer import (
    Answer,
    Event,
    admitted,
    answered,
    decide,
    opens_something,
    policy,
    refusal,
    statement,
)
from chalicelib.handlers.http.authorization_header import OPTIONAL_WHITE_SPACE
from chalicelib.services.callers import Admitted

_NOBODY = "nobody"
_DEFAULT_STAGE = "/$default"


@dataclass(frozen=True, slots=True)
class _Opens:
    """The question that a door has about one request: is it open to a caller?"""

    method: str
    path: str

    def __call__(self, caller: Admitted) -> bool:
        """Return True if the request is open."""
        return self._refusal(caller) is None

    def noted(self, caller: Admitted) -> bool:
        """Return True if the request is open. Log the reason if it is not."""
        reason = self._refusal(caller)
        if reason:
            logs.add(outcome="refused", reason=reason)
        return reason is None

    def _refusal(self, caller: Admitted) -> str | None:
        try:
            is_open = caller.opens(self.method, self.path)
        except (AmbiguousPath, PathTooLong) as error:
            return error.code
        return None if is_open else InsufficientScope.code


# A connection of a WebSocket API stands for the request that opens it.
_CONNECT = _Opens("GET", "/")
_GRAPHQL = _Opens("POST", "/graphql")


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
        return policy(admitted(header, opens_something), method_arn)
    # An HTTP API: AWS documents refusals by the policy there, and none by a message.
    caller = _decided(header, opens_something)
    return policy(caller, method_arn) if caller else refusal(_NOBODY)


def _http_api(event: Event) -> Answer:
    """Simple responses know no 401: whoever is refused here gets 403 from the gateway."""
    opens = _Opens(_method(event), _path(event))
    caller = _decided((event.get("headers") or {}).get("authorization"), opens)
    if caller is None or not opens.noted(caller):
        return {"isAuthorized": False}
    return {"isAuthorized": True, "context": caller.context}


def _websocket(event: Event) -> Answer:
    """Only ``$connect`` is opened by the scope for it; elsewhere the same ARN would be anybody's route."""
    if event["requestContext"]["eventType"] != "CONNECT":
        raise ValueError("not asked by the $connect route of a WebSocket API")
    caller = admitted(_authorization(event), _CONNECT)
    return statement(caller, [event["methodArn"]] if _CONNECT.noted(caller) else [])


def _appsync(event: Event) -> Answer:
    """AppSync wants the token without a scheme; with one it is the same token.

    How long a yes is remembered is for the API to say: nothing can flush that cache.
    """
    presented = event["authorizationToken"].strip(OPTIONAL_WHITE_SPACE)
    caller = _decided(presented if " " in presented else f"Bearer {presented}", _GRAPHQL)
    if caller is None or not _GRAPHQL.noted(caller):
        return {"isAuthorized": False, "ttlOverride": 0}
    return {"isAuthorized": True, "resolverContext": caller.context}


def _decided(unverified_header: str | None, lets_in: Callable[[Admitted], bool]) -> Admitted | None:
    """Return the caller, or None for a refusal. Raises DependencyUnavailable, which is not a refusal."""
    try:
        return decide(unverified_header, lets_in)
    except InvalidToken:
        return None


def _authorization(event: Event) -> str | None:
    """Return the one Authorization header; of two nobody can say which one the backend would read."""
    given = event.get("multiValueHeaders") or {n: [v] for n, v in (event.get("headers") or {}).items()}
    values = [value for name, many in given.items() if name.lower() == "authorization" for value in many]
    return values[0] if len(values) == 1 else None


def _method(event: Event) -> str:
    return str(event["requestContext"]["http"]["method"])


def _path(event: Event) -> str:
    """Return the path as patterns see it, without the stage.

    A named stage begins the path at the API's own address only. ``$default`` is served from its base, and a
    custom domain maps to a stage without naming it (API Gateway Developer Guide, "Stages for HTTP APIs" and
    "Custom domain names for HTTP APIs"). A first segment there that equals the stage's name belongs to the
    path.
    """
    context, path = event["requestContext"], str(event["rawPath"])
    stage = f"/{context['stage']}"
    is_own_address = context["domainName"].lower().startswith(f"{context['apiId']}.execute-api.")
    if not is_own_address or stage == _DEFAULT_STAGE or not f"{path}/".startswith(f"{stage}/"):
        return path
    return path.removeprefix(stage) or "/"
