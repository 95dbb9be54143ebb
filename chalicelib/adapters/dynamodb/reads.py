"""Reads by key. They are strongly consistent unless the caller says otherwise."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib import logs
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.errors import translated
from chalicelib.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_Row = TypeVar("_Row")


def get(client: "DynamoDBClient", table: str, key: Item) -> Mapping[str, Any] | None:
    """Return the item with this key. Raises StoreUnavailable."""
    with translated():
        response = client.get_item(TableName=table, Key=key, ConsistentRead=True)
    return response.get("Item")


def batch_get(
    client: "DynamoDBClient", table: str, keys: Sequence[Item], *, strong: bool = True
) -> Sequence[Mapping[str, Any]]:
    """Return the existing items with these keys (at most 100), in any order.

    Raises StoreUnavailable, also if some keys were not read: their items may exist. RepeatingDynamoDB asks
    for such keys again.
    """
    with translated():
        response = client.batch_get_item(
            RequestItems={table: {"Keys": list(keys), "ConsistentRead": strong}}
        )
    if response.get("UnprocessedKeys") or "Responses" not in response:
        raise StoreUnavailable
    return response["Responses"].get(table, [])


def query_all(client: "DynamoDBClient", **request: Any) -> Iterator[Any]:
    """Yield the items of all pages of a query.

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


def readable(
    read: Callable[[Mapping[str, Any]], _Row], rows: Sequence[Mapping[str, Any]], line: str
) -> list[_Row]:
    """Return what ``read`` returns for the rows that it can read.

    ``line`` is the log line about each other row. A damaged row, or one of a later release, must not hide
    the others.
    """
    found = []
    for row in rows:
        try:
            found.append(read(row))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            logs.warn(line, pk=row["pk"]["S"], sk=row["sk"]["S"], error=type(error).__name__)
    return found
