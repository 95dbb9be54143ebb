"""Texts that people write about their tokens: trimmed, short, and nothing but text."""

import re

from chalicelib.domain.errors import InvalidRequest

MAX_NAME_LENGTH = 100
MAX_DESCRIPTION_LENGTH = 500

# What str.strip() takes off, as members of a character class that Python and ECMA-262 read alike.
WHITE_SPACE = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# Control characters and line ends cannot be shown; the bidirectional controls make a text read as another.
REFUSED = r"\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069"

# Lone surrogates are no characters at all; many dialects of regular expressions cannot name them.
_REFUSED_CHARACTER = re.compile(rf"[{REFUSED}\ud800-\udfff]")


def plain_text(value: str, member: str, longest: int) -> str:
    """Return a name or description trimmed.

    Raises InvalidRequest when it is too long or holds characters that are no plain text.
    """
    trimmed = value.strip()
    if len(trimmed) > longest:
        raise InvalidRequest(f"'{member}' must have at most {longest} characters.")
    if _REFUSED_CHARACTER.search(trimmed):
        raise InvalidRequest(f"'{member}' must be plain text without control characters.")
    return trimmed


def plain_text_pattern(longest: int) -> str:
    """Return the regular expression (ECMA-262 and Python) of what ``plain_text`` accepts of all Unicode."""
    return f"^[{WHITE_SPACE}]*[^{REFUSED}]{{0,{longest}}}[{WHITE_SPACE}]*$"
