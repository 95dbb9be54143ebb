"""The owner's row in a transaction about tokens. Its conditions guard the write, and it counts tokens."""

from collections.abc import Mapping
from typing import Any

from chalicelib.adapters.dynamodb import acting, attributes, items, primary_keys
from chalicelib.adapters.dynamodb.reads import read_row
from chalicelib.adapters.dynamodb.writes import Update
from chalicelib.domain.administrators import ActingAdmin
from chalicelib.domain.errors import (
    AdminRequired,
    ApiTokensError,
    ConcurrentChange,
    TokenLimitReached,
    UserInactive,
)
from chalicelib.domain.frozen import replace
from chalicelib.domain.token_rules import CreationLimits
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import UserStatus


def one_more(table: str, token: Token, limits: CreationLimits) -> dict[str, Any]:
    """Return the write that counts a token, if the owner may have one more in the token's generation."""
    update = _counted(1)
    below = f"{update.name('live_tokens')} < {update.value('limit', attributes.number(limits.live_tokens))}"
    return _write(table, token, update, _is_active(update), _is_created(update, token, limits), below)


def as_many(table: str, token: Token, limits: CreationLimits) -> dict[str, Any]:
    """Return the write for a token that takes another token's place, if the owner may have tokens."""
    update = _counted(0)
    return _write(table, token, update, _is_active(update), _is_created(update, token, limits))


def change(table: str, token: Token, by: int, admin: ActingAdmin | None) -> dict[str, Any]:
    """Return the write that changes the count, if the owner is still in the token's generation.

    An owner who acts as an administrator must still be one.
    """
    update = _counted(by)
    own = acting.conditions(admin, update) if admin and admin.user_id == token.user_id else []
    return _write(table, token, update, *own)


def corrected(
    owner: Mapping[str, Any] | None, token: Token, limits: CreationLimits
) -> CreationLimits | None:
    """Return the corrected limits if they were wrong about the day, or None.

    ``owner`` is the row as the condition saw it.
    """
    today = attributes.day(token.created_at.date())["S"]
    has_begun = owner is not None and owner.get("created_day", {}).get("S", "") >= today
    return None if has_begun is limits.day_has_begun else replace(limits, day_has_begun=has_begun)


def why_not_changed(owner: Mapping[str, Any] | None, token: Token) -> ApiTokensError:
    """Return the error for a count that did not change, from the owner's row as the condition saw it."""
    is_same = owner is not None and owner.get("generation") == attributes.text(token.generation)
    # The other conditions are those of an administrator who acts on the own account.
    return AdminRequired() if is_same else ConcurrentChange()


def why_refused(owner: Mapping[str, Any] | None, token: Token, limits: CreationLimits) -> ApiTokensError:
    """Return the error for a token that was not counted, from the owner's row as the condition saw it."""
    user = read_row(items.USER.read, owner) if owner else None
    if user is None or not user.is_active:
        return UserInactive()
    if user.generation != token.generation:
        return ConcurrentChange()
    if user.creations_on(token.created_at.date()) >= limits.per_day:
        return limits.exhausted(token.created_at)
    return TokenLimitReached(limits.live_tokens)


def _counted(by: int) -> Update:
    update = Update()
    update.add("live_tokens", by)
    update.add("revision", 1)
    # The result of the last recount is out of date: a new token may end sooner, and an end frees a place.
    update.remove("full_until")
    update.remove("full_count")
    return update


def _is_active(update: Update) -> str:
    return update.equals("status", attributes.text(UserStatus.ACTIVE.value))


def _is_created(update: Update, token: Token, limits: CreationLimits) -> str:
    """Count a creation of the token's day; return the condition that the day allows it."""
    day = update.name("created_day")
    today = update.value("today", attributes.day(token.created_at.date()))
    if limits.day_has_begun:
        update.add("creations", 1)
        most = update.value("most_creations", attributes.number(limits.per_day))
        return f"{day} >= {today} AND {update.name('creations')} < {most}"
    update.set("created_day", attributes.day(token.created_at.date()))
    update.set("creations", attributes.number(1))
    return f"(attribute_not_exists({day}) OR {day} < {today})"


def _write(table: str, token: Token, update: Update, *conditions: str) -> dict[str, Any]:
    generation = update.equals("generation", attributes.text(token.generation))
    request = update.request(
        table, primary_keys.user_key(token.user_id), " AND ".join([generation, *conditions])
    )
    return {"Update": request | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}
