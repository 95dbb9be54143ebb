"""The codec of base64url: bytes have exactly one text."""

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import base64url

ALPHABET = string.ascii_letters + string.digits + "-_"


@given(st.binary(max_size=100))
def test_bytes_come_back_as_they_were(content: bytes) -> None:
    """The text is base64url without padding (RFC 7515 section 2)."""
    text = base64url.encode(content)

    # Made in another way.
    assert text == base64.b64encode(content, altchars=b"-_").decode().replace("=", "")
    assert set(text) <= set(ALPHABET)
    assert base64url.decode(text) == content


@given(st.text(st.sampled_from(ALPHABET + "+/=. \n\u00e9"), max_size=12) | st.text(max_size=8))
def test_text_is_canonical_or_refused(text: str) -> None:
    """A text that is read is the text of its bytes."""
    try:
        content = base64url.decode(text)
    except ValueError:
        return
    assert base64url.encode(content) == text


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "AAAAA",
        "\u00e9",
        "QQ==",
        "QUI=",
        "QR",
        "QUJ",
        "+/",
        "+_-A",
        "Q Q",
        "QQ\n",
        "QQ.",
        "=",
        "\uff21A",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    """An impossible length, padding, another alphabet, white space and unused bits raise ValueError."""
    with pytest.raises(ValueError, match=r"."):
        base64url.decode(text)


@pytest.mark.parametrize(("head", "unused_bits"), [("A", 4), ("AA", 2)])
def test_unused_bits_are_zero(head: str, unused_bits: int) -> None:
    """The last character of one byte has 4 unused bits, and that of two bytes has 2."""
    values = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    expected = {values[n] for n in range(0, 64, 2**unused_bits)}

    assert {last for last in values if _is_read(head + last)} == expected


def _is_read(text: str) -> bool:
    try:
        base64url.decode(text)
    except ValueError:
        return False
    return True
