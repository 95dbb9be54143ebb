"""The two DynamoDB calls of an authorization."""

from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.errors import ConditionFailed, WriteConflict, translated
from chalicelib.adapters.dynamodb.reads import batch_get
from chalicelib.adapters.dynamodb.writes import Update
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TOUCHED = frozenset({"last_used_at", "idle_at", "purge_at", "usage"})


class DynamoDBAuthorizationStore:
    """Reads token and owner in one round trip and records uses.

    ``touch_client`` should try once only: a use that is not recorded now will be by the next one.
    """

    def __init__(self, client: "DynamoDBClient", touch_client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._touch_client = touch_client
        self._table = table

    def find_for_authorization(self, user_id: str, token_id: str) -> tuple[Token | None, User | None]:
        """Return token and owner, strongly consistent. Raises StoreUnavailable."""
        keys = [items.token_key(user_id, token_id), items.user_key(user_id)]
        rows = batch_get(self._client, self._table, keys)
        # By the whole key: every user's row has the same sort key.
        found = {(row["pk"]["S"], row["sk"]["S"]): row for row in rows}
        token, user = (found.get((key["pk"]["S"], key["sk"]["S"])) for key in keys)
        return (
            items.read_token(token) if token else None,
            items.read_user(user) if user else None,
        )

    def touch(self, before: Token, after: Token) -> bool:
        """Record a use; return False when the row moved on meanwhile. Raises StoreUnavailable.

        An update without these conditions would bring back a row that was revoked or deleted. They name
        nothing that decides what a token may do, because what a role may name it may also write: the
        version stands for every change but a use, and the last use for those.
        """
        update, touched = Update(), items.token_item(after)
        for attribute in _TOUCHED & touched.keys():
            update.set(attribute, touched[attribute])
        conditions = [
            update.equals("version", items.number(before.version)),
            update.same("last_used_at", items.token_item(before).get("last_used_at")),
        ]
        key = items.token_key(before.user_id, before.id)
        try:
            with translated():
                self._touch_client.update_item(**update.request(self._table, key, " AND ".join(conditions)))
        except (ConditionFailed, WriteConflict):
            return False
        return True
