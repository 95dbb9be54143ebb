"""Users, as sign-ins and administrators change them."""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb import acting, attributes, identities, items, primary_keys
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.errors import ConditionFailed, translated
from chalicelib.adapters.dynamodb.events import put_event
from chalicelib.adapters.dynamodb.reads import batch_get, get, query, read_row, readable
from chalicelib.adapters.dynamodb.writes import Update, transact
from chalicelib.domain.administrators import ActingAdmin
from chalicelib.domain.errors import AdminRequired, ConcurrentChange, IdentityTaken, StoreUnavailable
from chalicelib.domain.events import Event
from chalicelib.domain.identities import SubjectIdentifier
from chalicelib.domain.ports.users import UserPage
from chalicelib.domain.revocations import EndedGeneration
from chalicelib.domain.users import User

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


# With the role's date, these attributes tell if a sign-in is still the newest of the same identity.
_SIGN_IN = ("signed_in_at", "role", "moved_at")
# Of BatchGetItem.
_MOST_KEYS = 100
_IDENTITY = ("issuer", "subject", "subject_claim")


class DynamoDBUserStore:
    """User rows, their index, and the records of ended generations."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find_user(self, user_id: str) -> User | None:
        """Return a user. Raises StoreUnavailable."""
        item = get(self._client, self._table, primary_keys.user_key(user_id))
        return read_row(items.USER.read, item) if item else None

    def find_users(self, user_ids: Collection[str]) -> Sequence[User]:
        """Return the users with these ids, by one call for each hundred. Raises StoreUnavailable."""
        keys = [primary_keys.user_key(user_id) for user_id in user_ids]
        parts = [keys[n : n + _MOST_KEYS] for n in range(0, len(keys), _MOST_KEYS)]
        return [user for part in parts for user in self._users_of(part, strong=False)]

    def find_signed_in(self, derived_id: str) -> User | None:
        """Return the user that an identity leads to. Raises StoreUnavailable."""
        keys = [primary_keys.identity_key(derived_id), primary_keys.user_key(derived_id)]
        found = {row["pk"]["S"]: row for row in batch_get(self._client, self._table, keys)}
        identity, derived = (found.get(key["pk"]["S"]) for key in keys)
        if identity is None:
            return read_row(items.USER.read, derived) if derived else None
        moved = self.find_user(read_row(identities.user_id, identity))
        if moved is None:
            # A person must not get a second, empty account because a row is missing.
            raise StoreUnavailable
        return moved

    def list_users(self, *, after: str | None, limit: int, strong: bool = True) -> UserPage:
        """Return users, newest first. Raises StoreUnavailable.

        The index only tells which users exist. ``strong`` is about the rows themselves.
        """
        bound, values = (
            ("", {}) if after is None else (" AND users_sk < :after", {":after": attributes.text(after)})
        )
        page = query(
            self._client,
            TableName=self._table,
            IndexName=items.USERS_INDEX,
            KeyConditionExpression=f"users_pk = :users{bound}",
            ExpressionAttributeValues={":users": attributes.text(items.USERS_PARTITION), **values},
            ScanIndexForward=False,
            Limit=limit,
        )
        users = self._users_of([{"pk": i["pk"], "sk": i["sk"]} for i in page.rows], strong=strong)
        is_last = page.last_key is None or not page.rows
        return UserPage(users, None if is_last else read_row(_position, page.rows[-1]))

    def add_user(self, user: User, event: Event) -> bool:
        """Add a user and write the event; return False if the id is taken or the identity was moved.

        Raises StoreUnavailable.
        """
        put = {
            "TableName": self._table,
            "Item": items.USER.item(user),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        try:
            transact(
                self._client,
                [
                    {"Put": put},
                    identities.require_not_led(self._table, user.id),
                    put_event(self._table, event),
                ],
            )
        except ConditionFailed:
            return False
        return True

    def save_sign_in(self, before: User, after: User, event: Event | None) -> None:
        """Write what a sign-in changes, and the event if there is one.

        The condition includes the newest sign-in, so that an older sign-in cannot overwrite it. Raises
        ConcurrentChange or StoreUnavailable.
        """
        update, conditions = self._update(before, after)
        conditions += _unchanged(before, _SIGN_IN, update)
        request = update.request(self._table, primary_keys.user_key(before.id), " AND ".join(conditions))
        try:
            if event:
                transact(self._client, [{"Update": request}, put_event(self._table, event)])
            else:
                # A transaction costs twice as much.
                with translated():
                    self._client.update_item(**request)
        except ConditionFailed as failure:
            raise ConcurrentChange from failure

    def save_preferences(self, before: User, after: User) -> None:
        """Write what a user prefers. Raises ConcurrentChange or StoreUnavailable."""
        update, conditions = self._update(before, after)
        conditions.append(update.same("notices", items.USER.item(before).get("notices")))
        request = update.request(self._table, primary_keys.user_key(before.id), " AND ".join(conditions))
        try:
            with translated():
                self._client.update_item(**request)
        except ConditionFailed as failure:
            raise ConcurrentChange from failure

    def move_user(self, before: User, after: User, event: Event) -> None:
        """Write another identity, the row that leads from it to the user, and the event.

        The row of the former identity is deleted only if an active user moves back to the first identity.
        Raises IdentityTaken, ConcurrentChange or StoreUnavailable.
        """
        update, conditions = self._update(before, after)
        conditions += _unchanged(before, _SIGN_IN + _IDENTITY, update)
        request = update.request(self._table, primary_keys.user_key(before.id), " AND ".join(conditions))
        former, wanted = (SubjectIdentifier.of(user).user_id for user in (before, after))
        writes = [{"Update": request}, *identities.lead(self._table, wanted, before.id)]
        # Any other former identity stays refused: it may still sign in, and must not get a second user.
        is_undone = wanted == before.id != former and before.is_active
        if is_undone and self._leads_to(former, before.id):
            writes.append(identities.stop_leading(self._table, former, before.id))
        writes.append(put_event(self._table, event))
        try:
            transact(self._client, writes)
        except ConditionFailed as failure:
            if writes[failure.position].keys() & {"Update", "Delete"}:
                raise ConcurrentChange from failure
            raise IdentityTaken from failure

    def save_user(
        self,
        before: User,
        after: User,
        event: Event,
        ended: EndedGeneration | None = None,
        admin: ActingAdmin | None = None,
    ) -> None:
        """Write the attributes that differ, the event, and the generation that the change ends.

        The condition leaves out the attributes that issuing changes. Otherwise a user who keeps creating
        tokens could block a deactivation. Raises ConcurrentChange, AdminRequired or StoreUnavailable.
        """
        update, conditions = self._update(before, after)
        if admin and admin.user_id == before.id:
            # A transaction names a row only once, so the own row of an administrator has both conditions.
            conditions += acting.conditions(admin, update)
        request = update.request(self._table, primary_keys.user_key(before.id), " AND ".join(conditions))
        writes = [{"Update": request}, put_event(self._table, event)]
        if ended:
            key = primary_keys.generation_key(before.id, ended.generation)
            item = key | items.ENDED_GENERATION.item(ended)
            writes.append({"Put": {"TableName": self._table, "Item": item}})
        if admin and admin.user_id != before.id:
            writes.append(acting.check(self._table, admin))
        try:
            transact(self._client, writes)
        except ConditionFailed as failure:
            if "ConditionCheck" in writes[failure.position]:
                raise AdminRequired from failure
            raise ConcurrentChange from failure

    def correct_live_tokens(self, user: User, live_tokens: int) -> None:
        """Set the count, unless the row changed since ``user`` was read. Raises StoreUnavailable."""
        self._set_unless_changed(user, {"live_tokens": attributes.number(live_tokens)})

    def note_full(self, user: User, until: datetime) -> None:
        """Write that every place is taken, unless the row changed. Raises StoreUnavailable."""
        full_count = attributes.number(user.live_tokens)
        self._set_unless_changed(user, {"full_until": attributes.time(until), "full_count": full_count})

    def _set_unless_changed(self, user: User, changes: Item) -> None:
        update = Update()
        update.set_all(changes)
        update.add("revision", 1)
        condition = update.equals("revision", attributes.number(user.revision))
        request = update.request(self._table, primary_keys.user_key(user.id), condition)
        with contextlib.suppress(ConditionFailed), translated():
            self._client.update_item(**request)

    def _update(self, before: User, after: User) -> tuple[Update, list[str]]:
        """Return the update of the attributes that differ, and the conditions of every change of a user."""
        old, new = items.USER.item(before), items.USER.item(after)
        # The count that was read may be out of date. Only a new generation sets it, to zero.
        for item in (old, new):
            del item["live_tokens"], item["revision"]
        update = Update()
        update.change(old, new)
        update.add("revision", 1)
        if before.generation != after.generation:
            update.set("live_tokens", attributes.number(after.live_tokens))
        return update, [update.equals(name, old[name]) for name in ("status", "generation")]

    def _leads_to(self, derived_id: str, user_id: str) -> bool:
        row = get(self._client, self._table, primary_keys.identity_key(derived_id))
        return row is not None and read_row(identities.user_id, row) == user_id

    def _users_of(self, keys: list[Item], *, strong: bool) -> list[User]:
        """Return the users with these keys, in their order. Damaged rows are logged and left out."""
        if not keys:
            return []
        rows = batch_get(self._client, self._table, keys, strong=strong)
        found = {user.id: user for user in readable(items.USER.read, rows)}
        ids = [key["pk"]["S"].removeprefix(primary_keys.USERS) for key in keys]
        return [found[user_id] for user_id in ids if user_id in found]


def _position(indexed: Mapping[str, Any]) -> str:
    return str(indexed["users_sk"]["S"])


def _unchanged(before: User, names: tuple[str, ...], update: Update) -> list[str]:
    """Return the conditions that these attributes and the date of the role have not changed."""
    old = items.USER.item(before)
    return [update.same(name, old.get(name)) for name in (*names, items.ROLE_GIVEN_AT[before.role])]
