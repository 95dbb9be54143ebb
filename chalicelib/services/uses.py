"""Memory of this process about tokens: uses that no row holds yet, and until when not to act again."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import date, datetime
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


class Until:
    """Times until which something need not be done again for a token, for 10,000 tokens at most."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._times: OrderedDict[str, tuple[datetime, datetime]] = OrderedDict()

    def set(self, token_id: str, now: datetime, until: datetime) -> None:
        """Note the time. The token that was noted longest ago makes room."""
        with self._lock:
            self._times[token_id] = now, until
            self._times.move_to_end(token_id)
            if len(self._times) > _MOST_TOKENS:
                self._times.popitem(last=False)

    def holds(self, token_id: str, now: datetime) -> bool:
        """Return True until the noted time. A clock that is set back ends it."""
        with self._lock:
            began, until = self._times.get(token_id, (now, now))
        return began <= now < until
