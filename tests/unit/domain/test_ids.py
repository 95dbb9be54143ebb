"""Identifiers: order, alphabet, and who is who."""

import base64
import hashlib
import json
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ids import (
    LOGIN_ID,
    TOKEN_ID,
    USER_ID,
    began_by,
    new_generation,
    new_login_id,
    new_token_id,
    user_id_for,
)
from tests.support.clock import START

TICK = timedelta(milliseconds=1)

moments = st.integers(0, 400 * 365 * 86_400_000).map(lambda ms: START + timedelta(milliseconds=ms))


@given(moments, moments)
def test_token_ids_sort_by_creation_time(one: datetime, other: datetime) -> None:
    """The order of ids is the order of their times, to the millisecond."""
    if one != other:
        assert (new_token_id(one) < new_token_id(other)) == (one < other)


@given(moments)
def test_token_ids_of_neighbouring_milliseconds_are_in_order(moment: datetime) -> None:
    """One millisecond is enough to tell two ids apart, whatever is random about them."""
    assert new_token_id(moment) < new_token_id(moment + TICK)


@given(moments)
def test_token_ids_have_one_form(moment: datetime) -> None:
    """An id is ``tok_`` and 36 characters that are safe in a URL and not mistaken for others."""
    token_id = new_token_id(moment)

    assert TOKEN_ID.fullmatch(token_id)
    assert len(token_id) == 40
    assert not set(token_id.removeprefix("tok_")) & set("ilouILOU")


def test_token_ids_of_one_moment_differ() -> None:
    """The random part of an id does not repeat."""
    ids = {new_token_id(START) for _ in range(1000)}

    assert len(ids) == 1000
    assert len({token_id[14:] for token_id in ids}) == 1000


@given(moments, moments)
def test_login_ids_tell_when_the_sign_in_began(one: datetime, other: datetime) -> None:
    """The id shows the time of the beginning to the millisecond, and sorts by it."""
    login_id = new_login_id(one)

    assert LOGIN_ID.fullmatch(login_id)
    assert began_by(login_id, other) is (one <= other)
    if one != other:
        assert (login_id < new_login_id(other)) is (one < other)


def test_login_ids_of_one_moment_differ() -> None:
    """Ids differ even if two tabs begin in the same millisecond."""
    assert len({new_login_id(START) for _ in range(100)}) == 100


def test_generations_never_come_back() -> None:
    """A generation is random, so that no old one can be met again."""
    assert len({new_generation() for _ in range(1000)}) == 1000


def test_user_id_is_derived_from_issuer_and_subject() -> None:
    """Two machines that meet a person at the same time agree on the id, today and in years."""
    pair = json.dumps(["https://login.example.com", "u1"]).encode()
    expected = base64.b32encode(hashlib.sha256(pair).digest()[:20]).decode().lower()

    assert user_id_for("https://login.example.com", "u1") == f"usr_{expected}"


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_different_people_have_different_ids(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Issuer and subject together tell people apart."""
    assert (user_id_for(*one) == user_id_for(*other)) == (one == other)


def test_ids_do_not_depend_on_where_issuer_and_subject_meet() -> None:
    """No subject can pose as another one by what its issuer ends with."""
    pairs = [
        ("https://a.example", "bc"),
        ("https://a.exampleb", "c"),
        ("https://a.example", '", "bc'),
        ('https://a.example", "', "bc"),
        ("", "https://a.examplebc"),
        ("https://a.examplebc", ""),
        ("https://a.example/", "bc"),
        ("https://A.example", "bc"),
        ("bc", "https://a.example"),
        ("https://a.example", "bc "),
        ("https://a.example", "\ud800"),
    ]

    ids = [user_id_for(*pair) for pair in pairs]

    assert len(set(ids)) == len(pairs)
    assert all(USER_ID.fullmatch(user_id) for user_id in ids)
