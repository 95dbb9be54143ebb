"""`python -m tests.benchmarks.large`: count what reads cost if one user has very many tokens and events.

The emulator takes over 20 s for a query of 100,000 rows. Here moto holds them within the process. Both give
the same numbers for fewer rows. 100,000 rows take some five minutes.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from chalicelib.adapters.dynamodb import items
from tests.benchmarks import meter, scale
from tests.benchmarks.prices import Units
from tests.benchmarks.process import LAMBDA, environment
from tests.support.builders import a_token, a_user
from tests.support.clock import START, FixedClock
from tests.support.dynamodb import CloudService, moto_cloud
from tests.support.metered_rows import Metered
from tests.support.moto_tables import answer_quickly, refill

ROWS = 100_000


class InProcess(Metered):
    """A client that counts, in the form of the benchmark's proxy."""

    def taken(self) -> Sequence[meter.Metered]:
        """Return the calls since the last time."""
        calls, self.calls = self.calls, []
        return [meter.Metered(operation, Units(units), None) for operation, units in calls]


def counted(rows: int) -> Mapping[str, scale.Cost]:
    """Return what lists, searches and counts cost with so many tokens of a user, then as many events."""
    owner = a_user("owner@example.com", live_tokens=rows)
    with moto_cloud() as cloud:
        answer_quickly()
        clock, client = FixedClock(START), cast("Any", InProcess(cloud.dynamodb))
        service = CloudService(replace(cloud, dynamodb=client), clock)
        refill(cloud.table, [items.USER.item(owner), *scale.tokens_of(service, owner, 0, rows)])
        costs = scale.owner_costs(service, client, owner)
        token = a_token(owner, clock.now() - timedelta(days=3))
        refill(cloud.table, [items.USER.item(owner), *scale.events_of(service, owner, 0, rows)])
        # The newest event has just happened.
        clock.advance(max(timedelta(), timedelta(seconds=10 * rows, days=-2)))
        return {**costs, **scale.event_costs(service, client, owner, token)}


def main(arguments: Sequence[str]) -> int:
    """Print the costs for the number of rows that is given, or for 100,000."""
    rows = int(arguments[0]) if arguments else ROWS
    with environment(LAMBDA):
        for name, cost in counted(rows).items():
            sys.stdout.write(f"{name}, {rows:,} rows: {cost}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
