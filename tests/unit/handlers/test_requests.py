"""Depth and size of bodies, and conditions, without a service behind them."""

import pytest
from chalice.app import Request

from chalicelib.domain.errors import InvalidRequest
from chalicelib.handlers import requests


@pytest.mark.parametrize(
    ("body", "depth"),
    [
        ("", 0),
        ("7", 0),
        ("{}", 1),
        ('{"a": [{}]}', 3),
        ("[][][]", 1),
        ('"[[["', 0),
        ('{"a\\"[[[": "]]]"}', 1),
        ("[" * 100_000, 100_000),
        ("]" * 5 + "[", 0),
        ('"' + "[" * 10, 0),
    ],
    ids=lambda value: str(value)[:20],
)
def test_depth_counts_structure_only(body: str, depth: int) -> None:
    """Brackets in strings are text, and a string that never ends hides nothing after it."""
    assert requests._depth(body) == depth


@pytest.mark.parametrize(
    "body",
    ['"' + '\\"' * 8_000, '"' + "\\" * 16_001, '"' * 16_001, '{"a": "' + '\\"' * 8_000 + "\\"],
    ids=["escaped quotes", "backslashes", "quotes", "cut off in an escape"],
)
def test_unclosed_strings_are_passed_over_once(body: str) -> None:
    """Steps are at most one per pair of characters: no string is read again from each quote in it."""
    matches = list(requests._STRING_OR_BRACKET.finditer(body))
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
    """A repeated name is found without comparing it with every other name."""
    pairs: list[tuple[str, object]] = [(Name(number), 1) for number in range(2_000)]
    Name.compared = 0
    with pytest.raises(InvalidRequest, match='"1999" is given more than once'):
        requests._members_given_once([*pairs, (Name(1999), 2)])
    assert Name.compared <= 10


def conditional(value: str | None) -> Request:
    """Return a request with this ``If-Match``."""
    event = {
        "multiValueQueryStringParameters": None,
        "headers": {} if value is None else {"If-Match": value},
        "pathParameters": {},
        "requestContext": {"httpMethod": "PATCH", "resourcePath": "/"},
        "body": None,
        "isBase64Encoded": False,
        "stageVariables": None,
    }
    return Request(event, None)


@pytest.mark.parametrize("value", [None, "*", " * ", "\t*"])
def test_any_version_will_do(value: str | None) -> None:
    """The condition is missing, or every version meets it."""
    assert requests.if_match(conditional(value)) is None


@pytest.mark.parametrize(
    ("value", "versions"),
    [
        ('"1"', {1}),
        ('  "12"\t', {12}),
        ('"1", "7"', {1, 7}),
        ('"1","7"', {1, 7}),
        ('"1" ,\t"7"', {1, 7}),
        (', "1",, "7" ,', {1, 7}),
        ('"1", "1"', {1}),
        ('W/"1"', set()),
        ('W/"1", "7"', {7}),
        ('"1", W/"7"', {1}),
        ('"abc", "7"', {7}),
        ('"a,b", "7"', {7}),
        ('"a, "', set()),
        ('"\xe9", "7"', {7}),
        ('""', set()),
        ('"01"', set()),
        ('"+1"', set()),
        ('"-1"', set()),
        ('"\u0661"', set()),
        ('"1 "', set()),
        (f'"{"9" * 15}"', {999_999_999_999_999}),
        (f'"{"9" * 16}"', set()),
        (f'"{"9" * 5_000}"', set()),
        ("", set()),
        (" ", set()),
        (",", set()),
        ("1", set()),
        ("x", set()),
        ('"1', set()),
        ('1"', set()),
        ('w/"1"', set()),
        ('W / "1"', set()),
        ('"1" "7"', set()),
        ('"1"; "7"', set()),
        ('*, "1"', set()),
        ('"1", *', set()),
        ('"1", x', set()),
        ('x, "1"', set()),
        ('"1"\n', set()),
        ('"1"\xa0', set()),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_versions_are_those_of_strong_tags_in_a_list(value: str, versions: set[int]) -> None:
    """A weak or foreign tag matches nothing. Neither does a header that is not a list of tags."""
    named = requests.if_match(conditional(value))
    assert named is not None
    assert set(named) == versions


@pytest.mark.parametrize(
    "text",
    [" , " * 2, "," * 4, "\t" * 4, '"1",' * 2, '""' * 2, "W/" * 3, '"' * 4, '" ' * 2, 'W/"a" , ' * 2],
)
def test_lists_are_read_in_linear_time(text: str) -> None:
    """The expression is possessive, so it never tries a part of a list in two ways."""
    assert requests.if_match(conditional(text * 10_000 + "x")) == frozenset()
