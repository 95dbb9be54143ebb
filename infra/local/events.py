"""The events that API Gateway sends to Lambda for HTTP requests."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalice.local import MatchResult

API_ID = "local"
STAGE = "local"
SOURCE_IP = "127.0.0.1"
_ACCOUNT = "000000000000"
_REGION = "us-east-1"

Event = dict[str, Any]


@dataclass(frozen=True)
class HttpRequest:
    """A request as it came over the wire.

    Header names are lower case. ``source_ip`` is the address of the peer.
    """

    method: str
    target: str
    headers: Mapping[str, Sequence[str]]
    body: bytes = b""
    source_ip: str = SOURCE_IP

    @property
    def path(self) -> str:
        """The path of the target, without the query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """Return the last value of a header, which API Gateway passes on, or None."""
        values = self.headers.get(name)
        return values[-1] if values else None


def method_arn(request: HttpRequest) -> str:
    """Return the ARN that stands for this method and path in a policy."""
    resource = f"{API_ID}/{STAGE}/{request.method}/{request.path.removeprefix('/')}"
    return f"arn:aws:execute-api:{_REGION}:{_ACCOUNT}:{resource}"


def proxy_event(request: HttpRequest, match: MatchResult, binary_types: Sequence[str]) -> Event:
    """Return the event of a Lambda proxy integration."""
    body, is_base64 = _event_body(request, binary_types)
    query = {name: values[-1] for name, values in match.query_params.items()}
    return {
        "resource": match.route,
        "path": request.path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in request.headers.items()},
        "multiValueHeaders": {name: list(values) for name, values in request.headers.items()},
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": match.query_params or None,
        "pathParameters": match.captured,
        "stageVariables": {},
        "requestContext": _request_context(request, match),
        "body": body,
        "isBase64Encoded": is_base64,
    }


def authorizer_event(request: HttpRequest, proxied: Event) -> Event:
    """Return the event of a REQUEST authorizer. ``proxied`` is the integration's for the same request."""
    shared = {name: value for name, value in proxied.items() if name not in {"body", "isBase64Encoded"}}
    return {"type": "REQUEST", "methodArn": method_arn(request), **shared}


def _request_context(request: HttpRequest, match: MatchResult) -> dict[str, Any]:
    return {
        "accountId": _ACCOUNT,
        "apiId": API_ID,
        "stage": STAGE,
        "requestId": str(uuid.uuid4()),
        "requestTimeEpoch": int(time.time() * 1000),
        "httpMethod": request.method,
        "resourcePath": match.route,
        "path": request.path,
        "identity": {
            "sourceIp": request.source_ip,
            "userAgent": request.header("user-agent"),
        },
    }


def _event_body(request: HttpRequest, binary_types: Sequence[str]) -> tuple[str | bytes | None, bool]:
    if not request.body:
        return None, False
    if request.header("content-type") in binary_types:
        return base64.b64encode(request.body).decode("ascii"), True
    try:
        return request.body.decode("utf-8"), False
    except UnicodeDecodeError:
        # The application must see the bytes that came in, so none is replaced.
        return request.body, False
