"""Callers of the protected API, from the authorizer to the view."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InsufficientScope, NotAuthenticated, PathTooLong
from chalicelib.domain.scopes import DEFAULT_CATALOGUE, MAX_PATH_LENGTH
from chalicelib.domain.text import MAX_NAME_LENGTH, profile_text
from chalicelib.services.callers import (
    AnonymousCaller,
    TokenCaller,
    authorizer_context,
    token_caller,
)
from chalicelib.services.verify import Verified
from tests.support.builders import a_token, a_user
from tests.support.clock import START
from tests.support.texts import CASES

READ, WRITE = "api:read", "api:write"
NAME = '100% "Käse" 🧀 \\o/'


def test_context_is_flat_strings() -> None:
    """API Gateway carries nothing else; the scopes are those in force, not those of the row."""
    token = a_token(a_user(), name=NAME)

    context = authorizer_context(Verified(token, a_user(), frozenset({READ}), None))

    assert context == {
        "user_id": token.user_id,
        "token_id": token.id,
        "token_name": "100%25 %22K%C3%A4se%22 %F0%9F%A7%80 %5Co/",
        "scopes": READ,
        "idle_at": str(int(token.idle_at.timestamp())),
    }


def test_context_has_the_end_that_counts_now() -> None:
    """Seconds since 1970, rounded down, so that no caller waits for a moment that has passed."""
    end = START + timedelta(milliseconds=1_999)
    verified = Verified(a_token(a_user()), a_user(), frozenset({READ}), end)

    assert authorizer_context(verified)["expires_at"] == str(int(START.timestamp()) + 1)


@pytest.mark.parametrize("scopes", [set(), {READ}, {WRITE}, {READ, WRITE}])
def test_view_sees_the_caller_whom_the_authorizer_let_in(scopes: set[str]) -> None:
    """The view reads exactly what the authorizer wrote."""
    token = a_token(a_user(), name=NAME)

    caller = token_caller(
        authorizer_context(Verified(token, a_user(), frozenset(scopes), None)), DEFAULT_CATALOGUE
    )

    assert caller == TokenCaller(token.user_id, token.id, NAME, frozenset(scopes), DEFAULT_CATALOGUE)


NAMES = [case.text.strip() for case in CASES.values() if case.is_name]


@given(st.sampled_from(NAMES) | st.text(max_size=300).map(lambda text: profile_text(text, MAX_NAME_LENGTH)))
def test_every_allowed_name_arrives(name: str) -> None:
    """A name goes as printable ASCII, whatever it consists of, and the view reads the name again."""
    context = authorizer_context(Verified(a_token(a_user(), name=name), a_user(), frozenset({READ}), None))

    assert context["token_name"].isascii()
    assert context["token_name"].isprintable()
    assert not set('"\\') & set(context["token_name"])
    assert token_caller(context, DEFAULT_CATALOGUE).token_name == name


@pytest.mark.parametrize(
    "context",
    [None, {}, {"principalId": "user"}, {"user_id": "u", "token_name": "n", "scopes": READ}],
)
def test_view_without_an_authorizer_lets_nobody_in(context: dict[str, str] | None) -> None:
    """A view that was deployed without its authorizer refuses instead of allowing."""
    with pytest.raises(NotAuthenticated):
        token_caller(context, DEFAULT_CATALOGUE)


def test_caller_is_described_as_the_contract_says() -> None:
    """whoami's answer for a token."""
    caller = TokenCaller("usr_1", "tok_1", "ci", frozenset({WRITE, READ}), DEFAULT_CATALOGUE)

    assert caller.describe() == {
        "auth": "token",
        "user_id": "usr_1",
        "token_id": "tok_1",
        "token_name": "ci",
        "scopes": [READ, WRITE],
    }


def test_caller_needs_a_scope_that_opens_the_request() -> None:
    """A view refuses what the token does not open, even where no gateway did."""
    caller = TokenCaller("usr_1", "tok_1", "ci", frozenset({READ}), DEFAULT_CATALOGUE)

    caller.require("GET", "/api/whoami")
    with pytest.raises(PathTooLong):
        caller.require("GET", "/api/" + "a" * MAX_PATH_LENGTH)
    with pytest.raises(InsufficientScope):
        caller.require("POST", "/api/echo")


def test_anonymous_caller_may_do_everything() -> None:
    """Without authentication there is nothing to ask for."""
    caller = AnonymousCaller()

    caller.require("DELETE", "/anything")
    assert caller.describe() == {"auth": "none"}
