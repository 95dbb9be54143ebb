"""A Chalice application with one route of each kind, to try the local gateway on."""

from __future__ import annotations

from typing import Any

from chalice.app import AuthRequest, AuthResponse, AuthRoute, Chalice, ChaliceAuthorizer, Request, Response

_ALLOWED = "Bearer good"
_TYPES = ["application/json", "application/octet-stream"]


class EventRequest(AuthRequest):
    """A request to an authorizer. It has the whole REQUEST event."""

    def __init__(self, event: dict[str, Any]) -> None:
        super().__init__(event["type"], event["headers"]["authorization"], event["methodArn"])
        self.event = event


class _Authorizer(ChaliceAuthorizer):
    """Chalice's own authorizer, but for REQUEST events."""

    def _transform_event(self, event: dict[str, Any]) -> AuthRequest:
        return EventRequest(event)


class TinyApp(Chalice):
    """An application whose authorizers understand REQUEST events."""

    # Chalice makes the object here and nowhere else. It has no public way to choose the class.
    def _wrap_handler(self, handler_type: str, handler_name: str, user_handler: Any) -> Any:
        if handler_type == "authorizer":
            return _Authorizer(handler_name, user_handler)
        return super()._wrap_handler(handler_type, handler_name, user_handler)


def make_app() -> Chalice:
    """Return a new application; every test server has its own."""
    app = TinyApp(app_name="tiny")
    app.api.binary_types = ["application/octet-stream"]

    @app.authorizer()
    def guard(request: AuthRequest) -> AuthResponse | dict[str, Any]:
        return _decide(request)

    @app.route("/guarded", authorizer=guard)
    def guarded() -> dict[str, Any]:
        return dict(_request(app).context["authorizer"])

    @app.route("/open", methods=["GET", "POST"], content_types=_TYPES)
    def open_route() -> dict[str, Any]:
        event = _request(app).to_original_event()
        return {**event, "body": repr(event["body"])}

    @app.route("/nothing", methods=["DELETE"])
    def nothing() -> Response:
        return Response(body="", status_code=204)

    _add_parameters(app)
    return app


def _add_parameters(app: Chalice) -> None:
    @app.route("/a/{x}/b")
    def inner(x: str) -> dict[str, str]:
        return {"x": x}

    @app.route("/a/{y}/{z}")
    def outer(y: str, z: str) -> dict[str, Any]:
        return {"y": y, "z": z, "all": _request(app).uri_params}

    @app.route("/g/{rest+}")
    def rest() -> dict[str, Any]:
        return {"all": _request(app).uri_params}

    @app.route("/g/{x}/b")
    def before_rest(x: str) -> dict[str, str]:
        return {"x": x}


def _request(app: Chalice) -> Request:
    assert app.current_request is not None
    return app.current_request


def _decide(request: AuthRequest) -> AuthResponse | dict[str, Any]:
    if request.token == "Bearer revoked":
        raise Exception("Unauthorized")
    if request.token == "Bearer database-down":
        raise RuntimeError("no database")
    allow = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    deny = {**allow, "Effect": "Deny"}
    if request.token == "Bearer denied":
        return {"principalId": "p", "policyDocument": {"Statement": [allow, deny]}}
    if request.token == "Bearer malformed-policy":
        return {"principalId": "p"}
    if request.token == "Bearer nested-context":
        return {
            "principalId": "p",
            "policyDocument": {"Statement": [allow]},
            "context": {"scopes": ["a", "b"]},
        }
    routes: list[str | AuthRoute] = ["*"] if request.token == _ALLOWED else []
    context: dict[str, Any] = {"n": 7, "admin": True}
    return AuthResponse(routes=routes, principal_id="user", context=context)
