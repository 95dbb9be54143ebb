"""Depth and size of bodies, without a service behind them."""

import pytest

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
