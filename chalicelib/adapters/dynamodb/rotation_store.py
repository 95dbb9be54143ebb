"""Rotations, and the tokens and lines that they leave."""

import contextlib
from collections.abc import Collection, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb import attributes, counts, items, primary_keys
from chalicelib.adapters.dynamodb.errors import ConditionFailed, translated
from chalicelib.adapters.dynamodb.events import put_event
from chalicelib.adapters.dynamodb.reads import batch_get, query_all, read_row, readable
from chalicelib.adapters.dynamodb.salvage import token_to_end
from chalicelib.adapters.dynamodb.token_store import change_token, end_row, put_token
from chalicelib.adapters.dynamodb.writes import transact
from chalicelib.domain.errors import ConcurrentChange
from chalicelib.domain.events import Event
from chalicelib.domain.lines import Line
from chalicelib.domain.rotation import Rotation
from chalicelib.domain.token_rules import CreationLimits
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDBRotationStore:
    """Rotations, and the rows of lines and families."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def rotate_token(self, rotation: Rotation, events: Sequence[Event], *, limits: CreationLimits) -> None:
        """Write a rotation, the counts and the events, all or nothing.

        Raises UserInactive, ConcurrentChange, TooManyCreations, TokenLimitReached or StoreUnavailable.
        """
        successor = rotation.successor
        count = counts.one_more if rotation.takes_new_place else counts.as_many
        writes = [count(self._table, successor, limits), put_token(self._table, successor)]
        for change in (rotation.rotated, rotation.cut_short):
            if change:
                writes.append({"Update": change_token(self._table, change.before, change.after)})
        if rotation.line:
            writes.append(self._continue(rotation.line))
        writes += [put_event(self._table, event) for event in events]
        try:
            transact(self._client, writes)
        except ConditionFailed as failure:
            if failure.position == 0:
                if corrected := counts.corrected(failure.item, successor, limits):
                    # At most twice: a day that has begun stays so.
                    return self.rotate_token(rotation, events, limits=corrected)
                raise counts.why_refused(failure.item, successor, limits) from failure
            raise ConcurrentChange from failure

    def find_rows(
        self, user_id: str, token_ids: Collection[str], line_id: str | None = None
    ) -> tuple[Line | None, Sequence[Token]]:
        """Return the rows of a line and of tokens that exist. Raises StoreUnavailable.

        A damaged line counts as missing, and its tokens are then found in the family.
        """
        keys = [primary_keys.token_key(user_id, token_id) for token_id in token_ids]
        if line_id:
            keys.append(primary_keys.line_key(user_id, line_id))
        rows = batch_get(self._client, self._table, keys)
        is_line = [row["sk"]["S"].startswith(primary_keys.LINES) for row in rows]
        lines = readable(items.LINE.read, list(compress(rows, is_line)))
        tokens = [token_to_end(row) for row, other in zip(rows, is_line, strict=True) if not other]
        return lines[0] if lines else None, tokens

    def find_to_end(self, user_id: str, token_id: str) -> tuple[Token | None, User | None]:
        """Return a token, which may be damaged, and its owner. Raises StoreUnavailable or UnreadableRow."""
        keys = [primary_keys.token_key(user_id, token_id), primary_keys.user_key(user_id)]
        found = {row["sk"]["S"]: row for row in batch_get(self._client, self._table, keys)}
        token, user = (found.get(key["sk"]["S"]) for key in keys)
        return (
            token_to_end(token) if token else None,
            read_row(items.USER.read, user) if user else None,
        )

    def stop_line(self, line: Line) -> None:
        """Write that a line has ended, if its row exists. Raises StoreUnavailable."""
        request = end_row(self._table, line)
        with contextlib.suppress(ConditionFailed), translated():
            self._client.update_item(**request)

    def _continue(self, line: Line) -> dict[str, Any]:
        """Return the write of a line that continues, if it has neither ended nor continued meanwhile."""
        older, _ = line.token_ids
        return {
            "Put": {
                "TableName": self._table,
                "Item": items.LINE.item(line),
                "ConditionExpression": (
                    "attribute_not_exists(pk) OR (newer_id = :older AND attribute_not_exists(ended_at))"
                ),
                "ExpressionAttributeValues": {":older": attributes.text(older)},
            }
        }

    def list_family(self, user_id: str, family_id: str) -> Sequence[Token]:
        """Return the tokens of a family. Raises StoreUnavailable."""
        rows = query_all(
            self._client,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :tokens)",
            FilterExpression="family_id = :family",
            ExpressionAttributeValues={
                ":pk": primary_keys.user_key(user_id)["pk"],
                ":tokens": attributes.text(primary_keys.TOKENS),
                ":family": attributes.text(family_id),
            },
            ConsistentRead=True,
        )
        return [token_to_end(row) for row in rows]
