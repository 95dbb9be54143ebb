"""The uses of a token on each of the last days, which are lower bounds."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

USAGE_DAYS = 30

_DAY = timedelta(days=1)


def added(usage: Mapping[date, int], uses: Mapping[date, int], today: date) -> dict[date, int]:
    """Return the uses of both, without the days that are not shown any more."""
    # A machine whose clock is ahead may have begun the next day. A day that a wrong clock invented would
    # push out all others, because the stored form ends with the last day.
    first, last = today - (USAGE_DAYS - 1) * _DAY, today + _DAY
    days = sorted(day for day in usage.keys() | uses.keys() if first <= day <= last)
    return {day: usage.get(day, 0) + uses.get(day, 0) for day in days}


def last_days(usage: Mapping[date, int], today: date) -> Sequence[tuple[date, int]]:
    """Return the last 30 days, today last, each with its uses."""
    days = (today - ago * _DAY for ago in range(USAGE_DAYS - 1, -1, -1))
    return [(day, usage.get(day, 0)) for day in days]
