"""Connections to the OpenID provider that are kept between calls.

A socket's timeout starts anew with each byte, so it does not limit a response. Lambda freezes processes, so
a kept connection is often dead. See docs/decisions/0023-provider-keys.md.
"""

import contextlib
import http.client
import io
import socket
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.connection import create_connection

from chalicelib.adapters.connections import is_stale
from chalicelib.domain.ports.time import Clock

_CONNECT_SECONDS = 2.0


class KeptConnections(urllib3.PoolManager):
    """A pool of connections that are kept between calls.

    A connection that is stale (``connections.is_stale``) is replaced. The total timeout of a request
    covers the whole response. It also covers the attempts to connect to each address of a host.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        # A pool passes options that it does not know to its connections.
        self.pool_classes_by_scheme = {
            "http": partial(_HTTPPool, clock=clock),  # type: ignore[dict-item]
            "https": partial(_HTTPSPool, clock=clock),  # type: ignore[dict-item]
        }


def seconds_until(until: float) -> float:
    """Return the seconds that are left. Raises TimeoutError after the deadline."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class KeptConnectionEnded(ConnectionError):
    """A kept connection that was dead before a response came."""


class _UntilDeadline(io.RawIOBase):
    """The bytes of a socket. Reading raises TimeoutError after the deadline."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._until = until
        # This file keeps the socket open as long as the response is open.
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read the bytes that are there, or wait for some until the deadline."""
        self._sock.settimeout(seconds_until(self._until))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Release the socket."""
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    """A response whose timeout covers everything from the status line to the end of the body."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        until = time.monotonic() + (sock.gettimeout() or 0)
        self.fp.close()
        self.fp = io.BufferedReader(_UntilDeadline(sock, until))


class _Connection(HTTPConnection):
    """A connection that knows how long it has been idle."""

    response_class = _TimedResponse

    def __init__(self, *args: Any, clock: Clock, **options: Any) -> None:
        super().__init__(*args, **options)
        self._clock = clock
        self._responded_at = clock.now()
        self._is_kept = False

    @property
    def is_connected(self) -> bool:
        """True if the connection can be used for another request."""
        return super().is_connected and not is_stale(self._responded_at, self._clock.now())

    def connect(self) -> None:
        """Connect anew."""
        self._is_kept = False
        super().connect()

    def request(self, *args: Any, **options: Any) -> None:
        """Send a request. Raises KeptConnectionEnded if a kept connection is dead."""
        with self._noticing_its_end():
            super().request(*args, **options)

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
        """Return the response with its body unread. Raises KeptConnectionEnded as ``request`` does."""
        with self._noticing_its_end():
            response = super().getresponse()
        self._responded_at, self._is_kept = self._clock.now(), True
        return response

    @contextlib.contextmanager
    def _noticing_its_end(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException) as error:
            if self._is_kept:
                raise KeptConnectionEnded from error
            raise

    def _new_conn(self) -> socket.socket:
        """Return a connected socket. The addresses of the host share the timeout."""
        timeout = self.timeout
        until = time.monotonic() + (timeout if isinstance(timeout, int | float) else _CONNECT_SECONDS)
        failure: OSError = TimeoutError()
        for address in self._addresses():
            left = min(until - time.monotonic(), _CONNECT_SECONDS)
            if left <= 0:
                break
            try:
                sock = create_connection(address, left, socket_options=self.socket_options)
            except OSError as error:
                failure = error
            else:
                # TLS comes next, and gets the time that is left.
                sock.settimeout(max(until - time.monotonic(), 0.001))
                return sock
        if isinstance(failure, TimeoutError):
            raise urllib3.exceptions.ConnectTimeoutError(self, "connecting took too long") from failure
        raise urllib3.exceptions.NewConnectionError(self, "no address can be reached") from failure

    def _addresses(self) -> list[tuple[str, int]]:
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise urllib3.exceptions.NameResolutionError(self.host, self, error) from error
        return [(str(address[0]), int(address[1])) for *_, address in found]


class _HTTPSConnection(_Connection, HTTPSConnection):
    """A connection with TLS."""


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection
