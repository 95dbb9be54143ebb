"""Stores of events, and the bus that they are sent to."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from chalicelib.domain.events import Event
from chalicelib.domain.frozen import Frozen

MOST_EVENTS = 10
"""The most events that a bus takes at once (EventBridge API Reference, "PutEvents")."""


MAX_COUNTED = 1_000
"""The largest number of events that a count tells."""


class EventCount(Frozen):
    """A number of events, at most 1,000. With ``is_more``, there are more or there may be more."""

    count: int
    is_more: bool


class EventPart(Frozen):
    """A part of a user's or a day's events, the newest first. ``next_position`` is None after the last.

    A part may be short or empty before the last one, because rows that cannot be read are left out.
    ``sizes`` has an upper bound of the bytes of each row that was read.
    """

    events: Sequence[Event]
    next_position: str | None
    sizes: Sequence[int] = ()


class EventStore(Protocol):
    """Events. Each is written with the change that it is about, except for those that are derived."""

    def list_events(self, user_id: str, *, after: str | None, limit: int) -> EventPart:
        """Return at most ``limit`` events of a user, strongly consistent, by one call.

        ``after`` is the position where the part before ended. Raises StoreUnavailable.
        """
        ...

    def count_events(self, user_id: str, now: datetime) -> EventCount:
        """Return how many events of a user are kept at ``now``, by at most five calls.

        The count may be seconds old. Raises StoreUnavailable.
        """
        ...

    def list_day(self, day: date, *, before: str, limit: int) -> EventPart:
        """Return at most ``limit`` (1 to 100) events of all users on a UTC day before a position.

        The index that it reads may be seconds behind. It makes at most nine calls. Raises StoreUnavailable.
        """
        ...

    def add_event(self, event: Event) -> bool:
        """Write an event that is derived from a row. Return False if it exists. Raises StoreUnavailable."""
        ...


class EventBus(Protocol):
    """The bus from which events go to receivers outside the service."""

    def send(self, events: Sequence[Event]) -> Sequence[Event]:
        """Send at most ``MOST_EVENTS`` events. Return those that the bus did not take, in their order.

        Raises EventBusUnavailable if it is not known which were taken.
        """
        ...
