"""Waits for conditions instead of times, and a clock that moves on without waiting."""

import sys
import time
from collections.abc import Callable
from types import FrameType

A_HANG = 30.0
"""Seconds. A condition that needs longer, on a busy machine too, is never met."""


def wait_until(is_met: Callable[[], object], seconds: float = A_HANG) -> None:
    """Return once a condition holds. Raises TimeoutError if it never does."""
    deadline = time.monotonic() + seconds
    while not is_met():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the condition was not met within {seconds:g} s")
        time.sleep(0.01)


def threads_in(function: str) -> int:
    """Return how many threads are inside a function of this name, which may begin with its class."""
    return sum(_is_in(function, frame) for frame in sys._current_frames().values())


def _is_in(function: str, frame: FrameType | None) -> bool:
    while frame:
        if f".{frame.f_code.co_qualname}".endswith(f".{function}"):
            return True
        frame = frame.f_back
    return False


class PassingTime:
    """The machine's monotonic clock, which a test moves on. It replaces the module ``time``."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def monotonic(self) -> float:
        """Return seconds, as ``time.monotonic`` does."""
        return time.monotonic() + self._skipped

    def skip(self, seconds: float) -> None:
        """Move on."""
        self._skipped += seconds
