"""The one rule for kept connections: a connection that was idle for 20 seconds is not used again.

Networks forget idle connections without a word, and Lambda freezes processes. A call over such a
connection waits in vain for its whole timeout.
"""

from datetime import datetime, timedelta

LONGEST_IDLE = timedelta(seconds=20)


def is_stale(used_at: datetime, now: datetime) -> bool:
    """Return True if a connection that was used at ``used_at`` must be dropped."""
    # Without its sign: a clock that is set back must not make a dead connection young.
    return abs(now - used_at) > LONGEST_IDLE
