"""Strongly consistent reads by key."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.errors import translated
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

    Raises StoreUnavailable, also if some were not read: that is not an item that does not exist. A client
    that asks for those again is RepeatingDynamoDB.
    """
    with translated():
        answer = client.batch_get_item(RequestItems={table: {"Keys": list(keys), "ConsistentRead": True}})
    if answer.get("UnprocessedKeys") or "Responses" not in answer:
        raise StoreUnavailable
    return answer["Responses"].get(table, [])


def query_all(client: "DynamoDBClient", **request: Any) -> Iterator[Any]:
    """Yield the items that a query finds, on however many pages.

    Raises StoreUnavailable.
    """
    start: Mapping[str, Any] = {}
    while True:
        with translated():
            page = client.query(**request, **start)
        yield from page["Items"]
        if not page.get("LastEvaluatedKey"):
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
