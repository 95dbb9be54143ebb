"""Identity rows: each leads an identity to a user who was moved to it."""

from collections.abc import Mapping
from typing import Any

from chalicelib.adapters.dynamodb import attributes, primary_keys

_ABSENT = "attribute_not_exists(pk)"


def lead(table: str, derived_id: str, user_id: str) -> list[dict[str, Any]]:
    """Return the writes that lead an identity to a user, or none if the user's id comes from it."""
    if derived_id == user_id:
        return []
    key = primary_keys.identity_key(derived_id)
    put = {
        "TableName": table,
        "Item": key | {"user_id": attributes.text(user_id)},
        # The row may be there already if the user's own row was lost and restored.
        **_is_led_to(user_id, f"{_ABSENT} OR user_id = :user"),
    }
    no_user = {"Key": primary_keys.user_key(derived_id), "ConditionExpression": _ABSENT}
    return [{"Put": put}, {"ConditionCheck": {"TableName": table, **no_user}}]


def stop_leading(table: str, derived_id: str, user_id: str) -> dict[str, Any]:
    """Return the write that deletes the row of an identity, if it leads to this user."""
    key = primary_keys.identity_key(derived_id)
    return {"Delete": {"TableName": table, "Key": key, **_is_led_to(user_id, "user_id = :user")}}


def require_not_led(table: str, derived_id: str) -> dict[str, Any]:
    """Return the check that an identity does not lead to a moved user."""
    key = primary_keys.identity_key(derived_id)
    return {"ConditionCheck": {"TableName": table, "Key": key, "ConditionExpression": _ABSENT}}


def user_id(row: Mapping[str, Any]) -> str:
    """Return the id of the user that the row of an identity leads to. Raises KeyError."""
    return str(row["user_id"]["S"])


def _is_led_to(user_id: str, condition: str) -> dict[str, Any]:
    return {
        "ConditionExpression": condition,
        "ExpressionAttributeValues": {":user": attributes.text(user_id)},
    }
