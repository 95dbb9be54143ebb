"""The codec of NumericDate (RFC 7519 section 2)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import numeric_date

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
SECONDS = st.integers(0, (LATEST - EPOCH) // timedelta(seconds=1))
MOMENTS = st.integers(0, (LATEST - EPOCH) // timedelta(microseconds=1)).map(
    lambda microseconds: EPOCH + timedelta(microseconds=microseconds)
)


@given(SECONDS)
def test_whole_seconds_come_back_as_they_were(seconds: int) -> None:
    """Both readers read the number that is written."""
    moment = EPOCH + timedelta(seconds=seconds)

    assert numeric_date.write(moment) == seconds
    assert numeric_date.read(seconds) == moment
    assert numeric_date.read_whole(seconds) == moment


@given(MOMENTS)
def test_fractions_are_dropped_when_written(moment: datetime) -> None:
    """A written time is never later than the moment, and less than a second earlier."""
    assert (
        timedelta(0) <= moment - numeric_date.read_whole(numeric_date.write(moment)) < timedelta(seconds=1)
    )


@given(st.integers(0, 4_000_000_000), st.integers(0, 999))
def test_fractions_of_others_are_read(seconds: int, milliseconds: int) -> None:
    """Another party's NumericDate may have a fraction. Our own never has one."""
    moment = numeric_date.read(seconds + milliseconds / 1000)

    expected = EPOCH + timedelta(seconds=seconds, milliseconds=milliseconds)
    assert abs(moment - expected) <= timedelta(microseconds=1)
    with pytest.raises(ValueError, match="whole"):
        numeric_date.read_whole(seconds + milliseconds / 1000)


@given(st.none() | st.booleans() | st.text() | st.floats() | st.integers() | st.lists(st.integers()))
def test_any_value_is_a_time_or_refused(value: Any) -> None:
    """Every value of JSON is a moment or raises ValueError."""
    for read in (numeric_date.read, numeric_date.read_whole):
        try:
            moment = read(value)
        except ValueError:
            continue
        assert abs(moment - EPOCH - timedelta(seconds=value)) <= timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "value", [None, True, "0", [0], {}, 10**30, -(10**30), 1e30, float("inf"), float("nan")]
)
def test_other_values_are_refused(value: object) -> None:
    """A NumericDate is a number within the calendar."""
    for read in (numeric_date.read, numeric_date.read_whole):
        with pytest.raises(ValueError, match=r"."):
            read(value)


def test_own_times_have_no_sign() -> None:
    """Another party's time may be before 1970. We never write such a time."""
    assert numeric_date.read(-1) == EPOCH - timedelta(seconds=1)
    with pytest.raises(ValueError, match="whole"):
        numeric_date.read_whole(-1)
