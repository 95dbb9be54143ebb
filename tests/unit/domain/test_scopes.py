"""Scopes: parsing, writing, and what they open."""

import pytest

from chalicelib.domain.errors import InsufficientScope, InvalidRequest
from chalicelib.domain.scopes import (
    DEFAULT_SCOPES,
    methods_opened,
    parse_scopes,
    require_scope,
    scope_string,
)

READ, WRITE = "api:read", "api:write"


@pytest.mark.parametrize("names", [[READ], [WRITE], [WRITE, READ], [READ, READ]])
def test_known_scopes_are_parsed(names: list[str]) -> None:
    """Order and repetition carry no meaning."""
    assert parse_scopes(names) == frozenset(names)


@pytest.mark.parametrize(
    "names", [[], ["api:admin"], [READ, "api:admin"], ["API:READ"], [""], [f"{READ} "]]
)
def test_unknown_or_no_scopes_are_refused_with_the_known_ones(names: list[str]) -> None:
    """A token without scopes, or with one that nobody knows, is never made."""
    with pytest.raises(InvalidRequest, match="at least one of: api:read, api:write"):
        parse_scopes(names)


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [(set(), ""), ({READ}, READ), ({WRITE, READ}, "api:read api:write")],
)
def test_scopes_are_written_sorted(scopes: set[str], expected: str) -> None:
    """The same scopes are always the same string."""
    assert scope_string(frozenset(scopes)) == expected


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        (set(), set()),
        ({READ}, {"GET", "HEAD", "OPTIONS"}),
        ({WRITE}, {"*"}),
        ({READ, WRITE}, {"*"}),
        ({"api:unknown"}, set()),
        ({"api:unknown", READ}, {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_scopes_open_methods(scopes: set[str], expected: set[str]) -> None:
    """Reading opens the safe methods, writing all of them, anything else nothing."""
    assert methods_opened(frozenset(scopes)) == expected


@pytest.mark.parametrize(
    ("scopes", "needed", "enough"),
    [
        ({READ}, READ, True),
        ({READ}, WRITE, False),
        ({WRITE}, WRITE, True),
        ({WRITE}, READ, True),
        (set(), READ, False),
        (set(), WRITE, False),
        ({WRITE}, "api:admin", False),
    ],
)
def test_needed_scope_is_required(scopes: set[str], needed: str, enough: bool) -> None:
    """Writing opens what reading opens; the refusal names the scope that is missing."""
    if enough:
        require_scope(frozenset(scopes), needed)
        return
    with pytest.raises(InsufficientScope) as caught:
        require_scope(frozenset(scopes), needed)
    assert caught.value.scope == needed
    assert needed in caught.value.detail


def test_default_scopes_open_everything() -> None:
    """A token created without scopes gets both."""
    assert frozenset({READ, WRITE}) == DEFAULT_SCOPES
