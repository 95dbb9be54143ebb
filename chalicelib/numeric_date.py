"""The one codec of NumericDate: seconds since 1970 in UTC (RFC 7519 section 2)."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def write(moment: datetime) -> int:
    """Return the NumericDate of a moment in whole seconds, rounded down."""
    # Not by ``timestamp()``, which rounds the last microsecond of a second up in distant years.
    return (moment - _EPOCH) // timedelta(seconds=1)


def read(value: object) -> datetime:
    """Return the moment of another party's NumericDate, which may have a fraction.

    Raises ValueError.
    """
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError("not a number")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("beyond the calendar") from error


def read_whole(value: object) -> datetime:
    """Return the moment of a NumericDate of our own, which has no fraction and no sign.

    Raises ValueError.
    """
    if not isinstance(value, int) or value < 0:
        raise ValueError("not a whole number of seconds since 1970")
    return read(value)
