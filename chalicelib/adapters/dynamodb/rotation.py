"""Rotations, and what becomes of rotated tokens."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb import counts, items
from chalicelib.adapters.dynamodb.errors import ConditionFailed, WriteConflict, translated
from chalicelib.adapters.dynamodb.reads import query_all
from chalicelib.adapters.dynamodb.tokens import change_token, put_token
from chalicelib.adapters.dynamodb.writes import Update, transact
from chalicelib.domain.errors import ConcurrentChange
from chalicelib.domain.rotation import Rotation
from chalicelib.domain.tokens import CreationLimits, Token

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDBRotationStore:
    """Rotates tokens and records what is done with those that were.

    ``reuse_client`` should try once only: a reuse that is not recorded now will be by the next one.
    """

    def __init__(self, client: "DynamoDBClient", reuse_client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._reuse_client = reuse_client
        self._table = table

    def rotate_token(self, rotation: Rotation, *, limits: CreationLimits) -> None:
        """Write a rotation and the counts, all or nothing.

        Raises UserInactive, ConcurrentChange, TooManyCreations, TokenLimitReached or StoreUnavailable.
        """
        successor = rotation.successor
        count = counts.one_more if rotation.takes_new_place else counts.as_many
        writes = [count(self._table, successor, limits), put_token(self._table, successor)]
        for change in (rotation.rotated, rotation.cut_short):
            if change:
                writes.append({"Update": change_token(self._table, change.before, change.after)})
        try:
            transact(self._client, writes)
        except ConditionFailed as failure:
            if failure.position == 0:
                if corrected := counts.corrected(failure.item, successor, limits):
                    # At most twice: a day that has begun stays so.
                    return self.rotate_token(rotation, limits=corrected)
                raise counts.why_refused(failure.item, successor, limits) from failure
            raise ConcurrentChange from failure

    def record_reuse(self, before: Token, after: Token) -> bool:
        """Record reuse; return False when somebody else did, or the row is gone.

        Raises StoreUnavailable. As in a touch, the condition names nothing that decides about the token.
        """
        update, seen, reused = Update(), items.token_item(before), items.token_item(after)
        for attribute in ("reuse_count", "last_reused_at"):
            update.set(attribute, reused[attribute])
        conditions = [
            "attribute_exists(pk)",
            update.same("last_reused_at", seen.get("last_reused_at")),
        ]
        key = items.token_key(before.user_id, before.id)
        request = update.request(self._table, key, " AND ".join(conditions))
        try:
            with translated():
                self._reuse_client.update_item(**request)
        except (ConditionFailed, WriteConflict):
            return False
        return True

    def list_family(self, user_id: str, family_id: str) -> Sequence[Token]:
        """Return the tokens of a family. Raises StoreUnavailable."""
        rows = query_all(
            self._client,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :tokens)",
            FilterExpression="family_id = :family",
            ExpressionAttributeValues={
                ":pk": items.user_key(user_id)["pk"],
                ":tokens": items.text(items.TOKENS),
                ":family": items.text(family_id),
            },
            ConsistentRead=True,
        )
        return [items.read_token(row) for row in rows]
