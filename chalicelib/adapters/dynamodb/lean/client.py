"""The service's calls to DynamoDB without the SDK: see docs/decisions/0021-lean-client.md.

``LeanDynamoDB`` has the methods of the SDK's client. ``errors.translated`` translates its errors.
"""

import json
import select
import socket
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.connections import is_stale
from chalicelib.adapters.dynamodb.lean import http
from chalicelib.adapters.dynamodb.lean.access import Access
from chalicelib.adapters.dynamodb.lean.sigv4 import Signer
from chalicelib.adapters.failures import CallFailed, Failure, failure_of_response

if TYPE_CHECKING:
    from chalicelib.adapters.dynamodb.lean.trust import Trust
    from chalicelib.domain.ports.time import Clock

CONNECT_SECONDS = 0.5
READ_SECONDS = 2.0
_MOST_KEPT = 8


class _NotConnected(ConnectionError):
    """No connection was made, so nothing was sent."""


class LeanDynamoDB:
    """A client that keeps connections. Threads may share it.

    A read is sent once more, over a new connection, if it met a kept connection that ended before any
    response began. Everything else is sent once. RepeatingDynamoDB repeats calls that failed. ``trust``
    replaces the usual authorities.
    """

    def __init__(self, access: Access, clock: "Clock", *, trust: "Trust | None" = None) -> None:
        self._access = access
        self._clock = clock
        self._signer = Signer(access)
        self._trust = (trust or _usual_trust(access.region)) if access.scheme == "https" else None
        self._kept: list[tuple[socket.socket, datetime]] = []

    def get_item(self, **request: Any) -> dict[str, Any]:
        """Read an item by its key. Raises CallFailed."""
        return self._call("GetItem", request)

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Read items by key. Raises CallFailed."""
        return self._call("BatchGetItem", request)

    def query(self, **request: Any) -> dict[str, Any]:
        """Read one page of items. Raises CallFailed."""
        return self._call("Query", request)

    def put_item(self, **request: Any) -> dict[str, Any]:
        """Write an item. Raises CallFailed."""
        return self._call("PutItem", request, once=True)

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Change an item. Raises CallFailed."""
        return self._call("UpdateItem", request, once=True)

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """Delete an item. Raises CallFailed."""
        return self._call("DeleteItem", request, once=True)

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Write all items or none. Raises CallFailed."""
        return self._call("TransactWriteItems", request, once=True)

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
        except (OSError, http.BadResponse) as error:
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
                if once or not isinstance(error, http.NotBegun):
                    raise
        return self._exchange(self._connect(), message)

    def _exchange(self, connection: socket.socket, message: bytes) -> tuple[int, bytes]:
        try:
            response = http.exchanged(connection, message)
            _check(response)
        except BaseException:
            connection.close()
            raise
        if response.is_last or len(self._kept) >= _MOST_KEPT:
            connection.close()
        else:
            self._kept.append((connection, self._clock.now()))
        return response.status, response.body

    def _connect(self) -> socket.socket:
        try:
            connection = self._trust.connected(self._open, self._host) if self._trust else self._open()
        except OSError as error:
            raise _NotConnected from error
        connection.settimeout(READ_SECONDS)
        return connection

    @property
    def _host(self) -> bytes:
        # As bytes: for a text, Python loads the tables of international names.
        return self._access.name.encode("ascii")

    def _open(self) -> socket.socket:
        address: Any = (self._host, self._access.port)
        connection = socket.create_connection(address, CONNECT_SECONDS)
        # A request is one message, which must not wait for the end of another.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _take(self) -> socket.socket | None:
        """Return a kept connection that was used lately and has no unread bytes.

        Unread bytes are the end of the connection, or do not belong to a call of ours.
        """
        while True:
            try:
                connection, used_at = self._kept.pop()
            except IndexError:
                return None
            if not is_stale(used_at, self._clock.now()) and not _has_unread_bytes(connection):
                return connection
            connection.close()


def _usual_trust(region: str) -> "Trust":
    # Plain connections, which stay on this machine, load no TLS.
    from chalicelib.adapters.dynamodb.lean.trust import Trust

    return Trust.of(region)


def _has_unread_bytes(connection: socket.socket) -> bool:
    """Return True if the socket has unread bytes, whether TLS has decrypted them or not."""
    decrypted = getattr(connection, "pending", None)
    if decrypted and decrypted():
        return True
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    return bool(waiting.poll(0))


def _check(response: http.Response) -> None:
    """Compare the body with the checksum that DynamoDB states. Raises BadResponse."""
    checksum = response.headers.get(b"x-amz-crc32")
    if checksum is not None and checksum != b"%d" % zlib.crc32(response.body):
        raise http.BadResponse("damaged")


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
