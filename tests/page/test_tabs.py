"""Pending sign-ins in several tabs of one browser, which are independent."""

import json
from datetime import timedelta

import pytest

from chalicelib.domain.sessions import LOGIN_LIFETIME, MAX_PENDING_LOGINS
from tests.page.browser import Browser
from tests.support import canaries
from tests.support.api import Api
from tests.support.service import MemoryService

PAGE = "/settings/api-tokens"
PERSON = "user@example.com"


@pytest.fixture
def browser(api: Api) -> Browser:
    """Return a browser on this machine."""
    return Browser(api)


def test_two_tabs_sign_in_in_either_order(browser: Browser) -> None:
    """Each tab returns to the page that it left."""
    first, second = browser.leave("/docs"), browser.leave(PAGE)

    assert browser.come_back(second, PERSON).headers["Location"] == PAGE
    assert browser.come_back(first, PERSON).headers["Location"] == "/docs"


def test_two_tabs_may_begin_at_once(browser: Browser) -> None:
    """Two tabs that begin at once keep both cookies, even on the first visit."""
    first = browser.leave()
    kept, browser.cookies = browser.cookies, {}
    second = browser.leave()
    browser.cookies |= kept

    for state in (first, second):
        assert browser.come_back(state, PERSON).status_code == 302


def test_two_people_sign_in_in_two_tabs(browser: Browser) -> None:
    """The later sign-in counts. The session of the earlier one ends."""
    first, second = browser.leave(), browser.leave()
    browser.come_back(first, PERSON)

    browser.come_back(second, "other@example.com")

    assert json.loads(browser.visit("/v1/me").body)["subject"] == "other@example.com"
    assert set(browser.cookies) == {"bodhi_session"}


def changed(state: str) -> str:
    """Return a state that differs in its secret part alone."""
    return state[:-1] + ("A" if state[-1] != "A" else "B")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=x",
        "code=x&state=",
        "code=x&state=wrong",
        "code=x&state={changed}",
        "code=x&state={state}x",
        "code=x&state={id}",
        "code=x&state={id}.",
        "code=x&state={other}",
        "error=access_denied",
        "error=access_denied&state=wrong",
        "error=access_denied&state={changed}",
        "error=access_denied&code=x&state={other}",
    ],
)
def test_callback_with_another_state_ends_no_pending_sign_in(
    browser: Browser, api: Api, query: str
) -> None:
    """A forged link, with a foreign state or without one, does not end a pending sign-in."""
    state = browser.leave()
    filled = query.format(
        state=state, changed=changed(state), id=state.partition(".")[0], other=Browser(api).leave()
    )

    assert browser.visit(f"/login/callback?{filled}").status_code == 400

    assert browser.come_back(state, PERSON).status_code == 302


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("access_denied", b"You cancelled the sign-in."),
        ("server_error", b"Your OpenID provider refused the sign-in."),
        ("invalid_scope", b"Your OpenID provider refuses this service."),
    ],
)
def test_error_without_a_state_says_what_it_means(browser: Browser, error: str, said: bytes) -> None:
    """Some providers leave the state out when the person says no."""
    browser.leave()
    with canaries.recorded() as recorder:
        page = browser.visit(f"/login/callback?error={error}")

    assert page.status_code == 400
    assert said in page.body
    assert len(browser.cookies) == 1
    (line,) = recorder.lines("login.finish")
    assert (line["outcome"], line["provider_error"]) == ("refused", error)


def test_state_alone_begins_no_session(browser: Browser, api: Api) -> None:
    """A state alone, for example from the provider's log, is useless without its cookie."""
    state = browser.leave()
    thief = Browser(api)
    thief.cookies = dict.fromkeys(browser.cookies, "guessed")

    assert thief.come_back(state, PERSON).status_code == 400

    assert browser.come_back(state, PERSON).status_code == 302


def test_failed_sign_in_ends_itself_alone(browser: Browser) -> None:
    """A refusal or cancellation in one tab does not end the other tab's sign-in."""
    other, refused, cancelled = browser.leave(), browser.leave(), browser.leave()

    assert browser.come_back(refused, "refused").status_code == 400
    assert browser.visit(f"/login/callback?error=access_denied&state={cancelled}").status_code == 400

    assert len(browser.cookies) == 1
    assert browser.come_back(refused, PERSON).status_code == 400
    assert browser.come_back(cancelled, PERSON).status_code == 400
    assert browser.come_back(other, PERSON).status_code == 302


def test_newest_five_sign_ins_stay_pending(browser: Browser, service: MemoryService) -> None:
    """A page that begins sign-ins again and again does not fill the browser's cookies."""
    states = []
    for _ in range(MAX_PENDING_LOGINS + 3):
        states.append(browser.leave())
        service.clock.advance(timedelta(seconds=1))

    assert len(browser.cookies) == MAX_PENDING_LOGINS
    oldest, newest = states[:-MAX_PENDING_LOGINS], states[-MAX_PENDING_LOGINS:]
    assert [browser.come_back(state, PERSON).status_code for state in newest] == [302] * len(newest)
    # The person is signed in now, so the other callbacks lead to the page.
    assert [browser.come_back(state, PERSON).headers["Location"] for state in oldest] == [PAGE] * 3


def test_order_of_cookies_does_not_decide_which_sign_ins_are_old(
    browser: Browser, service: MemoryService
) -> None:
    """Browsers need not send cookies in the order in which they were set."""
    states = []
    for _ in range(MAX_PENDING_LOGINS):
        states.append(browser.leave())
        service.clock.advance(timedelta(seconds=1))
    browser.cookies = dict(reversed(browser.cookies.items()))

    browser.leave()

    assert browser.come_back(states[0], PERSON).status_code == 400
    assert browser.come_back(states[1], PERSON).status_code == 302


@pytest.mark.parametrize("name", ["bodhi_login_x", "bodhi_login_", "bodhi_login", "bodhi_login_a\tb=c"])
def test_cookies_of_another_form_are_left_alone(browser: Browser, name: str) -> None:
    """Foreign cookie names never appear in a header of the response."""
    browser.cookies = {f"{name}{number}": "x" for number in range(9)}

    leaving = browser.visit("/login")

    cookies = leaving.headers["Set-Cookie"]
    assert isinstance(cookies, str) or len(cookies) == 1


def test_callback_visited_again_leads_to_the_page(browser: Browser) -> None:
    """With a live session, the back button or a restored tab leads to the page."""
    state = browser.leave("/docs")
    browser.come_back(state, PERSON)
    session = browser.cookies["bodhi_session"]

    with canaries.recorded() as recorder:
        again = browser.come_back(state, PERSON)

    assert (again.status_code, again.headers["Location"]) == (302, PAGE)
    assert browser.cookies["bodhi_session"] == session
    (line,) = recorder.lines("login.finish")
    assert (line["outcome"], line["reason"]) == ("ok", "not_begun_here")


@pytest.mark.parametrize(
    "query", ["error=access_denied", "error=server_error&code=x", "code=x&state=wrong", ""]
)
def test_forged_callback_leads_a_signed_in_person_to_the_page(browser: Browser, query: str) -> None:
    """A forged link neither ends nor changes a session."""
    browser.sign_in(PERSON)

    back = browser.visit(f"/login/callback?{query}")

    assert (back.status_code, back.headers["Location"]) == (302, PAGE)
    assert browser.visit("/v1/me").status_code == 200


def test_callback_visited_again_after_signing_out_is_refused(browser: Browser) -> None:
    """Without a session the page shows the reason and offers a new sign-in."""
    state = browser.leave()
    browser.come_back(state, PERSON)
    browser.change("POST", "/logout")

    again = browser.come_back(state, PERSON)

    assert again.status_code == 400
    assert b"did not begin in this browser or was used before" in again.body
    assert b"Try again" in again.body


@pytest.mark.parametrize("keeps_cookie", [True, False])
def test_late_callback_says_that_it_took_too_long(
    browser: Browser, service: MemoryService, keeps_cookie: bool
) -> None:
    """After ten minutes the cookie is gone, but the reason is still correct."""
    state = browser.leave()
    if not keeps_cookie:
        browser.cookies = {}

    service.clock.advance(LOGIN_LIFETIME)

    late = browser.come_back(state, PERSON)
    assert late.status_code == 400
    assert b"longer than 10 minutes" in late.body


def test_row_of_a_pending_sign_in_does_not_hold_what_finishes_it(
    browser: Browser, service: MemoryService
) -> None:
    """A reader of the table learns the state, but not the cookie."""
    state = browser.leave()
    (cookie,) = browser.cookies.values()

    (row,) = service.store.logins()

    assert row.state == state
    assert cookie not in repr(row)
