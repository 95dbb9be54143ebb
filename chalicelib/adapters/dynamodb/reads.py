"""Strongly consistent reads by key."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb.errors import translated
from chalicelib.adapters.dynamodb.items import Item
from chalicelib.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def get(client: "DynamoDBClient", table: str, key: Item) -> Mapping[str, Any] | None:
    """Return the item with this key. Raises StoreUnavailable."""
    with translated():
        answer = client.get_item(TableName=table, Key=key, ConsistentRead=True)
    return answer.get("Item")


def batch_get(client: "DynamoDBClient", table: str, keys: Sequence[Item]) -> Sequence[Mapping[str, Any]]:
    """Return the items among these keys (at most 100) that exist, in any order.

    Raises StoreUnavailable, also when some were not read: that is not an item that does not exist.
    """
    with translated():
        answer = client.batch_get_item(RequestItems={table: {"Keys": list(keys), "ConsistentRead": True}})
    if answer.get("UnprocessedKeys"):
        raise StoreUnavailable
    return answer["Responses"].get(table, [])
