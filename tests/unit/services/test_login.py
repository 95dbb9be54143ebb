"""Signing in at the page without the handlers: values that a browser may send."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.errors import LoginFailed, NotAuthenticated, StoreUnavailable
from chalicelib.domain.reasons import LoginReason
from chalicelib.services.login import Callback, LoginBegun
from chalicelib.services.sessions import cookie_hash
from tests.support.actors import CALLER
from tests.support.service import MemoryService

BACK = "https://tokens.example.com/login/callback"
SURROGATE = "\ud800"


def state_of(service: MemoryService, begun: LoginBegun) -> str:
    """Return the state of a sign-in."""
    return next(login.state for login in service.store.logins() if login.state.startswith(begun.id))


@pytest.fixture
def begun(service: MemoryService) -> LoginBegun:
    """Return a pending sign-in."""
    return service.login.begin("/", BACK, [])


@pytest.fixture
def callback(service: MemoryService, begun: LoginBegun) -> Callback:
    """Return the callback of a browser."""
    return Callback(state_of(service, begun), "user@example.com", "", begun.cookie, None)


@pytest.mark.parametrize(
    "member", ["unverified_state", "unverified_login_cookie", "unverified_session_cookie"]
)
def test_text_that_cannot_be_encoded_is_not_a_failure(
    service: MemoryService, callback: Callback, member: str
) -> None:
    """A lone surrogate fails the sign-in without an unexpected error."""
    changes: dict[str, Any] = {member: (getattr(callback, member) or "") + SURROGATE}
    odd = replace(callback, **changes)
    reasons = []
    try:
        service.login.finish(odd, BACK, CALLER)
    except LoginFailed as error:
        reasons = [error.reason]

    assert reasons == ([] if member == "unverified_session_cookie" else [LoginReason.NOT_BEGUN_HERE])


def test_session_with_text_that_cannot_be_encoded_is_none(service: MemoryService) -> None:
    """The same holds for the cookie of a session and for its CSRF token."""
    with pytest.raises(NotAuthenticated):
        service.sessions.resume(SURROGATE)


def test_new_session_is_there_before_the_old_one_ends(service: MemoryService, callback: Callback) -> None:
    """The new session is written before the old one ends, so a failure between them leaves one."""
    old = service.login.finish(callback, BACK, CALLER).cookie
    again = service.login.begin("/", BACK, [])
    ended: list[str] = []

    def end_session(id_hash: str) -> None:
        ended.append(id_hash)
        raise StoreUnavailable

    service.store.end_session = end_session  # type: ignore[method-assign]

    with pytest.raises(StoreUnavailable):
        service.login.finish(
            Callback(state_of(service, again), "user@example.com", "", again.cookie, old), BACK, CALLER
        )

    assert ended == [cookie_hash(old)]
    assert len(service.store.sessions()) == 2


def test_nothing_that_signs_in_is_in_a_representation(begun: LoginBegun, callback: Callback) -> None:
    """Cookies and states are not in the representation, because values may be logged by accident."""
    secrets = (begun.cookie, callback.unverified_state, callback.code)
    shown = f"{begun} {replace(callback, unverified_session_cookie='the-session')}"

    assert [secret for secret in (*secrets, "the-session") if f"'{secret}'" in shown] == []
