"""A Flask application."""

from flask import Flask, Response, jsonify, request

from bodhi_tokens import MissingScope, caller_in
from bodhi_tokens.wsgi import CallerMiddleware


def make_app() -> Flask:
    """Return the application. The middleware reads the environment when it is made."""
    app = Flask(__name__)
    app.wsgi_app = CallerMiddleware(app.wsgi_app, open_paths=["/health"])  # type: ignore[method-assign]

    @app.get("/whoami")
    def whoami() -> Response:
        caller = caller_in(request.environ)
        return jsonify(user_id=caller.user_id, name=caller.token_name, scopes=sorted(caller.scopes))

    @app.delete("/orders")
    def delete_orders() -> Response:
        caller_in(request.environ).require_scope("orders:write")
        return jsonify(deleted=True)

    @app.get("/health")
    def health() -> Response:
        return jsonify(ok=True)

    @app.errorhandler(MissingScope)
    def refuse(error: MissingScope) -> tuple[Response, int]:
        return jsonify(code="insufficient_scope", scope=error.scope), 403

    return app
