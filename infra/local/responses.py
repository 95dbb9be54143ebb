"""The responses of the gateway itself, without the application."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType

from chalicelib.handlers.http.middleware import ALWAYS, OVER_TLS
from infra.local.template import Template, gateway_responses

_HEADER = "gatewayresponse.header."
_DEFAULT_STATUS = {"DEFAULT_4XX": 400, "DEFAULT_5XX": 500}
_CODES = {
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.LENGTH_REQUIRED: "length_required",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "content_too_large",
    HTTPStatus.REQUEST_URI_TOO_LONG: "uri_too_long",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "headers_too_large",
}
_DETAILS = {
    HTTPStatus.METHOD_NOT_ALLOWED: "This method is not allowed at this address.",
    HTTPStatus.LENGTH_REQUIRED: "Send the body with a Content-Length.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The address is too long.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The headers are too large.",
}
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Response:
    """A complete HTTP response."""

    status: int
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
    body: bytes = b""


class GatewayResponses:
    """The responses of API Gateway itself, as the deployment's template customizes them."""

    def __init__(self, template: Template) -> None:
        """Read every gateway response of the template."""
        self._responses = {
            properties["ResponseType"]: _from_properties(properties)
            for properties in gateway_responses(template)
        }

    def named(self, response_type: str) -> Response:
        """Return the response of this type, or that for a failure if the template has none."""
        return self._responses.get(response_type, self._responses["DEFAULT_5XX"])


def problem(status: HTTPStatus, headers: Mapping[str, str] = _NO_HEADERS) -> Response:
    """Return a problem document for a request that API Gateway does not let through."""
    document = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "code": _CODES.get(status, "bad_request"),
        "detail": _DETAILS.get(status, "The request cannot be processed."),
    }
    common = {"Content-Type": "application/problem+json"}
    return Response(status.value, {**ALWAYS, **common, **headers}, json.dumps(document).encode())


def _from_properties(properties: Mapping[str, Mapping[str, str]]) -> Response:
    response_type = str(properties["ResponseType"])
    status = properties.get("StatusCode") or _DEFAULT_STATUS[response_type]
    headers = {
        name.removeprefix(_HEADER): value.strip("'")
        for name, value in properties["ResponseParameters"].items()
        if name.removeprefix(_HEADER) not in OVER_TLS
    }
    body = properties["ResponseTemplates"]["application/json"]
    return Response(int(str(status)), headers, body.encode())
