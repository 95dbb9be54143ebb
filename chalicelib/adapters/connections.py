"""The one rule for kept connections: a connection that was idle for 20 seconds is not used again.

Networks forget idle connections without a message, and Lambda freezes processes. A call over such a
connection waits for its whole timeout.
"""

from datetime import datetime, timedelta

LONGEST_IDLE = timedelta(seconds=20)


def is_stale(used_at: datetime, now: datetime) -> bool:
    """Return True if a connection that was used at ``used_at`` must be dropped."""
    # abs: if the clock is set back, a dead connection must not look new.
    return abs(now - used_at) > LONGEST_IDLE
