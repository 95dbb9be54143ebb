"""Responses of operations in the OpenAPI document: successes and errors."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from chalicelib.domain import errors
from chalicelib.handlers.docs.texts import DENIED, ERROR_HEADERS, THROTTLED, Json
from chalicelib.handlers.http.operations import DocumentedResponse, Operation
from chalicelib.handlers.http.problems import PROBLEMS, Rendering
from chalicelib.handlers.http.wording import sentence_of_kind

REFERENCE = "#/components/schemas/{name}"


def success(response: DocumentedResponse) -> Json:
    """Return the documented response of a success."""
    written: Json = {"description": response.status.phrase}
    if response.headers:
        written["headers"] = {name: _header(name) for name in response.headers}
    if response.media_type:
        schema = reference(response.body.__name__) if response.body else {"type": "object"}
        written["content"] = {response.media_type: {"schema": schema}}
    return written


def failures(operation: Operation[Any, Any]) -> Json:
    """Return the responses for the errors of an operation, by status."""
    rendering = operation.rendering
    by_status: dict[HTTPStatus, list[type[errors.ApiTokensError]]] = {}
    for kind in operation.all_raises:
        by_status.setdefault(rendering.status_of_kind(kind), []).append(kind)
    written = {str(status.value): _error(rendering, kinds) for status, kinds in by_status.items()}
    # The code is that of the response which the operation really sends.
    unexpected = json.loads(rendering.failure().body)[rendering.code_member]
    written[str(HTTPStatus.INTERNAL_SERVER_ERROR.value)] = _coded(
        rendering, {unexpected: "Something went wrong in the service."}
    )
    too_many = str(HTTPStatus.TOO_MANY_REQUESTS.value)
    written[too_many] = _throttled(rendering, by_status.get(HTTPStatus.TOO_MANY_REQUESTS, ()))
    return dict(sorted(written.items()))


def _error(rendering: Rendering, kinds: Sequence[type[errors.ApiTokensError]]) -> Json:
    headers = {
        header for kind in kinds for known, header in ERROR_HEADERS.items() if issubclass(kind, known)
    }
    referred = {"headers": {name: _header(name) for name in sorted(headers)}} if headers else {}
    return {**referred, **_coded(rendering, _sentences(rendering, kinds))}


def _throttled(rendering: Rendering, kinds: Sequence[type[errors.ApiTokensError]]) -> Json:
    """Return the 429: API Gateway's own, and the service's if the operation has one."""
    sentences = _sentences(rendering, kinds)
    if rendering is PROBLEMS:
        response = _coded(PROBLEMS, {**sentences, **THROTTLED})
    else:
        # API Gateway sends a problem document for every throttled request, whatever the endpoint.
        response = _coded(PROBLEMS, THROTTLED)
        if sentences:
            own = _coded(rendering, sentences)
            response["description"] = f"{own['description']}\n{response['description']}"
            response["content"] = {**own["content"], **response["content"]}
    return {"headers": {"Retry-After": _header("Retry-After")}, **response}


def _sentences(rendering: Rendering, kinds: Sequence[type[errors.ApiTokensError]]) -> dict[str, str]:
    sentences: dict[str, str] = {}
    for kind in kinds:
        sentences.setdefault(rendering.code_of_kind(kind), _sentence(kind))
    # Scopes are required behind the authorizer only, and there API Gateway may refuse first.
    return {**sentences, **DENIED} if errors.InsufficientScope in kinds else sentences


def _coded(rendering: Rendering, sentences: Mapping[str, str]) -> Json:
    """Return the response for errors with these codes."""
    codes = {rendering.code_member: {"enum": list(sentences)}}
    schema = {**reference(rendering.body.__name__), "properties": codes}
    return {
        "description": "\n".join(f"- `{code}`: {sentence}" for code, sentence in sentences.items()),
        "content": {rendering.media_type: {"schema": schema}},
    }


def _sentence(kind: type[errors.ApiTokensError]) -> str:
    """Return the error's own sentence, or the docstring of its class if the sentence varies."""
    first_paragraph = (kind.__doc__ or "").replace("``", "`").partition("\n\n")[0]
    return sentence_of_kind(kind) or " ".join(first_paragraph.split())


def reference(name: str) -> Json:
    """Return the reference to a definition."""
    return {"$ref": REFERENCE.format(name=name)}


def _header(name: str) -> Json:
    return {"$ref": f"#/components/headers/{name}"}
