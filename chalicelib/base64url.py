"""The one codec of base64url without padding (RFC 4648 section 5, RFC 7515 section 2)."""

import binascii

# The functions of ``base64`` around these take longer than the conversion, once for each decision.
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


def encode(data: bytes) -> str:
    """Return the text of these bytes."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of a text.

    Bytes have exactly one text. Raises ValueError for padding, for a character outside the alphabet, and
    for unused bits that are not zero (RFC 4648 section 3.5).
    """
    data = binascii.a2b_base64(text.encode().translate(_FROM_URL) + b"==")
    # The decoder ignores unknown characters, unused bits and more padding than it needs.
    if encode(data) != text:
        raise ValueError("not the base64url of any bytes")
    return data
