"""The one codec of base64url without padding (RFC 4648 section 5, RFC 7515 section 2)."""

import base64


def encode(data: bytes) -> str:
    """Return the text of these bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of a text.

    Bytes have exactly one text. Raises ValueError for padding, for a character outside the alphabet, and
    for unused bits that are not zero (RFC 4648 section 3.5).
    """
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # The decoder ignores unknown characters and unused bits.
    if encode(data) != text:
        raise ValueError("not the base64url of any bytes")
    return data
