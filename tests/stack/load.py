"""Many clients at once at the deployed stack while tokens and users change: `run_load(stack, seconds)`.

The run is bounded in time and in count. All calls are kept and judged afterwards (verdicts.py).
"""

from __future__ import annotations

import math
import random
import statistics
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.stack.crowd import Crowd
from tests.stack.verdicts import LET_IN, REFUSED, Change, Use, faults
from tests.stack.wire import Wire
from tests.stack.workers import Client, Controller, noting
from tests.support.deployed import Deployed

CLIENTS = 8
REFRESH_SECONDS = 2
"""LAST_USED_REFRESH_SECONDS of the stack that is called, short so that uses are written often."""

_FEWEST, _WARMING_ROUNDS = 2, 2
# Together clients stay below what the stage lets through, ThrottleRate.
_MOST_PER_SECOND = 160


@dataclass(frozen=True)
class LoadReport:
    """The calls and changes of a run, and its faults."""

    seed: int
    seconds: float
    uses: Sequence[Use]
    changes: Sequence[Change]
    faults: Sequence[str]

    @property
    def let_in(self) -> int:
        """The number of calls that were answered with 200."""
        return sum(use.status == LET_IN for use in self.uses)

    @property
    def refused(self) -> int:
        """The number of calls that were answered with 401."""
        return sum(use.status == REFUSED for use in self.uses)

    def milliseconds(self, quantile: float) -> float:
        """Return a quantile of the waits of all calls with 200, or NaN if there were too few."""
        waited = [1000 * (use.received - use.sent) for use in self.uses if use.status == LET_IN]
        if len(waited) < _FEWEST:
            return math.nan
        return statistics.quantiles(waited, n=1000)[math.ceil(quantile * 1000) - 1]


def run_load(
    stack: Deployed, seconds: float = 60, clients: int = CLIENTS, seed: int | None = None
) -> LoadReport:
    """Call for ``seconds`` and judge. The same seed makes the same choices, at other moments.

    The stack's gateway remembers no decision, and LAST_USED_REFRESH_SECONDS is REFRESH_SECONDS.
    """
    seed = random.getrandbits(32) if seed is None else seed
    wire = Wire(stack)
    crowd = Crowd(wire)
    _warm_up(wire, clients)
    end = time.time() + seconds
    started = time.time()
    pace = clients / _MOST_PER_SECOND
    callers = [
        Client(stack, crowd, end, pace, random.Random(f"{seed}/{number}")) for number in range(clients)
    ]
    controller = Controller(wire, crowd, end, random.Random(seed))
    for thread in (*callers, controller):
        thread.start()
    for thread in (*callers, controller):
        thread.join()
    return judged(seed, time.time() - started, callers, controller, crowd)


def judged(
    seed: int, seconds: float, callers: Sequence[Client], controller: Controller, crowd: Crowd
) -> LoadReport:
    """Return the report of a run. A thread that ended early is a fault, and so is a judge that failed."""
    uses = [use for each in callers for use in each.uses]
    wrong = [fault for each in (controller, *callers) for fault in each.failed]
    with noting(wrong, "Judge"):
        wrong += faults(uses, controller.changes, crowd.kept(), REFRESH_SECONDS)
    return LoadReport(seed, seconds, uses, controller.changes, wrong)


def _warm_up(wire: Wire, clients: int) -> None:
    """Have as many processes of each function as there are clients, before anything is timed."""
    jwt = wire.stack.login(f"{uuid.uuid4().hex[:12]}@example.com")
    token = wire.send("POST", "/v1/tokens", jwt, {}).json["token"]
    with ThreadPoolExecutor(clients) as pool:
        for _ in range(_WARMING_ROUNDS):
            list(pool.map(lambda _: wire.send("GET", "/api/whoami", token), range(clients)))
