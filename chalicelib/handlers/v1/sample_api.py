"""The sample protected API. In a team's own project, their API takes its place."""

import msgspec
from chalice.app import Blueprint, Response

from chalicelib import bootstrap
from chalicelib.handlers.chalice_functions import guard
from chalicelib.handlers.http import responses
from chalicelib.handlers.http.operations import API_TOKEN, OPEN, DocumentedResponse, Operation
from chalicelib.handlers.v1 import inputs, resources
from chalicelib.services.callers import ApiCaller

sample_api = Blueprint(__name__)

_TAG = "Sample API"

# Chalice makes the routes on import, so the mode has to be known by then.
_guard = bootstrap.current().guard(guard)
_ACCESS = API_TOKEN if _guard else OPEN

WHOAMI = Operation(
    "GET", "/api/whoami", "api.whoami", _TAG, _ACCESS, (DocumentedResponse(body=resources.Caller),)
)


@WHOAMI.on(sample_api, _guard)
def whoami() -> Response:
    """Return the caller."""
    caller = _caller().describe()
    return responses.document(msgspec.convert(caller, resources.Caller))


ECHO = Operation(
    "POST",
    "/api/echo",
    "api.echo",
    _TAG,
    _ACCESS,
    (DocumentedResponse(body=resources.Echoed),),
    body=inputs.Echo,
    needs_body=False,
)


@ECHO.on(sample_api, _guard)
def echo() -> Response:
    """Return the ``message`` of the request."""
    _caller()
    asked = ECHO.body_of(sample_api.current_request)
    return responses.document(resources.Echoed(message=asked.message))


def _caller() -> ApiCaller:
    request = sample_api.current_request
    caller = bootstrap.current().api_caller(request.context.get("authorizer"))
    caller.require(request.method, request.path)
    return caller
