"""The answers that the gateway gives by itself, without asking the application."""

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
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not know this method.",
    HTTPStatus.LENGTH_REQUIRED: "Send the body with a Content-Length.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than the gateway takes.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The address is longer than the gateway takes.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The headers are larger than the gateway takes.",
}
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Answer:
    """A complete HTTP response."""

    status: int
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
    body: bytes = b""


class GatewayAnswers:
    """API Gateway's own responses, as the deployment's template customizes them."""

    def __init__(self, template: Template) -> None:
        """Read every gateway response of the template."""
        self._answers = {
            properties["ResponseType"]: _from_properties(properties)
            for properties in gateway_responses(template)
        }

    def named(self, response_type: str) -> Answer:
        """Return the answer of that type, or the default of its family."""
        return self._answers.get(response_type, self._answers["DEFAULT_5XX"])


def problem(status: HTTPStatus, headers: Mapping[str, str] = _NO_HEADERS) -> Answer:
    """Return a problem document for what API Gateway does not let through."""
    document = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "code": _CODES.get(status, "bad_request"),
        "detail": _DETAILS.get(status, "The request cannot be processed."),
    }
    common = {"Content-Type": "application/problem+json"}
    return Answer(status.value, {**ALWAYS, **common, **headers}, json.dumps(document).encode())


def _from_properties(properties: Mapping[str, Mapping[str, str]]) -> Answer:
    response_type = str(properties["ResponseType"])
    status = properties.get("StatusCode") or _DEFAULT_STATUS[response_type]
    headers = {
        name.removeprefix(_HEADER): value.strip("'")
        for name, value in properties["ResponseParameters"].items()
        if name.removeprefix(_HEADER) not in OVER_TLS
    }
    body = properties["ResponseTemplates"]["application/json"]
    return Answer(int(str(status)), headers, body.encode())
