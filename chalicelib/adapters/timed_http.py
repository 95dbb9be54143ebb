"""One HTTP exchange that ends by a deadline, for calls to the OpenID provider on a connection of their own.

The timeouts of urllib3 and requests hold from byte to byte. A provider that sends one byte a second would
keep a person waiting until Lambda ends the function.
"""

import io
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from socket import socket
from typing import Any
from urllib.parse import SplitResult

from chalicelib.domain.errors import IdentityProviderUnavailable
from chalicelib.domain.refusals import ProviderReason

MOST_BYTES = 256 * 1024
_CONNECT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The status and the body of an answer."""

    status: int
    body: bytes = field(repr=False)


def exchange(
    method: str, address: SplitResult, headers: Mapping[str, str], body: bytes | None, until: float
) -> Answer:
    """Send a request and return the answer; redirects are not followed.

    ``until`` is a time of ``time.monotonic``. Raises IdentityProviderUnavailable if no whole answer comes
    by then, or if it is larger than ``MOST_BYTES``.
    """
    connection = _connection(address, min(_CONNECT_SECONDS, _left(until)))
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    try:
        connection.connect()
        connection.sock.settimeout(_left(until))
        connection.request(method, target, body, dict(headers))
        with HTTPResponse(_Timed(connection.sock, until), method=method) as response:  # type: ignore[arg-type]
            response.begin()
            answer = Answer(response.status, response.read(MOST_BYTES + 1))
    except TimeoutError as error:
        raise IdentityProviderUnavailable(ProviderReason.TOO_SLOW) from error
    except (OSError, HTTPException, ValueError) as error:
        raise IdentityProviderUnavailable(ProviderReason.UNREACHABLE) from error
    finally:
        connection.close()
    if len(answer.body) > MOST_BYTES:
        raise IdentityProviderUnavailable(ProviderReason.TOO_LARGE)
    return answer


def _connection(address: SplitResult, seconds: float) -> HTTPConnection:
    # Without a port, http.client reads one from the end of an IPv6 address.
    if address.scheme == "https":
        return HTTPSConnection(address.hostname or "", address.port or 443, timeout=seconds)
    return HTTPConnection(address.hostname or "", address.port or 80, timeout=seconds)


def _left(until: float) -> float:
    """Return the seconds that are left. Raises IdentityProviderUnavailable if there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise IdentityProviderUnavailable(ProviderReason.TOO_SLOW)
    return left


class _Timed(io.RawIOBase):
    """The bytes that a socket receives before a deadline."""

    def __init__(self, sock: socket, until: float) -> None:
        self._sock = sock
        self._until = until

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return the stream, as HTTPResponse asks a socket for it."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there, or wait for it. Raises IdentityProviderUnavailable or OSError."""
        # A timeout of a socket is for one read, so each read gets what is left.
        self._sock.settimeout(_left(self._until))
        return self._sock.recv_into(buffer)
