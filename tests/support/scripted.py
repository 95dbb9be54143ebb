"""A server that answers by a script, byte for byte, over plain or encrypted connections."""

import contextlib
import json
import socket
import ssl
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any, TypeAlias

from tests.support.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Request:
    """A message that came in, and its connection."""

    connection: int
    head: str
    body: bytes

    @property
    def operation(self) -> str:
        """The requested target."""
        (line,) = (line for line in self.head.split("\r\n") if line.startswith("x-amz-target: "))
        return line.partition(".")[2]


Answer: TypeAlias = bytes | Callable[[Request], bytes] | None
"""Bytes to send; None to end the connection without."""

NEVER: Answer = b""
"""Nothing, while the connection stays."""


def http(document: Any = None, status: int = 200, *, body: bytes | None = None, headers: str = "") -> bytes:
    """Return a whole response with a checksum that is right, unless ``headers`` give another."""
    content = json.dumps({} if document is None else document).encode() if body is None else body
    if "x-amz-crc32" not in headers:
        headers += f"x-amz-crc32: {zlib.crc32(content)}\r\n"
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n{headers}\r\n".encode() + content


@dataclass
class Scripted:
    """The port, the requests, and the numbers of the connections that the server has ended."""

    port: int
    requests: list[Request] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)

    @property
    def connections(self) -> list[int]:
        """The connection of each request."""
        return [request.connection for request in self.requests]

    def wait_for_ends(self, count: int) -> None:
        """Wait until the server has ended so many connections. Loopback has told the client by then."""
        wait_until(lambda: len(self.ended) >= count)


@contextmanager
def scripted(
    script: Sequence[Sequence[Answer]], context: ssl.SSLContext | None = None
) -> Iterator[Scripted]:
    """Answer each connection by its part of the script, the last part over and over; then end it."""
    listener = socket.create_server(("127.0.0.1", 0))
    server, ended = Scripted(listener.getsockname()[1]), Event()
    threads: list[Thread] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                number, (connection, _) = len(threads), listener.accept()
                part = script[min(number, len(script) - 1)]
                arguments = (server, number, connection, context, part, ended)
                threads.append(Thread(target=_serve, args=arguments, daemon=True))
                threads[-1].start()

    accepting = Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(5)
        for thread in threads:
            thread.join(5)


def _serve(
    server: Scripted,
    number: int,
    plain: socket.socket,
    context: ssl.SSLContext | None,
    part: Sequence[Answer],
    ended: Event,
) -> None:
    with contextlib.suppress(OSError), _noted(server.ended, number), plain:
        connection = context.wrap_socket(plain, server_side=True) if context else plain
        with connection, connection.makefile("rb") as reading:
            for answer in part:
                request = _request(number, reading)
                if request is None:
                    return
                server.requests.append(request)
                if answer is None:
                    return
                if answer == NEVER:
                    ended.wait(10)
                connection.sendall(answer(request) if callable(answer) else answer)


@contextmanager
def _noted(ended: list[int], number: int) -> Iterator[None]:
    """Note a connection once the block has ended it."""
    try:
        yield
    finally:
        ended.append(number)


def _request(number: int, reading: Any) -> Request | None:
    lines = []
    while (line := reading.readline()) not in (b"\r\n", b""):
        lines.append(line.decode("latin-1").rstrip("\r\n"))
    length = next((line for line in lines if line.lower().startswith("content-length: ")), None)
    if length is None:
        return None
    return Request(number, "\r\n".join(lines), reading.read(int(length.partition(": ")[2])))
