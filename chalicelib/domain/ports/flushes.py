"""The budget of flushes, and the caches that are flushed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.flush_budget import FlushBudget


@dataclass(frozen=True, slots=True)
class KeptBudget:
    """The budget of flushes as the table has it; ``claim`` names the write that put it there."""

    budget: FlushBudget
    claim: str


@dataclass(frozen=True, slots=True)
class BudgetSwap:
    """The budget that the table has now: the new one if ``won``, else what another process wrote.

    None means that the table has none: TTL or an operator deleted the row.
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
    """The gateway's caches of decisions, one per stage."""

    def flush(self, stage: str) -> None:
        """Forget every decision of a stage.

        It is one call, never repeated. Raises GatewayThrottled or another GatewayUnavailable, which a
        later attempt may get over, or StageNotFlushable.
        """
        ...
