"""Signing in at the page, the session that it begins, and its end."""

import json
from datetime import timedelta
from typing import NoReturn
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from chalice.test import HTTPResponse

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.ids import user_id_for
from chalicelib.domain.sessions import SESSION_IDLE_TIMEOUT, SESSION_LIFETIME
from chalicelib.services.sessions import cookie_hash
from tests.page.browser import Browser
from tests.support.api import Api, api_of
from tests.support.builders import ISSUER
from tests.support.service import MemoryService

PAGE = "/settings/api-tokens"
PERSON = "user@example.com"
TOKEN_ID = "tok_0" + "1" * 35


@pytest.fixture
def browser(api: Api) -> Browser:
    """Return a browser on this machine."""
    return Browser(api)


def code_of(response: HTTPResponse) -> str:
    """Return the stable code of a problem document."""
    return str(json.loads(response.body)["code"])


def admin_changes_user(api: Api, service: MemoryService, method: str, body: object = None) -> None:
    """Let an administrator change the person's account."""
    admin = service.provider.sign_in("admin@example.com")
    path = f"/v1/users/{user_id_for(ISSUER, PERSON)}"
    assert api.call(method, path, admin, body).status in {200, 204}


def test_root_leads_to_the_page(browser: Browser) -> None:
    """The bare address leads to the page."""
    assert browser.visit("/").headers["Location"] == PAGE


def test_stranger_is_sent_to_sign_in_and_comes_back(browser: Browser) -> None:
    """The page sends strangers to the provider. They return to the page with a session."""
    assert browser.visit(PAGE).headers["Location"] == f"/login?return_to={PAGE}"

    browser.sign_in(PERSON)

    page = browser.visit(PAGE)
    assert page.status_code == 200
    assert b"API tokens" in page.body
    assert set(browser.cookies) == {"bodhi_session"}


def test_host_that_is_no_host_is_no_failure(api: Api) -> None:
    """A Host header that cannot be read is not treated as this machine's."""
    assert Browser(api, host="[bad").visit("/").status_code == 302


def test_login_asks_for_a_code_to_be_sent_back_to_the_site_that_was_visited(api: Api) -> None:
    """The redirect URI has the host and scheme that the browser sees."""
    browser = Browser(api, host="tokens.example.com")

    leaving = browser.visit("/login")

    query = parse_qs(urlsplit(leaving.headers["Location"]).query)
    assert query["redirect_uri"] == ["https://tokens.example.com/login/callback"]


def test_cookies_are_out_of_reach_of_scripts_and_other_hosts(api: Api) -> None:
    """Over TLS cookies are __Host-, Secure, HttpOnly and SameSite=Lax."""
    leaving = Browser(api, host="tokens.example.com").visit("/login")

    cookie = leaving.headers["Set-Cookie"]
    cookie = cookie if isinstance(cookie, str) else cookie[0]
    assert cookie.startswith("__Host-bodhi_login_")
    assert set(cookie.split("; ")[1:]) == {
        "Path=/",
        "Max-Age=600",
        "HttpOnly",
        "SameSite=Lax",
        "Secure",
    }


STATE = "view=all&status=idle&token=tok_0&q=n%C3%A4chtlich%20%26%20%2Fmehr&sort=-last_used_at"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_stranger_comes_back_to_the_same_address(browser: Browser, method: str) -> None:
    """The page's address holds its state. A sign-in brings a person back to it, with its query."""
    away = browser.send(method, f"{PAGE}?{STATE}", {})
    assert away.headers["Location"] == f"/login?return_to={quote(f'{PAGE}?{STATE}')}"
    leaving = browser.visit(away.headers["Location"])
    state = parse_qs(urlsplit(leaving.headers["Location"]).query)["state"][0]

    back = browser.come_back(state, PERSON)

    assert back.headers["Location"] == f"{PAGE}?{STATE}"
    assert browser.visit(back.headers["Location"]).status_code == 200


def test_state_in_the_address_changes_nothing_for_the_signed_in(browser: Browser) -> None:
    """The server sends the same page for each state. The page's script reads it."""
    browser.sign_in(PERSON)

    plain, stateful = browser.visit(PAGE), browser.visit(f"{PAGE}?{STATE}&{'x' * 3_000}=y")

    assert (stateful.status_code, stateful.body) == (200, plain.body)


def test_token_in_the_address_does_not_go_to_the_sign_in(browser: Browser) -> None:
    """A person who pasted a token into the address does not find it in the next one."""
    away = browser.visit(f"{PAGE}?view=mine&q=x%20bodhi_eyJhbGciOiJFUzI1NiJ9&bodhi_a=b&token=BODHI%5FeyJ")

    assert away.headers["Location"] == f"/login?return_to={quote(f'{PAGE}?view=mine')}"


# Of another service or of the provider: no token may stand in an address.
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"
JWE = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..aXZpdml2aXY.Y2lwaGVy.dGFn"


@pytest.mark.parametrize(
    "return_to",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a\nb",
        "",
        "?view=all",
        "/a//evil.example",
        "/../evil",
        "/a/../../evil",
        "/.hidden",
        "/%2F%2Fevil.example",
        "/%5Cevil.example",
        "/a%0d%0aSet-Cookie:x",
        "/a;b",
        "/a@evil.example",
        "/a#b",
        f"/{JWT}",
        f"/a/{JWT}/b",
        f"/a/{JWE}",
        "/docs/bodhi_eyJhbGciOiJFUzI1NiJ9",
        f"/BODHI_{JWT}?view=all",
        "/" + "a" * 1_500,
        f"{PAGE}?q={'x' * 1_500}",
    ],
)
def test_return_path_to_elsewhere_is_ignored(browser: Browser, return_to: str) -> None:
    """A sign-in that a hostile link began ends at the page."""
    leaving = browser.visit(f"/login?return_to={quote(return_to)}")
    state = parse_qs(urlsplit(leaving.headers["Location"]).query)["state"][0]

    back = browser.visit(f"/login/callback?code={PERSON}&state={state}")

    assert back.headers["Location"] == PAGE


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("view=all", "?view=all"),
        ("q=a+b%20c", "?q=a%20b%20c"),
        ("q=%F0%9F%98%80", "?q=%F0%9F%98%80"),
        ("q=&view=all", "?q=&view=all"),
        ("status=idle&status=active", "?status=idle&status=active"),
        ("q=%0D%0ASet-Cookie:x&view=all", "?view=all"),
        ("q=%250D%250A", ""),
        ("q=%5Cevil.example", ""),
        ("q=https://evil.example", ""),
        ("q=https%3A%2F%2Fevil.example", ""),
        ("q=%252F%252Fevil.example", ""),
        ("q=bodhi_x", ""),
        ("q=bodhi%5Fx", ""),
        ("q=bodhi%255Fx", ""),
        ("q=BODHI_x", ""),
        (f"q={JWT}&view=all", "?view=all"),
        (f"q={JWT[:9]}%0A{JWT[9:]}", ""),
        (f"q={JWT[:9]}%E2%80%8B{JWT[9:]}", ""),
        (f"q={JWT}".replace(".", "%EF%BC%8E"), ""),
        (f"q={JWT}".replace("e", "%2565"), ""),
        (f"q={JWE}", ""),
        ("bodhi_=x", ""),
        ("q=%E2%80%A8", ""),
        ("q=%FF", ""),
        ("Q=x", ""),
        ("q%3Cscript%3E=x", ""),
        ("q=<script>", "?q=%3Cscript%3E"),
        ("view", "?view="),
        ("&".join("a=1" for _ in range(21)), ""),
        ("q=" + "%F0%9F%98%80" * 100, "?q=" + "%F0%9F%98%80" * 100),
        ("q=" + "<" * 600, ""),
    ],
)
def test_return_path_keeps_only_a_harmless_query(browser: Browser, query: str, kept: str) -> None:
    """A parameter with a line end, a host, an encoded escape or a token is left out."""
    state = browser.leave(quote(f"{PAGE}?{query}"))

    assert browser.come_back(state, PERSON).headers["Location"] == PAGE + kept


@pytest.mark.parametrize("path", ["/", "/docs", "/settings/api-tokens", "/a-b/c_d~e.f"])
def test_return_path_may_be_any_path_of_ours(browser: Browser, path: str) -> None:
    """Other pages of the service may send people to the sign-in too."""
    assert browser.come_back(browser.leave(path), PERSON).headers["Location"] == path


@pytest.mark.parametrize(
    "query",
    ["", "code=user@example.com", "state=x", "code=user@example.com&state=wrong", "error=access_denied"],
)
def test_callback_without_our_state_is_refused(browser: Browser, query: str) -> None:
    """A callback without a pending sign-in of this browser begins no session."""
    browser.visit("/login")

    back = browser.visit(f"/login/callback?{query}")

    assert back.status_code == 400
    assert "bodhi_session" not in browser.cookies


def test_callback_in_another_browser_is_refused(api: Api, browser: Browser) -> None:
    """A link with code and state signs in only the browser that left with that state."""
    leaving = browser.visit("/login")
    state = parse_qs(urlsplit(leaving.headers["Location"]).query)["state"][0]
    victim = Browser(api)
    victim.visit("/login")

    assert victim.visit(f"/login/callback?code={PERSON}&state={state}").status_code == 400


def test_callback_works_once(browser: Browser) -> None:
    """A second use of the same callback is refused."""
    leaving = browser.visit("/login")
    cookies = dict(browser.cookies)
    state = parse_qs(urlsplit(leaving.headers["Location"]).query)["state"][0]
    assert browser.visit(f"/login/callback?code={PERSON}&state={state}").status_code == 302

    browser.cookies = cookies

    assert browser.visit(f"/login/callback?code={PERSON}&state={state}").status_code == 400


def test_callback_too_late_is_refused(browser: Browser, service: MemoryService) -> None:
    """Ten minutes after it began, a sign-in is invalid."""
    leaving = browser.visit("/login")
    state = parse_qs(urlsplit(leaving.headers["Location"]).query)["state"][0]

    service.clock.advance(timedelta(minutes=10))

    assert browser.visit(f"/login/callback?code={PERSON}&state={state}").status_code == 400


def test_sign_in_that_the_provider_refuses_begins_no_session(browser: Browser) -> None:
    """A code that the provider does not redeem leads to an error page with a link."""
    leaving = browser.visit("/login")
    state = parse_qs(urlsplit(leaving.headers["Location"]).query)["state"][0]

    back = browser.visit(f"/login/callback?code=refused&state={state}")

    assert back.status_code == 400
    assert b"Try again" in back.body


def test_session_serves_management_calls(browser: Browser) -> None:
    """The page's script creates and lists tokens with the cookie alone."""
    browser.sign_in(PERSON)

    created = browser.change("POST", "/v1/tokens", b'{"name": "from the page"}')

    assert created.status_code == 201
    listed = json.loads(browser.visit("/v1/tokens").body)
    assert [token["name"] for token in listed["tokens"]] == ["from the page"]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "wrong"},
        {"Origin": ""},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "https://127.0.0.1:8000"},
    ],
)
def test_change_from_another_site_is_refused(browser: Browser, headers: dict[str, str]) -> None:
    """A change with the cookie needs the page's origin and the session's CSRF token."""
    browser.sign_in(PERSON)

    refused = browser.change("POST", "/v1/tokens", headers=headers)

    assert (refused.status_code, code_of(refused)) == (403, "cross_site_request")
    assert json.loads(browser.visit("/v1/tokens").body)["tokens"] == []


def test_bad_bearer_does_not_fall_back_to_the_session(browser: Browser) -> None:
    """If a request has an Authorization header, its cookie does not count."""
    browser.sign_in(PERSON)

    for header in ("Bearer nonsense", "Basic dTpw", "Bearer "):
        refused = browser.send("GET", "/v1/tokens", {"Authorization": header})
        assert (refused.status_code, code_of(refused)) == (401, "not_authenticated")


READS = (
    "/v1/me",
    "/v1/me/events",
    "/v1/tokens",
    "/v1/tokens/summary",
    f"/v1/tokens/{TOKEN_ID}",
    f"/v1/tokens/{TOKEN_ID}/usage",
    f"/v1/tokens/{TOKEN_ID}/events",
    "/v1/users",
    "/v1/admin/tokens",
    "/v1/events",
)


@pytest.mark.parametrize("expected", ["usr_" + "a" * 32, user_id_for(ISSUER, PERSON), "", "nonsense", " "])
@pytest.mark.parametrize("path", READS)
def test_read_for_another_person_than_expected_is_refused(
    browser: Browser, path: str, expected: str
) -> None:
    """A tab of one person never shows what belongs to the person who signed in later."""
    browser.sign_in(PERSON)
    browser.sign_in("admin@example.com")

    refused = browser.send("GET", path, {"X-Expected-User": expected})

    assert (refused.status_code, code_of(refused)) == (412, "session_changed")
    document = json.loads(refused.body)
    assert set(document) == {"type", "title", "status", "code", "detail"}
    assert b"admin@example.com" not in refused.body
    assert user_id_for(ISSUER, "admin@example.com").encode() not in refused.body


def test_expected_person_is_served(browser: Browser) -> None:
    """With the session's own user in the header, or without a header, calls are as before."""
    browser.sign_in(PERSON)
    expected = {"X-Expected-User": user_id_for(ISSUER, PERSON)}

    for headers in ({}, expected):
        assert browser.send("GET", "/v1/tokens", headers).status_code == 200
        assert browser.change("POST", "/v1/tokens", headers=headers).status_code == 201


def test_change_for_another_person_than_expected_changes_nothing(browser: Browser) -> None:
    """It says that the session changed, also with the secret of the earlier session."""
    browser.sign_in(PERSON)
    secret = browser.page_data("csrf-token")
    browser.sign_in("other@example.com")
    expected = {"X-Expected-User": user_id_for(ISSUER, PERSON)}

    for headers in (expected, {**expected, "X-CSRF-Token": secret}):
        refused = browser.change("POST", "/v1/tokens", headers=headers)
        assert (refused.status_code, code_of(refused)) == (412, "session_changed")

    assert json.loads(browser.visit("/v1/tokens").body)["tokens"] == []


def test_another_site_learns_nothing_by_an_expected_user(browser: Browser) -> None:
    """Its change is refused as before, whether or not it guesses who is signed in."""
    browser.sign_in(PERSON)

    for user_id in (user_id_for(ISSUER, PERSON), user_id_for(ISSUER, "other@example.com")):
        headers = {"Origin": "https://evil.example", "X-Expected-User": user_id}
        refused = browser.change("POST", "/v1/tokens", headers=headers)
        assert (refused.status_code, code_of(refused)) == (403, "cross_site_request")


def test_ended_session_is_told_before_another_person(browser: Browser) -> None:
    """Without a session nobody is signed in, so nothing has changed hands."""
    refused = browser.send("GET", "/v1/tokens", {"X-Expected-User": user_id_for(ISSUER, PERSON)})

    assert (refused.status_code, code_of(refused)) == (401, "not_authenticated")


def test_expected_person_does_not_matter_to_a_jwt(api: Api, service: MemoryService) -> None:
    """A JWT names its person itself, and cannot pass to another one under a caller's hands."""
    jwt = service.provider.sign_in(PERSON)

    answer = api.get(
        "/v1/tokens", jwt, headers={"X-Expected-User": user_id_for(ISSUER, "other@example.com")}
    )

    assert answer.status == 200


def test_head_of_the_page_has_the_headers_of_get(browser: Browser) -> None:
    """HEAD returns the headers of GET: of the page, or without a session of the redirect."""
    for method in ("GET", "HEAD"):
        away = browser.send(method, PAGE, {})
        assert (away.status_code, away.headers["Location"]) == (302, f"/login?return_to={PAGE}")
    browser.sign_in(PERSON)
    shown, headed = (browser.send(method, PAGE, {}) for method in ("GET", "HEAD"))
    assert (headed.status_code, headed.headers) == (shown.status_code, shown.headers)
    assert shown.status_code == 200


def test_logout_ends_the_session_but_no_token(browser: Browser, api: Api) -> None:
    """After signing out the cookie is refused, and tokens keep working."""
    browser.sign_in(PERSON)
    token = json.loads(browser.change("POST", "/v1/tokens").body)["token"]
    cookies = dict(browser.cookies)

    assert browser.change("POST", "/logout").status_code == 204

    assert browser.cookies == {}
    browser.cookies = cookies
    assert browser.visit("/v1/tokens").status_code == 401
    assert api.get("/api/whoami", token).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "https://127.0.0.1:8000"},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "wrong"},
    ],
)
def test_logout_by_another_site_is_refused(browser: Browser, headers: dict[str, str]) -> None:
    """Another site ends neither the session nor its cookie."""
    browser.sign_in(PERSON)

    refused = browser.change("POST", "/logout", headers=headers)

    assert (refused.status_code, code_of(refused)) == (403, "cross_site_request")
    assert "Set-Cookie" not in refused.headers
    assert browser.visit("/v1/tokens").status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_logout_by_another_site_without_the_cookie_keeps_it(browser: Browser, origin: str) -> None:
    """A foreign form comes without the cookie (SameSite=Lax). Its response must not delete the cookie."""
    browser.sign_in(PERSON)
    kept = dict(browser.cookies)
    browser.cookies = {}

    response = browser.send("POST", "/logout", {"Origin": origin} if origin else {})

    assert response.status_code == 403
    assert "Set-Cookie" not in response.headers
    browser.cookies = kept
    assert browser.visit("/v1/tokens").status_code == 200


def test_logout_after_the_session_has_ended_deletes_the_cookie(browser: Browser) -> None:
    """A person can sign out of an ended session, with or without its cookie."""
    browser.sign_in(PERSON)
    cookies = dict(browser.cookies)
    assert browser.change("POST", "/logout").status_code == 204

    for browser.cookies in (cookies, {}):
        again = browser.send("POST", "/logout", {"Origin": browser.origin})
        assert again.status_code == 204
        assert browser.cookies == {}


def test_logout_removes_the_row_of_a_session_that_opens_nothing(
    browser: Browser, api: Api, service: MemoryService
) -> None:
    """A deactivated person who signs out leaves no row behind."""
    browser.sign_in(PERSON)
    session = cookie_hash(browser.cookies["bodhi_session"])
    admin_changes_user(api, service, "PATCH", {"status": "inactive"})

    assert browser.send("POST", "/logout", {"Origin": browser.origin}).status_code == 204

    assert service.store.find_session(session) is None


@pytest.mark.parametrize("successor", [PERSON, "other@example.com"])
def test_sign_in_ends_the_session_before(browser: Browser, service: MemoryService, successor: str) -> None:
    """After a new sign-in in the same browser the old cookie is invalid, even another person's."""
    browser.sign_in(PERSON)
    old = browser.cookies["bodhi_session"]

    browser.sign_in(successor)

    assert browser.cookies["bodhi_session"] != old
    assert service.store.find_session(cookie_hash(old)) is None
    assert json.loads(browser.visit("/v1/me").body)["subject"] == successor


def test_failed_sign_in_leaves_the_session_before(browser: Browser) -> None:
    """A failed sign-in does not end an earlier session."""
    browser.sign_in(PERSON)

    assert browser.come_back(browser.leave(), "refused").status_code == 400

    assert browser.visit("/v1/me").status_code == 200


def test_session_ends_when_unused(browser: Browser, service: MemoryService) -> None:
    """An hour without use ends a session. Each use postpones the end."""
    browser.sign_in(PERSON)
    for _ in range(3):
        service.clock.advance(SESSION_IDLE_TIMEOUT - timedelta(minutes=1))
        assert browser.visit("/v1/me").status_code == 200

    service.clock.advance(SESSION_IDLE_TIMEOUT)

    assert browser.visit("/v1/me").status_code == 401


def test_session_ends_after_its_lifetime_however_much_it_is_used(
    browser: Browser, service: MemoryService
) -> None:
    """A session ends twelve hours after the sign-in."""
    browser.sign_in(PERSON)
    steps = SESSION_LIFETIME // timedelta(minutes=30)
    statuses = []
    for _ in range(steps):
        service.clock.advance(timedelta(minutes=30))
        statuses.append(browser.visit("/v1/me").status_code)

    assert statuses == [200] * (steps - 1) + [401]


def test_deactivation_ends_sessions_for_good(browser: Browser, api: Api, service: MemoryService) -> None:
    """A session from before a deactivation stays ended after the account is re-activated."""
    browser.sign_in(PERSON)
    admin_changes_user(api, service, "PATCH", {"status": "inactive"})
    assert browser.visit("/v1/tokens").status_code == 401

    admin_changes_user(api, service, "PATCH", {"status": "active", "restore_tokens": True})

    assert browser.visit("/v1/tokens").status_code == 401
    service.clock.advance(timedelta(seconds=1))
    browser.sign_in(PERSON)
    assert browser.visit("/v1/tokens").status_code == 200


def test_removal_ends_sessions(browser: Browser, api: Api, service: MemoryService) -> None:
    """A removed person's session is refused."""
    browser.sign_in(PERSON)

    admin_changes_user(api, service, "DELETE")

    assert browser.visit("/v1/tokens").status_code == 401


def test_deactivated_person_is_told_at_sign_in(browser: Browser, api: Api, service: MemoryService) -> None:
    """A sign-in to a deactivated account shows that, and begins no session."""
    browser.sign_in(PERSON)
    admin_changes_user(api, service, "PATCH", {"status": "inactive"})
    leaving = browser.visit("/login")
    state = parse_qs(urlsplit(leaving.headers["Location"]).query)["state"][0]

    back = browser.visit(f"/login/callback?code={PERSON}&state={state}")

    assert back.status_code == 403
    assert b"deactivated" in back.body


def test_session_row_does_not_hold_what_opens_it(browser: Browser, service: MemoryService) -> None:
    """A reader of the table cannot take over a session."""
    browser.sign_in(PERSON)

    cookie = browser.cookies["bodhi_session"]

    assert service.store.find_session(cookie) is None


def test_store_that_is_down_is_an_outage_and_not_a_refusal(service: MemoryService) -> None:
    """If the table cannot be read, no person is signed out or let in."""
    with api_of(service) as api:
        browser = Browser(api)
        browser.sign_in(PERSON)
        service.store.find_session = unavailable  # type: ignore[method-assign]

        page, call = browser.visit(PAGE), browser.visit("/v1/tokens")

    assert (page.status_code, call.status_code) == (503, 503)
    assert b"Try again" in page.body
    assert code_of(call) == "unavailable"


def unavailable(id_hash: str) -> NoReturn:
    """Fail like a table that cannot be read."""
    raise StoreUnavailable
