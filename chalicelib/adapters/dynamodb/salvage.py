"""Damaged rows of tokens, as far as a revocation needs them. Every other call refuses or omits them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.adapters.dynamodb import attributes, items, primary_keys
from chalicelib.adapters.dynamodb.reads import readable_row
from chalicelib.adapters.dynamodb.writes import Update
from chalicelib.domain.damaged_tokens import DamagedToken
from chalicelib.domain.frozen import replace
from chalicelib.domain.tokens import Token, TokenState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def token_to_end(row: Mapping[str, Any]) -> Token:
    """Return the token of a row, or a DamagedToken. The log then has the primary key."""
    token = readable_row(items.TOKEN.read, row)
    if token is not None:
        return token
    blank = DamagedToken(
        id=row["sk"]["S"].removeprefix(primary_keys.TOKENS),
        user_id=row["pk"]["S"].removeprefix(primary_keys.USERS),
        generation="",
        name="",
        description="",
        scopes=frozenset(),
        state=TokenState.INACTIVE,
        created_at=_EPOCH,
        updated_at=_EPOCH,
        idle_at=_EPOCH,
        purge_at=_EPOCH,
    )
    return replace(blank, **items.TOKEN.readable_parts(row))


def end_damaged(table: str, before: DamagedToken, after: Token) -> dict[str, Any]:
    """Return the write that revokes a damaged token, whatever the rest of its row says."""
    update = Update()
    update.change(items.TOKEN.item(before), items.TOKEN.item(after))
    # The version and the successor may be damaged too. No rotation and no other change reads such a row.
    revoked = update.value("revoked", attributes.text(TokenState.REVOKED.value))
    condition = f"attribute_exists(pk) AND {update.name('state')} <> {revoked}"
    return update.request(table, primary_keys.token_key(before.user_id, before.id), condition)
