"""The public keys: one small partition for each use."""

from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb import attributes, items, primary_keys
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.errors import ConditionFailed
from chalicelib.adapters.dynamodb.reads import query_all, read_row
from chalicelib.adapters.dynamodb.writes import Update, transact
from chalicelib.domain.errors import ConcurrentChange
from chalicelib.domain.keys import KeyRing, KeyUse, VerificationKey

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.domain.events import Event

_HEAD = ("active", "next")


class DynamoDBKeyStore:
    """The public keys of one use: a row each, and the ring's head, which names the active and the next one.

    Two writers meet at the head. A condition on the row of a new key would not notice another new key.
    """

    def __init__(self, client: "DynamoDBClient", table: str, use: KeyUse) -> None:
        self._client = client
        self._table = table
        self._use = use

    def load_keys(self) -> KeyRing:
        """Return all keys, strongly consistent. Raises StoreUnavailable.

        It raises UnreadableRow if one is damaged. Without its key, good tokens would be refused.
        """
        head = primary_keys.key_ring_key(self._use)
        rows = query_all(
            self._client,
            TableName=self._table,
            KeyConditionExpression="pk = :ring AND sk > :head",
            ExpressionAttributeValues={":ring": head["pk"], ":head": head["sk"]},
            ConsistentRead=True,
        )
        return KeyRing(tuple(read_row(items.PUBLIC_KEY.read, row) for row in rows))

    def save_keys(self, before: KeyRing, after: KeyRing, event: "Event") -> None:
        """Write the rows that differ and the event, in one transaction.

        Raises ConcurrentChange, StoreUnavailable.
        """
        # A decision reads keys only, so it does not load this module.
        from chalicelib.adapters.dynamodb.events import put_event

        known = {key.kid: key for key in before.keys}
        writes = [self._key_write(known.get(k.kid), k) for k in after.keys if known.get(k.kid) != k]
        old, new = (_names(ring) for ring in (before, after))
        if old != new:
            writes.append(self._head_write(old, new))
        if not writes:
            return
        try:
            transact(self._client, [*writes, put_event(self._table, event)])
        except ConditionFailed as failure:
            raise ConcurrentChange from failure

    def _key_write(self, before: VerificationKey | None, after: VerificationKey) -> dict[str, Any]:
        key = primary_keys.public_key_key(self._use, after.kid)
        item = key | items.PUBLIC_KEY.item(after)
        if before is None:
            condition = "attribute_not_exists(pk)"
            return {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": condition}}
        old, update = key | items.PUBLIC_KEY.item(before), Update()
        update.change(old, item)
        condition = update.equals("state", old["state"])
        return {"Update": update.request(self._table, key, condition)}

    def _head_write(self, before: Item, after: Item) -> dict[str, Any]:
        update = Update()
        update.change(before, after)
        conditions = [update.same(name, before.get(name)) for name in _HEAD]
        key = primary_keys.key_ring_key(self._use)
        return {"Update": update.request(self._table, key, " AND ".join(conditions))}


def _names(ring: KeyRing) -> Item:
    """Return the attributes of a ring's head: the names of the active key and of the next one."""
    named = {"active": ring.active, "next": ring.next}
    return {name: attributes.text(key.kid) for name, key in named.items() if key}
