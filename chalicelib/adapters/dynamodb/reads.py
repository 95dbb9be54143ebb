"""Reads by key. They are strongly consistent unless the caller says otherwise.

A response that lacks a member, or has it in another form, is not a response of DynamoDB. It must never look
like one without rows, because a missing row is a refusal.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib import logs
from chalicelib.adapters.dynamodb.attributes import UNREADABLE, Item, text
from chalicelib.adapters.dynamodb.errors import translated
from chalicelib.domain.errors import StoreUnavailable, UnreadableRow
from chalicelib.domain.frozen import Frozen

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_Row = TypeVar("_Row")


class Page(Frozen):
    """The rows of one query, and the primary key of the last one that it read, or None if it read all."""

    rows: Sequence[Any]
    last_key: Any


class Count(Frozen):
    """The number of rows that match and of those that were read, and the ``last_key`` as in ``Page``."""

    matching: int
    read: int
    last_key: Any


def get(client: "DynamoDBClient", table: str, key: Item) -> Mapping[str, Any] | None:
    """Return the item with this key. Raises StoreUnavailable."""
    with translated():
        response = client.get_item(TableName=table, Key=key, ConsistentRead=True)
    return _rows([response["Item"]])[0] if "Item" in response else None


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
    found: object = response.get("Responses")
    if response.get("UnprocessedKeys") or not isinstance(found, dict):
        raise StoreUnavailable
    return _rows(found.get(table))


def query(client: "DynamoDBClient", **request: Any) -> Page:
    """Return one page of a query. Raises StoreUnavailable."""
    with translated():
        response: Mapping[str, Any] = client.query(**request)
    return Page(_rows(response.get("Items")), _last_key(request, response))


def query_between(
    client: "DynamoDBClient",
    table: str,
    partition: Mapping[str, str],
    low: str,
    high: str,
    /,
    **request: Any,
) -> Page:
    """Return one page of a partition, with sort keys from ``low`` to ``high``. Raises StoreUnavailable."""
    return query(
        client,
        TableName=table,
        KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
        ExpressionAttributeValues={":pk": partition, ":low": text(low), ":high": text(high)},
        **request,
    )


def query_all(client: "DynamoDBClient", **request: Any) -> Iterator[Any]:
    """Yield the items of all pages of a query. Raises StoreUnavailable."""
    while True:
        page = query(client, **request)
        yield from page.rows
        if page.last_key is None:
            return
        request["ExclusiveStartKey"] = page.last_key


def count(client: "DynamoDBClient", **request: Any) -> Count:
    """Return the counts of one page of a query. Raises StoreUnavailable."""
    with translated():
        response: Mapping[str, Any] = client.query(**request, Select="COUNT")
    matching, read = (response.get(name) for name in ("Count", "ScannedCount"))
    if not (isinstance(matching, int) and isinstance(read, int)):
        raise StoreUnavailable
    return Count(matching, read, _last_key(request, response))


def read_row(read: Callable[[Mapping[str, Any]], _Row], row: Mapping[str, Any]) -> _Row:
    """Return what ``read`` returns for a row. Raises UnreadableRow for a damaged one."""
    try:
        return read(row)
    except UNREADABLE as error:
        _warn("row.unreadable", row, error)
        raise UnreadableRow from error


def readable_row(read: Callable[[Mapping[str, Any]], _Row], row: Mapping[str, Any] | None) -> _Row | None:
    """Return what ``read`` returns for a row. A damaged row is logged and counts as missing."""
    found = readable(read, [row]) if row else ()
    return found[0] if found else None


def readable(
    read: Callable[[Mapping[str, Any]], _Row],
    rows: Sequence[Mapping[str, Any]],
    line: str = "row.unreadable",
) -> list[_Row]:
    """Return what ``read`` returns for the rows that it can read.

    ``line`` is the log line about each other row. A damaged row, or one of a later release, must not hide
    the others.
    """
    found = []
    for row in rows:
        try:
            found.append(read(row))
        except UNREADABLE as error:
            _warn(line, row, error)
    return found


def _warn(line: str, row: Mapping[str, Any], error: Exception) -> None:
    # Without its content, which may be personal.
    key = {name: row[name]["S"] for name in ("pk", "sk")} if _has_primary_key(row) else {}
    logs.warn(line, error=type(error).__name__, **key)


def _rows(found: Any) -> list[Any]:
    """Return a list of rows as it is. Raises StoreUnavailable if it is not one."""
    if not isinstance(found, list) or not all(map(_has_primary_key, found)):
        raise StoreUnavailable
    return found


def _last_key(request: Mapping[str, Any], response: Mapping[str, Any]) -> Any:
    """Return the primary key from which the next page goes on, or None if there is not another page.

    Raises StoreUnavailable for any other form, and for the key that this page began with. The next page
    would be this one again, without an end.
    """
    if "LastEvaluatedKey" not in response:
        return None
    last_key = response["LastEvaluatedKey"]
    if not _has_primary_key(last_key) or last_key == request.get("ExclusiveStartKey"):
        raise StoreUnavailable
    return last_key


def _has_primary_key(row: Any) -> bool:
    try:
        return isinstance(row["pk"]["S"], str) and isinstance(row["sk"]["S"], str)
    except (KeyError, TypeError):
        return False
