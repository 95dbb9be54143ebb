"""The present time, and waiting."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """The only source of the present time."""

    def now(self) -> datetime:
        """Return the present time: aware, UTC, in whole milliseconds."""
        ...


Sleep = Callable[[timedelta], None]
"""The only way to wait. The call returns after this time."""
