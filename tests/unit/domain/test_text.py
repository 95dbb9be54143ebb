"""Which texts people may write, and the pattern that says so to others."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidRequest
from chalicelib.domain.text import (
    MAX_NAME_LENGTH,
    REFUSED,
    WHITE_SPACE,
    plain_text,
    plain_text_pattern,
)

BIDIRECTIONAL_CONTROLS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ""),
        ("   ", ""),
        ("  ci \n", "ci"),
        ("\u00a0ci\u3000", "ci"),
        ("two  words", "two  words"),
        ("Käse 東京 🧀 👩\u200d🔬 שלום", "Käse 東京 🧀 👩\u200d🔬 שלום"),
        ("<b>&\"'\\", "<b>&\"'\\"),
        (" " + "x" * MAX_NAME_LENGTH + " ", "x" * MAX_NAME_LENGTH),
        ("🧀" * MAX_NAME_LENGTH, "🧀" * MAX_NAME_LENGTH),
    ],
)
def test_plain_text_is_kept_as_it_is_but_trimmed(value: str, expected: str) -> None:
    """Any script and any printable character will do, up to the length after trimming."""
    assert plain_text(value, "name", MAX_NAME_LENGTH) == expected


@pytest.mark.parametrize(
    "character",
    [
        *"\x00\x07\t\n\r\x1b\x7f\x85\x9f",
        *"\u2028\u2029",
        *"\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
        *"\ud800\udfff",
    ],
    ids=ascii,
)
def test_control_characters_are_refused(character: str) -> None:
    """What ends a line, cannot be encoded or makes a text read as another is no plain text."""
    with pytest.raises(InvalidRequest, match="'name' must be plain text"):
        plain_text(f"a{character}b", "name", MAX_NAME_LENGTH)


def test_too_long_a_text_is_refused_with_the_limit() -> None:
    """The refusal names the member and what would be allowed."""
    with pytest.raises(InvalidRequest, match=r"'description' must have at most 3 characters\."):
        plain_text("four", "description", 3)


def test_character_classes_are_those_of_unicode() -> None:
    """White space is what Python trims; refused is what Unicode calls control or line end."""
    white, refused = re.compile(f"[{WHITE_SPACE}]"), re.compile(f"[{REFUSED}]")
    for character in map(chr, range(sys.maxunicode + 1)):
        control = unicodedata.category(character) in {"Cc", "Zl", "Zp"}
        assert bool(white.match(character)) is not bool(character.strip()), ascii(character)
        expected = control or character in BIDIRECTIONAL_CONTROLS
        assert bool(refused.match(character)) is expected, ascii(character)


@given(st.text(st.sampled_from(" \t\n\x1f\x00\x85\u2028\u200e\u3000abc\U0001f511"), max_size=12))
def test_pattern_matches_exactly_the_texts_that_are_accepted(value: str) -> None:
    """What a client checks by the pattern is what the service accepts."""
    try:
        plain_text(value, "name", 5)
    except InvalidRequest:
        accepted = False
    else:
        accepted = True
    assert bool(re.fullmatch(plain_text_pattern(5)[1:-1], value)) is accepted
