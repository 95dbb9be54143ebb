"""Times of calls that take turns, so that a slow moment of the machine strikes all of them."""

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Call = Callable[[], object]
_WARM_UP = 10


def nothing() -> None:
    """Prepare nothing."""


@dataclass(frozen=True, slots=True)
class Step:
    """A call to time by ``now`` in nanoseconds. The work before and after each one is not timed."""

    call: Call
    before: Call = nothing
    after: Call = nothing
    now: Callable[[], int] = time.perf_counter_ns

    def seconds(self) -> float:
        """Make the call once. Return the time that it took."""
        self.before()
        started = self.now()
        self.call()
        taken = self.now() - started
        self.after()
        return taken / 1e9


Round = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds per call, by name and round; every figure is the median of the rounds' own figures."""

    rounds: Sequence[Round]

    def percentile(self, name: str, percent: float) -> float:
        """Return how long at most this share of the calls took."""
        return statistics.median(percentile(taken[name], percent) for taken in self.rounds)

    def p50(self, name: str) -> float:
        """Return how long half of the calls took at most."""
        return self.percentile(name, 50)

    def difference(self, name: str, *others: str) -> float:
        """Return by how much a call takes longer than the others together, in the same turn."""
        return statistics.median(statistics.median(_differences(t, name, others)) for t in self.rounds)


def interleaved(steps: Mapping[str, Step], rounds: int, samples: int, *, at_once: int = 1) -> Timings:
    """Time all steps in turn, ``samples`` times per round. Each turn begins with another step.

    A step makes ``at_once`` calls in its turn, so that most of them follow one of their own kind. What
    another library leaves in the processor's caches is then not measured.
    """
    for _ in range(min(_WARM_UP, samples)):
        for step in steps.values():
            step.seconds()
    return Timings([_round(steps, samples, at_once) for _ in range(rounds)])


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least this share of all values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(percent / 100 * len(ordered)), 1) - 1]


def _round(steps: Mapping[str, Step], samples: int, at_once: int) -> Round:
    taken: dict[str, list[float]] = {name: [] for name in steps}
    names = list(steps)
    for turn in range(samples // at_once):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            taken[name] += [steps[name].seconds() for _ in range(at_once)]
    return taken


def _differences(taken: Round, name: str, others: Sequence[str]) -> list[float]:
    columns = [taken[other] for other in others]
    return [whole - sum(parts) for whole, *parts in zip(taken[name], *columns, strict=True)]
