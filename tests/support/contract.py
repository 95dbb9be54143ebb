"""Holds every answer that a test gets to what its operation says that it may answer."""

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from chalicelib.domain import errors
from chalicelib.handlers.docs.texts import DENIED
from chalicelib.handlers.http.operations import Operation, documented
from infra.local.routes import ExactRouteMatcher

AnyOperation = Operation[Any, Any]


# Written out, so that a change of one is a change here.
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), "
        "payment=(), usb=()"
    ),
}
HSTS = "max-age=31536000; includeSubDomains"


def check_headers(where: str, headers: Mapping[str, Any], *, over_tls: bool) -> None:
    """Fail for an answer that lacks one of the headers that every answer has."""
    assert {name: headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS, where
    assert headers.get("Strict-Transport-Security") == (HSTS if over_tls else None), where
    assert headers.get("Cache-Control"), f"{where}: no Cache-Control"


def check(method: str, target: str, status: int, content_type: str, text: str) -> None:
    """Fail for an answer that the operation at this address does not document."""
    operation = _operation(method, target.partition("?")[0].partition("#")[0])
    # What the gateway answers by itself has no content type of ours.
    if operation is None or (not content_type and text):
        return
    where = f"{method} {operation.path} answered {status}"
    for answer in operation.responses:
        if answer.status.value == status:
            assert content_type == (answer.media_type or "") or not text, where
            if answer.body and text:
                msgspec.convert(json.loads(text), answer.body)
            return
    rendering = operation.rendering
    assert content_type == rendering.media_type, f"{where} as {content_type}"
    body = json.loads(text)
    msgspec.convert(body, rendering.body)
    assert (status, body[rendering.code_member]) in set(_refusals(operation)), f"{where}: {body}"


def _operation(method: str, path: str) -> AnyOperation | None:
    """Return the operation that is routed there; fixed segments come before parameters."""
    by_path = {
        each.operation.path: each.operation for each in documented() if each.operation.method == method
    }
    try:
        return by_path[ExactRouteMatcher(by_path).match_route(path).route]
    except ValueError:
        return None


def _refusals(operation: AnyOperation) -> Iterator[tuple[int, str]]:
    rendering = operation.rendering
    for kind in operation.all_raises:
        yield rendering.status_of_kind(kind).value, rendering.code_of_kind(kind)
    if errors.InsufficientScope in operation.all_raises:
        # The gateway may refuse first.
        yield from ((HTTPStatus.FORBIDDEN.value, code) for code in DENIED)
    failure = rendering.failure()
    yield HTTPStatus.INTERNAL_SERVER_ERROR.value, json.loads(failure.body)[rendering.code_member]
