"""Uses counted in this process until a touch writes them: never one write per request."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import date
from threading import Lock

_MOST_TOKENS = 10_000


class Uses:
    """Uses per token and day that no row holds yet.

    What a process holds when it ends is lost, as is what the token longest unused here held when too
    many are counted, so the sums that are written are the least that happened.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: OrderedDict[str, dict[date, int]] = OrderedDict()

    def count(self, token_id: str, day: date) -> None:
        """Count one use."""
        with self._lock:
            days = self._counts.setdefault(token_id, {})
            days[day] = days.get(day, 0) + 1
            self._counts.move_to_end(token_id)
            if len(self._counts) > _MOST_TOKENS:
                self._counts.popitem(last=False)

    def of(self, token_id: str) -> Mapping[date, int]:
        """Return what was counted and not written."""
        with self._lock:
            return dict(self._counts.get(token_id, {}))

    def written(self, token_id: str) -> None:
        """Forget what a row now holds."""
        with self._lock:
            self._counts.pop(token_id, None)
