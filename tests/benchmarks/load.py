"""The deployed stack under load, and how long a revoked token passes: all through its API Gateway."""

import statistics
from collections.abc import Sequence

from tests.benchmarks.options import Options
from tests.benchmarks.table import Row, Section, duration
from tests.stack.caching import TTL, caching_stack, seconds_stale
from tests.stack.load import CLIENTS, LoadReport, run_load

_REVOCATIONS = 7
# What a person calls at once; the rest of the way to the TTL is room for AWS.
_MOST_SECONDS = 10.0


def measured(options: Options) -> Sequence[Section]:
    """Deploy the package to the emulator and call it; nothing where no time is given."""
    if not options.load_seconds:
        return ()
    with caching_stack() as (stack, plane):
        report = run_load(stack, options.load_seconds)
        stale = seconds_stale(stack, plane, _REVOCATIONS)
    return (_load(report), _staleness(stale))


def _load(report: LoadReport) -> Section:
    faults = len(report.faults)
    rows = [
        Row(
            f"requests, {CLIENTS} clients, {report.seconds:.0f} s",
            f"{len(report.uses):,}: {report.let_in:,} let in, {report.refused:,} refused",
            f"{len(report.uses) / report.seconds:.0f} per second",
        ),
        Row("changes of tokens and users meanwhile", f"{len(report.changes):,}"),
        Row("errors, wrong answers, lost uses", f"{faults:,}", target="0", met=not faults),
        Row("let in, p50", duration(report.milliseconds(0.5) / 1000)),
        Row("let in, p99", duration(report.milliseconds(0.99) / 1000)),
    ]
    notes = [
        "Times are the emulator's: functions, table and clients share one machine. Every refusal ends a "
        "process there, unlike in Lambda.",
        f"The seed {report.seed} chose the calls and the changes.",
        *report.faults[:10],
    ]
    return Section("Load through the deployed stack, nothing cached", rows, notes)


def _staleness(stale: Sequence[float]) -> Section:
    middle, worst = statistics.median(stale), max(stale)
    most = f"< {_MOST_SECONDS:.0f} s"
    rows = [
        Row(
            f"revoked until refused, median of {len(stale)}",
            f"{middle:.2f} s",
            f"{TTL} s without the flush",
        ),
        Row("the longest", f"{worst:.2f} s", target=most, met=worst < _MOST_SECONDS),
    ]
    notes = [
        "By the table's stream and the deployed function. A stub takes the flush and empties the cache."
    ]
    return Section(f"Staleness of a cached decision, TTL {TTL} s", rows, notes)
