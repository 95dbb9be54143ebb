"""Ending the gateway's cached decisions when a row changes what is decided."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib import logs
from chalicelib.domain.decisions import RowChange
from chalicelib.domain.errors import ApiTokensError, DependencyUnavailable, GatewayUnavailable
from chalicelib.domain.ports import AuthorizerCaches, Clock, FlushStore, Sleep

SETTLE = timedelta(seconds=1)
"""How long a decision that read the row before its change may take to get into the gateway's cache."""

SPACING = timedelta(seconds=1)
"""How far apart two flushes of one stage are at least."""

# With one stage that others keep claiming; the others have theirs.
_PATIENCE = timedelta(seconds=10)

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Flushed:
    """What became of each stage: flushed by us, by somebody else late enough, or not at all."""

    changes: int
    flushed: Sequence[str]
    left_to_others: Sequence[str]
    failures: Mapping[str, ApiTokensError]

    @property
    def worth_retrying(self) -> DependencyUnavailable | None:
        """The first failure that another attempt may get over."""
        passing = (error for error in self.failures.values() if isinstance(error, DependencyUnavailable))
        return next(passing, None)


class FlushCaches:
    """Flushes all stages, each at most once per second, whoever else is at it."""

    def __init__(
        self,
        stages: Sequence[str],
        read: Callable[[Record], RowChange | None],
        store: FlushStore,
        caches: AuthorizerCaches,
        clock: Clock,
        sleep: Sleep,
    ) -> None:
        self._stages = stages
        self._read = read
        self._store = store
        self._caches = caches
        self._clock = clock
        self._sleep = sleep

    def after(self, records: Sequence[Record]) -> Flushed:
        """Flush if one of the table's records changes decisions, or cannot be read.

        A failure at one stage stops no other.
        """
        due = self._clock.now() + SETTLE
        changes = sum(self._changes_decisions(record, due) for record in records)
        flushed: list[str] = []
        left: list[str] = []
        failures: dict[str, ApiTokensError] = {}
        if changes and self._stages:
            # A decision taken before the change may be on its way into the cache.
            self._sleep(SETTLE)
            for stage in self._in_turn(due):
                try:
                    (flushed if self._flush(stage, due) else left).append(stage)
                except ApiTokensError as error:
                    logs.warn("flush.failed", stage=stage, reason=error.code, cause=logs.cause(error))
                    failures[stage] = error
        return Flushed(changes, flushed, left, failures)

    def _in_turn(self, now: datetime) -> Sequence[str]:
        """Return the stages, beginning with another one each time.

        Where slow failures of some use up the function's time, the next attempt begins elsewhere.
        """
        first = int(now.timestamp()) % len(self._stages)
        return [*self._stages[first:], *self._stages[:first]]

    def _changes_decisions(self, record: Record, now: datetime) -> bool:
        change = self._read(record)
        return change is None or change.changes_decisions(now)

    def _flush(self, stage: str, due: datetime) -> bool:
        """Flush a stage; return False if somebody else does who claimed it when it was due or later.

        Whoever claims a stage answers for it: a flush that fails is tried again by them.
        """
        begun = self._clock.now()
        while (now := self._clock.now()) <= begun + _PATIENCE:
            claim = self._store.claim_flush(stage, now, SPACING)
            if claim.won:
                self._caches.flush(stage)
                return True
            if claim.at >= due:
                return False
            self._sleep(claim.at + SPACING - now)
        raise GatewayUnavailable
