"""A service behind a load balancer, without an authorizer. It asks the token service about each token."""

from flask import Flask, request

from bodhi_tokens import (
    InactiveToken,
    IntrospectionClient,
    MissingScope,
    NotAuthenticated,
    TokenServiceUnavailable,
    bearer_token,
)


def create_app(tokens: IntrospectionClient) -> Flask:
    """Return the application. Only the load balancer may reach it: see its security group."""
    app = Flask(__name__)

    @app.get("/orders")
    def list_orders():
        # The load balancer appends the address that it saw. Everything before that is the client's.
        caller_address = request.headers["X-Forwarded-For"].rpartition(",")[2].strip()
        token = tokens.verify(bearer_token(request.headers.get("Authorization")), caller_address)
        token.require_scope("api:read")
        return {"user": token.user_id}

    @app.errorhandler(NotAuthenticated)
    @app.errorhandler(InactiveToken)
    def refuse(_):
        return {"code": "invalid_token"}, 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}

    @app.errorhandler(MissingScope)
    def forbid(_):
        challenge = {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
        return {"code": "insufficient_scope"}, 403, challenge

    @app.errorhandler(TokenServiceUnavailable)
    def fail(_):
        return {"code": "unavailable"}, 503, {"Retry-After": "1"}

    return app
