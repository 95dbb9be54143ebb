"""The events that AWS sends to authorizers, as its documentation shows them."""

from typing import Any

API = "arn:aws:execute-api:us-east-1:123456789012:abcdef123"

Event = dict[str, Any]


class Context:
    """The context that Lambda passes to every function."""

    aws_request_id = "request-7"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left."""
        return 240_000


def rest_token(header: str) -> Event:
    """Return what a REST API sends to a TOKEN authorizer."""
    return {"type": "TOKEN", "methodArn": f"{API}/test/GET/orders/7", "authorizationToken": header}


def rest_request(header: str | None, name: str = "Authorization") -> Event:
    """Return what a REST API sends to a REQUEST authorizer."""
    headers = {"Accept": "*/*", "X-Forwarded-Proto": "https"} | ({name: header} if header else {})
    return {
        "type": "REQUEST",
        "methodArn": f"{API}/test/GET/orders/7",
        "resource": "/orders/{id}",
        "path": "/orders/7",
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {key: [value] for key, value in headers.items()},
        "queryStringParameters": {},
        "pathParameters": {"id": "7"},
        "stageVariables": {},
        "requestContext": {
            "path": "/test/orders/7",
            "accountId": "123456789012",
            "stage": "test",
            "requestId": "2f5a",
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "curl/8.7.1"},
            "resourcePath": "/orders/{id}",
            "httpMethod": "GET",
            "apiId": "abcdef123",
        },
    }


def http_api(
    header: str | None,
    method: str = "GET",
    path: str = "/orders/7",
    stage: str = "$default",
    domain: str | None = None,
) -> Event:
    """Return what an HTTP API sends with payload format 2.0, at its own address or at a custom domain."""
    raw = path if domain or stage == "$default" else f"/{stage}{path}"
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": f"{API}/{stage}/{method}{path}",
        "identitySource": [header] if header else None,
        "routeKey": f"{method} /orders/{{id}}",
        "rawPath": raw,
        "rawQueryString": "",
        "cookies": [],
        "headers": {"accept": "*/*"} | ({"authorization": header} if header else {}),
        "queryStringParameters": {},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdef123",
            "domainName": domain or "abcdef123.execute-api.us-east-1.amazonaws.com",
            "http": {
                "method": method,
                "path": raw,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "curl/8.7.1",
            },
            "requestId": "2f5a",
            "routeKey": f"{method} /orders/{{id}}",
            "stage": stage,
            "time": "12/Mar/2026:19:03:58 +0000",
            "timeEpoch": 1773342238390,
        },
        "pathParameters": {"id": "7"},
        "stageVariables": {},
    }


def websocket(header: str | None) -> Event:
    """Return what a WebSocket API sends for ``$connect``."""
    headers = {"Connection": "upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    headers |= {"Authorization": header} if header else {}
    return {
        "type": "REQUEST",
        "methodArn": f"{API}/default/$connect",
        "headers": headers,
        "multiValueHeaders": {key: [value] for key, value in headers.items()},
        "queryStringParameters": {},
        "stageVariables": {},
        "requestContext": {
            "routeKey": "$connect",
            "eventType": "CONNECT",
            "stage": "default",
            "connectionId": "J4L8XcYyPHcCJaA=",
            "identity": {"sourceIp": "192.0.2.1"},
            "apiId": "abcdef123",
        },
    }


def appsync(credential: str) -> Event:
    """Return what AppSync sends to a Lambda authorizer."""
    return {
        "authorizationToken": credential,
        "requestContext": {
            "apiId": "aaaaaa123123123example123",
            "accountId": "123456789012",
            "requestId": "f4081827-1111-4444-5555-5cf4695f339f",
            "queryString": "query Orders { orders { id } }",
            "operationName": "Orders",
            "variables": {},
        },
        "requestHeaders": {"content-type": "application/json"},
    }
