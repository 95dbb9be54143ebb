"""Cursors: places in lists as text for URLs. They give no access, so they are checked but not signed."""

import hashlib
import json
import re
from collections.abc import Sequence

from chalicelib import base64url, strict_json
from chalicelib.domain.errors import InvalidCursor

MAX_LENGTH = 1_000

_BOUNDS = strict_json.Bounds(longest=MAX_LENGTH, deepest=1, most_values=4)


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


def seal(*filters: object) -> str:
    """Return the digest of a list and its filters. A sealed cursor is valid only with the same ones."""
    return base64url.encode(hashlib.sha256(repr(filters).encode()).digest()[:12])


def write_sealed(seal: str, *parts: str) -> str:
    """Return the cursor of a place of at most three parts in the list of a seal."""
    return write(json.dumps([seal, *parts], separators=(",", ":")))


def read_sealed(cursor: str, seal: str, *forms: re.Pattern[str]) -> Sequence[str]:
    """Return the parts of a place. Each has its form. Raises InvalidCursor, also for another seal."""
    try:
        parts = strict_json.parse(read(cursor), _BOUNDS)
    except ValueError as error:
        raise InvalidCursor from error
    if not isinstance(parts, list) or len(parts) != 1 + len(forms) or parts[0] != seal:
        raise InvalidCursor
    found = [part for part in parts[1:] if isinstance(part, str)]
    if len(found) != len(forms) or not all(map(re.Pattern.fullmatch, forms, found)):
        raise InvalidCursor
    return found
