"""Speaks HTTP for the local gateway: strict about framing, silent about credentials."""

from __future__ import annotations

import functools
import logging
import re
import socketserver
import sys
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from chalice.local import ThreadedHTTPServer

from infra.local.answers import Answer, problem
from infra.local.events import HttpRequest
from infra.local.gateway import Gateway

HOST = "127.0.0.1"
# API Gateway's own limit on a request's body.
MAX_BODY_BYTES = 10 * 1024 * 1024
_LINGER_SECONDS = 1.0
_BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_LONG_SEGMENT = re.compile(r"[^/]{65,}")
_ACCESS_LOG = logging.getLogger("access")
_LOG = logging.getLogger(__name__)


class BadFraming(Exception):
    """The request's end cannot be found, or is too far away."""

    def __init__(self, status: HTTPStatus) -> None:
        """Carry the status to answer with."""
        super().__init__(status)
        self.status = status


class ApiRequestHandler(BaseHTTPRequestHandler):
    """One connection of a client."""

    # Headers and body leave as one write, and the last part of a long body at once. Otherwise Nagle's
    # algorithm waits some 40 ms for the client's delayed acknowledgement of the part before.
    wbufsize = -1
    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"
    # HTTP/0.9 would get its answer without status and headers.
    default_request_version = "HTTP/1.0"
    timeout = 60

    def __init__(self, *connection: Any, gateway: Gateway) -> None:
        """Serve the connection until it closes; one gateway is shared by all."""
        self._gateway = gateway
        self._started = time.monotonic()
        super().__init__(*connection)

    def __getattr__(self, name: str) -> Any:
        """Take every method to the gateway; the base class looks for one do_METHOD each."""
        if name.startswith("do_"):
            return self._handle
        raise AttributeError(name)

    def version_string(self) -> str:
        """Name no version that somebody could look up weaknesses of."""
        return "local"

    def parse_request(self) -> bool:
        """Start the clock when a request arrives, not when the connection was made."""
        self._started = time.monotonic()
        return bool(super().parse_request())

    def _handle(self) -> None:
        try:
            request = self._read_request()
        except BadFraming as error:
            self._refuse(problem(error.status, {"Connection": "close"}))
            return
        self._send(self._gateway.answer(request))

    def _read_request(self) -> HttpRequest:
        headers: dict[str, list[str]] = {}
        for name, value in self.headers.items():
            headers.setdefault(name.lower(), []).append(value)
        if self.headers.defects:
            raise BadFraming(HTTPStatus.BAD_REQUEST)
        if "transfer-encoding" in headers:
            raise BadFraming(HTTPStatus.LENGTH_REQUIRED)
        length = _body_length(headers.get("content-length", ["0"]))
        body = self.rfile.read(length)
        if len(body) < length:
            raise BadFraming(HTTPStatus.BAD_REQUEST)
        return HttpRequest(self.command, _target(self.path), headers, body)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() != "content-length":
                for one in value if isinstance(value, list) else [value]:
                    self.send_header(name, str(one))
        if answer.status not in _BODILESS:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD" and answer.status not in _BODILESS:
            self.wfile.write(answer.body)
        self.wfile.flush()
        self._log_access(answer.status)

    def _refuse(self, answer: Answer) -> None:
        """Answer and close, giving a client that is still sending the chance to read it."""
        self.close_connection = True
        try:
            self._send(answer)
            self.connection.settimeout(_LINGER_SECONDS)
            left = 2 * MAX_BODY_BYTES
            while left > 0 and (chunk := self.rfile.read1(65536)):
                left -= len(chunk)
        except OSError:
            _LOG.debug("the client was gone before its refusal")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what could not be parsed; the base class would repeat it to the sender."""
        self.path = getattr(self, "path", "")
        self._refuse(problem(HTTPStatus(code), {"Connection": "close"}))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: the base class logs the request line with its query."""

    def _log_access(self, status: int) -> None:
        milliseconds = (time.monotonic() - self._started) * 1000
        _ACCESS_LOG.info(
            "%s %s %d %.1fms",
            loggable(self.command or "-"),
            loggable(self.path),
            status,
            milliseconds,
        )


def loggable(target: str) -> str:
    """Return an address fit for a log: no query, nothing as long as a token, no control codes."""
    path = target.partition("?")[0].encode("unicode_escape").decode("ascii")
    return _LONG_SEGMENT.sub("...", path)


def _target(path: str) -> str:
    """Return an address as UTF-8, for a client that does not percent-encode it, such as curl.

    The base class reads it as Latin-1, so a search for "Café" would silently find nothing.
    """
    return path.encode("latin-1").decode("utf-8", errors="replace")


def _body_length(values: list[str]) -> int:
    if len(set(values)) != 1 or re.fullmatch(r"[0-9]{1,18}", values[0], re.ASCII) is None:
        raise BadFraming(HTTPStatus.BAD_REQUEST)
    length = int(values[0])
    if length > MAX_BODY_BYTES:
        raise BadFraming(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return length


class ApiServer(ThreadedHTTPServer):
    """A server on loopback for many short connections."""

    # Chalice listens with a backlog of 5: more clients at once would wait a second each.
    request_queue_size = 256
    block_on_close = False

    def server_bind(self) -> None:
        """Bind without asking the resolver for a name nobody needs."""
        socketserver.TCPServer.server_bind(self)
        self.server_name = HOST
        self.server_port = self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what went wrong with a connection; a client that hung up is no error."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            _LOG.error("a connection failed", exc_info=error)


def create_server(gateway: Gateway, port: int) -> ApiServer:
    """Return a server that is bound and ready to serve."""
    return ApiServer((HOST, port), functools.partial(ApiRequestHandler, gateway=gateway))
