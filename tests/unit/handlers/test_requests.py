"""Conditions, without a service behind them."""

import pytest
from chalice.app import Request

from chalicelib.handlers.http import requests


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
