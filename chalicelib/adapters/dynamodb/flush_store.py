"""The budget of flushes: one row for all stages, in which all processes meet."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.errors import ConditionFailed, translated
from chalicelib.adapters.dynamodb.writes import Update
from chalicelib.domain.flush_budget import FlushBudget
from chalicelib.domain.ports import BudgetSwap, KeptBudget

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# An untouched budget is full long before.
_KEPT = timedelta(days=1)


class DynamoDBFlushStore:
    """One conditional write per change of the budget; a write that is refused returns the row."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def swap_budget(self, before: KeptBudget | None, after: FlushBudget, now: datetime) -> BudgetSwap:
        """Write ``after`` if the table still has ``before``. Raises StoreUnavailable.

        If a response is lost, the write is repeated and meets its own claim, which has won.
        """
        kept = KeptBudget(after, secrets.token_hex(8))
        update = Update()
        for name, value in _budget_item(kept, now).items():
            update.set(name, value)
        condition = update.same("claim", items.text(before.claim) if before else None)
        request = update.request(self._table, items.flush_budget_key(), condition)
        try:
            with translated():
                self._client.update_item(**request, ReturnValuesOnConditionCheckFailure="ALL_OLD")
        except ConditionFailed as failure:
            if failure.item is None:
                return BudgetSwap(won=False, kept=None)
            found = _read_budget(failure.item)
            return BudgetSwap(won=found.claim == kept.claim, kept=found)
        return BudgetSwap(won=True, kept=kept)


def _budget_item(kept: KeptBudget, now: datetime) -> items.Item:
    budget = kept.budget
    return {
        "claim": items.text(kept.claim),
        "whole_at": items.time(budget.whole_at),
        "round_at": items.time(budget.round_at),
        "pressure": items.number(round(budget.pressure * 1000)),
        "opened_at": items.time(budget.opened_at),
        "purge_at": items.purge_time(now + _KEPT),
    }


def _read_budget(item: Mapping[str, Mapping[str, str]]) -> KeptBudget:
    budget = FlushBudget(
        whole_at=items.read_time(item, "whole_at"),
        round_at=items.read_time(item, "round_at"),
        pressure=int(item["pressure"]["N"]) / 1000,
        opened_at=items.read_time(item, "opened_at"),
    )
    return KeptBudget(budget, item["claim"]["S"])
