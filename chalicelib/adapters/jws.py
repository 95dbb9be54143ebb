"""The few pieces of JOSE that signing and verifying share."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from chalicelib import strict_json

COORDINATE_BYTES = 32
# The order of the P-256 group (SEC 2 version 2.0, section 2.4.2).
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# Our own tokens are flat and short. A client assertion is as large as its verifier allows.
_BOUNDS = strict_json.Bounds(longest=8 * 1024, deepest=8, most_values=500)


def encode(data: bytes) -> str:
    """Return base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of base64url without padding.

    Raises ValueError.
    """
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode_json(value: dict[str, Any]) -> str:
    """Return a JSON object, base64url encoded."""
    return encode(json.dumps(value, separators=(",", ":")).encode())


def decode_json(
    text: str, bounds: strict_json.Bounds = _BOUNDS, *, well_formed: bool = True
) -> dict[str, Any]:
    """Return the JSON object in a base64url segment.

    Raises ValueError, also for a member given twice (RFC 7515 section 5.2 step 4), for bytes that are not
    UTF-8, and if ``well_formed`` for a lone surrogate, which neither a hash nor a database can take.
    """
    value = strict_json.parse(decode(text), bounds, well_formed=well_formed)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def numeric_date(seconds: object) -> datetime:
    """Return the time that somebody else's NumericDate names, fractions included (RFC 7519 section 2).

    Raises ValueError.
    """
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise ValueError("not a number")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("beyond the calendar") from error


def thumbprint(x: str, y: str) -> str:
    """Return the RFC 7638 thumbprint of the P-256 key with these base64url coordinates."""
    members = {"crv": "P-256", "kty": "EC", "x": x, "y": y}
    canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return encode(hashlib.sha256(canonical.encode()).digest())
