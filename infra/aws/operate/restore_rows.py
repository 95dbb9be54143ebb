"""The rows that a restore copies, page by page, and the changes that it makes to them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb import items, primary_keys
from chalicelib.adapters.dynamodb.events import put_event
from chalicelib.domain.events import Actor, Event, EventType
from chalicelib.domain.identities import SubjectIdentifier
from chalicelib.domain.ids import new_generation
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.revocations import Revocation, RevocationReason
from chalicelib.domain.tokens import TokenState
from chalicelib.services.journal import Journal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_Row = Mapping[str, Any]
_USER = "U#"
_USER_ITSELF = "#"
_RINGS = {partition: use for use, partition in primary_keys.KEY_RINGS.items()}
# A page is the unit of work and of progress. A worker needs about a second for it.
_PAGE_ROWS = 200
_KINDS = {_USER_ITSELF: "users", primary_keys.TOKENS: "tokens"}
_MOST_NAMED = 100
_PAUSES = tuple(0.1 * 2**attempt for attempt in range(9))


@dataclass(frozen=True)
class Page:
    """One page of one segment of the table. ``start`` is the last primary key of the page before."""

    segment: int
    segments: int
    start: _Row | None = None

    def asked(self) -> Any:
        """Return the members of the Scan for this page."""
        start = {"ExclusiveStartKey": self.start} if self.start else {}
        return {"Segment": self.segment, "TotalSegments": self.segments, "Limit": _PAGE_ROWS, **start}

    def following(self, last_key: _Row | None) -> Page | None:
        """Return the segment's next page, or None after the last."""
        return replace(self, start=last_key) if last_key else None


@dataclass
class Outcome:
    """Counts of rows: copied, by kind; present in the target already; left out.

    ``altered`` names events that differ in the two tables. The service never changes an event.
    """

    brought: Counter[str] = field(default_factory=Counter)
    present: int = 0
    left: int = 0
    altered: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Count the rows of another outcome too."""
        self.brought.update(other.brought)
        self.present += other.present
        self.left += other.left
        self.altered = (self.altered + other.altered)[:_MOST_NAMED]


@dataclass(frozen=True)
class Restore:
    """A copy of the rows that ``target`` lacks from ``source``. Present rows are not changed.

    A backup does not know which tokens and sessions ended after it was taken. So every copied token is
    revoked. A copied user gets a generation that no token has. Both are events of ``actor``. Events are
    copied as they are. Sessions, sign-ins, assertions, jobs and the sweep's checkpoint are left out.
    Without ``keys``, signing keys are left out too, because another region cannot sign with them.
    """

    client: DynamoDBClient
    source: str
    target: str
    retention: timedelta
    clock: Clock
    journal: Journal
    actor: Actor
    keys: bool = True
    pause: Callable[[float], None] = time.sleep

    def run(self, *, write: bool) -> Outcome:
        """Copy or count all rows. Raises ClientError, BotoCoreError."""
        whole, page = Outcome(), Page(0, 1)
        while True:
            outcome, following = self.run_page(page, write=write)
            whole.add(outcome)
            if following is None:
                return whole
            page = following

    def run_page(self, page: Page, *, write: bool) -> tuple[Outcome, Page | None]:
        """Copy or count one page. Return the segment's next page, or None after the last.

        If a page is copied again, its rows are present already. Raises ClientError, BotoCoreError.
        """
        outcome = Outcome()
        read = self.client.scan(TableName=self.source, ConsistentRead=True, **page.asked())
        for row in read["Items"]:
            restored, event = self._restored(row)
            if restored is None:
                outcome.left += 1
                continue
            present = self._put(restored, event) if write else self._find(self.target, _key(row))
            if present is None:
                outcome.brought[_kind(row)] += 1
                continue
            outcome.present += 1
            if row["pk"]["S"].startswith(primary_keys.EVENTS) and present != row:
                outcome.altered.append(f"{row['pk']['S']} {row['sk']['S']}")
        return outcome, page.following(read.get("LastEvaluatedKey"))

    def _restored(self, row: _Row) -> tuple[_Row | None, Event | None]:
        """Return the row to copy, and the event of a row that is changed for it."""
        partition: str = row["pk"]["S"]
        if partition.startswith(_USER):
            if row["sk"]["S"] == _USER_ITSELF:
                return self._renewed(row)
            return self._revoked(row) if row["sk"]["S"].startswith(primary_keys.TOKENS) else (row, None)
        if partition in _RINGS:
            is_copied = self.keys and not self._went_on(partition)
        elif partition.startswith(primary_keys.IDENTITIES):
            is_copied = self._leads_on(row)
        else:
            is_copied = partition.startswith(primary_keys.EVENTS)
        return (row if is_copied else None), None

    def _leads_on(self, row: _Row) -> bool:
        """Return whether an identity row leads to a user who still has that identity.

        The user may have been moved after the backup, so the row in the service's table decides.
        """
        key = primary_keys.user_key(row["user_id"]["S"])
        user = self._find(self.target, key) or self._find(self.source, key)
        if user is None:
            return False
        identifier = SubjectIdentifier.of(items.USER.read(user))
        return bool(row["pk"] == primary_keys.identity_key(identifier.user_id)["pk"])

    def _renewed(self, row: _Row) -> tuple[_Row, Event]:
        """Return the user in a new generation, which ends all tokens and sessions, also in the target."""
        user, now = items.USER.read(row), self.clock.now()
        renewed = replace(user.in_generation(new_generation()), updated_at=now, sessions_ended_at=now)
        kind = EventType.USER_TOKENS_REVOKED
        return items.USER.item(renewed), self.journal.about_user(kind, user, renewed, self.actor, now)

    def _revoked(self, row: _Row) -> tuple[_Row, Event | None]:
        token, now = items.TOKEN.read(row), self.clock.now()
        if token.state is TokenState.REVOKED:
            return row, None
        ended = replace(
            token,
            state=TokenState.REVOKED,
            revocation=Revocation(RevocationReason.ADMIN, now),
            updated_at=now,
            purge_at=now + self.retention,
            # A use that read the former row must not write to this one.
            version=token.version + 1,
        )
        event = self.journal.about_token(EventType.TOKEN_REVOKED, token, ended, self.actor, now)
        return items.TOKEN.item(ended), event

    def _put(self, row: _Row, event: Event | None) -> _Row | None:
        """Write a row, with the event of its change. If the target has the row, return that one instead."""
        new: Any = {
            "TableName": self.target,
            "Item": row,
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        new["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if event:
            return self._transact([{"Put": new}, put_event(self.target, event)])
        try:
            self.client.put_item(**new)
        except self.client.exceptions.ConditionalCheckFailedException as error:
            return _present(error.response)
        return None

    def _transact(self, writes: Any) -> _Row | None:
        # The SDK repeats a throttled call, but not a transaction that a throttle cancelled.
        pauses = iter(_PAUSES)
        while True:
            try:
                self.client.transact_write_items(TransactItems=writes)
            except self.client.exceptions.TransactionCanceledException as error:
                cancelled: Any = error.response
                if cancelled["CancellationReasons"][0]["Code"] == "ConditionalCheckFailed":
                    return _present(cancelled["CancellationReasons"][0])
                if (seconds := next(pauses, None)) is None:
                    raise
                self.pause(seconds)
            else:
                return None

    def _went_on(self, ring: str) -> bool:
        """Return whether the ring of keys in the target has changed since the backup."""
        head = primary_keys.key_ring_key(_RINGS[ring])
        found = self._find(self.target, head)
        return found is not None and found != self._find(self.source, head)

    def _find(self, table: str, key: _Row) -> _Row | None:
        return self.client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")


def _present(refusal: Any) -> _Row:
    present: _Row = refusal["Item"]
    return present


def _key(row: _Row) -> _Row:
    return {"pk": row["pk"], "sk": row["sk"]}


def _kind(row: _Row) -> str:
    if row["pk"]["S"].startswith(primary_keys.IDENTITIES):
        return "identities"
    if row["pk"]["S"].startswith(primary_keys.EVENTS):
        return "events"
    if not row["pk"]["S"].startswith(_USER):
        return "signing keys"
    sort_key: str = row["sk"]["S"]
    return _KINDS.get(sort_key if sort_key == _USER_ITSELF else sort_key[:2], "records")
