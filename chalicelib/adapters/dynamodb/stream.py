"""Records of the table's stream, as Lambda hands them on (``NEW_AND_OLD_IMAGES``)."""

from collections.abc import Mapping
from typing import Any

from chalicelib import logs
from chalicelib.adapters.dynamodb import items
from chalicelib.domain.changes import RowChange, TokenChange, UserChange

_USER = items.user_key("")["sk"]["S"]


def read_change(record: Mapping[str, Any]) -> RowChange | None:
    """Return the change that a record tells of, or None when nobody can say what it was.

    A row that is of no known kind or that another version of this code wrote is no reason to fail:
    whoever asks has to expect the worst of it.
    """
    try:
        stream = record["dynamodb"]
        return _change(stream["Keys"]["sk"]["S"], stream["OldImage"], stream["NewImage"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        logs.warn("stream.unreadable", error=type(error).__name__, at=logs.place(error))
        return None


def _change(sort_key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> RowChange | None:
    if sort_key == _USER:
        return UserChange(items.read_user(old), items.read_user(new))
    if sort_key.startswith(items.TOKENS):
        return TokenChange(items.read_token(old), items.read_token(new))
    raise ValueError(sort_key.partition("#")[0])
