"""The one clock."""

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's time in UTC, in whole milliseconds so that stored and held times are equal."""

    def now(self) -> datetime:
        """Return the present time."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


def sleep(duration: timedelta) -> None:
    """Wait."""
    time.sleep(max(0.0, duration.total_seconds()))
