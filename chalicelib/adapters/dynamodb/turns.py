"""Rows that several runs change in turn. Each write has an id, and is made only on top of the one read."""

import secrets
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.attributes import Item, text
from chalicelib.adapters.dynamodb.errors import ConditionFailed, translated
from chalicelib.adapters.dynamodb.writes import Update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def new_write_id() -> str:
    """Return the id of a write."""
    return secrets.token_hex(8)


def write_in_turn(
    client: "DynamoDBClient", table: str, key: Item, before: Item, after: Item, write_id: str | None
) -> str | None:
    """Write the attributes that differ. Return the id of this write, or None if another run came first.

    ``write_id`` is the id of the write that was read. It is None if the row is new. If a response is
    lost, the write is repeated and meets its own id. This counts as written. Raises StoreUnavailable.
    """
    own = new_write_id()
    update = Update()
    update.change(before, after)
    update.set("write_id", text(own))
    condition = update.same("write_id", text(write_id) if write_id else None)
    request = update.request(table, key, condition)
    try:
        with translated():
            client.update_item(**request, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    except ConditionFailed as failure:
        is_own = failure.item is not None and failure.item.get("write_id") == text(own)
        return own if is_own else None
    return own
