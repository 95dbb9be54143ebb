"""Errors as HTTP: the table of statuses, and problem documents (RFC 9457)."""

import functools
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from math import ceil
from typing import ParamSpec

from chalice.app import Response
from msgspec import UNSET

from chalicelib import bootstrap, logs
from chalicelib.domain import errors
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.users import SIGN_IN_LEEWAY
from chalicelib.handlers import challenges
from chalicelib.handlers.challenges import ApiChallenges
from chalicelib.handlers.http import responses, wording
from chalicelib.handlers.http.requests import PayloadTooLarge, UnsupportedMediaType
from chalicelib.handlers.http.wire import Problem, Resource

_P = ParamSpec("_P")

MEDIA_TYPE = "application/problem+json"
# So that clients that obey do not add to a failure at once.
RETRY_AFTER_SECONDS = "2"

_STATUSES: dict[type[errors.ApiTokensError], HTTPStatus] = {
    errors.InvalidRequest: HTTPStatus.BAD_REQUEST,
    PayloadTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.InvalidTarget: HTTPStatus.BAD_REQUEST,
    errors.UnsupportedTokenType: HTTPStatus.BAD_REQUEST,
    errors.InvalidClient: HTTPStatus.UNAUTHORIZED,
    errors.NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    errors.ApiTokenNotAllowed: HTTPStatus.FORBIDDEN,
    errors.UserInactive: HTTPStatus.FORBIDDEN,
    errors.SignInTooSoon: HTTPStatus.FORBIDDEN,
    errors.CrossSiteRequest: HTTPStatus.FORBIDDEN,
    errors.LoginFailed: HTTPStatus.BAD_REQUEST,
    errors.AdminRequired: HTTPStatus.FORBIDDEN,
    errors.InvalidToken: HTTPStatus.UNAUTHORIZED,
    errors.SelfRotationOff: HTTPStatus.FORBIDDEN,
    errors.InsufficientScope: HTTPStatus.FORBIDDEN,
    errors.PathTooLong: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.AmbiguousPath: HTTPStatus.BAD_REQUEST,
    errors.ScopeNotAllowed: HTTPStatus.FORBIDDEN,
    errors.TokenNotFound: HTTPStatus.NOT_FOUND,
    errors.NoPredecessor: HTTPStatus.NOT_FOUND,
    errors.UserNotFound: HTTPStatus.NOT_FOUND,
    errors.ResourceNotFound: HTTPStatus.NOT_FOUND,
    errors.JobNotFound: HTTPStatus.NOT_FOUND,
    errors.TooManyJobs: HTTPStatus.TOO_MANY_REQUESTS,
    errors.TokensUnavailable: HTTPStatus.CONFLICT,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.DailyLimitReached: HTTPStatus.TOO_MANY_REQUESTS,
    errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    errors.SessionChanged: HTTPStatus.PRECONDITION_FAILED,
    errors.IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.DependencyUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
# These errors have a ``reason`` for callers, and facts for the log.
EXPLAINED = (errors.SignInRefused, errors.LoginFailed, errors.IdentityProviderUnavailable)
# These errors tell when a limit allows more.
_LIMITS = (errors.DailyLimitReached, errors.TooManyJobs)
INTERNAL_ERROR = "internal_error"
SOMETHING_WENT_WRONG = "Something went wrong here. Try again. If it happens again, report the request id."


def problem(error: errors.ApiTokensError) -> Response:
    """Return an error as a problem document."""
    status = status_of(error)
    document = Problem(
        title=status.phrase,
        status=status.value,
        code=error.code,
        detail=wording.sentence(error),
        token_id=error.token_id if isinstance(error, errors.AlreadyCreated) else UNSET,
        successor_id=error.successor_id if isinstance(error, errors.TokenAlreadyRotated) else UNSET,
        reason=error.reason.value if isinstance(error, EXPLAINED) else UNSET,
    )
    headers = {"WWW-Authenticate": _challenge(error), "Retry-After": retry_after(error)}
    return _response(document, {name: value for name, value in headers.items() if value})


def internal_error() -> Response:
    """Return the problem document about an unexpected error."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    document = Problem(
        title=status.phrase, status=status.value, code=INTERNAL_ERROR, detail=SOMETHING_WENT_WRONG
    )
    return _response(document, {})


def render_errors(
    event: str,
    render: Callable[[errors.ApiTokensError], Response] = problem,
    failure: Callable[[], Response] = internal_error,
) -> Callable[[Callable[_P, Response]], Callable[_P, Response]]:
    """Return a decorator that renders a view's errors and writes one line named ``event`` per call.

    ``failure`` renders errors that are not ApiTokensError.
    """

    # Chalice's middleware never sees the errors of a view, so this decorator belongs under ``@route``.
    def wrap(view: Callable[_P, Response]) -> Callable[_P, Response]:
        @functools.wraps(view)
        def respond(*args: _P.args, **kwargs: _P.kwargs) -> Response:
            with logs.entry(event) as entry:
                try:
                    return view(*args, **kwargs)
                except errors.ApiTokensError as error:
                    _note(error, entry)
                    return render(error)
                except Exception as error:
                    entry.add(outcome="error", error=type(error).__name__, at=logs.place(error))
                    entry.level = logging.ERROR
                    return failure()

        return respond

    return wrap


def status_of(error: errors.ApiTokensError) -> HTTPStatus:
    """Return the status of an error."""
    return status_of_kind(type(error))


def status_of_kind(kind: type[errors.ApiTokensError]) -> HTTPStatus:
    """Return the status of an error class. The nearest class in the hierarchy decides."""
    known = (_STATUSES[each] for each in kind.__mro__ if each in _STATUSES)
    return next(known, HTTPStatus.INTERNAL_SERVER_ERROR)


class Rendering(Frozen):
    """A form of errors, for callers and for the OpenAPI document.

    The member ``code_member`` of ``body`` has the code of the error. ``failure`` renders errors that are
    not ApiTokensError.
    """

    render: Callable[[errors.ApiTokensError], Response]
    status_of_kind: Callable[[type[errors.ApiTokensError]], HTTPStatus]
    code_of_kind: Callable[[type[errors.ApiTokensError]], str]
    body: type[Resource]
    code_member: str
    media_type: str
    failure: Callable[[], Response]


PROBLEMS = Rendering(
    render=problem,
    status_of_kind=status_of_kind,
    code_of_kind=lambda kind: kind.code,
    body=Problem,
    code_member="code",
    media_type=MEDIA_TYPE,
    failure=internal_error,
)


def _note(error: errors.ApiTokensError, entry: logs.Entry) -> None:
    is_refusal = status_of(error) < HTTPStatus.INTERNAL_SERVER_ERROR
    # Callers do not learn why a token is refused, so only the log has the reason.
    reason = error.reason if isinstance(error, errors.InvalidToken) else error.code
    entry.add(outcome="refused" if is_refusal else "error", reason=reason)
    explained = error.refusal if isinstance(error, errors.InvalidSubjectToken) else error
    if isinstance(explained, EXPLAINED):
        entry.add(reason=explained.reason.value, **explained.facts)
    if isinstance(error, errors.DependencyUnavailable):
        # The type names the dependency. The cause tells what happened to it.
        entry.add(error=type(error).__name__, cause=logs.cause(error))
        entry.level = logging.ERROR


def _challenge(error: errors.ApiTokensError) -> str | None:
    """Return the Bearer challenge (RFC 6750 section 3) of an error, or None if it has none."""
    if isinstance(error, errors.SignInRefused):
        return challenges.bearer(error="invalid_token", error_description=wording.sentence(error))
    if isinstance(error, errors.NotAuthenticated):
        return challenges.bearer()
    if isinstance(error, errors.InvalidToken):
        return _of_api().invalid_token(is_presented=error.is_presented)
    if isinstance(error, errors.InsufficientScope):
        return _of_api().insufficient_scope(error.scope)
    return None


def _of_api() -> ApiChallenges:
    return ApiChallenges.of(bootstrap.service().settings)


def retry_after(error: errors.ApiTokensError) -> str | None:
    """Return the value of Retry-After in seconds, or None if a retry does not help."""
    if isinstance(error, errors.SignInRefused) and error.retry_after:
        return _seconds(error.retry_after)
    if isinstance(error, errors.SignInTooSoon):
        return _seconds(SIGN_IN_LEEWAY)
    if isinstance(error, _LIMITS):
        return _seconds(error.retry_after)
    return RETRY_AFTER_SECONDS if isinstance(error, errors.DependencyUnavailable) else None


def _seconds(duration: timedelta) -> str:
    # Rounded up, because a retry that is too early is refused again.
    return str(ceil(duration.total_seconds()))


def _response(document: Problem, headers: Mapping[str, str]) -> Response:
    return Response(
        body=responses.text(document),
        status_code=document.status,
        headers={"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store", **headers},
    )
