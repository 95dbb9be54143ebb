"""The published signing keys: one small partition for each use."""

from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.errors import ConditionFailed
from chalicelib.adapters.dynamodb.reads import query_all
from chalicelib.adapters.dynamodb.writes import Update, transact
from chalicelib.domain.errors import ConcurrentChange
from chalicelib.domain.keys import KeyRing, KeyUse, VerificationKey

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_HEAD = ("active", "next")


class DynamoDBKeyStore:
    """The keys of one use: a row each, and the ring's head, which names the active and the next one.

    The head is what two writers meet at: no condition on the row of a new key could see that another
    new key is there.
    """

    def __init__(self, client: "DynamoDBClient", table: str, use: KeyUse) -> None:
        self._client = client
        self._table = table
        self._use = use

    def load_keys(self) -> KeyRing:
        """Return all keys, strongly consistent. Raises StoreUnavailable."""
        head = items.key_ring_key(self._use)
        rows = query_all(
            self._client,
            TableName=self._table,
            KeyConditionExpression="pk = :ring AND sk > :head",
            ExpressionAttributeValues={":ring": head["pk"], ":head": head["sk"]},
            ConsistentRead=True,
        )
        return KeyRing(tuple(items.read_signing_key(row) for row in rows))

    def save_keys(self, before: KeyRing, after: KeyRing) -> None:
        """Write what differs in one transaction.

        Raises ConcurrentChange, StoreUnavailable.
        """
        known = {key.kid: key for key in before.keys}
        writes = [self._key_write(known.get(k.kid), k) for k in after.keys if known.get(k.kid) != k]
        old, new = (items.key_ring_item(self._use, ring) for ring in (before, after))
        if old != new:
            writes.append(self._head_write(old, new))
        if not writes:
            return
        try:
            transact(self._client, writes)
        except ConditionFailed as failure:
            raise ConcurrentChange from failure

    def _key_write(self, before: VerificationKey | None, after: VerificationKey) -> dict[str, Any]:
        item = items.signing_key_item(self._use, after)
        if before is None:
            condition = "attribute_not_exists(pk)"
            return {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": condition}}
        old, update = items.signing_key_item(self._use, before), Update()
        update.change(old, item)
        condition = update.equals("state", old["state"])
        key = items.signing_key_key(self._use, after.kid)
        return {"Update": update.request(self._table, key, condition)}

    def _head_write(self, before: items.Item, after: items.Item) -> dict[str, Any]:
        update = Update()
        update.change(before, after)
        conditions = [
            update.equals(name, before[name])
            if name in before
            else f"attribute_not_exists({update.name(name)})"
            for name in _HEAD
        ]
        key = items.key_ring_key(self._use)
        return {"Update": update.request(self._table, key, " AND ".join(conditions))}
