"""A provider's endpoints on loopback, whose answers a test sets byte by byte."""

import json
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import parse_headers
from io import BufferedIOBase, BufferedReader
from socket import socket
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any, cast
from urllib.parse import parse_qs, unquote_plus

Behaviour = Callable[[socket], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A received request."""

    method: str
    target: str
    headers: Mapping[str, str]
    form: Mapping[str, list[str]]

    @property
    def basic(self) -> tuple[str, str] | None:
        """The client and its secret as RFC 6749 section 2.3.1 reads them, or None."""
        scheme, _, pair = self.headers.get("authorization", "").partition(" ")
        if scheme != "Basic":
            return None
        client, _, secret = b64decode(pair).decode().partition(":")
        return unquote_plus(client), unquote_plus(secret)


@dataclass
class Endpoints:
    """The answers by path, and the received requests."""

    url: str
    answers: dict[str, Behaviour] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def answer(self, path: str, document: object, status: int = 200) -> None:
        """Answer with a document as JSON."""
        self.answers[path] = sends(json.dumps(document).encode(), status)

    def asked_at(self, path: str) -> list[Asked]:
        """Return the requests to one path."""
        return [asked for asked in self.asked if asked.target.partition("?")[0] == path]


def sends(body: bytes, status: int = 200, *headers: str) -> Behaviour:
    """Answer with a body."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
    return writes("\r\n".join(lines).encode() + body)


def writes(answer: bytes) -> Behaviour:
    """Answer with bytes as they are."""
    return lambda peer: peer.sendall(answer)


def drips(answer: bytes, seconds: float = 0.05) -> Behaviour:
    """Answer with one byte at a time."""

    def drip(peer: socket) -> None:
        for byte in answer:
            peer.sendall(bytes([byte]))
            time.sleep(seconds)

    return drip


@contextmanager
def endpoints() -> Iterator[Endpoints]:
    """Serve endpoints on a free port."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            asked = _read(self.rfile)
            told.asked.append(asked)
            try:
                told.answers.get(asked.target.partition("?")[0], sends(b"", 404))(self.connection)
            except OSError:
                """Ignore a client that left, which happens if an answer takes too long."""

    class Server(ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        told = Endpoints(f"http://127.0.0.1:{server.server_address[1]}")
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield told
        server.shutdown()
        thread.join()


def _read(stream: BufferedIOBase) -> Asked:
    method, target, _ = stream.readline().decode().split(" ", 2)
    headers: Any = parse_headers(cast("BufferedReader", stream))
    body = stream.read(int(headers.get("content-length", 0))).decode()
    lowered = {name.lower(): value for name, value in headers.items()}
    return Asked(method, target, lowered, parse_qs(body, keep_blank_values=True))
