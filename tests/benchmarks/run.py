"""All measurements of one run, in order."""

import sys
from collections.abc import Iterator
from contextlib import redirect_stdout

from tests.benchmarks import (
    cold_start,
    costs,
    decisions,
    document,
    figure,
    load,
    log_costs,
    machine,
    management,
    memory,
    scale,
    sweeping,
)
from tests.benchmarks.options import Options
from tests.benchmarks.place import emulated_place
from tests.benchmarks.table import Section, as_markdown, as_text, unjudged


def everything(options: Options) -> int:
    """Measure, print, and write the document if one is named; return the exit status."""
    sections = list(_sections(options))
    sections.append(memory.calculated(as_markdown(sections)))
    if options.is_quick:
        sections = unjudged(sections)
    where = f"{machine.description()} {options.extent}"
    sys.stdout.write(f"{where}\n\n{as_text(sections)}\n")
    if options.document:
        document.write(options.document, f"{where}\n\n{as_markdown(sections)}")
        figure.write(options.document)
    return 0


def _sections(options: Options) -> Iterator[Section]:
    # What may fail for other reasons than slowness comes first in time, last in the table.
    with redirect_stdout(sys.stderr):
        packaged = [*cold_start.measured(options), *load.measured(options)]
    with emulated_place() as place:
        yield from decisions.measured(place, options)
        yield from costs.measured(place)
        yield log_costs.measured()
        yield from management.measured(place, options)
    yield from scale.measured(options.rows)
    yield sweeping.measured(min(options.rows, sweeping.MOST_TOKENS))
    yield from packaged
