"""``/settings/api-tokens``: the page, and signing in and out of it."""

from http import HTTPStatus

from chalice.app import Blueprint, Response

from chalicelib import bootstrap, logs
from chalicelib.domain.errors import (
    ApiTokensError,
    CrossSiteRequest,
    LoginFailed,
    NotAuthenticated,
    ResourceNotFound,
    SignInBeforeRemoval,
    SignInTooSoon,
    StoreUnavailable,
    TokensUnavailable,
    UserInactive,
)
from chalicelib.domain.reasons import LoginReason
from chalicelib.domain.sessions import login_id_in
from chalicelib.handlers.http import pages, problems, responses, wording
from chalicelib.handlers.http.cookies import LOGIN_COOKIE, SESSION_COOKIE, Cookie
from chalicelib.handlers.http.credentials import caller_of, credentials
from chalicelib.handlers.http.problems import render_errors
from chalicelib.handlers.http.site import site_of
from chalicelib.handlers.page import render
from chalicelib.handlers.page.return_paths import PAGE, return_path, sign_in_path
from chalicelib.handlers.page.values import values_of
from chalicelib.services.login import Callback

web = Blueprint(__name__)

CALLBACK = "/login/callback"

_OVER = frozenset({LoginReason.NOT_BEGUN_HERE, LoginReason.TOOK_TOO_LONG})
_FAILED = "Something went wrong here. Try again. If it happens again, report the reference."


def as_page(error: ApiTokensError) -> Response:
    """Return a page about an error."""
    title, action = _heading(error)
    site, reference = site_of(web.current_request), logs.request_id() or ""
    text, status = wording.sentence(error), problems.status_of(error)
    return render.notice(site, title, text, status, action, reference)


def as_failed_login(error: ApiTokensError) -> Response:
    """Return a page about an error, and delete the cookie of the failed sign-in."""
    response = as_page(error)
    cookie = _login_cookie(_given("state"))
    still_pending = isinstance(error, StoreUnavailable) or (
        isinstance(error, LoginFailed) and error.reason is LoginReason.NOT_BEGUN_HERE
    )
    if cookie and not still_pending:
        response.headers["Set-Cookie"] = cookie.forget(site_of(web.current_request))
    return response


def failure() -> Response:
    """Return the page about an unexpected error."""
    site, reference = site_of(web.current_request), logs.request_id() or ""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return render.notice(site, "That did not work", _FAILED, status, "Try again", reference)


@web.route("/", methods=["GET", "HEAD"], content_types=["*/*"])
@render_errors("page.home", as_page, failure)
def home() -> Response:
    """Redirect to the page."""
    site = site_of(web.current_request)
    return render.redirect(f"{site.prefix}{PAGE}")


@web.route(PAGE, methods=["GET", "HEAD"], content_types=["*/*"])
@render_errors("page.show", as_page, failure)
def show_page() -> Response:
    """Return the page to a signed-in person. Redirect any other person to the sign-in.

    The address holds the page's state as its query, which the sign-in brings back.
    """
    site = site_of(web.current_request)
    try:
        visitor = bootstrap.service().sign_in.visitor(credentials(web.current_request))
        values = values_of(visitor, caller_of(web.current_request))
        return pages.page(site, "page.html", values)
    except TokensUnavailable as error:
        # Not an error for the person: the page is there, and says that this mode has no tokens.
        return render.notice(site, "API Tokens Not Available", error.detail, HTTPStatus.OK)
    except NotAuthenticated:
        return render.redirect(f"{site.prefix}{sign_in_path(web.current_request)}")


@web.route("/login", methods=["GET"], content_types=["*/*"])
@render_errors("login.begin", as_page, failure)
def begin_login() -> Response:
    """Redirect the browser to the provider."""
    request = web.current_request
    site, return_to = site_of(request), return_path(_given("return_to"))
    pending = LOGIN_COOKIE.tags(request, site)
    begun = bootstrap.service().login.begin(return_to, site.url(CALLBACK), pending)
    cookies = [LOGIN_COOKIE.of(begun.id).set(site, begun.cookie)]
    cookies += [LOGIN_COOKIE.of(login_id).forget(site) for login_id in begun.dropped]
    return render.redirect(begun.url, cookies)


@web.route(CALLBACK, methods=["GET"], content_types=["*/*"])
@render_errors("login.finish", as_failed_login, failure)
def finish_login() -> Response:
    """Begin a session for a person who comes back from the provider."""
    request = web.current_request
    site, state = site_of(request), _given("state")
    cookie = _login_cookie(state)
    callback = Callback(
        unverified_state=state,
        code=_given("code"),
        error=_given("error"),
        unverified_login_cookie=cookie.read(request, site) if cookie else None,
        unverified_session_cookie=SESSION_COOKIE.read(request, site),
        is_expected=bool(LOGIN_COOKIE.tags(request, site)),
    )
    try:
        done = bootstrap.service().login.finish(callback, site.url(CALLBACK), caller_of(request))
    except LoginFailed as error:
        if (error.reason in _OVER or not state) and _is_signed_in():
            # The callback is visited again or forged, or the person signed in in another tab. A signed-in
            # person needs the page, not an error.
            logs.add(reason=error.reason.value)
            return render.redirect(f"{site.prefix}{PAGE}")
        raise
    cookies = [cookie.forget(site)] if cookie else []
    cookies.append(SESSION_COOKIE.set(site, done.cookie))
    return render.redirect(f"{site.prefix}{done.return_to}", cookies)


@web.route("/logout", methods=["POST"], content_types=["*/*"])
@render_errors("logout")
def logout() -> Response:
    """End the session. API tokens still work."""
    request, sessions = web.current_request, bootstrap.service().sessions
    given = credentials(request)
    # Checked first, because another site must not delete the cookie either.
    if not given.same_origin:
        raise CrossSiteRequest
    if given.unverified_cookie is None:
        logs.add(reason="no_session")
    else:
        sessions.end(given.unverified_cookie, given.unverified_csrf_token)
    response = responses.nothing()
    response.headers["Set-Cookie"] = SESSION_COOKIE.forget(site_of(request))
    return response


@web.route("/signed-out", methods=["GET", "HEAD"], content_types=["*/*"])
@render_errors("page.signed_out", as_page, failure)
def signed_out() -> Response:
    """Return the notice that the session has ended."""
    text = "You are signed out. Your API tokens still work."
    site = site_of(web.current_request)
    return render.notice(site, "Signed out", text, HTTPStatus.OK, "Sign in again")


@web.route("/assets/{version}/{name}", methods=["GET", "HEAD"], content_types=["*/*"])
@render_errors("page.asset")
def read_asset(version: str, name: str) -> Response:
    """Return one of the page's files."""
    response = render.asset(version, name)
    if response is None:
        raise ResourceNotFound
    return response


def _heading(error: ApiTokensError) -> tuple[str, str]:
    """Return the title for an error and the text of the link. It is empty if a retry does not help."""
    if isinstance(error, SignInBeforeRemoval):
        return "Account removed", "Sign in again"
    if isinstance(error, UserInactive):
        return "Account deactivated", ""
    if isinstance(error, SignInTooSoon):
        return "Sign in again in a minute", "Try again"
    if isinstance(error, TokensUnavailable):
        return "API Tokens Not Available", ""
    if isinstance(error, problems.EXPLAINED):
        cancelled = error.reason is LoginReason.CANCELLED
        title = "Sign-in cancelled" if cancelled else "Sign-in failed"
        return title, "Try again" if error.reason.retry_helps else ""
    return "That did not work", "Try again"


def _login_cookie(state: str) -> Cookie | None:
    """Return the cookie of the sign-in that a ``state`` names, or None for any other text."""
    login_id = login_id_in(state)
    return LOGIN_COOKIE.of(login_id) if login_id else None


def _is_signed_in() -> bool:
    try:
        bootstrap.service().sign_in.visitor(credentials(web.current_request))
    except NotAuthenticated:
        return False
    return True


def _given(name: str) -> str:
    """Return a query parameter, or "" if it is absent."""
    parameters = web.current_request.query_params
    return str(parameters.get(name, "")) if parameters else ""
