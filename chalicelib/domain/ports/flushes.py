"""The budget of flushes, and the caches that are flushed."""

from datetime import datetime
from typing import Protocol

from chalicelib.domain.flush_budget import FlushBudget
from chalicelib.domain.frozen import Frozen


class KeptBudget(Frozen):
    """The stored budget of flushes, and the id of the write that stored it."""

    budget: FlushBudget
    write_id: str


class BudgetSwap(Frozen):
    """The result of a write: the stored budget, which is the new one if ``won``.

    Otherwise another process stored it. None means that TTL or an operator deleted the row.
    """

    won: bool
    kept: KeptBudget | None


class FlushStore(Protocol):
    """The one budget of flushes that all processes share. The call raises StoreUnavailable."""

    def swap_budget(self, before: KeptBudget | None, after: FlushBudget, now: datetime) -> BudgetSwap:
        """Write ``after`` if the table still has ``before``, by one conditional write.

        ``before`` None means that this process has not seen a budget yet.
        """
        ...


class AuthorizerCaches(Protocol):
    """The gateway's caches of decisions. Each stage has one."""

    def flush(self, stage: str) -> None:
        """Delete every cached decision of a stage.

        It is one call, never repeated. Raises GatewayUnavailable or its subclass GatewayThrottled if a
        later attempt may succeed, or StageNotFlushable.
        """
        ...
