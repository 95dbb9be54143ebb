"""The rows of the sweep: its checkpoint, and users with their tokens."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb import items, primary_keys
from chalicelib.adapters.dynamodb.attributes import Member, RowKind, StoredItem, number, text, time
from chalicelib.adapters.dynamodb.authorization_store import is_refused_as_before
from chalicelib.adapters.dynamodb.errors import ConditionFailed, translated
from chalicelib.adapters.dynamodb.events import put_event
from chalicelib.adapters.dynamodb.reads import get, query, query_between, read_row, readable
from chalicelib.adapters.dynamodb.turns import write_in_turn
from chalicelib.adapters.dynamodb.writes import Update, transact
from chalicelib.domain.events import Event
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.ports.sweeps import KeptWalk, OwnedRows, SweptToken, UserPosition
from chalicelib.domain.tokens import Token
from chalicelib.domain.walks import Walk

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WALK = RowKind(
    Walk,
    Member("began_at", time),
    Member("position", text, optional=True),
    Member("owner_position", text, optional=True),
    Member("token_id", text, optional=True),
    Member("users", number, optional=True),
    Member("tokens", number, optional=True),
    Member("ended_at", time, optional=True),
    Member("last_ended_at", time, optional=True),
    Member("unmailed", text, optional=True),
    Member("returns", number, optional=True),
    Member("mails_since", time, optional=True),
)

# The rows of a user, the ended generations and the tokens, with the small rows between them.
_ROWS = ("#", f"{primary_keys.TOKENS}~")
_OWNER_AND_GENERATIONS = ("#", f"{primary_keys.GENERATIONS}~")
_ADDRESSES = ("networks", "refused")
_UNREADABLE = "sweep.unreadable"
_ATTEMPTS = 3


class DynamoDBSweepStore:
    """The sweep's reads and writes. Each write is conditional and names the attributes that it changes."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find_walk(self) -> KeptWalk | None:
        """Return the checkpoint. Raises StoreUnavailable."""
        item = get(self._client, self._table, primary_keys.sweep_key())
        return read_row(_read_walk, item) if item else None

    def save_walk(self, before: KeptWalk | None, after: Walk) -> KeptWalk | None:
        """Write the checkpoint if the table still has ``before``. Raises StoreUnavailable."""
        old, key = WALK.item(before.walk) if before else {}, primary_keys.sweep_key()
        write_id = before.write_id if before else None
        own = write_in_turn(self._client, self._table, key, old, WALK.item(after), write_id)
        return KeptWalk(after, own) if own else None

    def list_positions(self, after: str, limit: int) -> Sequence[UserPosition]:
        """Return users from the index, the oldest first. Raises StoreUnavailable."""
        values = {":users": text(items.USERS_PARTITION)} | ({":after": text(after)} if after else {})
        page = query(
            self._client,
            TableName=self._table,
            IndexName=items.USERS_INDEX,
            KeyConditionExpression="users_pk = :users" + (" AND users_sk > :after" if after else ""),
            ExpressionAttributeValues=values,
            Limit=limit,
        )
        return [read_row(_position, each) for each in page.rows]

    def read_owned(self, user_id: str, after: str, limit: int, *, strong: bool = False) -> OwnedRows | None:
        """Return a user and tokens, by one Query for a user with few rows. Raises StoreUnavailable."""
        found: list[Mapping[str, Any]] = []
        start: Mapping[str, Any] | None = None
        if after:
            found += self._rows(user_id, _OWNER_AND_GENERATIONS, ConsistentRead=strong)[0]
            start = primary_keys.token_key(user_id, after)
        while True:
            rows, start = self._rows(user_id, _ROWS, start, Limit=limit, ConsistentRead=strong)
            found += rows
            # A page may end before the first token.
            if start is None or start["sk"]["S"].startswith(primary_keys.TOKENS):
                break
        next_after = start["sk"]["S"].removeprefix(primary_keys.TOKENS) if start else None
        return _owned(found, next_after)

    def fill_index_keys(self, token: Token) -> bool:
        """Write the keys of the generic index, if the row lacks them. Raises StoreUnavailable."""
        update = Update()
        update.set_all(primary_keys.token_index_key(token.id))
        # The version stays, because nothing that an owner sees changes (If-Match).
        condition = f"attribute_exists(pk) AND {update.same('by_pk', None)}"
        try:
            self._write(token, update, condition)
        except ConditionFailed:
            return False
        return True

    def save_notices(self, before: Token, after: Token, events: Sequence[Event]) -> bool:
        """Write the notices and their events in one transaction. Raises StoreUnavailable."""
        old = items.TOKEN.item(before)
        update = Update()
        update.set_all(items.TOKEN.attributes(after, ["noticed"]))
        # A use moves ``idle_at``. Every other change raises the version.
        conditions = [update.same(name, old.get(name)) for name in ("noticed", "idle_at", "version")]
        key = primary_keys.token_key(before.user_id, before.id)
        request = update.request(self._table, key, " AND ".join(conditions))
        try:
            transact(self._client, [{"Update": request}, *(put_event(self._table, e) for e in events)])
        except ConditionFailed:
            return False
        return True

    def forget_addresses(self, token: Token) -> bool:
        """Write the row's refusals without a network, and remove its networks. Raises StoreUnavailable."""
        for _ in range(_ATTEMPTS):
            update = Update()
            left = items.TOKEN.attributes(token.showing(RecordNetworks.OFF), _ADDRESSES)
            update.set_all(left)
            for attribute in _ADDRESSES:
                if attribute not in left:
                    update.remove(attribute)
            refused = items.TOKEN.attributes(token, ["refused"]).get("refused")
            condition = f"attribute_exists(pk) AND {is_refused_as_before(update, refused)}"
            try:
                self._write(token, update, condition)
            except ConditionFailed as failure:
                if failure.item is None:
                    return False
                token = read_row(items.TOKEN.read, failure.item)
            else:
                return True
        return False

    def _write(self, token: Token, update: Update, condition: str) -> None:
        request = update.request(self._table, primary_keys.token_key(token.user_id, token.id), condition)
        with translated():
            self._client.update_item(**request, ReturnValuesOnConditionCheckFailure="ALL_OLD")

    def _rows(
        self, user_id: str, between: tuple[str, str], start: Mapping[str, Any] | None = None, **options: int
    ) -> tuple[list[Any], Mapping[str, Any] | None]:
        page = query_between(
            self._client,
            self._table,
            primary_keys.user_key(user_id)["pk"],
            *between,
            **({"ExclusiveStartKey": start} if start else {}),
            **options,
        )
        return list(page.rows), page.last_key


def _owned(rows: Sequence[Mapping[str, Any]], next_after: str | None) -> OwnedRows | None:
    by_kind: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_kind.setdefault(row["sk"]["S"].partition("#")[0], []).append(row)
    owners = readable(items.USER.read, by_kind.get("", []), _UNREADABLE)
    if not owners:
        return None
    ended = readable(items.ENDED_GENERATION.read, by_kind.get("G", []), _UNREADABLE)
    tokens = readable(_swept, by_kind.get("T", []), _UNREADABLE)
    return OwnedRows(owners[0], {each.generation: each for each in ended}, tokens, next_after)


def _read_walk(item: StoredItem) -> KeptWalk:
    return KeptWalk(WALK.read(item), text.read(item["write_id"]))


def _position(indexed: StoredItem) -> UserPosition:
    return UserPosition(indexed["pk"]["S"].removeprefix(primary_keys.USERS), indexed["users_sk"]["S"])


def _swept(row: Mapping[str, Any]) -> SweptToken:
    return SweptToken(items.TOKEN.read(row), is_indexed="by_pk" in row)
