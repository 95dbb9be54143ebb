"""`python -m infra.aws.restore`: bring back rows from a restored table, without reviving any token."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb import items
from chalicelib.domain.identities import SubjectIdentifier
from chalicelib.domain.ids import new_generation
from chalicelib.domain.keys import KeyUse
from chalicelib.domain.ports import Clock
from chalicelib.domain.tokens import Revocation, RevocationReason, TokenStatus
from infra.aws.account import session_of_environment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_Row = Mapping[str, Any]
_USER = "U#"
_USER_ITSELF = "#"
_KINDS = {_USER_ITSELF: "users", items.TOKENS: "tokens"}


@dataclass
class Outcome:
    """How many rows were brought back, by kind, were there already, or stay behind."""

    brought: Counter[str] = field(default_factory=Counter)
    present: int = 0
    left: int = 0


@dataclass(frozen=True)
class Restore:
    """Copies what is missing in ``target`` from ``source``; no row that is there is changed.

    A backup does not know what was ended after it was taken: so no token comes back in use, a user comes
    back in a generation that no token has, and sessions, sign-ins and assertions do not come back at all.
    Without ``keys`` the rings begin anew: in another region nobody can sign with these.
    """

    client: DynamoDBClient
    source: str
    target: str
    retention: timedelta
    clock: Clock
    keys: bool = True

    def run(self, *, write: bool) -> Outcome:
        """Copy, or only count. Raises ClientError, BotoCoreError; another run goes on."""
        outcome, rings = Outcome(), self._rings_that_went_on()
        for row in self._rows():
            restored = self._restored(row, rings)
            if restored is None:
                outcome.left += 1
            elif self._is_brought(restored, write=write):
                outcome.brought[_kind(row)] += 1
            else:
                outcome.present += 1
        return outcome

    def _restored(self, row: _Row, rings: frozenset[str]) -> _Row | None:
        partition: str = row["pk"]["S"]
        if partition in items.KEY_PARTITIONS.values():
            return row if self.keys and partition not in rings else None
        if partition.startswith(items.IDENTITIES):
            return row if self._leads_on(row) else None
        if not partition.startswith(_USER):
            return None
        if row["sk"]["S"] == _USER_ITSELF:
            return self._renewed(row)
        return self._revoked(row) if row["sk"]["S"].startswith(items.TOKENS) else row

    def _leads_on(self, row: _Row) -> bool:
        """Return whether an identity row leads to a user who still has that identity.

        The user may have been moved after the backup, so the row in the service's table decides.
        """
        key = items.user_key(row["user_id"]["S"])
        user = self._find(self.target, key) or self._find(self.source, key)
        if user is None:
            return False
        identifier = SubjectIdentifier.of(items.read_user(user))
        return bool(row["pk"] == items.identity_key(identifier.user_id)["pk"])

    def _renewed(self, row: _Row) -> _Row:
        """Return the user without any token or session, the ones that are still in the target included.

        All of a user's tokens are ended by a change of the user's row alone, which is the row that is lost.
        """
        user, now = items.read_user(row), self.clock.now()
        renewed = replace(user.in_generation(new_generation()), updated_at=now, sessions_ended_at=now)
        return items.user_item(renewed)

    def _revoked(self, row: _Row) -> _Row:
        token, now = items.read_token(row), self.clock.now()
        if token.state is TokenStatus.REVOKED:
            return row
        ended = replace(
            token,
            state=TokenStatus.REVOKED,
            revocation=Revocation(RevocationReason.ADMIN, now),
            updated_at=now,
            purge_at=now + self.retention,
            # As every change does: a use that read the row before must not write to it.
            version=token.version + 1,
        )
        return items.token_item(ended)

    def _is_brought(self, row: _Row, *, write: bool) -> bool:
        key = {"pk": row["pk"], "sk": row["sk"]}
        if not write:
            return not self._find(self.target, key)
        try:
            self.client.put_item(
                TableName=self.target, Item=row, ConditionExpression="attribute_not_exists(pk)"
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _rows(self) -> Iterator[_Row]:
        pages = self.client.get_paginator("scan").paginate(TableName=self.source, ConsistentRead=True)
        return (row for page in pages for row in page["Items"])

    def _rings_that_went_on(self) -> frozenset[str]:
        """Return the partitions of keys whose ring in the target is in another state already."""
        heads = {items.KEY_PARTITIONS[use]: items.key_ring_key(use) for use in KeyUse}
        found = {name: self._find(self.target, key) for name, key in heads.items()}
        return frozenset(
            n for n, head in found.items() if head and head != self._find(self.source, heads[n])
        )

    def _find(self, table: str, key: _Row) -> _Row | None:
        return self.client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")


def main(arguments: list[str] | None = None) -> int:
    """Do what the operator asks for; any reason for not doing it is told in one line."""
    options = _options(arguments)
    if options.source == options.target:
        print("--from and --to name the same table.", file=sys.stderr)
        return 1
    try:
        client = cast("DynamoDBClient", session_of_environment().create_client("dynamodb"))
        retention = timedelta(days=options.retention_days)
        tables, keys = (options.source, options.target), not options.without_keys
        work = Restore(client, *tables, retention, SystemClock(), keys)
        print(_told(work.run(write=options.yes), written=options.yes))
    except (BotoCoreError, ClientError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.aws.restore", description=__doc__)
    parser.add_argument("--from", dest="source", required=True, metavar="TABLE", help="the restored table")
    parser.add_argument("--to", dest="target", required=True, metavar="TABLE", help="the service's table")
    parser.add_argument("--retention-days", type=int, default=90, help="RETENTION_DAYS; default: 90")
    parser.add_argument(
        "--without-keys", action="store_true", help="for another region: the first token begins new rings"
    )
    parser.add_argument("--yes", action="store_true", help="do it; without this rows are only counted")
    return parser.parse_args(arguments)


def _kind(row: _Row) -> str:
    if row["pk"]["S"].startswith(items.IDENTITIES):
        return "identities"
    if not row["pk"]["S"].startswith(_USER):
        return "signing keys"
    sort_key: str = row["sk"]["S"]
    return _KINDS.get(sort_key if sort_key == _USER_ITSELF else sort_key[:2], "records")


def _told(outcome: Outcome, *, written: bool) -> str:
    counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(outcome.brought.items())) or "nothing"
    others = f"{outcome.present:,} rows are there already; {outcome.left:,} do not come back."
    if not written:
        return f"To bring back: {counts}. {others}\nNothing was changed. Add --yes to do it."
    return f"Brought back: {counts}; every token among them is revoked. {others}"


if __name__ == "__main__":
    sys.exit(main())
