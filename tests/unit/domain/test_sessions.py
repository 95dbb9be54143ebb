"""Pending sign-ins: the ones that are dropped, and the states that are ours."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ids import new_login_id
from chalicelib.domain.sessions import MAX_PENDING_LOGINS, PendingLogin, login_id_in, logins_to_drop
from tests.support.clock import START

IDS = [new_login_id(START + timedelta(seconds=number)) for number in range(9)]


@given(st.permutations(IDS), st.integers(0, len(IDS)))
def test_newest_sign_ins_stay_with_the_new_one(order: list[str], count: int) -> None:
    """At most five sign-ins are pending with the new one, in any order of the cookies."""
    pending = [login_id for login_id in order if login_id in IDS[:count]]

    dropped = logins_to_drop(pending)

    assert dropped == IDS[: max(0, count - (MAX_PENDING_LOGINS - 1))]


@given(st.lists(st.text(max_size=20)))
def test_names_that_are_not_ours_are_ignored(others: list[str]) -> None:
    """Foreign names do not count, and are not returned."""
    assert logins_to_drop([*others, *IDS[:4]]) == []


def test_state_names_its_sign_in() -> None:
    """The id is the part before the secret."""
    assert login_id_in(f"{IDS[0]}.secret") == IDS[0]


@pytest.mark.parametrize(
    "form", ["", ".", "x", "{id}", "{id}x.secret", "x{id}.secret", "{upper}.secret", ".{id}.x", "a" * 43]
)
def test_state_of_another_form_names_none(form: str) -> None:
    """A state of another form, such as 0.1's, does not give a cookie name that could break a header."""
    assert login_id_in(form.format(id=IDS[0], upper=IDS[0].upper())) is None


@given(st.text())
def test_any_text_is_a_state_or_not(state: str) -> None:
    """The browser may send any text as the state."""
    login_id = login_id_in(state)
    assert login_id is None or state.startswith(f"{login_id}.")


def test_pending_sign_in_shows_no_secret() -> None:
    """State, nonce and verifier are not in the representation."""
    login = PendingLogin("hash", "the-state", "the-nonce", "the-verifier", "/", START)

    assert not {"the-state", "the-nonce", "the-verifier"} & set(repr(login).split("'"))
