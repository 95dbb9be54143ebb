"""Rows of events. Each is written once, in the transaction of the change that it is about."""

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.adapters.dynamodb import primary_keys
from chalicelib.adapters.dynamodb.attributes import (
    Codec,
    Derived,
    Item,
    Member,
    RowKind,
    StoredItem,
    choice,
    prefixed,
    purge_time,
    text,
    time,
)
from chalicelib.domain.events import ActorKind, Difference, Event, EventType

SHARDS = 8
"""The number of partitions of the index among which the events of a day are spread."""


def _write_changes(changes: Mapping[str, Difference]) -> str:
    pairs = {name: [each.before, each.after] for name, each in changes.items()}
    return json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))


def _read_changes(stored: str) -> Mapping[str, Difference]:
    pairs = json.loads(stored)
    return {name: Difference(_frozen(before), _frozen(after)) for name, (before, after) in pairs.items()}


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_changes: Codec[Mapping[str, Difference]] = Codec("S", _write_changes, _read_changes)


def _keys(event: Event) -> Item:
    position = text(event.position)
    shard = int.from_bytes(event.id.encode()) % SHARDS
    by_pk = primary_keys.day_of_events(event.at.date(), shard)
    return {"sk": position, "by_pk": text(by_pk), "by_sk": position}


def _read_id(item: StoredItem) -> Mapping[str, str]:
    return {"id": item["sk"]["S"].partition("#")[2]}


EVENT = RowKind(
    Event,
    Member("user_id", prefixed(primary_keys.EVENTS), "pk"),
    Member("type", choice(EventType)),
    Member("at", time),
    Member("actor_kind", choice(ActorKind)),
    Member("purge_at", purge_time),
    Member("actor_id", text, optional=True),
    Member("address", text, optional=True),
    Member("user_agent", text, optional=True),
    Member("request_id", text, optional=True),
    Member("token_id", text, optional=True),
    Member("changes", _changes, optional=True),
    Derived(_keys, _read_id),
)


def put_event(table: str, event: Event) -> dict[str, Any]:
    """Return the write of an event within a transaction. It never replaces another event."""
    item = EVENT.item(event)
    return {"Put": {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}
