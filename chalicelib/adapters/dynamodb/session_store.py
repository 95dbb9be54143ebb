"""Sessions and sign-ins under way."""

import contextlib
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb import primary_keys
from chalicelib.adapters.dynamodb.attributes import (
    Derived,
    Member,
    RowKind,
    prefixed,
    purge_time,
    text,
    time,
)
from chalicelib.adapters.dynamodb.errors import ConditionFailed, translated
from chalicelib.adapters.dynamodb.reads import get, readable_row
from chalicelib.adapters.dynamodb.writes import Update
from chalicelib.domain.sessions import PendingLogin, Session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LOGIN = RowKind(
    PendingLogin,
    Member("id_hash", prefixed(primary_keys.LOGINS), "pk"),
    Member("state", text),
    Member("nonce", text),
    Member("verifier", text),
    Member("return_to", text),
    Member("expires_at", time),
    Derived(lambda login: {"sk": text("#"), "purge_at": purge_time(login.expires_at)}),
)

SESSION = RowKind(
    Session,
    Member("id_hash", prefixed(primary_keys.SESSIONS), "pk"),
    Member("user_id", text),
    Member("csrf_token", text),
    Member("created_at", time),
    Member("idle_at", time),
    Member("expires_at", time),
    Derived(lambda session: {"sk": text("#"), "purge_at": purge_time(session.expires_at)}),
)


class DynamoDBSessionStore:
    """Rows by the hash of a cookie's value, so that a reader of the table cannot use a session."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def add_login(self, login: PendingLogin) -> None:
        """Keep a sign-in under way. Raises StoreUnavailable."""
        with translated():
            self._client.put_item(TableName=self._table, Item=LOGIN.item(login))

    def take_login(self, id_hash: str) -> PendingLogin | None:
        """Delete a sign-in under way and return it. A damaged one counts as missing.

        Raises StoreUnavailable.
        """
        with translated():
            response = self._client.delete_item(
                TableName=self._table, Key=primary_keys.login_key(id_hash), ReturnValues="ALL_OLD"
            )
        item = response.get("Attributes")
        # A person can sign in again, but cannot mend a row.
        return readable_row(LOGIN.read, item)

    def add_session(self, session: Session) -> None:
        """Keep a session. Raises StoreUnavailable."""
        with translated():
            self._client.put_item(TableName=self._table, Item=SESSION.item(session))

    def find_session(self, id_hash: str) -> Session | None:
        """Return a session. A damaged one counts as missing. Raises StoreUnavailable."""
        item = get(self._client, self._table, primary_keys.session_key(id_hash))
        return readable_row(SESSION.read, item)

    def touch_session(self, session: Session) -> None:
        """Write when the session becomes idle, if its row exists. Raises StoreUnavailable."""
        update = Update()
        update.set("idle_at", time(session.idle_at))
        key = primary_keys.session_key(session.id_hash)
        with contextlib.suppress(ConditionFailed), translated():
            self._client.update_item(**update.request(self._table, key, "attribute_exists(pk)"))

    def end_session(self, id_hash: str) -> None:
        """Delete a session. Raises StoreUnavailable."""
        with translated():
            self._client.delete_item(TableName=self._table, Key=primary_keys.session_key(id_hash))
