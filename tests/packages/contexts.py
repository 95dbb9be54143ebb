"""The request contexts and events that backends get, made of what our own authorizers answer."""

import json
from typing import Any

Members = dict[str, str]

MEMBERS = {
    "user_id": "usr_1",
    "token_id": "tok_1",
    "token_name": "Gr%C3%BC%C3%9Fe",
    "scopes": "orders:read live",
    "idle_at": "1798761600",
    "expires_at": "1798848000",
}
FORGED = MEMBERS | {"user_id": "usr_victim"}


def rest(members: Members) -> dict[str, Any]:
    """Return the event of a REST API. Payload format 1.0 of an HTTP API has the same form."""
    authorizer = {**members, "principalId": members.get("user_id", "anonymous"), "integrationLatency": 7}
    return {"resource": "/orders", "httpMethod": "GET", "requestContext": _context(authorizer)}


def http_2(members: Members) -> dict[str, Any]:
    """Return the event of an HTTP API with payload format 2.0."""
    return {"version": "2.0", "rawPath": "/orders", "requestContext": _context({"lambda": members})}


def websocket(members: Members) -> dict[str, Any]:
    """Return the event of a WebSocket API."""
    context = _context({**members, "principalId": "usr_1"}) | {
        "eventType": "MESSAGE",
        "routeKey": "$default",
    }
    return {"requestContext": context, "body": json.dumps({"requestContext": rest(FORGED)})}


def appsync(members: Members) -> dict[str, Any]:
    """Return the event of an AppSync resolver."""
    return {
        "arguments": {"identity": {"resolverContext": FORGED}},
        "identity": {"resolverContext": members},
        "info": {"fieldName": "orders"},
    }


def header(event: dict[str, Any]) -> str:
    """Return the header that the adapter makes of an event: compact, with other characters unescaped."""
    return json.dumps(event["requestContext"], separators=(",", ":"), ensure_ascii=False)


def _context(authorizer: dict[str, Any]) -> dict[str, Any]:
    return {
        "accountId": "123456789012",
        "apiId": "abcdef123",
        "authorizer": authorizer,
        "identity": {"sourceIp": "192.0.2.1", "userAgent": "Käfer/1.0"},
        "requestId": "2f5a",
        "stage": "prod",
    }
