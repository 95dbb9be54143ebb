"""Processes side by side in a time that jumps from event to event: minutes pass in no time.

Each process is a thread, of which exactly one runs. A process that sleeps hands over to the one whose
turn comes next, so the order is the same in every run.
"""

import heapq
import itertools
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from tests.support.clock import START


class SimulatedTime:
    """A clock and a way to sleep for all processes of one simulation."""

    def __init__(self) -> None:
        self._now = START
        self._order = itertools.count()
        self._waiting: list[tuple[datetime, int, threading.Event]] = []
        self._over = threading.Event()
        self.errors: list[BaseException] = []

    def now(self) -> datetime:
        """Return the present time, in whole milliseconds as the real clock's."""
        return self._now.replace(microsecond=self._now.microsecond // 1000 * 1000)

    def sleep(self, duration: timedelta) -> None:
        """Let the others run until so much time has passed."""
        turn = self._wait_for(self._now + max(duration, timedelta(0)))
        self._hand_over()
        turn.wait()

    def run(self, *processes: Callable[[], None]) -> None:
        """Run processes until all have ended. Raises the first error of any of them."""
        for process in processes:
            turn = self._wait_for(self._now)
            threading.Thread(target=self._live, args=(process, turn), daemon=True).start()
        self._hand_over()
        self._over.wait()
        if self.errors:
            raise self.errors[0]

    def _live(self, process: Callable[[], None], turn: threading.Event) -> None:
        turn.wait()
        try:
            process()
        except BaseException as error:
            self.errors.append(error)
        self._hand_over()

    def _wait_for(self, time: datetime) -> threading.Event:
        turn = threading.Event()
        heapq.heappush(self._waiting, (time, next(self._order), turn))
        return turn

    def _hand_over(self) -> None:
        if not self._waiting:
            self._over.set()
            return
        self._now, _, turn = heapq.heappop(self._waiting)
        turn.set()
