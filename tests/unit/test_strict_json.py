"""The one parser of JSON from outside: what it refuses, and how little it does before it refuses."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import strict_json
from chalicelib.strict_json import Bounds, InvalidJson

BOUNDS = Bounds(longest=600_000, deepest=8, most_values=1_000)
WIDE = Bounds(longest=10_000_000, deepest=50, most_values=10_000_000)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def refusal(text: str | bytes, bounds: Bounds = BOUNDS) -> str:
    """Return the message with which a text is refused."""
    with pytest.raises(InvalidJson) as caught:
        strict_json.parse(text, bounds)
    return str(caught.value)


@given(
    st.recursive(
        st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_good_json_is_read_as_ever(value: Any) -> None:
    """A text within the bounds has the value that the standard library reads, from text and from bytes."""
    text = json.dumps(value)
    assert strict_json.parse(text, WIDE) == value
    assert strict_json.parse(json.dumps(value, ensure_ascii=False).encode(), WIDE) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7.0", 7),
        ("-0.0", 0),
        ("7.5", 7.5),
        ("1e3", 1_000),
        ("1e300", 1e300),
        ("9007199254740993.0", 2.0**53),
    ],
)
def test_numbers_are_whole_however_they_are_written(text: str, value: float) -> None:
    """If asked for, 7.0 and 7 are one number. Beyond 2**53 a number with a point stays a float."""
    read = strict_json.parse(text, BOUNDS, whole_numbers=True)
    assert (read, type(read)) == (value, type(value))
    assert type(strict_json.parse(text, BOUNDS)) is float


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not valid JSON"),
        ("{", "is not valid JSON"),
        ("{} {}", "is not valid JSON"),
        ("]", "is not valid JSON"),
        ('{"a": 1,}', "is not valid JSON"),
        ('"a\nb"', "is not valid JSON"),
        ("9" * 5_000, "is not valid JSON"),
        (b'"\xff"', "is not valid JSON"),
        ('{"a": 1}'.encode("utf-16"), "is not valid JSON"),
        (b"\xef\xbb\xbf{}", "is not valid JSON"),
        ("NaN", "has NaN, which is not valid JSON"),
        ('{"a": [Infinity]}', "has Infinity, which is not valid JSON"),
        ("-Infinity", "has -Infinity, which is not valid JSON"),
        ("1e999", "has a number that is too large"),
        ("[-1.5e400]", "has a number that is too large"),
        ('{"a": 1, "a": 1}', "gives 'a' more than once"),
        ('{"a": 1, "\\u0061": 2}', "gives 'a' more than once"),
        ('[{"b": {"": 1, "": 2}}]', "gives '' more than once"),
        ('{"\\u001b[31m<b>": 1, "\\u001b[31m<b>": 2}', r"gives '\x1b[31m<b>' more than once"),
        ('{"' + "é" * 50 + '": 1, "' + "é" * 50 + '": 2}', f"gives '{chr(92) + 'xe9'}"),
        ("[" * 9 + "]" * 9, "is nested deeper than 8"),
        ("[" * 300_000, "is nested deeper than 8"),
        ('{"a":' * 100_000, "is nested deeper than 8"),
        ("[" + "1," * 999 + "1]", "has more than 1000 values"),
        ("[" + "{}," * 999 + "{}]", "has more than 1000 values"),
        ("[]" * 1_000, "has more than 1000 values"),
        ("{" + ",".join(f'"{n}":{n}' for n in range(1_001)) + "}", "has more than 1000 values"),
        ('"' + "a" * 600_000, "is longer than 600000"),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_all_else_is_refused_with_a_reason(text: str | bytes, message: str) -> None:
    """The message completes a sentence and repeats at most the start of a member's name."""
    assert refusal(text).startswith(message)
    assert len(refusal(text)) < 300


def test_refusals_hold_nothing_of_the_text() -> None:
    """The standard library's error keeps the whole text. No chain of errors may carry it to a log."""
    with pytest.raises(InvalidJson) as caught:
        strict_json.parse('{"secret": ', BOUNDS)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "text",
    [
        "[" * 8 + "]" * 8,
        "[" + "1," * 997 + "1]",
        '{"a": "' + "[,{" * 10_000 + '"}',
        '{"a": "\\"' + "[[," * 10_000 + '\\\\", "b": ["]"]}',
        '["' + '\\"[{,' * 10_000 + '"]',
    ],
    ids=lambda value: value[:20],
)
def test_bounds_are_the_last_that_pass_and_count_structure_only(text: str) -> None:
    """Brackets and commas in strings are text."""
    assert strict_json.parse(text, BOUNDS) == json.loads(text)


@given(JSON, st.integers(1, 5), st.integers(1, 10))
def test_bounds_hold_exactly(value: Any, deepest: int, most: int) -> None:
    """The counts are those of the values that the text has. An empty container may count as two."""
    bounds = Bounds(longest=1_000_000, deepest=deepest, most_values=most)
    try:
        strict_json.parse(json.dumps(value), bounds)
    except InvalidJson:
        assert depth(value) > deepest or values(value, empty=2) > most
    else:
        assert depth(value) <= deepest
        assert values(value, empty=1) <= most


def depth(value: Any) -> int:
    """Return how deep containers nest."""
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)


def values(value: Any, empty: int) -> int:
    """Return the number of values in one; an empty container counts as ``empty``."""
    if not isinstance(value, dict | list):
        return 1
    inner = value.values() if isinstance(value, dict) else value
    return 1 + sum(values(each, empty) for each in inner) if inner else empty


@pytest.mark.parametrize(
    "body",
    ['"' + '\\"' * 8_000, '"' + "\\" * 16_001, '"' * 16_001, '{"a": "' + '\\"' * 8_000 + "\\"],
    ids=["escaped quotes", "backslashes", "quotes", "cut off in an escape"],
)
def test_unclosed_strings_are_passed_over_once(body: str) -> None:
    """No string is read again from each quote in it."""
    matches = list(strict_json._STRING_OR_STRUCTURE.finditer(body))
    assert sum(len(match.group()) for match in matches) <= len(body)
    assert len(matches) <= len(body) // 2 + 1
    assert [m.start() for m in matches[1:]] == [m.end() for m in matches[:-1]] or body.startswith("{")


class Name(str):
    """A member's name that counts how often it is compared."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        """Compare as strings do."""
        Name.compared += 1
        return super().__eq__(other)

    __hash__ = str.__hash__


def test_repeated_member_is_found_in_one_pass() -> None:
    """A name is not compared with all the others."""
    pairs: list[tuple[str, object]] = [(Name(number), 1) for number in range(2_000)]
    Name.compared = 0
    with pytest.raises(InvalidJson, match="'1999' more than once"):
        strict_json._members_given_once([*pairs, (Name(1999), 2)])
    assert Name.compared <= 20


def test_bounds_are_held_before_the_parser_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too large, too deep or too many: the parser, which builds every value, is not called."""
    monkeypatch.setattr(strict_json, "_DECODER", None)
    for text in ("1" * 600_001, "[" * 9, "[" + "1," * 1_000):
        refusal(text)
