"""Cursors: a place in a list as text for a URL. They open nothing, so they are checked, not signed."""

import base64

from chalicelib.domain.errors import InvalidCursor

MAX_LENGTH = 1_000


def write(place: str) -> str:
    """Return the cursor of a place."""
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def read(cursor: str) -> str:
    """Return the place that a cursor names, yet unchecked. Raises InvalidCursor."""
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        if len(cursor) > MAX_LENGTH:
            raise InvalidCursor
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise InvalidCursor from error
