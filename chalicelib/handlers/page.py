"""``/settings/api-tokens`` and the way to it: sign in, come back, sign out."""

import re
from http import HTTPStatus

from chalice.app import Blueprint, Response

from chalicelib import bootstrap, logs
from chalicelib.domain.errors import (
    ApiTokensError,
    LoginFailed,
    NotAuthenticated,
    TokensUnavailable,
    UserInactive,
)
from chalicelib.domain.refusals import LoginReason
from chalicelib.domain.users import User
from chalicelib.handlers import pages, problems, responses
from chalicelib.handlers.problems import answered
from chalicelib.handlers.visits import LOGIN_COOKIE, SESSION_COOKIE, Site, credentials, site_of
from chalicelib.services.sessions import Visitor

web = Blueprint(__name__)

PAGE = "/settings/api-tokens"
CALLBACK = "/login/callback"

# A path of ours and nothing that a browser could read as another host.
_RETURN_PATH = re.compile(r"/(?![/\\])[A-Za-z0-9/._~?&=%-]{0,200}")


def as_page(error: ApiTokensError) -> Response:
    """Return an error as a page, for those who came with a browser."""
    site, status = site_of(web.current_request), problems.status_of(error)
    if isinstance(error, UserInactive):
        return pages.notice(site, "Account deactivated", error.detail, status)
    return pages.notice(site, "That did not work", error.detail, status, "Try again")


@web.route("/", methods=["GET", "HEAD"])
@answered("page.home")
def home() -> Response:
    """Lead to the page."""
    site = site_of(web.current_request)
    return pages.redirect(site, f"{site.prefix}{PAGE}")


@web.route(PAGE, methods=["GET", "HEAD"])
@answered("page.show", as_page)
def show_page() -> Response:
    """Show the page to whom is signed in; send all others to sign in."""
    site = site_of(web.current_request)
    try:
        visitor = bootstrap.current().sign_in.visitor(credentials(web.current_request))
        return _page_of(site, visitor)
    except TokensUnavailable as error:
        return pages.notice(site, "API Tokens Not Available", error.detail, HTTPStatus.OK)
    except NotAuthenticated:
        return pages.redirect(site, f"{site.prefix}/login?return_to={PAGE}")


@web.route("/login", methods=["GET"])
@answered("login.begin", as_page)
def begin_login() -> Response:
    """Send the browser to the provider."""
    site = site_of(web.current_request)
    asked = _given("return_to")
    return_to = asked if _RETURN_PATH.fullmatch(asked) else PAGE
    begun = bootstrap.current().login.begin(return_to, site.url(CALLBACK))
    return pages.redirect(site, begun.url, [LOGIN_COOKIE.set(site, begun.cookie)])


@web.route(CALLBACK, methods=["GET"])
@answered("login.finish", as_page)
def finish_login() -> Response:
    """Begin a session for whom the provider sent back."""
    request = web.current_request
    site = site_of(request)
    cookie, state, code = LOGIN_COOKIE.read(request), _given("state"), _given("code")
    login = bootstrap.current().login
    if not (cookie and state and code):
        raise LoginFailed(LoginReason.NO_CODE)
    done = login.finish(cookie, state, code, site.url(CALLBACK))
    cookies = [LOGIN_COOKIE.forget(site), SESSION_COOKIE.set(site, done.cookie)]
    return pages.redirect(site, f"{site.prefix}{done.return_to}", cookies)


@web.route("/logout", methods=["POST"], content_types=["*/*"])
@answered("logout")
def logout() -> Response:
    """End the session; tokens go on working."""
    request, service = web.current_request, bootstrap.current()
    try:
        service.sessions.end(service.sign_in.visitor(credentials(request)).session)
    except NotAuthenticated:
        logs.add(reason="no_session")
    response = responses.nothing()
    response.headers["Set-Cookie"] = SESSION_COOKIE.forget(site_of(request))
    return response


@web.route("/signed-out", methods=["GET", "HEAD"])
@answered("page.signed_out")
def signed_out() -> Response:
    """Say that the session has ended."""
    text = "You are signed out. Your API tokens go on working."
    site = site_of(web.current_request)
    return pages.notice(site, "Signed out", text, HTTPStatus.OK, "Sign in again")


@web.route("/assets/{version}/{name}", methods=["GET", "HEAD"])
@answered("page.asset")
def read_asset(version: str, name: str) -> Response:
    """Return one of the page's files."""
    return pages.asset(version, name) or problems.not_found()


def _given(name: str) -> str:
    """Return a query parameter, or nothing."""
    parameters = web.current_request.query_params
    return str(parameters.get(name, "")) if parameters else ""


def _scopes_of(user: User) -> dict[str, object]:
    """Return the scopes that the user's tokens may have, each with what it says and whether it is usual."""
    catalogue = bootstrap.current().policy.scopes
    return {
        scope.name: {"description": scope.description, "default": scope.name in catalogue.defaults}
        for scope in catalogue.held_by(bootstrap.current().role_of(user))
    }


def _page_of(site: Site, visitor: Visitor) -> Response:
    values = {
        "csrf_token": visitor.session.csrf_token,
        "user": responses.text(responses.me(visitor.user)),
        "scopes": pages.data_attribute(_scopes_of(visitor.user)),
        "cache_seconds": str(int(bootstrap.current().cache_ttl.total_seconds())),
    }
    return pages.page(site, "page.html", values)
