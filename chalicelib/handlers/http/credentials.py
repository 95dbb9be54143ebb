"""The credentials of a request, the address that it came from, and who acts by it."""

from chalice.app import Request

from chalicelib.domain.callers import Caller, Door
from chalicelib.domain.events import Actor, ActorKind
from chalicelib.domain.frozen import replace
from chalicelib.domain.users import User
from chalicelib.handlers import callers
from chalicelib.handlers.http.authorization_header import presented
from chalicelib.handlers.http.cookies import SESSION_COOKIE
from chalicelib.handlers.http.requests import SAFE_METHODS
from chalicelib.handlers.http.site import site_of
from chalicelib.services.sign_in import Credentials

CSRF_HEADER = "X-CSRF-Token"
EXPECTED_USER_HEADER = "X-Expected-User"


def credentials(request: Request) -> Credentials:
    """Return the unverified credentials of a person: a JWT or the page's session."""
    site, unverified_header = site_of(request), request.headers.get("authorization")
    return Credentials(
        caller=caller_of(request),
        # A header with another scheme is not missing, so the cookie must not count instead.
        unverified_bearer=None
        if unverified_header is None
        else presented("bearer", unverified_header) or "",
        unverified_cookie=SESSION_COOKIE.read(request, site),
        unverified_csrf_token=request.headers.get(CSRF_HEADER, ""),
        unverified_expected_user=request.headers.get(EXPECTED_USER_HEADER),
        changes=request.method not in SAFE_METHODS,
        same_origin=request.headers.get("origin") == site.origin,
    )


def bearer(request: Request) -> str | None:
    """Return the unverified bearer token (RFC 6750 section 2.1), or None if the request has none."""
    return presented("bearer", request.headers.get("authorization"))


def caller_of(request: Request) -> Caller:
    """Return the caller of our own API.

    The address is that of the connection to API Gateway. It never comes from a header.
    """
    connected = callers.connection(request.context, "identity")
    caller = callers.caller_of(Door.OWN_API, request.method, request.path, connected)
    request_id = request.context.get("requestId")
    return replace(caller, request_id=request_id if isinstance(request_id, str) else None)


def person(user: User, request: Request) -> Actor:
    """Return the signed-in user as the actor of a change of their own account or tokens."""
    return Actor(ActorKind.PERSON, user.id, caller_of(request))


def administrator(user: User, request: Request) -> Actor:
    """Return the signed-in administrator as the actor of a change of another account or its tokens."""
    return Actor(ActorKind.ADMINISTRATOR, user.id, caller_of(request))
