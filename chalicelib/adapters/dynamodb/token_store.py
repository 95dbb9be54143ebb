"""Tokens as their owners manage them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb import acting, attributes, counts, items, primary_keys
from chalicelib.adapters.dynamodb.attributes import StoredItem
from chalicelib.adapters.dynamodb.errors import ConditionFailed
from chalicelib.adapters.dynamodb.events import put_event
from chalicelib.adapters.dynamodb.reads import batch_get, get, query_all, query_between, read_row, readable
from chalicelib.adapters.dynamodb.salvage import end_damaged
from chalicelib.adapters.dynamodb.writes import Update, transact
from chalicelib.domain.administrators import ActingAdmin
from chalicelib.domain.damaged_tokens import DamagedToken
from chalicelib.domain.errors import (
    AdminRequired,
    AlreadyCreated,
    ApiTokensError,
    ConcurrentChange,
    IdempotencyKeyReused,
    StoreUnavailable,
)
from chalicelib.domain.events import Event
from chalicelib.domain.frozen import replace
from chalicelib.domain.ports.tokens import TokenRows
from chalicelib.domain.revocations import EndedGeneration
from chalicelib.domain.token_creation import IdempotencyRecord
from chalicelib.domain.token_rules import CreationLimits
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import User

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.domain.lines import Change, Ending, Line

# The end of the range of ids: '~' sorts behind every character of an id.
_LAST_TOKEN = f"{primary_keys.TOKENS}~"


class DynamoDBTokenStore:
    """Token rows, the owner's count of them, idempotency records and ended generations."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find_token(self, user_id: str, token_id: str) -> Token | None:
        """Return a token of this user. Raises StoreUnavailable."""
        item = get(self._client, self._table, primary_keys.token_key(user_id, token_id))
        return read_row(items.TOKEN.read, item) if item else None

    def list_tokens(
        self, user_id: str, *, after: str | None, newest_first: bool, limit: int, strong: bool = True
    ) -> Sequence[Token]:
        """Return at most ``limit`` tokens in the order of their ids. Raises StoreUnavailable.

        There are fewer only if no token follows. Damaged rows are logged and left out.
        """
        return self._read(
            user_id, after=after, newest_first=newest_first, limit=limit, strong=strong
        ).tokens

    def read_tokens(self, user_id: str, *, after: str | None, newest_first: bool, limit: int) -> TokenRows:
        """Return what ``list_tokens`` returns, and the size of the rows. Raises StoreUnavailable."""
        return self._read(user_id, after=after, newest_first=newest_first, limit=limit, strong=True)

    def _read(
        self, user_id: str, *, after: str | None, newest_first: bool, limit: int, strong: bool
    ) -> TokenRows:
        start = {"ExclusiveStartKey": primary_keys.token_key(user_id, after)} if after else {}
        tokens: list[Token] = []
        size, left = 0, limit
        while True:
            page = query_between(
                self._client,
                self._table,
                primary_keys.user_key(user_id)["pk"],
                primary_keys.TOKENS,
                _LAST_TOKEN,
                ConsistentRead=strong,
                ScanIndexForward=not newest_first,
                Limit=left,
                **start,
            )
            found = readable(items.TOKEN.read, page.rows)
            tokens, size = tokens + found, size + sum(map(attributes.most_bytes, page.rows))
            if len(tokens) >= limit or page.last_key is None:
                return TokenRows(tokens[:limit], size)
            # After damaged rows a whole page, so that many of them do not cost a call each.
            left = limit - len(tokens) if len(found) == len(page.rows) else limit
            start = {"ExclusiveStartKey": page.last_key}

    def list_unended(self, owner: User, now: datetime) -> Iterator[Token]:
        """Yield the tokens that have not ended, newest first. Raises StoreUnavailable.

        DynamoDB leaves the other rows out, so that they cost no time here. Damaged rows are logged and left
        out: no decision accepts their tokens, so they need no place.
        """
        rows = query_all(
            self._client,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :tokens)",
            FilterExpression=(
                "#generation = :generation AND #state <> :revoked"
                " AND (attribute_not_exists(expires_at) OR expires_at > :now)"
                " AND (attribute_not_exists(overlap_ends_at) OR overlap_ends_at > :now)"
            ),
            ExpressionAttributeNames={"#generation": "generation", "#state": "state"},
            ExpressionAttributeValues={
                ":pk": primary_keys.user_key(owner.id)["pk"],
                ":tokens": attributes.text(primary_keys.TOKENS),
                ":generation": attributes.text(owner.generation),
                ":revoked": attributes.text(TokenState.REVOKED.value),
                ":now": attributes.time(now),
            },
            ConsistentRead=True,
            ScanIndexForward=False,
        )
        return (token for row in rows for token in readable(items.TOKEN.read, [row]))

    def add_token(
        self,
        token: Token,
        event: Event,
        *,
        limits: CreationLimits,
        idempotency: IdempotencyRecord | None,
    ) -> None:
        """Write a new token, the counts, the idempotency record and the event, all or nothing.

        Raises UserInactive, ConcurrentChange, TooManyCreations, TokenLimitReached, AlreadyCreated,
        IdempotencyKeyReused or StoreUnavailable.
        """
        writes = [
            counts.one_more(self._table, token, limits),
            put_token(self._table, token),
            put_event(self._table, event),
        ]
        if idempotency:
            # First, so that a repeated request gets its token even if that token took the last place.
            writes.insert(0, self._put_idempotency(token, idempotency))
        try:
            transact(self._client, writes)
        except ConditionFailed as failure:
            if idempotency and failure.position == 0:
                raise _why_replayed(failure, idempotency) from failure
            if corrected := counts.corrected(failure.item, token, limits):
                # At most twice: a day that has begun stays so.
                return self.add_token(token, event, limits=corrected, idempotency=idempotency)
            raise counts.why_refused(failure.item, token, limits) from failure

    def save_token(
        self, before: Token, after: Token, event: Event, admin: ActingAdmin | None = None
    ) -> Token:
        """Write the attributes that differ and the event. Return the token with its new version.

        Raises ConcurrentChange, AdminRequired, StoreUnavailable.
        """
        writes = [{"Update": change_token(self._table, before, after)}, put_event(self._table, event)]
        if admin:
            writes.append(acting.check(self._table, admin))
        try:
            transact(self._client, writes)
        except ConditionFailed as failure:
            # The check of the administrator is the third write, if there is one.
            raise (AdminRequired if failure.position == 2 else ConcurrentChange) from failure
        return replace(after, version=before.version + 1)

    def end_line(
        self,
        ending: "Ending",
        events: Sequence[Event],
        admin: ActingAdmin | None = None,
        *,
        as_read: bool = False,
    ) -> None:
        """Write the end of a line, the count and the events.

        ``as_read`` asks that each token still has the state that its event names.

        Raises ConcurrentChange, AdminRequired, StoreUnavailable.

        A rotation meanwhile is a ConcurrentChange, because the successor must end as well.
        """
        token = ending.changes[0].before
        writes = [
            counts.change(self._table, token, -1 if ending.frees_place else 0, admin),
            *(self._end(change, as_read=as_read) for change in ending.changes),
        ]
        if admin and admin.user_id != token.user_id:
            # First, so that a former administrator does not even stop a line that grows meanwhile.
            writes.insert(0, acting.check(self._table, admin))
        if ending.line:
            writes.append({"Update": end_row(self._table, ending.line)})
        writes += [put_event(self._table, event) for event in events]
        try:
            transact(self._client, writes)
        except ConditionFailed as failure:
            if "ConditionCheck" in writes[failure.position]:
                raise AdminRequired from failure
            raise counts.why_not_changed(failure.item, token) from failure

    def find_idempotency(self, user_id: str, key_hash: str) -> IdempotencyRecord | None:
        """Return the record of an ``Idempotency-Key``. Raises StoreUnavailable."""
        item = get(self._client, self._table, primary_keys.idempotency_record_key(user_id, key_hash))
        return read_row(items.IDEMPOTENCY_RECORD.read, item) if item else None

    def find_ended_generations(
        self, user_id: str, generations: Collection[str]
    ) -> Mapping[str, EndedGeneration]:
        """Return the records of ended generations among these (at most 100). Raises StoreUnavailable."""
        if not generations:
            return {}
        keys = [primary_keys.generation_key(user_id, generation) for generation in generations]
        ended = readable(items.ENDED_GENERATION.read, batch_get(self._client, self._table, keys))
        return {record.generation: record for record in ended}

    def find_ended_of_users(
        self, generations: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], EndedGeneration]:
        """Return the records of ended generations among these (at most 100). Raises StoreUnavailable."""
        if not generations:
            return {}
        keys = [primary_keys.generation_key(*each) for each in generations]
        rows = batch_get(self._client, self._table, keys, strong=False)
        ended = readable(_owned_generation, rows)
        return {(owner, record.generation): record for owner, record in ended}

    def _end(self, change: "Change", *, as_read: bool) -> dict[str, Any]:
        before = change.before
        if isinstance(before, DamagedToken):
            return {"Update": end_damaged(self._table, before, change.after)}
        update = _changed(before, change.after)
        # Not the version: an owner who keeps renaming the token must not hold up a revocation.
        if as_read:
            state = update.equals("state", attributes.text(before.state.value))
        else:
            revoked = update.value("revoked", attributes.text(TokenState.REVOKED.value))
            state = f"{update.name('state')} <> {revoked}"
        conditions = [
            "attribute_exists(pk)",
            state,
            update.same(
                "successor_id", items.TOKEN.attributes(before, ["successor_id"]).get("successor_id")
            ),
        ]
        key = primary_keys.token_key(before.user_id, before.id)
        return {"Update": update.request(self._table, key, " AND ".join(conditions))}

    def _put_idempotency(self, token: Token, record: IdempotencyRecord) -> dict[str, Any]:
        return {
            "Put": {
                "TableName": self._table,
                "Item": primary_keys.idempotency_record_key(token.user_id, record.key_hash)
                | items.IDEMPOTENCY_RECORD.item(record),
                # TTL may take days to delete a record that has expired.
                "ConditionExpression": "attribute_not_exists(pk) OR expires_at <= :now",
                "ExpressionAttributeValues": {":now": attributes.time(token.created_at)},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }


def put_token(table: str, token: Token) -> dict[str, Any]:
    """Return the write of a new token within a transaction."""
    item = items.TOKEN.item(token)
    return {"Put": {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}


def change_token(table: str, before: Token, after: Token) -> dict[str, Any]:
    """Return the write of the attributes that differ, if no other writer changed the token."""
    update = _changed(before, after)
    condition = update.equals("version", attributes.number(before.version))
    return update.request(table, primary_keys.token_key(before.user_id, before.id), condition)


def end_row(table: str, line: "Line") -> dict[str, Any]:
    """Return the write that ends a line, if TTL has not deleted its row."""
    update = Update()
    update.set_all(items.LINE.attributes(line, ["ended_at", "purge_at"]))
    return update.request(table, primary_keys.line_key(line.user_id, line.id), "attribute_exists(pk)")


def _owned_generation(row: StoredItem) -> tuple[str, EndedGeneration]:
    return row["pk"]["S"].removeprefix(primary_keys.USERS), items.ENDED_GENERATION.read(row)


def _changed(before: Token, after: Token) -> Update:
    update = Update()
    update.change(items.TOKEN.item(before), items.TOKEN.item(after))
    update.add("version", 1)
    return update


def _why_replayed(failure: ConditionFailed, idempotency: IdempotencyRecord) -> ApiTokensError:
    if failure.item is None:
        return StoreUnavailable()
    stored = read_row(items.IDEMPOTENCY_RECORD.read, failure.item)
    if stored.body_hash != idempotency.body_hash:
        return IdempotencyKeyReused()
    return AlreadyCreated(stored.token_id)
