"""Stores of events."""

from collections.abc import Sequence
from typing import Protocol

from chalicelib.domain.events import Event


class EventStore(Protocol):
    """Events, for reading only: each is written with the change that it is about."""

    def list_events(self, user_id: str, *, after: str | None, limit: int) -> Sequence[Event]:
        """Return at most ``limit`` events of a user, the newest first, strongly consistent.

        ``after`` is the position of the last event of the page before. Raises StoreUnavailable.
        """
        ...
