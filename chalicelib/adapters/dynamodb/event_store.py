"""Events as they are read, and events that are derived from rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb import attributes, primary_keys
from chalicelib.adapters.dynamodb.errors import ConditionFailed, translated
from chalicelib.adapters.dynamodb.events import EVENT, put_event
from chalicelib.domain.events import Event

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
        with translated():
            page = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": attributes.text(partition)},
                ConsistentRead=True,
                ScanIndexForward=False,
                Limit=limit,
                **start,  # type: ignore[arg-type]
            )
        return [EVENT.read(item) for item in page["Items"]]  # type: ignore[arg-type]

    def add_event(self, event: Event) -> bool:
        """Write a derived event. Return False if it exists. Raises StoreUnavailable."""
        try:
            with translated():
                self._client.put_item(**put_event(self._table, event)["Put"])
        except ConditionFailed:
            return False
        return True
