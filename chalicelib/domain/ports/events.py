"""Stores of events, and the bus that they are sent to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from chalicelib.domain.events import Event

MOST_EVENTS = 10
"""The most events that a bus takes at once (EventBridge API Reference, "PutEvents")."""


@dataclass(frozen=True, slots=True)
class EventsOfDay:
    """Events of one UTC day, the newest first. ``next_position`` is None if the day has no more.

    Fewer events than asked for do not mean that the day has no more.
    """

    events: Sequence[Event]
    next_position: str | None


class EventStore(Protocol):
    """Events. Each is written with the change that it is about, except for those that are derived."""

    def list_events(self, user_id: str, *, after: str | None, limit: int) -> Sequence[Event]:
        """Return at most ``limit`` events of a user, the newest first, strongly consistent.

        ``after`` is the position of the last event of the page before. Raises StoreUnavailable.
        """
        ...

    def list_day(self, day: date, *, before: str, limit: int) -> EventsOfDay:
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
