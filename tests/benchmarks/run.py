"""All measurements of one run, in order."""

import sys
from collections.abc import Iterator

from tests.benchmarks import cold_start, costs, decisions, document, load, machine, management
from tests.benchmarks.options import Options
from tests.benchmarks.place import emulated_place
from tests.benchmarks.table import Section, as_markdown, as_text


def everything(options: Options) -> int:
    """Measure, print, and write the document if one is named; return the exit status."""
    sections = list(_sections(options))
    where = machine.description()
    sys.stdout.write(f"{where}\n\n{as_text(sections)}\n")
    if options.document:
        document.write(options.document, f"{where}\n\n{as_markdown(sections)}")
    return 0


def _sections(options: Options) -> Iterator[Section]:
    # First, because building the package may fail; last in the table.
    cold_starts = cold_start.measured(options)
    with emulated_place() as place:
        yield from decisions.measured(place, options)
        yield from costs.measured(place)
        yield from management.measured(place, options)
    yield from cold_starts
    yield from load.measured(options)
