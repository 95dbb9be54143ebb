"""WSGI middleware: Flask, Django and other applications behind the AWS Lambda Web Adapter."""

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any

from bodhi_tokens.adapter import HEADER, caller_from_header, runs_behind_adapter
from bodhi_tokens.callers import KEY, Caller
from bodhi_tokens.errors import MissingScope, NotAuthenticated
from bodhi_tokens.refusals import Refusal, refusal

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

_NAME = f"HTTP_{HEADER.upper().replace('-', '_')}"
_SERVER = re.compile(r"([A-Za-z]+)(?:/([0-9]+))?")
# The adapter does not replace "x_amzn_request_context", and WSGI has one name for both spellings. These
# servers drop names with an underscore, from these versions on.
_SERVERS = {"gunicorn": 22, "Werkzeug": 3, "waitress": 0}


class CallerMiddleware:
    """Refuses requests without a caller, and passes the others on with it.

    ``caller_in(request.environ)`` returns the caller. ``open_paths`` are exact paths that every client may
    call, such as a health check. The server must be gunicorn from 22 on, waitress, or Werkzeug from 3 on.
    """

    def __init__(self, app: Application, *, open_paths: Collection[str] = ()) -> None:
        self._app = app
        self._open_paths = frozenset(open_paths)
        self._is_trusted = runs_behind_adapter()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Handle a request, as PEP 3333 describes."""
        try:
            is_open = environ.get("PATH_INFO") in self._open_paths
            passed = environ if is_open else {**environ, KEY: self._caller(environ)}
            return self._app(passed, start_response)
        except (NotAuthenticated, MissingScope) as error:
            return _refuse(start_response, refusal(error))

    def _caller(self, environ: Environ) -> Caller:
        # PEP 3333: strings of environ have one character for each byte.
        values = [environ[_NAME].encode("latin-1")] if _NAME in environ else []
        if values and self._is_trusted and not _drops_underscores(str(environ.get("SERVER_SOFTWARE", ""))):
            raise NotAuthenticated(
                "This WSGI server may take a client's header for the adapter's. "
                "Use gunicorn 22 or later, or waitress."
            )
        return caller_from_header(values, is_trusted=self._is_trusted)


def _drops_underscores(software: str) -> bool:
    server = _SERVER.match(software)
    if not server or server[1] not in _SERVERS:
        return False
    return int(server[2] or 0) >= _SERVERS[server[1]]


def _refuse(start_response: StartResponse, refused: Refusal) -> Iterable[bytes]:
    start_response(f"{refused.status} {refused.reason}", refused.headers)
    return [refused.body]
