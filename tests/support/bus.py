"""A bus of events that takes them all, or fails as told."""

from collections.abc import Callable, Sequence

from chalicelib.domain.errors import EventBusUnavailable
from chalicelib.domain.events import Event
from chalicelib.domain.ports.events import MOST_EVENTS


class FakeBus:
    """Keeps the events that were sent. ``failures`` calls fail, and ``refused`` ids are not taken."""

    def __init__(self) -> None:
        self.sent: list[Event] = []
        self.calls = 0
        self.failures = 0
        self.refused: set[str] = set()
        self.on_call: Callable[[], None] = lambda: None

    def send(self, events: Sequence[Event]) -> Sequence[Event]:
        """Take the events."""
        assert 0 < len(events) <= MOST_EVENTS
        self.calls += 1
        self.on_call()
        if self.failures:
            self.failures -= 1
            raise EventBusUnavailable
        self.sent += [event for event in events if event.id not in self.refused]
        return [event for event in events if event.id in self.refused]
