"""Events as they are read, and events that are derived from rows."""

import heapq
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb import attributes, items, primary_keys
from chalicelib.adapters.dynamodb.errors import ConditionFailed, translated
from chalicelib.adapters.dynamodb.events import EVENT, SHARDS, put_event
from chalicelib.adapters.dynamodb.reads import batch_get, readable
from chalicelib.domain.events import Event
from chalicelib.domain.ports.events import EventsOfDay

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDBEventStore:
    """The events of users, each user's in one partition."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def list_events(self, user_id: str, *, after: str | None, limit: int) -> Sequence[Event]:
        """Return events of a user, the newest first. Raises StoreUnavailable."""
        partition = primary_keys.EVENTS + user_id
        start = {"ExclusiveStartKey": primary_keys.primary_key(partition, after)} if after else {}
        found: list[Event] = []
        while True:
            with translated():
                page = self._client.query(
                    TableName=self._table,
                    KeyConditionExpression="pk = :pk",
                    ExpressionAttributeValues={":pk": attributes.text(partition)},
                    ConsistentRead=True,
                    ScanIndexForward=False,
                    Limit=limit - len(found),
                    **start,  # type: ignore[arg-type]
                )
            found += _events(page["Items"])
            # A query ends after 1 MB, which the largest events may reach, and a row may be unreadable. A
            # short list would mean that the history ends.
            if len(found) == limit or "LastEvaluatedKey" not in page:
                return found
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}  # type: ignore[dict-item]

    def list_day(self, day: date, *, before: str, limit: int) -> EventsOfDay:
        """Return events of a day, by one query for each part of it. Raises StoreUnavailable."""
        parts = [self._part_of_day(day, shard, before, limit) for shard in range(SHARDS)]
        newest_first = heapq.merge(*parts, key=_position, reverse=True)
        # Any of the next ``limit`` events is among the first ``limit`` of its part.
        found = list(islice(newest_first, limit))
        is_last = sum(map(len, parts)) <= limit and all(len(part) < limit for part in parts)
        return EventsOfDay(self._rows(found), None if is_last else _position(found[-1]))

    def add_event(self, event: Event) -> bool:
        """Write a derived event. Return False if it exists. Raises StoreUnavailable."""
        try:
            with translated():
                self._client.put_item(**put_event(self._table, event)["Put"])
        except ConditionFailed:
            return False
        return True

    def _part_of_day(self, day: date, shard: int, before: str, limit: int) -> list[Any]:
        with translated():
            page = self._client.query(
                TableName=self._table,
                IndexName=items.GENERIC_INDEX,
                KeyConditionExpression="by_pk = :day AND by_sk < :before",
                ExpressionAttributeValues={
                    ":day": attributes.text(primary_keys.day_of_events(day, shard)),
                    ":before": attributes.text(before),
                },
                ScanIndexForward=False,
                Limit=limit,
            )
        return list(page["Items"])

    def _rows(self, indexed: Sequence[Any]) -> Sequence[Event]:
        if not indexed:
            return []
        keys = [{"pk": each["pk"], "sk": each["sk"]} for each in indexed]
        # TTL may have deleted a row that the index still has.
        found = _events(batch_get(self._client, self._table, keys))
        return sorted(found, key=lambda event: event.position, reverse=True)


def _events(rows: Sequence[Mapping[str, Any]]) -> list[Event]:
    return readable(EVENT.read, rows, "events.unreadable")


def _position(indexed: Any) -> str:
    return str(indexed["by_sk"]["S"])
