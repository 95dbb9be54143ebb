"""Counts of changes: one row for each user and day, in the user's partition."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb import attributes, primary_keys
from chalicelib.adapters.dynamodb.errors import ConditionFailed, translated
from chalicelib.adapters.dynamodb.writes import Update
from chalicelib.domain.ports.users import Counted

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT = timedelta(days=2)


class DynamoDBDailyCountStore:
    """Counts, each changed by one conditional write."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def count_change(self, user_id: str, kind: Counted, now: datetime, most: int) -> bool:
        """Count a change. Return False if the day has ``most`` already. Raises StoreUnavailable.

        A write whose response was lost is repeated, and may count twice. The day then allows one less.
        """
        update = Update()
        update.add(kind.value, 1)
        update.set("purge_at", attributes.purge_time(now + _KEPT))
        name = update.name(kind.value)
        below = f"{name} < {update.value('most', attributes.number(most))}"
        request = update.request(
            self._table,
            primary_keys.daily_counts_key(user_id, now.date()),
            f"attribute_not_exists({name}) OR {below}",
        )
        try:
            with translated():
                self._client.update_item(**request)
        except ConditionFailed:
            return False
        return True
