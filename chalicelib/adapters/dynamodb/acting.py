"""The condition that an administrator still is one when the administrator's change is written."""

from typing import Any

from chalicelib.adapters.dynamodb import attributes, items, primary_keys
from chalicelib.adapters.dynamodb.writes import Update
from chalicelib.domain.administrators import ActingAdmin
from chalicelib.domain.users import Role, UserStatus


def conditions(admin: ActingAdmin, update: Update) -> list[str]:
    """Return the conditions on the administrator's own row. Their placeholders are those of ``update``."""
    active = update.value("active", attributes.text(UserStatus.ACTIVE.value))
    conditions = [f"{update.name('status')} = {active}"]
    if admin.role_given_after is not None:
        role = update.value("admin", attributes.text(Role.ADMIN.value))
        given_after = update.value("given_after", attributes.time(admin.role_given_after))
        conditions += [
            f"{update.name('role')} = {role}",
            f"{update.name(items.ROLE_GIVEN_AT[Role.ADMIN])} > {given_after}",
        ]
    return conditions


def check(table: str, admin: ActingAdmin) -> dict[str, Any]:
    """Return the part of a transaction that checks the administrator's row.

    A transaction may name a row only once. If it changes this row, use ``conditions`` instead.
    """
    update = Update()
    expression = " AND ".join(conditions(admin, update))
    return {
        "ConditionCheck": {
            "TableName": table,
            "Key": primary_keys.user_key(admin.user_id),
            "ConditionExpression": expression,
            "ExpressionAttributeNames": update.names,
            "ExpressionAttributeValues": update.values,
        }
    }
