"""The three DynamoDB calls of a decision without the SDK: see docs/decisions/0021-lean-client.md.

``LeanDynamoDB`` has the methods of the SDK's client. ``errors.translated`` translates its errors.
"""

import json
import select
import ssl
import zlib
from collections.abc import Mapping
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from importlib.util import find_spec
from pathlib import Path
from socket import socket
from typing import Any

from chalicelib.adapters.connections import is_stale
from chalicelib.adapters.dynamodb.lean.access import Access
from chalicelib.adapters.dynamodb.lean.sigv4 import Signer
from chalicelib.adapters.failures import CallFailed, Failure, failure_of_response
from chalicelib.domain.ports.time import Clock

CONNECT_SECONDS = 0.5
READ_SECONDS = 2.0
MOST_BYTES = 4 * 1024 * 1024
_MOST_KEPT = 8


class _NotBegun(ConnectionError):
    """The connection ended before the first byte of a response."""


class _NotConnected(ConnectionError):
    """No connection was made, so nothing was sent."""


class LeanDynamoDB:
    """A client that keeps connections. Threads may share it.

    A read is sent once more, over a new connection, if it met a kept connection that ended before any
    response began. Everything else is sent once. RepeatingDynamoDB repeats calls that failed. ``trusted``
    is a file of certificates of authorities to use instead of certifi's.
    """

    def __init__(
        self,
        access: Access,
        clock: Clock,
        *,
        trusted: Path | None = None,
    ) -> None:
        self._access = access
        self._clock = clock
        self._signer = Signer(access)
        # The default context verifies certificates and names.
        secure = access.scheme == "https"
        self._context = ssl.create_default_context(cafile=trusted or authorities()) if secure else None
        self._kept: list[tuple[HTTPConnection, datetime]] = []

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Read items by key. Raises CallFailed."""
        return self._call("BatchGetItem", request)

    def query(self, **request: Any) -> dict[str, Any]:
        """Read one page of items. Raises CallFailed."""
        return self._call("Query", request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Change an item. Raises CallFailed."""
        return self._call("UpdateItem", request, once=True)

    def close(self) -> None:
        """End the connections that are kept."""
        kept, self._kept = self._kept, []
        for connection, _ in kept:
            connection.close()

    def _call(self, operation: str, request: Mapping[str, Any], *, once: bool = False) -> dict[str, Any]:
        body = json.dumps(request).encode()
        headers = self._signer.headers(operation, body, self._clock.now())
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        head = f"POST / HTTP/1.1\r\n{''.join(lines)}content-length: {len(body)}\r\n\r\n"
        try:
            status, content = self._send(head.encode("ascii") + body, once)
        except _NotConnected as error:
            raise CallFailed(Failure.UNSENT) from error.__cause__
        except (OSError, HTTPException) as error:
            raise CallFailed(Failure.UNKNOWN) from error
        return _meaning(status, content)

    def _send(self, message: bytes, once: bool) -> tuple[int, bytes]:
        kept = self._take()
        if kept:
            try:
                return self._exchange(kept, message)
            except OSError as error:
                # The other connections were kept as long, so the next call connects anew.
                self.close()
                if once or not isinstance(error, _NotBegun):
                    raise
        return self._exchange(self._connect(), message)

    def _exchange(self, connection: HTTPConnection, message: bytes) -> tuple[int, bytes]:
        response = HTTPResponse(connection.sock, method="POST")
        try:
            _begin(connection, message, response)
            content = _whole(response)
        except BaseException:
            connection.close()
            raise
        finally:
            response.close()
        if response.will_close or len(self._kept) >= _MOST_KEPT:
            connection.close()
        else:
            self._kept.append((connection, self._clock.now()))
        return response.status, content

    def _connect(self) -> HTTPConnection:
        name, port = self._access.name, self._access.port
        if self._context:
            connection: HTTPConnection = HTTPSConnection(
                name, port, timeout=CONNECT_SECONDS, context=self._context
            )
        else:
            connection = HTTPConnection(name, port, timeout=CONNECT_SECONDS)
        try:
            connection.connect()
        except OSError as error:
            raise _NotConnected from error
        connection.sock.settimeout(READ_SECONDS)
        return connection

    def _take(self) -> HTTPConnection | None:
        """Return a kept connection that was used lately and has no unread bytes.

        Unread bytes are the end of the connection, or do not belong to a call of ours.
        """
        while True:
            try:
                connection, used_at = self._kept.pop()
            except IndexError:
                return None
            if not is_stale(used_at, self._clock.now()) and not _has_unread_bytes(connection.sock):
                return connection
            connection.close()


def authorities() -> Path:
    """Return the file of certifi's certificates of authorities, which the SDK uses too."""
    found = find_spec("certifi")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("certifi")
    # certifi's own function for this loads modules that nothing else needs.
    return Path(found.origin).with_name("cacert.pem")


def _has_unread_bytes(sock: socket) -> bool:
    """Return True if the socket has unread bytes, whether TLS has decrypted them or not."""
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return True
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    return bool(waiting.poll(0))


def _begin(connection: HTTPConnection, message: bytes, response: HTTPResponse) -> None:
    """Send, and read the response up to its body.

    Raises _NotBegun, OSError or HTTPException.
    """
    try:
        connection.send(message)
        first = response.fp.peek(1)
    except ConnectionError as error:
        raise _NotBegun from error
    if not first:
        raise _NotBegun
    response.begin()


def _whole(response: HTTPResponse) -> bytes:
    """Return the whole body. Raises HTTPException if it is too long, cut short or damaged."""
    body = response.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES or response.length:
        raise HTTPException("too long or cut short")
    checksum = response.headers.get("x-amz-crc32")
    if checksum is not None and checksum != str(zlib.crc32(body)):
        raise HTTPException("damaged")
    return body


def _meaning(status: int, body: bytes) -> dict[str, Any]:
    """Return the response. Raises CallFailed for an error, and for a body that is not a JSON object."""
    try:
        # Not ``strict_json``: the response is DynamoDB's, up to 4 MiB, and a caller waits for it.
        response = json.loads(body)
    except (ValueError, RecursionError):
        response = None
    if not isinstance(response, dict):
        raise CallFailed(Failure.UNKNOWN if status >= 500 else Failure.FINAL)
    if status != 200:
        code = str(response.get("__type", "")).rpartition("#")[2]
        response = {**response, "Error": {"Code": code}}
        raise CallFailed(failure_of_response(status, response), response)
    return response
