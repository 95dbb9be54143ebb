"""A clock to set."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


class FixedClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the time set."""
        return self._now

    def set_to(self, now: datetime) -> None:
        """Move to a time."""
        self._now = now

    def advance(self, by: timedelta) -> None:
        """Move forward."""
        self._now += by
