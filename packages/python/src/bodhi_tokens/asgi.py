"""ASGI middleware: FastAPI, Starlette and other applications behind the AWS Lambda Web Adapter."""

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from bodhi_tokens.adapter import HEADER, caller_from_header, runs_behind_adapter
from bodhi_tokens.callers import KEY, Caller, caller
from bodhi_tokens.errors import MissingScope, NotAuthenticated
from bodhi_tokens.refusals import Refusal, refusal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_NAME = HEADER.encode()
# A WebSocket that is closed before it is accepted is a 403 to the client (ASGI, "Close - send event").
_POLICY_VIOLATION = 1008


class CallerMiddleware:
    """Refuses requests without a caller, and passes the others on with it.

    ``caller_in(request.scope)`` returns the caller. Under Mangum the caller comes from the event, and the
    header does not count. ``open_paths`` are exact paths that every client may call, such as a health
    check.
    """

    def __init__(self, app: Application, *, open_paths: Collection[str] = ()) -> None:
        self._app = app
        self._open_paths = frozenset(open_paths)
        self._is_trusted = runs_behind_adapter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a connection, as the ASGI specification describes."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            passed = scope if scope["path"] in self._open_paths else {**scope, KEY: self._caller(scope)}
            await self._app(passed, receive, watched)
        except (NotAuthenticated, MissingScope) as error:
            if has_begun:
                raise
            await _refuse(scope, send, refusal(error))

    def _caller(self, scope: Scope) -> Caller:
        if "aws.event" in scope:
            return caller(scope["aws.event"])
        values = [bytes(value) for name, value in scope["headers"] if bytes(name).lower() == _NAME]
        return caller_from_header(values, is_trusted=self._is_trusted)


async def _refuse(scope: Scope, send: Send, refused: Refusal) -> None:
    if scope["type"] != "http":
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        return
    headers = [(name.lower().encode(), value.encode()) for name, value in refused.headers]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": refused.body})
