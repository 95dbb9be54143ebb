"""Flushes of the gateway's cached decisions after changes of rows that end them."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chalicelib import logs
from chalicelib.domain.changes import Effect, RowChange
from chalicelib.domain.errors import (
    ApiTokensError,
    DependencyUnavailable,
    FlushPostponed,
    GatewayThrottled,
    GatewayUnavailable,
    StoreUnavailable,
)
from chalicelib.domain.flush_budget import BETWEEN_OPENINGS, FlushBudget, Pace
from chalicelib.domain.ports.flushes import AuthorizerCaches
from chalicelib.domain.ports.time import Clock, Sleep
from chalicelib.services.shared_budget import ChangeBudget, SharedBudget

SETTLE = timedelta(seconds=1)
"""The time for which a decision by a row from before its change may still enter the gateway's cache."""

PATIENCE = timedelta(seconds=40)
"""The longest wait of an invocation for its round. Then Lambda delivers the same records again."""

# An operator may delete the row to end the spacing, also for processes that wait for their round.
_LOOK_AGAIN = timedelta(seconds=3)
# Lambda ends the function after 60 s, and a call takes 5.5 s at most.
_LAST_CALL = timedelta(seconds=54)
# Revocations of the same shard wait meanwhile.
_OPENING_PATIENCE = timedelta(seconds=10)
# Before each attempt at the stages that are left. The SDK never retries, because each call costs budget.
_PAUSES = (timedelta(0), timedelta(seconds=1), timedelta(seconds=3))

Record = Mapping[str, Any]


@dataclass(slots=True)
class Flushed:
    """The result for each stage, the calls made, and the pace of the rounds if the budget was read.

    A stage is flushed by this invocation, left to the round of another one that began late enough, or left
    to the TTL. The last happens only after a change that lets tokens in again.
    """

    changes: int = 0
    flushed: list[str] = field(default_factory=list)
    left_to_others: list[str] = field(default_factory=list)
    left_to_ttl: list[str] = field(default_factory=list)
    failures: dict[str, ApiTokensError] = field(default_factory=dict)
    calls: int = 0
    pace: Pace | None = None
    postponed: FlushPostponed | None = None

    @property
    def worth_retrying(self) -> DependencyUnavailable | None:
        """The first failure after which another attempt may succeed."""
        passing = (error for error in self.failures.values() if isinstance(error, DependencyUnavailable))
        return self.postponed or next(passing, None)


class FlushCaches:
    """Flushes of all stages from one budget that all processes share."""

    def __init__(
        self,
        stages: Sequence[str],
        read: Callable[[Record], RowChange | None],
        budget: SharedBudget,
        caches: AuthorizerCaches,
        clock: Clock,
        sleep: Sleep,
        decision_reuse: timedelta = timedelta(0),
    ) -> None:
        # Until then, a decision by rows from before the change is possible.
        self._settle = SETTLE + decision_reuse
        self._stages = stages
        self._read = read
        self._budget = budget
        self._caches = caches
        self._clock = clock
        self._sleep = sleep

    def __call__(self, records: Sequence[Record]) -> Flushed:
        """Flush if one of the table's records changes decisions, or cannot be read.

        A change that ends something begins a round, or is served by one that begins late enough. A change
        that only lets tokens in again gets what the budget has left. A failure at one stage stops no other.
        """
        began = self._clock.now()
        due = began + self._settle
        changes = [self._read(record) for record in records]
        # A record that cannot be read may be about a revocation.
        effects = [change.effect(due) if change else Effect.ENDS for change in changes]
        done = Flushed(changes=sum(effect is not Effect.NONE for effect in effects))
        if not done.changes or not self._stages:
            return done
        if Effect.ENDS in effects:
            self._flush_round(due, began, done)
        else:
            self._flush_opened(due, done)
        done.pace = self._budget.seen().pace(self._budget.limits)
        for stage, error in done.failures.items():
            logs.warn("flush.failed", stage=stage, reason=error.code, cause=logs.cause(error))
        return done

    def _flush_round(self, due: datetime, began: datetime, done: Flushed) -> None:
        """Flush every stage, unless another process begins a round when it is due or later.

        A process that begins a round is responsible for it. If it fails, Lambda delivers its records again.
        They are then due later than the round that failed.
        """
        self._wait_until(due)
        self._budget.forget()
        try:
            is_ours = self._begin_round(due, began + PATIENCE)
        except FlushPostponed as postponed:
            done.postponed = postponed
            return
        except StoreUnavailable as failure:
            done.failures = dict.fromkeys(self._stages, failure)
            return
        if not is_ours:
            done.left_to_others = list(self._stages)
            return
        pending: Iterable[str] = self._in_turn(due)
        for pause in _PAUSES:
            self._sleep(pause)
            for stage in list(pending):
                self._flush_stage(stage, began + _LAST_CALL, done)
            pending = [s for s, e in done.failures.items() if isinstance(e, DependencyUnavailable)]
            if not pending:
                break

    def _begin_round(self, due: datetime, deadline: datetime) -> bool:
        """Begin a round; return False if another one serves. Raises FlushPostponed, StoreUnavailable."""
        while (budget := self._budget.seen()).round_at < due:
            now, earliest = self._clock.now(), budget.next_round_at(self._budget.limits)
            if max(now, earliest) > deadline:
                raise FlushPostponed
            wait = earliest - now
            if wait > _LOOK_AGAIN:
                self._sleep(_LOOK_AGAIN)
                self._budget.forget()
            elif wait > timedelta(0):
                self._wait_until(earliest)
            elif self._budget.write(FlushBudget.begun):
                return True
        return False

    def _flush_stage(self, stage: str, deadline: datetime, done: Flushed) -> None:
        try:
            self._pay(deadline)
            done.calls += 1
            self._caches.flush(stage)
        except ApiTokensError as error:
            done.failures[stage] = error
            self._note_throttle(error)
        else:
            done.failures.pop(stage, None)
            done.flushed.append(stage)

    def _pay(self, deadline: datetime) -> None:
        """Pay for one call. Raises GatewayUnavailable if the time is too short, or StoreUnavailable."""
        while True:
            now, earliest = self._clock.now(), self._budget.seen().call_at(self._budget.limits)
            if max(now, earliest) > deadline:
                raise GatewayUnavailable
            if earliest > now:
                self._wait_until(earliest)
            elif self._budget.write(FlushBudget.spent):
                return

    def _note_throttle(self, error: ApiTokensError) -> None:
        if isinstance(error, GatewayThrottled):
            with contextlib.suppress(StoreUnavailable):
                while not self._budget.write(FlushBudget.throttled):
                    pass

    def _flush_opened(self, due: datetime, done: Flushed) -> None:
        """Flush after changes that only let tokens in again, as far as the budget has calls left over.

        A failure is left to the TTL. Lambda's next attempt would hold up the revocations behind it.
        """
        if self._opened_lately(due):
            done.left_to_ttl = list(self._stages)
            return
        self._wait_until(due)
        stages = list(self._in_turn(due))
        change = FlushBudget.opened
        while stages and self._pay_left_over(change, due):
            self._flush_opened_stage(stages.pop(0), done)
            change = FlushBudget.spent
        served = self._budget.seen().round_at >= due
        (done.left_to_others if served else done.left_to_ttl).extend(stages)

    def _opened_lately(self, now: datetime) -> bool:
        return now < self._budget.seen().opened_at + BETWEEN_OPENINGS

    def _pay_left_over(self, change: ChangeBudget, due: datetime) -> bool:
        """Pay for one call out of a full bucket, so that a round finds all but one of the burst.

        Return False if a round serves, if the minute is not over, or if the bucket stays in use.
        """
        is_first = change is FlushBudget.opened
        with contextlib.suppress(StoreUnavailable):
            while (budget := self._budget.seen()).round_at < due:
                now = self._clock.now()
                if max(now, budget.whole_at) > due + _OPENING_PATIENCE:
                    return False
                if is_first and self._opened_lately(now):
                    return False
                if budget.whole_at > now:
                    self._wait_until(budget.whole_at)
                elif self._budget.write(change):
                    return True
        return False

    def _flush_opened_stage(self, stage: str, done: Flushed) -> None:
        done.calls += 1
        try:
            self._caches.flush(stage)
        except DependencyUnavailable as error:
            done.left_to_ttl.append(stage)
            self._note_throttle(error)
        except ApiTokensError as error:
            done.failures[stage] = error
        else:
            done.flushed.append(stage)

    def _in_turn(self, now: datetime) -> Sequence[str]:
        """Return the stages, beginning with another one each time.

        If slow failures of some use up the function's time, the next attempt begins elsewhere.
        """
        first = int(now.timestamp()) % len(self._stages)
        return [*self._stages[first:], *self._stages[:first]]

    def _wait_until(self, time: datetime) -> None:
        remaining = time - self._clock.now()
        if remaining > timedelta(0):
            self._sleep(remaining)
