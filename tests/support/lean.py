"""The lean client for tests: over the emulator itself, or over moto by a bridge of HTTP."""

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.dynamodb.lean import client
from chalicelib.adapters.dynamodb.lean.access import Access
from chalicelib.adapters.dynamodb.lean.client import LeanDynamoDB
from tests.support.clock import FixedClock
from tests.support.dynamodb import Cloud

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PATIENCE_SECONDS = 60.0
_CALLS = {
    "GetItem": "get_item",
    "BatchGetItem": "batch_get_item",
    "Query": "query",
    "PutItem": "put_item",
    "UpdateItem": "update_item",
    "DeleteItem": "delete_item",
    "TransactWriteItems": "transact_write_items",
}


def an_access(port: int, **changes: Any) -> Access:
    """Return credentials for something that listens on this machine."""
    here = Access(
        "us-east-1",
        "http",
        "127.0.0.1",
        port,
        "test",
        "test-secret",
        "test-session",
    )
    return replace(here, **changes)


@contextmanager
def patience() -> Iterator[None]:
    """Let the lean client wait as long as a busy machine needs.

    A call that is given up and made again would be counted twice, or be a fault of no test.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "CONNECT_SECONDS", _PATIENCE_SECONDS)
        patch.setattr(client, "READ_SECONDS", _PATIENCE_SECONDS)
        yield


@contextmanager
def with_lean(cloud: Cloud, port: int | None = None) -> Iterator[Cloud]:
    """Give a cloud a lean client of what its own client reaches, or of what listens on a port."""
    reached = port or int(cloud.dynamodb.meta.endpoint_url.rpartition(":")[2])
    lean = LeanDynamoDB(an_access(reached), FixedClock())
    try:
        with patience():
            yield replace(cloud, lean=cast("DynamoDBClient", lean))
    finally:
        lean.close()


@contextmanager
def bridged(cloud: Cloud) -> Iterator[Cloud]:
    """Give a cloud a lean client whose calls go on through its own client, faults and all.

    No connection is kept, so that every fault is one of the call and never of a connection's end.
    """

    class Handler(_Bridge):
        client = cloud.dynamodb

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        with with_lean(cloud, server.server_port) as lean:
            yield lean
    finally:
        server.shutdown()
        server.server_close()


class _Bridge(BaseHTTPRequestHandler):
    """Answers as DynamoDB does; where the client hears nothing, the connection just ends."""

    client: "DynamoDBClient"

    def do_POST(self) -> None:
        """Make the call."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        call = _CALLS[self.headers["X-Amz-Target"].partition(".")[2]]
        try:
            answer = getattr(self.client, call)(**request)
        except ClientError as error:
            details: dict[str, Any] = dict(error.response)
            document = {"__type": f"com.amazonaws.dynamodb.v20120810#{details['Error']['Code']}"}
            document |= {name: details[name] for name in ("Item", "CancellationReasons") if name in details}
            self._answer(details["ResponseMetadata"]["HTTPStatusCode"], document)
        except BotoCoreError:
            self.close_connection = True
        else:
            answer.pop("ResponseMetadata", None)
            self._answer(200, answer)

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amz-crc32", str(zlib.crc32(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Stay silent."""
