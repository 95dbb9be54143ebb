"""The DynamoDB calls of an authorization."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb import items, primary_keys
from chalicelib.adapters.dynamodb.attributes import Attribute, number, text
from chalicelib.adapters.dynamodb.errors import ConditionFailed, WriteConflict, translated
from chalicelib.adapters.dynamodb.reads import batch_get, read_row
from chalicelib.adapters.dynamodb.writes import Update
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_USED = ("last_used_at",)
_REFUSED = ("refused", "reuse_count", "last_reused_at")
_TOUCHED = ("last_used_at", "idle_at", "purge_at", "daily_uses", "networks")


class DynamoDBAuthorizationStore:
    """Tokens with their owners in one round trip, and uses of tokens.

    ``once`` should try once only. If a use or a refusal is not recorded, the next one is.
    """

    def __init__(self, client: "DynamoDBClient", once: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._once = once
        self._table = table

    def find_for_authorization(self, user_id: str, token_id: str) -> tuple[Token | None, User | None]:
        """Return token and owner, strongly consistent. Raises StoreUnavailable or UnreadableRow."""
        keys = [primary_keys.token_key(user_id, token_id), primary_keys.user_key(user_id)]
        rows = batch_get(self._client, self._table, keys)
        # By the whole primary key, because every user's row has the same sort key.
        found = {(row["pk"]["S"], row["sk"]["S"]): row for row in rows}
        token, user = (found.get((key["pk"]["S"], key["sk"]["S"])) for key in keys)
        return (
            read_row(items.TOKEN.read, token) if token else None,
            read_row(items.USER.read, user) if user else None,
        )

    def touch(self, before: Token, after: Token) -> bool:
        """Record a use. Return False if another writer changed the row. Raises StoreUnavailable.

        The conditions keep a touch from bringing back a row that was revoked or deleted.
        """
        update = Update()
        touched = items.TOKEN.attributes(after, _TOUCHED)
        update.set_all(touched)
        for attribute in (*_TOUCHED, items.USAGE_OF_0_1):
            if attribute not in touched:
                update.remove(attribute)
        # A role may write each attribute that its condition may name. Therefore no attribute of these
        # decides what a token may do. The version stands for every change except a use.
        used_before = items.TOKEN.attributes(before, _USED)
        conditions = [
            update.equals("version", number(before.version)),
            update.same("last_used_at", used_before.get("last_used_at")),
        ]
        return self._write(before, update, conditions)

    def record_refusal(self, before: Token, after: Token) -> bool:
        """Record a refused use. Return False if another writer recorded one, or if the row was deleted.

        Raises StoreUnavailable.
        """
        # As in a touch, the condition names no attribute that decides what the token may do.
        update = Update()
        update.set_all(items.TOKEN.attributes(after, _REFUSED))
        seen = items.TOKEN.attributes(before, _REFUSED)
        conditions = [
            "attribute_exists(pk)",
            is_refused_as_before(update, seen.get("refused")),
            update.same("last_reused_at", seen.get("last_reused_at")),
        ]
        return self._write(before, update, conditions)

    def _write(self, token: Token, update: Update, conditions: Sequence[str]) -> bool:
        key = primary_keys.token_key(token.user_id, token.id)
        request = update.request(self._table, key, " AND ".join(conditions))
        try:
            with translated():
                self._once.update_item(**request)
        except (ConditionFailed, WriteConflict):
            return False
        return True


def is_refused_as_before(update: Update, seen: Attribute | None) -> str:
    """Return the condition that no refusal was recorded since. It compares count and time alone.

    A later release may have written a reason that this one does not understand.
    """
    if seen is None:
        return update.same("refused", None)
    count, at, *_ = seen["S"].split(" ")
    return f"begins_with({update.name('refused')}, {update.value('old_refused', text(f'{count} {at} '))})"
