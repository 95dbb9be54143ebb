"""The page and the log after a failed sign-in."""

import html
import re
from enum import Enum
from http import HTTPStatus
from urllib.parse import quote

import pytest
from chalice.test import HTTPResponse

from chalicelib.domain.callers import Caller
from chalicelib.domain.errors import (
    ApiTokensError,
    ConcurrentChange,
    IdentityProviderUnavailable,
    LoginFailed,
    SignInBeforeRemoval,
    SignInRefused,
    SignInTooSoon,
    StoreUnavailable,
    TokensUnavailable,
    UserInactive,
)
from chalicelib.domain.reasons import LoginReason, ProviderReason, SignInReason, provider_error
from chalicelib.domain.sessions import PendingLogin
from chalicelib.domain.users import Identity
from chalicelib.handlers.http.site import Site
from chalicelib.handlers.page import render
from tests.page.browser import Browser
from tests.support import canaries
from tests.support.api import Api, api_of
from tests.support.clock import FixedClock
from tests.support.provider import TestProvider
from tests.support.service import MemoryService

PAGE = "/settings/api-tokens"
PERSON = "user@example.com"
TRY_AGAIN = '<p ><a class="button primary" href="/settings/api-tokens">Try again</a></p>'


class FailingProvider(TestProvider):
    """A provider at which redeeming fails as the test says."""

    def __init__(self, error: Exception) -> None:
        super().__init__(FixedClock())
        self._error = error

    def redeem(self, login: PendingLogin, code: str, redirect_uri: str) -> Identity:
        """Fail."""
        raise self._error


def fail(error: Exception) -> tuple[HTTPResponse, dict[str, object]]:
    """Sign in while redeeming fails; return the page and the line that is logged."""
    with (
        api_of(MemoryService(login_provider=FailingProvider(error))) as api,
        canaries.recorded() as recorder,
    ):
        browser = Browser(api)
        page = browser.come_back(browser.leave(), PERSON)
    (line,) = recorder.lines("login.finish")
    return page, line


def failure_of(reason: LoginReason | SignInReason | ProviderReason) -> ApiTokensError:
    """Return the error that has this reason."""
    if isinstance(reason, ProviderReason):
        return IdentityProviderUnavailable(reason)
    return LoginFailed(reason)


def text_of(page: HTTPResponse) -> str:
    """Return the title and the text of a notice."""
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    found = re.search(r"<h1>(.*?)</h1>\n<p>(.*?)</p>", page.body.decode())
    assert found
    return html.unescape(f"{found[1]}: {found[2]}")


@pytest.mark.parametrize("reason", [*LoginReason, *SignInReason])
def test_failed_sign_in_says_why(reason: LoginReason | SignInReason) -> None:
    """The page has the sentence, and the log has the reason and the facts. Both have the reference."""
    page, line = fail(LoginFailed(reason, {"expected_iss": "https://login.example.com"}))

    assert page.status_code == 400
    title = "Sign-in cancelled" if reason is LoginReason.CANCELLED else "Sign-in failed"
    assert text_of(page) == f"{title}: {reason.sentence}"
    assert (line["outcome"], line["reason"]) == ("refused", reason.value)
    assert line["expected_iss"] == "https://login.example.com"
    assert f"Reference: {line['request_id']}<" in page.body.decode()


@pytest.mark.parametrize("reason", ProviderReason)
def test_provider_that_fails_is_an_outage_with_a_sentence(reason: ProviderReason) -> None:
    """The log has the provider's fault. The page says it in a sentence."""
    page, line = fail(IdentityProviderUnavailable(reason))

    assert page.status_code == 503
    assert text_of(page) == f"Sign-in failed: {reason.sentence}"
    assert (line["outcome"], line["reason"]) == ("error", reason.value)
    assert f"Reference: {line['request_id']}<" in page.body.decode()


@pytest.mark.parametrize("reason", [*LoginReason, *SignInReason, *ProviderReason])
def test_page_offers_a_retry_only_if_it_can_help(
    reason: LoginReason | SignInReason | ProviderReason,
) -> None:
    """If the person must ask an administrator, the page does not offer a retry."""
    page, _ = fail(failure_of(reason))

    assert (TRY_AGAIN in page.body.decode()) is reason.retry_helps
    assert not (reason.retry_helps and "administrator" in reason.sentence)
    if re.search("try again|sign in again|retry", reason.sentence, re.IGNORECASE):
        assert reason.retry_helps


@pytest.mark.parametrize(
    "reason",
    [
        SignInReason.TOO_LARGE,
        SignInReason.WRONG_AUDIENCE,
        SignInReason.IDENTITY_MOVED,
        LoginReason.CLIENT_REFUSED,
        LoginReason.NO_ID_TOKEN,
        ProviderReason.WRONG_ISSUER,
        ProviderReason.INSECURE_ENDPOINT,
    ],
)
def test_retry_does_not_help_with_what_an_administrator_must_change(reason: Enum) -> None:
    """If a retry would fail in the same way, the page does not offer it."""
    assert not getattr(reason, "retry_helps")  # noqa: B009 - one of three enumerations


@pytest.mark.parametrize(
    ("error", "status", "text", "can_retry"),
    [
        (UserInactive(), 403, "Account deactivated: Your account is deactivated.", False),
        (SignInBeforeRemoval(), 403, "Account removed: Your account was removed. Sign in again", False),
        (SignInTooSoon(), 403, "Sign in again in a minute: Your account was removed a moment ago.", True),
        (ConcurrentChange(), 409, "That did not work: ", True),
        (TokensUnavailable(), 409, "API Tokens Not Available: ", False),
        (ValueError("hidden"), 500, "That did not work: Something went wrong here.", True),
        (RecursionError(), 500, "That did not work: Something went wrong here.", True),
    ],
)
def test_every_error_is_a_page(error: Exception, status: int, text: str, can_retry: bool) -> None:
    """Every error at the page is a page, even an unexpected one."""
    page, line = fail(error)

    assert page.status_code == status
    assert text_of(page).startswith(text)
    assert (TRY_AGAIN in page.body.decode()) is can_retry
    assert "hidden" not in text_of(page)
    assert f"Reference: {line['request_id']}<" in page.body.decode()


def test_identity_that_was_moved_is_a_failed_sign_in_with_its_reason(service: MemoryService) -> None:
    """A refusal of the account, not of the JWT, is a page without a challenge for bearers."""

    def refuse(identity: Identity, caller: Caller) -> None:
        raise SignInRefused(SignInReason.IDENTITY_MOVED)

    service.accounts.present = refuse  # type: ignore[method-assign, assignment]
    with api_of(service) as api, canaries.recorded() as recorder:
        browser = Browser(api)
        page = browser.come_back(browser.leave(), PERSON)

    assert (page.status_code, "WWW-Authenticate" in page.headers) == (400, False)
    assert text_of(page).startswith("Sign-in failed: Your account was moved")
    assert recorder.lines("login.finish")[0]["reason"] == "identity_moved"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("access_denied", LoginReason.CANCELLED),
        ("server_error", LoginReason.PROVIDER_ERROR),
        ("temporarily_unavailable", LoginReason.PROVIDER_ERROR),
        ("login_required", LoginReason.PROVIDER_ERROR),
        ("ACCESS_DENIED", LoginReason.PROVIDER_ERROR),
        ("invalid_request", LoginReason.CLIENT_REFUSED),
        ("unauthorized_client", LoginReason.CLIENT_REFUSED),
        ("unsupported_response_type", LoginReason.CLIENT_REFUSED),
        ("invalid_scope", LoginReason.CLIENT_REFUSED),
    ],
)
def test_error_of_the_provider_is_told_and_logged(api: Api, code: str, reason: LoginReason) -> None:
    """The log has the provider's error code. The description, which is free text, appears nowhere."""
    browser = Browser(api)
    state = browser.leave()
    query = f"error={code}&error_description=The+person+said+no&state={state}&code={PERSON}"

    with canaries.recorded() as recorder:
        page = browser.visit(f"/login/callback?{query}")

    assert page.status_code == 400
    assert reason.sentence in text_of(page)
    (line,) = recorder.lines("login.finish")
    assert (line["reason"], line["provider_error"]) == (reason.value, code)
    assert "said no" not in page.body.decode() + "".join(recorder.written)
    assert browser.cookies == {}


@pytest.mark.parametrize(
    "code",
    [
        "a\r\nb",
        'a"b',
        "a\\b",
        "x" * 41,
        "<script>",
        "\u202e",
        "access_denied\x00",
        "é",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln",
        "bodhi_eyJhbGciOiJFUzI1NiIsImtpZCI6IngifQ.eyJzdWIiOiJ4In0.c2ln",
    ],
)
def test_error_that_is_no_code_is_not_logged(api: Api, code: str) -> None:
    """Neither markup, nor line ends, nor a token reach the log or the page."""
    browser = Browser(api)
    state = browser.leave()

    with canaries.recorded() as recorder:
        page = browser.visit(f"/login/callback?error={quote(code)}&state={state}")

    assert page.status_code == 400
    (line,) = recorder.lines("login.finish")
    assert (line["reason"], line["provider_error"]) == ("provider_error", "unreadable")
    assert code not in page.body.decode()


def test_error_without_our_state_is_logged_but_not_believed(api: Api) -> None:
    """A forged link with an error does not show "cancelled" if no sign-in began."""
    with canaries.recorded() as recorder:
        page = Browser(api).visit("/login/callback?error=access_denied")

    assert text_of(page) == f"Sign-in failed: {LoginReason.NOT_BEGUN_HERE.sentence}"
    (line,) = recorder.lines("login.finish")
    assert (line["reason"], line["provider_error"]) == ("not_begun_here", "access_denied")


@pytest.mark.parametrize("value", [None, 5, ["invalid_grant"], {"a": 1}, "", True, "x" * 41, "a b"])
def test_error_of_another_type_is_unreadable(value: object) -> None:
    """A provider may send anything as its error."""
    assert provider_error(value) == "unreadable"


def test_missing_code_is_told(api: Api) -> None:
    """A provider that sends neither a code nor an error ends the sign-in with a reason."""
    browser = Browser(api)

    page = browser.visit(f"/login/callback?state={browser.leave()}")

    assert LoginReason.NO_CODE.sentence in text_of(page)


def test_outage_of_the_store_keeps_the_sign_in_pending(service: MemoryService) -> None:
    """After a failure of the table the same callback works again."""

    def unavailable(id_hash: str) -> None:
        raise StoreUnavailable

    with api_of(service) as api:
        browser = Browser(api)
        state = browser.leave()
        take, service.store.take_login = service.store.take_login, unavailable  # type: ignore[method-assign]
        assert browser.come_back(state, PERSON).status_code == 503

        service.store.take_login = take  # type: ignore[method-assign]

        assert browser.come_back(state, PERSON).status_code == 302


def test_login_that_cannot_begin_is_a_page(service: MemoryService) -> None:
    """If the provider cannot be reached, the page says so before the browser leaves."""

    def unreachable(login: PendingLogin, redirect_uri: str) -> str:
        raise IdentityProviderUnavailable(ProviderReason.UNREACHABLE)

    service.login_provider.authorization_url = unreachable  # type: ignore[method-assign]
    with api_of(service) as api:
        browser = Browser(api)
        page = browser.visit("/login")

    assert page.status_code == 503
    assert text_of(page) == f"Sign-in failed: {ProviderReason.UNREACHABLE.sentence}"
    assert browser.cookies == {}


def test_reference_stays_text() -> None:
    """The request id is escaped in the page."""
    page = render.notice(Site("https://x.example.com", ""), "T", "T", HTTPStatus.OK, "", "<script>&")

    assert "Reference: &lt;script&gt;&amp;<" in str(page.body)


def test_notice_that_is_no_error_has_no_reference(api: Api) -> None:
    """The page after signing out does not show a reference."""
    page = Browser(api).visit("/signed-out").body.decode()

    assert "<p hidden><small>Reference: </small></p>" in page
