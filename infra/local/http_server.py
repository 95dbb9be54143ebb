"""The HTTP server of the local gateway. It refuses unclear framing and logs no credentials."""

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

from infra.local.events import HttpRequest
from infra.local.gateway import Gateway
from infra.local.responses import Response, problem

HOST = "127.0.0.1"
# API Gateway's own limit on a request's body.
MAX_BODY_BYTES = 10 * 1024 * 1024
_LINGER_SECONDS = 1.0
_BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_LONG_SEGMENT = re.compile(r"[^/]{65,}")
_ACCESS_LOG = logging.getLogger("access")
_LOG = logging.getLogger(__name__)


class BadFraming(Exception):
    """The end of a request cannot be found, or its body is too large."""

    def __init__(self, status: HTTPStatus) -> None:
        """Carry the status of the response."""
        super().__init__(status)
        self.status = status


class ApiRequestHandler(BaseHTTPRequestHandler):
    """A connection of a client."""

    # Headers and body leave as one write, and the last part of a long body at once. Otherwise Nagle's
    # algorithm waits some 40 ms for the client's delayed acknowledgement of the part before.
    wbufsize = -1
    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"
    # HTTP/0.9 would get a response without status and headers.
    default_request_version = "HTTP/1.0"
    timeout = 60

    def __init__(self, *connection: Any, gateway: Gateway) -> None:
        """Serve the connection until it closes. All connections share one gateway."""
        self._gateway = gateway
        self._started = time.monotonic()
        super().__init__(*connection)

    def __getattr__(self, name: str) -> Any:
        """Take every method to the gateway. The base class looks for a do_METHOD for each."""
        if name.startswith("do_"):
            return self._handle
        raise AttributeError(name)

    def version_string(self) -> str:
        """Name no version, whose weaknesses an attacker could look up."""
        return "local"

    def parse_request(self) -> bool:
        """Parse the request line and headers. The time of the request counts from here."""
        self._started = time.monotonic()
        return bool(super().parse_request())

    def _handle(self) -> None:
        try:
            request = self._read_request()
        except BadFraming as error:
            self._refuse(problem(error.status, {"Connection": "close"}))
            return
        self._send(self._gateway.respond(request))

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
        return HttpRequest(self.command, _target(self.path), headers, body, str(self.client_address[0]))

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            if name.lower() != "content-length":
                for one in value if isinstance(value, list) else [value]:
                    self.send_header(name, str(one))
        if response.status not in _BODILESS:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD" and response.status not in _BODILESS:
            self.wfile.write(response.body)
        self.wfile.flush()
        self._log_access(response.status)

    def _refuse(self, response: Response) -> None:
        """Respond and close, but let a client that is still sending read the response."""
        self.close_connection = True
        try:
            self._send(response)
            self.connection.settimeout(_LINGER_SECONDS)
            left = 2 * MAX_BODY_BYTES
            while left > 0 and (chunk := self.rfile.read1(65536)):
                left -= len(chunk)
        except OSError:
            _LOG.debug("the client was gone before its refusal")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse a request that cannot be parsed. The base class would repeat it to the sender."""
        self.path = getattr(self, "path", "")
        self._refuse(problem(HTTPStatus(code), {"Connection": "close"}))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log nothing, because the base class logs the request line with its query."""

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
    """Return a target for a log, without query, control codes or parts as long as a token."""
    path = target.partition("?")[0].encode("unicode_escape").decode("ascii")
    return _LONG_SEGMENT.sub("...", path)


def _target(path: str) -> str:
    """Return a target as UTF-8, for a client that does not percent-encode it, such as curl.

    The base class reads Latin-1. A search for "Café" would find nothing.
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

    # Chalice listens with a backlog of 5. More clients at once would wait a second each.
    request_queue_size = 256
    block_on_close = False

    def server_bind(self) -> None:
        """Bind without asking the resolver for the name of this machine."""
        socketserver.TCPServer.server_bind(self)
        self.server_name = HOST
        self.server_port = self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log an error of a connection. A client that hung up is not an error."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            _LOG.error("a connection failed", exc_info=error)


def create_server(gateway: Gateway, port: int) -> ApiServer:
    """Return a server that is bound to the port and ready to serve."""
    return ApiServer((HOST, port), functools.partial(ApiRequestHandler, gateway=gateway))
