"""The reader of the table's stream that looks after events. The local stack runs it instead of Lambda.

It hands on what the deployed patterns hand on. The emulator keeps no place in the stream, so the reader
begins where the stream ends when the API server starts.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from chalice.app import Chalice

from infra.aws.package.publishing import MAPPING
from infra.local.patterns import handed_on
from infra.local.schedule import LocalContext

READER = "publish_events"
_EVERY_SECONDS = 1.0

Function = Callable[[Any, Any], Any]


class Streams(Protocol):
    """The part of botocore's client of ``dynamodbstreams`` that is used here."""

    exceptions: Any

    def list_streams(self, **request: Any) -> Mapping[str, Any]:
        """List the streams of a table."""
        ...

    def describe_stream(self, **request: Any) -> Mapping[str, Any]:
        """Describe a stream with its shards."""
        ...

    def get_shard_iterator(self, **request: Any) -> Mapping[str, Any]:
        """Return a place in a shard."""
        ...

    def get_records(self, **request: Any) -> Mapping[str, Any]:
        """Return the records from a place on."""
        ...


class StreamReader:
    """The place in the stream of a table, and the records that the function has not dealt with."""

    def __init__(self, streams: Streams, table: str, function: Function) -> None:
        """Begin at the end of the stream."""
        self._streams = streams
        self._function = function
        self._left: list[dict[str, Any]] = []
        # The emulator has one stream for a table, and one shard for a stream.
        (stream,) = streams.list_streams(TableName=table)["Streams"]
        self._arn = stream["StreamArn"]
        (shard,) = streams.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"]
        self._shard = shard["ShardId"]
        self._seen: str | None = None
        self._iterator = self._iterator_of(ShardIteratorType="LATEST")

    def go_on(self) -> None:
        """Hand on the records since the last call. Those that fail are handed on again by the next call."""
        self._left += handed_on(self._records(), MAPPING)
        if not self._left:
            return
        response = self._function({"Records": self._left}, LocalContext())
        failed = {each["itemIdentifier"] for each in response["batchItemFailures"]}
        numbers = [record["dynamodb"]["SequenceNumber"] for record in self._left]
        first = min((numbers.index(number) for number in failed), default=len(numbers))
        self._left = self._left[first:]

    def _records(self) -> list[dict[str, Any]]:
        try:
            page = self._streams.get_records(ShardIterator=self._iterator)
        except self._streams.exceptions.ExpiredIteratorException:
            # The computer slept.
            self._iterator = self._iterator_after_sleep()
            return []
        self._iterator = page["NextShardIterator"]
        records: list[dict[str, Any]] = page["Records"]
        if records:
            self._seen = records[-1]["dynamodb"]["SequenceNumber"]
        return records

    def _iterator_after_sleep(self) -> str:
        if self._seen is None:
            return self._iterator_of(ShardIteratorType="TRIM_HORIZON")
        return self._iterator_of(ShardIteratorType="AFTER_SEQUENCE_NUMBER", SequenceNumber=self._seen)

    def _iterator_of(self, **place: Any) -> str:
        found = self._streams.get_shard_iterator(StreamArn=self._arn, ShardId=self._shard, **place)
        return str(found["ShardIterator"])


def follow_stream(
    app: Chalice,
    streams: Streams,
    table: str,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Hand on the stream's records to the function of the application every second, beside the server."""
    for function in app.pure_lambda_functions:
        if function.name == READER:
            # The place is taken before the server listens, so that no change is missed.
            reader = StreamReader(streams, table, function)
            threading.Thread(target=_repeat, args=(reader, sleep), daemon=True).start()


def _repeat(reader: StreamReader, sleep: Callable[[float], None]) -> None:
    while True:
        # The function's own line in the log tells about its failure.
        with contextlib.suppress(Exception):
            reader.go_on()
        sleep(_EVERY_SECONDS)
