"""Uses of tokens that this process counted and no row holds yet, and the networks of these uses."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import date, datetime
from threading import Lock

from chalicelib.domain.seen_networks import SeenNetworks

_MOST_TOKENS = 10_000


class Uses:
    """Uses per token and day that no row holds yet, for 10,000 tokens at most. Threads may share it.

    The token that was used longest ago makes room, and its uses are lost. A process that ends loses all
    that it holds. So the sums in rows are lower bounds.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: OrderedDict[str, dict[date, int]] = OrderedDict()

    def count(self, token_id: str, day: date) -> None:
        """Count one use."""
        self.put_back(token_id, {day: 1})

    def of(self, token_id: str) -> Mapping[date, int]:
        """Return the uses that were counted and not taken."""
        with self._lock:
            return dict(self._counts.get(token_id, {}))

    def take(self, token_id: str) -> Mapping[date, int]:
        """Return the uses that a row shall hold, and forget them. Put them back if the write fails.

        A use that is counted while the write is under way belongs to the next write.
        """
        with self._lock:
            return self._counts.pop(token_id, {})

    def put_back(self, token_id: str, uses: Mapping[date, int]) -> None:
        """Count again what was taken and not written."""
        if not uses:
            return
        with self._lock:
            days = self._counts.setdefault(token_id, {})
            for day, number in uses.items():
                days[day] = days.get(day, 0) + number
            self._counts.move_to_end(token_id)
            if len(self._counts) > _MOST_TOKENS:
                self._counts.popitem(last=False)


class NetworksOfUses:
    """The networks of uses that no row holds yet, five per token, for 10,000 tokens at most.

    Threads may share it. Networks and tokens make room and get lost as in ``SeenNetworks`` and ``Uses``.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: OrderedDict[str, SeenNetworks] = OrderedDict()

    def see(self, token_id: str, network: str, at: datetime) -> None:
        """Note one use."""
        with self._lock:
            self._keep(token_id, self._seen.get(token_id, SeenNetworks()).seen(network, at))

    def take(self, token_id: str) -> SeenNetworks:
        """Return the networks that a row shall hold, and forget them. Put them back if the write fails."""
        with self._lock:
            return self._seen.pop(token_id, SeenNetworks())

    def put_back(self, token_id: str, seen: SeenNetworks) -> None:
        """Note again what was taken and not written. Uses that were noted meanwhile are later ones."""
        if seen:
            with self._lock:
                self._keep(token_id, seen.joined(self._seen.get(token_id, SeenNetworks())))

    def _keep(self, token_id: str, seen: SeenNetworks) -> None:
        self._seen[token_id] = seen
        self._seen.move_to_end(token_id)
        if len(self._seen) > _MOST_TOKENS:
            self._seen.popitem(last=False)
