"""The two DynamoDB calls of an authorization."""

from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb import attributes, items, primary_keys
from chalicelib.adapters.dynamodb.errors import ConditionFailed, WriteConflict, translated
from chalicelib.adapters.dynamodb.reads import batch_get
from chalicelib.adapters.dynamodb.writes import Update
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_USED = ("last_used_at",)
_TOUCHED = ("last_used_at", "idle_at", "purge_at", "daily_uses", "networks")


class DynamoDBAuthorizationStore:
    """Tokens with their owners in one round trip, and uses of tokens.

    ``touch_client`` should try once only. If a use is not recorded, the next one is.
    """

    def __init__(self, client: "DynamoDBClient", touch_client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._touch_client = touch_client
        self._table = table

    def find_for_authorization(self, user_id: str, token_id: str) -> tuple[Token | None, User | None]:
        """Return token and owner, strongly consistent. Raises StoreUnavailable."""
        keys = [primary_keys.token_key(user_id, token_id), primary_keys.user_key(user_id)]
        rows = batch_get(self._client, self._table, keys)
        # By the whole primary key, because every user's row has the same sort key.
        found = {(row["pk"]["S"], row["sk"]["S"]): row for row in rows}
        token, user = (found.get((key["pk"]["S"], key["sk"]["S"])) for key in keys)
        return (
            items.TOKEN.read(token) if token else None,
            items.USER.read(user) if user else None,
        )

    def touch(self, before: Token, after: Token) -> bool:
        """Record a use. Return False if another writer changed the row. Raises StoreUnavailable.

        The conditions keep a touch from bringing back a row that was revoked or deleted.
        """
        update = Update()
        update.set_all(items.TOKEN.attributes(after, _TOUCHED))
        update.remove(items.USAGE_OF_0_1)
        # A role may write each attribute that its condition may name. Therefore no attribute of these
        # decides what a token may do. The version stands for every change except a use.
        used_before = items.TOKEN.attributes(before, _USED)
        conditions = [
            update.equals("version", attributes.number(before.version)),
            update.same("last_used_at", used_before.get("last_used_at")),
        ]
        key = primary_keys.token_key(before.user_id, before.id)
        try:
            with translated():
                self._touch_client.update_item(**update.request(self._table, key, " AND ".join(conditions)))
        except (ConditionFailed, WriteConflict):
            return False
        return True
