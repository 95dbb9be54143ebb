"""Users as sign-in and administrators change them."""

import contextlib
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.errors import ConditionFailed, translated
from chalicelib.adapters.dynamodb.reads import batch_get, get
from chalicelib.adapters.dynamodb.writes import Update, retried, transact
from chalicelib.domain.errors import ConcurrentChange
from chalicelib.domain.ports import UserPage
from chalicelib.domain.tokens import EndedGeneration
from chalicelib.domain.users import User

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDBUserStore:
    """User rows, their index, and the records of ended generations."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find_user(self, user_id: str) -> User | None:
        """Return a user. Raises StoreUnavailable."""
        item = get(self._client, self._table, items.user_key(user_id))
        return items.read_user(item) if item else None

    def list_users(self, *, after: str | None, limit: int) -> UserPage:
        """Return users newest first. Raises StoreUnavailable.

        The index only says who exists; the rows themselves are read strongly consistent.
        """
        bound, values = (
            ("", {}) if after is None else (" AND users_sk < :after", {":after": items.text(after)})
        )
        with translated():
            page = self._client.query(
                TableName=self._table,
                IndexName=items.USERS_INDEX,
                KeyConditionExpression=f"users_pk = :users{bound}",
                ExpressionAttributeValues={":users": items.text(items.USERS_PARTITION), **values},
                ScanIndexForward=False,
                Limit=limit,
            )
        indexed: list[Any] = page["Items"]
        users = self._users_of([{"pk": i["pk"], "sk": i["sk"]} for i in indexed])
        more = "LastEvaluatedKey" in page
        return UserPage(users, indexed[-1]["users_sk"]["S"] if more and indexed else None)

    def add_user(self, user: User) -> bool:
        """Add a user; return False when the id is there already. Raises StoreUnavailable."""
        try:
            retried(
                lambda: self._client.put_item(
                    TableName=self._table,
                    Item=items.user_item(user),
                    ConditionExpression="attribute_not_exists(pk)",
                )
            )
        except ConditionFailed:
            return False
        return True

    def save_user(self, before: User, after: User, ended: EndedGeneration | None = None) -> None:
        """Write what differs, with the record of the generation that this ends.

        Raises ConcurrentChange, StoreUnavailable. The condition leaves out what issuing changes: a
        user who keeps making tokens must not hold up a deactivation.
        """
        request = self._save_request(before, after)
        try:
            if ended is None:
                retried(lambda: self._client.update_item(**request))
            else:
                item = items.generation_item(before.id, ended)
                put = {"Put": {"TableName": self._table, "Item": item}}
                transact(self._client, [{"Update": request}, put])
        except ConditionFailed as failure:
            raise ConcurrentChange from failure

    def correct_live_tokens(self, user: User, live_tokens: int) -> None:
        """Set the count, unless the row changed since ``user`` was read. Raises StoreUnavailable."""
        update = Update()
        update.set("live_tokens", items.number(live_tokens))
        update.add("revision", 1)
        condition = update.equals("revision", items.number(user.revision))
        request = update.request(self._table, items.user_key(user.id), condition)
        with contextlib.suppress(ConditionFailed):
            retried(lambda: self._client.update_item(**request))

    def _save_request(self, before: User, after: User) -> dict[str, Any]:
        old, new = items.user_item(before), items.user_item(after)
        # The count that was read may be out of date; only a new generation sets it, to nothing.
        for item in (old, new):
            del item["live_tokens"], item["revision"]
        update = Update()
        update.change(old, new)
        update.add("revision", 1)
        if before.generation != after.generation:
            update.set("live_tokens", items.number(after.live_tokens))
        conditions = [update.equals(name, old[name]) for name in ("status", "generation")]
        return update.request(self._table, items.user_key(before.id), " AND ".join(conditions))

    def _users_of(self, keys: list[items.Item]) -> list[User]:
        """Return the users with these keys, in their order."""
        if not keys:
            return []
        rows = batch_get(self._client, self._table, keys)
        found = {row["pk"]["S"]: items.read_user(row) for row in rows}
        return [found[key["pk"]["S"]] for key in keys if key["pk"]["S"] in found]
