"""A service without an authorizer that verifies access tokens by itself, with the published keys."""

from flask import Flask, request

from bodhi_tokens import (
    InactiveToken,
    MissingScope,
    NotAuthenticated,
    TokenServiceUnavailable,
    bearer_token,
)
from bodhi_tokens.access_tokens import AccessTokenVerifier


def create_app(access_tokens: AccessTokenVerifier) -> Flask:
    """Return the application."""
    app = Flask(__name__)

    @app.get("/mails")
    def list_mails():
        token = access_tokens.verify(bearer_token(request.headers.get("Authorization")))
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
