"""Counts what goes to DynamoDB and what it costs, by whichever client: a proxy before the emulator."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from tests.benchmarks.capacity import read_units
from tests.benchmarks.prices import Units
from tests.support.lean import patience

_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})
# The emulator counts it as well: the one read by which both ways of counting can be compared.
_CHECKED = frozenset({"GetItem"})
_OURS = frozenset({"host", "content-length", "connection", "transfer-encoding", "accept-encoding"})


@dataclass(frozen=True, slots=True)
class Metered:
    """One call; ``reported`` is what the emulator itself counted, where it does."""

    operation: str
    units: Units
    reported: float | None


class Meter:
    """Where to send calls so that they are counted."""

    def __init__(self) -> None:
        self.url = ""
        self._calls: list[Metered] = []

    def note(self, call: Metered) -> None:
        """Count a call."""
        self._calls.append(call)

    def taken(self) -> list[Metered]:
        """Return the calls since the last time, and begin anew."""
        calls, self._calls = self._calls, []
        return calls


def total(calls: list[Metered]) -> Units:
    """Return what calls cost together."""
    return sum((call.units for call in calls), Units())


def operations(calls: list[Metered]) -> list[str]:
    """Return what was called, in order."""
    return [call.operation for call in calls]


@contextmanager
def metered(endpoint: str) -> Iterator[Meter]:
    """Run the proxy; only what goes to its address is counted, and slower for it."""
    meter = Meter()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(endpoint, meter))
    meter.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        with patience():
            yield meter
    finally:
        server.shutdown()
        server.server_close()


def _handler(endpoint: str, meter: Meter) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet: in two, the client's delayed acknowledgement costs 40 ms.
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            operation = self.headers["X-Amz-Target"].partition(".")[2]
            asked = json.loads(body)
            if operation in _WRITES | _CHECKED:
                asked["ReturnConsumedCapacity"] = "TOTAL"
                body = json.dumps(asked).encode()
            status, headers, answer = _forwarded(endpoint, dict(self.headers.items()), body)
            if status == 200:
                meter.note(_metered(operation, asked, json.loads(answer)))
            else:
                meter.note(Metered(f"{operation} refused", Units(), None))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Stay silent."""

    return Handler


def _forwarded(endpoint: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=60)
    try:
        connection.request("POST", "/", body, _passed_on(headers))
        response = connection.getresponse()
        return response.status, _passed_on(dict(response.getheaders())), response.read()
    finally:
        connection.close()


def _passed_on(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _OURS}


def _metered(operation: str, asked: dict[str, Any], answer: dict[str, Any]) -> Metered:
    consumed = answer.get("ConsumedCapacity")
    tables = consumed if isinstance(consumed, list) else [consumed] if consumed else []
    reported = sum(table["CapacityUnits"] for table in tables) if tables else None
    if operation in _WRITES:
        if reported is None:
            raise ValueError(f"the emulator does not count {operation}")
        return Metered(operation, Units(write=reported), reported)
    return Metered(operation, Units(read_units(operation, asked, answer)), reported)
