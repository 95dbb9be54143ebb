"""Real servers on loopback, called with headers as a client or the adapter writes them."""

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from threading import Thread
from typing import Any

import uvicorn
from werkzeug.serving import make_server

from bodhi_tokens.adapter import HEADER

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Reply:
    """A response. ``text`` is its body."""

    status: int
    headers: dict[str, str]
    text: str


def through_adapter(event_header: str, client_headers: Iterable[tuple[str, str]] = ()) -> Headers:
    """Return the headers that the adapter sends for a client's headers.

    It calls ``HeaderMap::insert`` of the Rust crate ``http``, which replaces all values of a name in any
    case (aws-lambda-web-adapter 1.0.0-rc1, ``src/lib.rs``, ``fetch_response``). Other names are passed on.
    """
    kept = [(name.lower(), value) for name, value in client_headers if name.lower() != HEADER]
    return [*kept, (HEADER, event_header)]


def ask(port: int, path: str, headers: Headers, method: str = "GET") -> Reply:
    """Send a request as it is written here, and return the response."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
        peer.sendall("\r\n".join([*lines, "", ""]).encode())
        response = HTTPResponse(peer)
        response.begin()
        return Reply(
            response.status, {k.lower(): v for k, v in response.getheaders()}, response.read().decode()
        )


@contextmanager
def asgi_server(app: Any) -> Iterator[int]:
    """Serve an ASGI application with uvicorn, and yield its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        # From here on the system takes connections, so no request is too early.
        listener.listen()
        config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="none", http="h11")
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def wsgi_server(app: Any) -> Iterator[int]:
    """Serve a WSGI application with Werkzeug, and yield its port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
