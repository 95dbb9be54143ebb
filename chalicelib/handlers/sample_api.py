"""The sample protected API: what stands behind the authorizer in a team's own project."""

from chalice.app import Blueprint, Response

from chalicelib import bootstrap
from chalicelib.handlers import requests, responses
from chalicelib.handlers.authorizer import api_token_authorizer
from chalicelib.handlers.problems import answered
from chalicelib.services.callers import ApiCaller

sample_api = Blueprint(__name__)

_guard = bootstrap.current().guard(api_token_authorizer)


@sample_api.route("/api/whoami", methods=["GET"], authorizer=_guard)
@answered("api.whoami")
def whoami() -> Response:
    """Say who calls."""
    return responses.document(_caller().describe())


@sample_api.route("/api/echo", methods=["POST"], authorizer=_guard, content_types=["*/*"])
@answered("api.echo")
def echo() -> Response:
    """Say back the ``message`` that was sent."""
    _caller()
    members = requests.json_members(sample_api.current_request, {"message"})
    return responses.document({"message": requests.member(members, "message", str) or ""})


def _caller() -> ApiCaller:
    request = sample_api.current_request
    caller = bootstrap.current().api_caller(request.context.get("authorizer"))
    caller.require(request.method, request.path)
    return caller
