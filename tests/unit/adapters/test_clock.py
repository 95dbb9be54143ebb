"""The machine's clock in whole milliseconds."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.clock import SystemClock


@given(st.integers(0, 4_102_444_800_000_000_000))
def test_now_is_the_start_of_the_millisecond(nanoseconds: int) -> None:
    """It is never ahead of the machine, and has no part of a millisecond, up to the year 2100."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: nanoseconds)
        now = SystemClock().now()
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    expected = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1_000_000 * 1_000)
    assert (now, now.tzinfo) == (expected, UTC)


def test_now_is_the_time_of_this_machine() -> None:
    """The clock reads the time of day, not that since a start."""
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(minutes=1)
