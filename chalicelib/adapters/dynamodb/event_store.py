"""Events as they are read, and events that are derived from rows."""

import heapq
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb import attributes, items, primary_keys
from chalicelib.adapters.dynamodb.errors import ConditionFailed, translated
from chalicelib.adapters.dynamodb.events import EVENT, SHARDS, put_event
from chalicelib.adapters.dynamodb.reads import batch_get, count, query, readable
from chalicelib.domain.events import Event
from chalicelib.domain.ports.events import MAX_COUNTED, EventCount, EventPart

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A query reads at most 1 MB. So a count of events of over 5 KB ends early, and says that there are more.
_MOST_COUNTS = 5


class DynamoDBEventStore:
    """The events of users, each user's in one partition."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def list_events(self, user_id: str, *, after: str | None, limit: int) -> EventPart:
        """Return events of a user, the newest first, by one query. Raises StoreUnavailable."""
        partition = primary_keys.EVENTS + user_id
        start = {"ExclusiveStartKey": primary_keys.primary_key(partition, after)} if after else {}
        page = query(
            self._client,
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": attributes.text(partition)},
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        # A query ends after 1 MB, which the largest events may reach.
        return _part(page.rows, str(page.last_key["sk"]["S"]) if page.last_key else None)

    def count_events(self, user_id: str, now: datetime) -> EventCount:
        """Count the newest rows of a user, eventually consistent. Raises StoreUnavailable."""
        start: Mapping[str, Any] = {}
        found, left = 0, MAX_COUNTED + 1
        for _ in range(_MOST_COUNTS):
            page = count(
                self._client,
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                # TTL may delete a row days after its time.
                FilterExpression="purge_at > :now",
                ExpressionAttributeValues={
                    ":pk": attributes.text(primary_keys.EVENTS + user_id),
                    ":now": attributes.purge_time(now),
                },
                ScanIndexForward=False,
                Limit=left,
                **start,
            )
            found, left = found + page.matching, left - page.read
            start = {"ExclusiveStartKey": page.last_key} if page.last_key else {}
            if not start or left <= 0:
                break
        return EventCount(min(found, MAX_COUNTED), bool(start) or found > MAX_COUNTED)

    def list_day(self, day: date, *, before: str, limit: int) -> EventPart:
        """Return events of a day, by one query for each part of it. Raises StoreUnavailable."""
        parts = [self._part_of_day(day, shard, before, limit) for shard in range(SHARDS)]
        newest_first = heapq.merge(*parts, key=_position, reverse=True)
        # Any of the next ``limit`` events is among the first ``limit`` of its part.
        found = list(islice(newest_first, limit))
        is_last = sum(map(len, parts)) <= limit and all(len(part) < limit for part in parts)
        keys = [{"pk": each["pk"], "sk": each["sk"]} for each in found]
        # TTL may have deleted a row that the index still has.
        rows = batch_get(self._client, self._table, keys) if keys else []
        return _part(rows, None if is_last else _position(found[-1]))

    def add_event(self, event: Event) -> bool:
        """Write a derived event. Return False if it exists. Raises StoreUnavailable."""
        try:
            with translated():
                self._client.put_item(**put_event(self._table, event)["Put"])
        except ConditionFailed:
            return False
        return True

    def _part_of_day(self, day: date, shard: int, before: str, limit: int) -> list[Any]:
        page = query(
            self._client,
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
        return list(page.rows)


def _part(rows: Sequence[Any], next_position: str | None) -> EventPart:
    events = readable(EVENT.read, rows, "events.unreadable")
    events.sort(key=lambda event: event.position, reverse=True)
    return EventPart(events, next_position, [attributes.most_bytes(row) for row in rows])


def _position(indexed: Any) -> str:
    return str(indexed["by_sk"]["S"])
