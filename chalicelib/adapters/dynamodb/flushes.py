"""Who flushed which stage's cache of decisions last: one row per stage."""

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.errors import ConditionFailed
from chalicelib.adapters.dynamodb.writes import Update, retried
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.ports import FlushClaim

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT = timedelta(days=1)


class DynamoDBFlushStore:
    """Claims by one conditional write each."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def claim_flush(self, stage: str, now: datetime, spacing: timedelta) -> FlushClaim:
        """Claim a flush, unless somebody else did. Raises StoreUnavailable.

        An answer that got lost makes the SDK try again and meet its own claim, known by its name.
        """
        claim = items.text(secrets.token_hex(8))
        update = Update()
        update.set("flushed_at", items.time(now))
        update.set("claim", claim)
        update.set("purge_at", items.purge_time(now + _KEPT))
        earlier = update.value("earlier", items.time(now - spacing))
        impossible = update.value("impossible", items.time(now + spacing))
        name = update.name("flushed_at")
        condition = f"attribute_not_exists({name}) OR {name} <= {earlier} OR {name} > {impossible}"
        request = update.request(self._table, items.flush_key(stage), condition)
        try:
            retried(
                lambda: self._client.update_item(**request, ReturnValuesOnConditionCheckFailure="ALL_OLD")
            )
        except ConditionFailed as failure:
            if failure.item is None:
                raise StoreUnavailable from failure
            own = failure.item.get("claim") == claim
            return FlushClaim(won=own, at=items.read_flush(failure.item))
        return FlushClaim(won=True, at=now)
