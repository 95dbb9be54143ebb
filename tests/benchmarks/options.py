"""How much to measure: a quick look, or figures to publish."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_ENOUGH = 5
_SIZES = (100, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Options:
    """What `make bench` was asked for."""

    rounds: int
    """Rounds whose median counts."""
    samples: int
    """Calls over the network that one round makes of each kind."""
    cold_starts: int
    """Processes of each kind."""
    rows: int
    """How many tokens the largest table holds."""
    load_seconds: int
    """How long the deployed stack is called; 0 leaves it out."""
    document: Path | None
    """Where the table goes besides the terminal."""

    @property
    def is_quick(self) -> bool:
        """Return True if the figures are too few for a verdict."""
        return self.rounds < _ENOUGH

    @property
    def extent(self) -> str:
        """How much was measured, for those who read the figures."""
        counts = (
            f"Medians of {self.rounds} rounds of {self.samples} calls each, unless a note says otherwise"
        )
        return f"{counts}: a quick look, not to be quoted." if self.is_quick else f"{counts}."

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of the table at which management is measured, the largest last."""
        return (*(size for size in _SIZES if size < self.rows), self.rows)


def parsed(arguments: Sequence[str]) -> Options:
    """Return the options of a command line. Raises SystemExit with a sentence if they make no sense."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", default="7")
    parser.add_argument("--rows", default="100000")
    parser.add_argument("--load-seconds", default="60")
    parser.add_argument("--doc", type=Path, default=None)
    parser.add_argument("--quick", action="store_true", help="few rounds and a small table")
    given = parser.parse_args(arguments)
    rounds, rows = _number("ROUNDS", given.rounds, 1), _number("ROWS", given.rows, 1)
    load_seconds = _number("LOAD_SECONDS", given.load_seconds, 0)
    if given.doc and not given.doc.is_file():
        raise SystemExit(f"DOC names no file: {given.doc}. Try DOC=docs/performance.md.")
    if given.quick:
        return Options(2, 20, 3, min(rows, 1_000), min(load_seconds, 5), given.doc)
    return Options(rounds, 100, max(11, rounds), rows, load_seconds, given.doc)


def _number(name: str, text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise SystemExit(f"{name} must be a whole number from {least} on, for example {name}=60.")
    return int(text)
