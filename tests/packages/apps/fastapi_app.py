"""A FastAPI application."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request

from bodhi_tokens import Caller, caller_in
from bodhi_tokens.asgi import CallerMiddleware


def current_caller(request: Request) -> Caller:
    """Return the caller, as a dependency."""
    return caller_in(request.scope)


def make_app() -> FastAPI:
    """Return the application. The middleware reads the environment when it is made."""
    app = FastAPI()
    app.add_middleware(CallerMiddleware, open_paths=["/health"])

    @app.get("/whoami")
    def whoami(caller: Annotated[Caller, Depends(current_caller)]) -> dict[str, object]:
        return {"user_id": caller.user_id, "name": caller.token_name, "scopes": sorted(caller.scopes)}

    @app.delete("/orders")
    def delete_orders(caller: Annotated[Caller, Depends(current_caller)]) -> dict[str, object]:
        caller.require_scope("orders:write")
        return {"deleted": True}

    @app.get("/health")
    def health() -> dict[str, object]:
        return {"ok": True}

    return app
