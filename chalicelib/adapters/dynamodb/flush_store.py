"""The budget of flushes: one row for all stages, which every process reads and writes."""

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb import primary_keys
from chalicelib.adapters.dynamodb.attributes import (
    Codec,
    Member,
    RowKind,
    StoredItem,
    purge_time,
    text,
    time,
)
from chalicelib.adapters.dynamodb.errors import ConditionFailed, translated
from chalicelib.adapters.dynamodb.reads import read_row
from chalicelib.adapters.dynamodb.writes import Update
from chalicelib.domain.flush_budget import FlushBudget
from chalicelib.domain.ports.flushes import BudgetSwap, KeptBudget

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A budget that is not used is full long before.
_KEPT = timedelta(days=1)

_thousandths: Codec[float] = Codec(
    "N", lambda value: str(round(value * 1000)), lambda stored: int(stored) / 1000
)
_BUDGET = RowKind(
    FlushBudget,
    Member("whole_at", time),
    Member("round_at", time),
    Member("pressure", _thousandths),
    Member("opened_at", time),
)


class DynamoDBFlushStore:
    """The budget's row. Each change is one conditional write, which returns the row if it is refused."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def swap_budget(self, before: KeptBudget | None, after: FlushBudget, now: datetime) -> BudgetSwap:
        """Write ``after`` if the table still has ``before``. Raises StoreUnavailable.

        If a response is lost, the write is repeated and meets its own id. This counts as won.
        """
        kept = KeptBudget(after, secrets.token_hex(8))
        update = Update()
        update.set("claim", text(kept.write_id))
        update.set_all(_BUDGET.item(after))
        update.set("purge_at", purge_time(now + _KEPT))
        condition = update.same("claim", text(before.write_id) if before else None)
        request = update.request(self._table, primary_keys.flush_budget_key(), condition)
        try:
            with translated():
                self._client.update_item(**request, ReturnValuesOnConditionCheckFailure="ALL_OLD")
        except ConditionFailed as failure:
            if failure.item is None:
                return BudgetSwap(won=False, kept=None)
            found = read_row(_read, failure.item)
            return BudgetSwap(won=found.write_id == kept.write_id, kept=found)
        return BudgetSwap(won=True, kept=kept)


def _read(item: StoredItem) -> KeptBudget:
    return KeptBudget(_BUDGET.read(item), text.read(item["claim"]))
