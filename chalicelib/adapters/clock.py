"""The one clock."""

import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class SystemClock:
    """The machine's time in UTC, in whole milliseconds so that stored and held times are equal."""

    def now(self) -> datetime:
        """Return the present time."""
        # A third of the time that replacing the microseconds takes, and a decision asks ten times.
        return _EPOCH + time.time_ns() // 1_000_000 * _MILLISECOND


def sleep(duration: timedelta) -> None:
    """Wait."""
    time.sleep(max(0.0, duration.total_seconds()))
