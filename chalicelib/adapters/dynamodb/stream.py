"""Records of the table's stream, in the form that Lambda gets (``NEW_AND_OLD_IMAGES``)."""

from collections.abc import Mapping
from typing import Any

from chalicelib import logs
from chalicelib.adapters.dynamodb import items, primary_keys
from chalicelib.adapters.dynamodb.attributes import UNREADABLE
from chalicelib.domain.changes import RowChange, TokenChange, UserChange

_USER = primary_keys.user_key("")["sk"]["S"]


def read_change(record: Mapping[str, Any]) -> RowChange | None:
    """Return the change in a record, or None if it cannot be read.

    Rows of an unknown kind, and rows that another version wrote, cannot be read. The caller must treat
    None as a change that matters.
    """
    try:
        stream = record["dynamodb"]
        return _change(stream["Keys"]["sk"]["S"], stream["OldImage"], stream["NewImage"])
    except UNREADABLE as error:
        logs.warn("stream.unreadable", error=type(error).__name__, at=logs.place(error))
        return None


def _change(sort_key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> RowChange | None:
    if sort_key == _USER:
        return UserChange(items.USER.read(old), items.USER.read(new))
    if sort_key.startswith(primary_keys.TOKENS):
        return TokenChange(items.TOKEN.read(old), items.TOKEN.read(new))
    raise ValueError(sort_key.partition("#")[0])
