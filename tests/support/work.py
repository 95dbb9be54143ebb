"""Measures how the work of a parser grows with its input, so that no test needs an absolute time.

Two measures complement each other. ``steps`` counts the bytecodes that Python executes: exact, and the same
on every machine. It cannot see into C, where ``re``, ``json`` and ``list.count`` work. There the processor
time of this thread is compared with that for smaller inputs, generously and more than once.
"""

import re
import sys
from collections.abc import Callable
from time import thread_time
from types import FrameType
from typing import Any

Parse = Callable[[str], object]
Shape = Callable[[int], str]

# A doubled input may take a little more than twice the steps, and some more that do not depend on it.
_MOST_STEPS_RATIO = 2.2
_FREE_STEPS = 500
# A text that was refused at its first character may be looked through once when it is longer.
_STEPS_PER_CHARACTER = 40
_ANY_CHARACTER = re.compile(".", re.DOTALL)
# After k doublings linear work takes 2**k times as long, quadratic work 4**k times.
_DOUBLINGS = 3
_TOLERANCE = 3
_LOOKS = 4
_LEAST_SECONDS = 0.001
# One call says enough if it takes so long.
_LONG_SECONDS = 0.1
_TRIES = 5


def steps(parse: Parse, text: str) -> int:
    """Return how many bytecodes are executed for a text."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        parse(text)
    finally:
        sys.settrace(before)
    return count


def assert_linear_steps(parse: Parse, shape: Shape, size: int) -> None:
    """Fail if an input of twice the size takes more than about twice the steps."""
    parse(shape(size))
    small, large = (steps(parse, shape(n)) for n in (size, 2 * size))
    least = max(small, _STEPS_PER_CHARACTER * size)
    assert large <= _MOST_STEPS_RATIO * least + _FREE_STEPS, f"{small} steps, then {large}"


def assert_linear_time(parse: Parse, shape: Shape, size: int) -> None:
    """Fail if the time grows clearly faster than the size, in every one of several tries.

    The inputs are doubled step by step, so that work which explodes is noticed while it is small.
    """
    excesses = []
    for _ in range(_TRIES):
        excess = _excess(parse, shape, size)
        if excess is None:
            return
        excesses.append(excess)
    raise AssertionError(f"the time grows faster than the input: {', '.join(excesses)}")


def _excess(parse: Parse, shape: Shape, size: int) -> str | None:
    # As for the steps: what a few looks at each character take is not an excess.
    first = max(_seconds(parse, shape(size)), _LOOKS * _seconds(_look_through, shape(size)))
    for doublings in range(1, _DOUBLINGS + 1):
        times = _seconds(parse, shape(size * 2**doublings)) / first
        if times > _TOLERANCE * 2**doublings:
            return f"{times:.1f} times after {doublings} doublings"
    return None


def _look_through(text: str) -> int:
    return sum(1 for _ in _ANY_CHARACTER.finditer(text))


def _seconds(parse: Parse, text: str) -> float:
    """Return the least processor time that one call takes, of as many as can be told from nothing."""
    calls, taken = 1, _timed(parse, text, 1)
    while taken < _LEAST_SECONDS:
        calls *= 4
        taken = _timed(parse, text, calls)
    if taken < _LONG_SECONDS:
        taken = min(taken, *(_timed(parse, text, calls) for _ in range(2)))
    return taken / calls


def _timed(parse: Parse, text: str, calls: int) -> float:
    began = thread_time()
    for _ in range(calls):
        parse(text)
    return thread_time() - began
