"""Cursors: places in lists as text for URLs. They give no access, so they are checked but not signed."""

from chalicelib import base64url
from chalicelib.domain.errors import InvalidCursor

MAX_LENGTH = 1_000


def write(place: str) -> str:
    """Return the cursor of a place."""
    return base64url.encode(place.encode())


def read(cursor: str) -> str:
    """Return the place that a cursor names. The caller must check it. Raises InvalidCursor."""
    try:
        if len(cursor) > MAX_LENGTH:
            raise InvalidCursor
        return base64url.decode(cursor).decode()
    except ValueError as error:
        raise InvalidCursor from error
