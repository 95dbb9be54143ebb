"""The owner's row in a transaction about tokens: it guards, and it counts."""

from collections.abc import Mapping
from typing import Any

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.writes import Update
from chalicelib.domain.errors import ApiTokensError, ConcurrentChange, TokenLimitReached, UserInactive
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import UserStatus


def one_more(table: str, token: Token, limit: int) -> dict[str, Any]:
    """Return the write that counts a token, if its owner may have one more in its generation."""
    update = _counted(1)
    below = f"{update.name('live_tokens')} < {update.value('limit', items.number(limit))}"
    return _write(table, token, update, _is_active(update), below)


def as_many(table: str, token: Token) -> dict[str, Any]:
    """Return the write that lets a token take another one's place, if its owner may have tokens."""
    update = _counted(0)
    return _write(table, token, update, _is_active(update))


def change(table: str, token: Token, by: int) -> dict[str, Any]:
    """Return the write that counts on, whoever the owner is by now, in the token's generation."""
    return _write(table, token, _counted(by))


def why_refused(owner: Mapping[str, Any] | None, token: Token, limit: int) -> ApiTokensError:
    """Return why a token was not counted, from the owner's row as the condition saw it."""
    user = items.read_user(owner) if owner else None
    if user is None or not user.is_active:
        return UserInactive()
    if user.generation != token.generation:
        return ConcurrentChange()
    return TokenLimitReached(limit)


def _counted(by: int) -> Update:
    update = Update()
    update.add("live_tokens", by)
    update.add("revision", 1)
    return update


def _is_active(update: Update) -> str:
    return update.equals("status", items.text(UserStatus.ACTIVE.value))


def _write(table: str, token: Token, update: Update, *conditions: str) -> dict[str, Any]:
    generation = update.equals("generation", items.text(token.generation))
    request = update.request(table, items.user_key(token.user_id), " AND ".join([generation, *conditions]))
    return {"Update": request | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}
