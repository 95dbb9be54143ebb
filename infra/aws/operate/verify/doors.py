"""The front doors: authorizers that Lambda invokes, and operations that they protect.

DOORS is the registry of front doors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from infra.aws.operate.verify.findings import Broken, Check, Finding, fails, holds, judged, not_decidable
from infra.aws.operate.verify.flows import patience
from infra.aws.operate.verify.site import WHOAMI, Site
from infra.aws.operate.verify.wire import Wire

ADDRESS = "192.0.2.1"
"""The caller's address in the events."""

_STRANGER = "bodhi_made-up"
_REFUSALS = (401, 403)
AuthorizerResponse = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Door:
    """An authorizer's function, the event that AWS sends it, and the response that allows a call."""

    name: str
    output: str
    """The start of the name of the stack's outputs, ``...AliasArn`` and ``...Arn``."""
    event: Callable[[str, str], object]
    """Takes a token and the ARN of an API that does not exist."""
    admits: Callable[[AuthorizerResponse], bool]


def _methods(response: AuthorizerResponse) -> bool:
    statements = response.get("policyDocument", {}).get("Statement", [])
    return any(each.get("Effect") == "Allow" for each in statements)


def _simple(response: AuthorizerResponse) -> bool:
    return response.get("isAuthorized") is True


def _token(token: str, api: str) -> object:
    return {
        "type": "TOKEN",
        "methodArn": f"{api}/verify/GET{WHOAMI}",
        "authorizationToken": f"Bearer {token}",
    }


def _request(token: str, api: str) -> object:
    return {
        "type": "REQUEST",
        "methodArn": f"{api}/verify/GET{WHOAMI}",
        "resource": WHOAMI,
        "path": WHOAMI,
        "httpMethod": "GET",
        "headers": {"Authorization": f"Bearer {token}"},
        "multiValueHeaders": {"Authorization": [f"Bearer {token}"]},
        "queryStringParameters": {},
        "pathParameters": {},
        "stageVariables": {},
        "requestContext": {
            "path": f"/verify{WHOAMI}",
            "stage": "verify",
            "requestId": "verify",
            "identity": {"sourceIp": ADDRESS},
            "resourcePath": WHOAMI,
            "httpMethod": "GET",
            "apiId": "verify",
        },
    }


def _http(token: str, api: str) -> object:
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": f"{api}/$default/GET{WHOAMI}",
        "identitySource": [f"Bearer {token}"],
        "routeKey": f"GET {WHOAMI}",
        "rawPath": WHOAMI,
        "rawQueryString": "",
        "cookies": [],
        "headers": {"authorization": f"Bearer {token}"},
        "queryStringParameters": {},
        "requestContext": {
            "apiId": "verify",
            "domainName": "verify.execute-api.us-east-1.amazonaws.com",
            "http": {"method": "GET", "path": WHOAMI, "protocol": "HTTP/1.1", "sourceIp": ADDRESS},
            "requestId": "verify",
            "routeKey": f"GET {WHOAMI}",
            "stage": "$default",
        },
        "pathParameters": {},
        "stageVariables": {},
    }


def _websocket(token: str, api: str) -> object:
    return {
        "type": "REQUEST",
        "methodArn": f"{api}/verify/$connect",
        "headers": {"Authorization": f"Bearer {token}"},
        "multiValueHeaders": {"Authorization": [f"Bearer {token}"]},
        "queryStringParameters": {},
        "stageVariables": {},
        "requestContext": {
            "routeKey": "$connect",
            "eventType": "CONNECT",
            "stage": "verify",
            "requestId": "verify",
            "connectionId": "verify",
            "apiId": "verify",
            "identity": {"sourceIp": ADDRESS},
        },
    }


def _appsync(token: str, _: str) -> object:
    return {
        "authorizationToken": f"Bearer {token}",
        "requestContext": {
            "apiId": "verify",
            "requestId": "verify",
            "queryString": "query Verify { verify }",
            "operationName": "Verify",
            "variables": {},
        },
        "requestHeaders": {"x-forwarded-for": ADDRESS},
    }


OWN_API = Door("our own API, REQUEST", "ApiTokenAuthorizer", _request, _methods)
DOORS = (
    Door("REST API, TOKEN", "ApiTokenAuthorizer", _token, _methods),
    OWN_API,
    Door("REST API, REQUEST", "RestRequestAuthorizer", _request, _methods),
    Door("HTTP API", "HttpApiAuthorizer", _http, _simple),
    Door("WebSocket API", "WebsocketAuthorizer", _websocket, _methods),
    Door("AppSync", "AppsyncAuthorizer", _appsync, _simple),
)


def walk(door: Door, site: Site) -> Finding:
    """Invoke the authorizer with a token, with a revoked one, and with a made-up one."""
    if not _function(door, site):
        return not_decidable(f"the stack lacks the output {door.output}Arn")
    made = site.create()
    if not _admitted(door, site, made.token):
        if site.custom_scopes:
            return not_decidable("refused, but perhaps for a scope of the stage (SCOPES)")
        return fails("a new token is refused")
    site.call("DELETE", f"/v1/tokens/{made.id}", 204)
    let_in = [
        name
        for name, token in (("a revoked token", made.token), ("a made-up token", _STRANGER))
        if _admitted(door, site, token)
    ]
    return judged(not let_in, f"lets in {' and '.join(let_in)}" if let_in else "lets in a valid token only")


def response_of(door: Door, site: Site, token: str) -> AuthorizerResponse | None:
    """Return the authorizer's response, or None for a refusal. Raises Broken if it cannot decide."""
    facts = site.facts
    event = door.event(token, f"arn:aws:execute-api:{facts.region}:{facts.account}:verify0000")
    invoked = site.client("lambda").invoke(
        FunctionName=_function(door, site), Payload=json.dumps(event).encode()
    )
    response: dict[str, Any] = json.loads(invoked["Payload"].read())
    if not invoked.get("FunctionError"):
        return response
    # REST and WebSocket APIs take exactly this error as a refusal.
    if response.get("errorMessage") == "Unauthorized":
        return None
    raise Broken(f"the authorizer failed with {str(response.get('errorType'))[:40]}")


def _function(door: Door, site: Site) -> str | None:
    outputs = site.facts.outputs
    return outputs.get(f"{door.output}AliasArn") or outputs.get(f"{door.output}Arn")


def _admitted(door: Door, site: Site, token: str) -> bool:
    response = response_of(door, site, token)
    return response is not None and door.admits(response)


def attached(site: Site) -> Finding:
    """Call operations of other APIs with a token before and after its revocation."""
    named = [each for each in site.facts.settings.get("AUTHORIZER_CACHE_STAGES", "").split(",") if each]
    if not site.doors:
        return not_decidable(f"DOORS is empty. AUTHORIZER_CACHE_STAGES names {len(named)} stages")
    slowest = 0.0
    for number, wire in enumerate(site.doors, 1):
        slowest = max(slowest, _walk_attached(site, number, wire))
    return holds(f"{len(site.doors)} operations. The slowest refused {slowest:.1f} s after the revocation")


def _walk_attached(site: Site, number: int, wire: Wire) -> float:
    made = site.create()
    if wire.send("GET", "", _STRANGER).status not in _REFUSALS:
        raise Broken(f"operation {number} lets in a made-up token")
    # Twice, because the second response may come from the gateway's cache.
    for _ in range(2):
        reply = wire.send("GET", "", made.token)
        if reply.status in _REFUSALS or reply.status >= 500:
            raise Broken(f"operation {number} responded to a new token with {reply.told}")
    ended = site.call("DELETE", f"/v1/tokens/{made.id}", 204)
    allowed = patience(site, ended.headers.get("Effective-By"))
    seconds = site.seconds_until_refused(made.token, allowed, wire)
    if seconds is None:
        raise Broken(f"operation {number} accepts a revoked token {allowed:.1f} s after its revocation")
    return seconds


CHECKS = (
    *(Check(f"Front door {door.name}: genuine tokens only", partial(walk, door)) for door in DOORS),
    Check("Attached APIs refuse a revoked token in time", attached),
)
