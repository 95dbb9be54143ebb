"""Records of the table's stream, as far as they are about events (``NEW_AND_OLD_IMAGES``)."""

from collections.abc import Mapping
from typing import Any

from chalicelib import logs
from chalicelib.adapters.dynamodb import attributes, compact, primary_keys
from chalicelib.adapters.dynamodb.events import EVENT
from chalicelib.domain.streamed import (
    EventTampered,
    EventWritten,
    NotAnEvent,
    RefusedElsewhere,
    Streamed,
    TokenReused,
)

# The identity of TTL's deletions (Developer Guide, "DynamoDB Streams and Time to Live").
_TTL = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def read_streamed(record: Mapping[str, Any]) -> Streamed | None:
    """Return what a record tells, or None if it cannot be read.

    The log then has the kind of the record and the primary key of the row, without its content.
    """
    try:
        return _read(record)
    except attributes.UNREADABLE as error:
        change, at = logs.fact(_part(record, "eventName")), logs.place(error)
        key = {name: logs.fact(_part(record, "dynamodb", "Keys", name, "S")) for name in ("pk", "sk")}
        logs.warn("stream.unreadable", error=type(error).__name__, at=at, change=change, **key)
        return None


def _read(record: Mapping[str, Any]) -> Streamed:
    change, stream = record["eventName"], record["dynamodb"]
    partition, sort_key = (stream["Keys"][name]["S"] for name in ("pk", "sk"))
    if partition.startswith(primary_keys.EVENTS):
        return _about_event(change, partition, sort_key, record)
    if change == "MODIFY" and sort_key.startswith(primary_keys.TOKENS):
        return _about_token(partition, sort_key, stream["OldImage"], stream["NewImage"])
    raise ValueError(change)


def _about_event(change: str, partition: str, sort_key: str, record: Mapping[str, Any]) -> Streamed:
    if change == "INSERT":
        return EventWritten(EVENT.read(record["dynamodb"]["NewImage"]))
    by = record.get("userIdentity") or {}
    if change == "REMOVE" and {name: by.get(name) for name in _TTL} == _TTL:
        return NotAnEvent()
    # Only the primary key is read, so that a damaged row is noticed too.
    return EventTampered(change, partition.removeprefix(primary_keys.EVENTS), sort_key)


def _about_token(partition: str, sort_key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Streamed:
    before, after = (
        attributes.number.read(row["reuse_count"]) if "reuse_count" in row else 0 for row in (old, new)
    )
    user_id = partition.removeprefix(primary_keys.USERS)
    token_id = sort_key.removeprefix(primary_keys.TOKENS)
    # A reuse from a new network is told as a reuse alone.
    if after > before:
        return TokenReused(user_id, token_id, after, attributes.time.read(new["last_reused_at"]))
    if old.get("refused") == new.get("refused"):
        return NotAnEvent()
    refused = compact.refused_uses.read(new["refused"]) if "refused" in new else None
    if refused is None or not refused.is_elsewhere or refused.last_from is None:
        return NotAnEvent()
    return RefusedElsewhere(user_id, token_id, refused.last_from, refused.last_reason, refused.last_at)


def _part(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
