"""Errors as HTTP: the one table of statuses, and problem documents (RFC 9457)."""

import functools
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, ParamSpec

from chalice.app import Response

from chalicelib import logs
from chalicelib.domain import errors
from chalicelib.handlers import responses

_P = ParamSpec("_P")

REALM = "bodhi-api-tokens"
RETRY_AFTER_SECONDS = "2"

_STATUSES: dict[type[errors.ApiTokensError], HTTPStatus] = {
    errors.InvalidRequest: HTTPStatus.BAD_REQUEST,
    errors.PayloadTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.UnsupportedGrantType: HTTPStatus.BAD_REQUEST,
    errors.InvalidTarget: HTTPStatus.BAD_REQUEST,
    errors.UnsupportedTokenType: HTTPStatus.BAD_REQUEST,
    errors.InvalidClient: HTTPStatus.UNAUTHORIZED,
    errors.NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    errors.ApiTokenNotAllowed: HTTPStatus.FORBIDDEN,
    errors.UserInactive: HTTPStatus.FORBIDDEN,
    errors.CrossSiteRequest: HTTPStatus.FORBIDDEN,
    errors.LoginFailed: HTTPStatus.BAD_REQUEST,
    errors.AdminRequired: HTTPStatus.FORBIDDEN,
    errors.InsufficientScope: HTTPStatus.FORBIDDEN,
    errors.ScopeNotAllowed: HTTPStatus.FORBIDDEN,
    errors.TokenNotFound: HTTPStatus.NOT_FOUND,
    errors.UserNotFound: HTTPStatus.NOT_FOUND,
    errors.TokensUnavailable: HTTPStatus.CONFLICT,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    errors.IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.DependencyUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
_INTERNAL_ERROR = {
    "code": "internal_error",
    "detail": "Something went wrong here. Try again; if it persists, report the request id.",
}


def problem(error: errors.ApiTokensError) -> Response:
    """Return an error as a problem document."""
    members: dict[str, Any] = {"code": error.code, "detail": error.detail}
    if isinstance(error, errors.AlreadyCreated):
        members["token_id"] = error.token_id
    return _response(status_of(error), members, _headers(error))


def answered(
    event: str, render: Callable[[errors.ApiTokensError], Response] = problem
) -> Callable[[Callable[_P, Response]], Callable[_P, Response]]:
    """Wrap a view: one log line named ``event`` per call, and every error rendered.

    Chalice's own middleware never sees what a view raises, so this sits under ``@route``.
    """

    def wrap(view: Callable[_P, Response]) -> Callable[_P, Response]:
        @functools.wraps(view)
        def answer(*args: _P.args, **kwargs: _P.kwargs) -> Response:
            with logs.entry(event) as entry:
                try:
                    return view(*args, **kwargs)
                except errors.ApiTokensError as error:
                    _note(error, entry)
                    return render(error)
                except Exception as error:
                    entry.add(outcome="error", error=type(error).__name__, at=logs.place(error))
                    entry.level = logging.ERROR
                    return _response(HTTPStatus.INTERNAL_SERVER_ERROR, _INTERNAL_ERROR, {})

        return answer

    return wrap


def not_found() -> Response:
    """Return the answer to an address where there is nothing."""
    members = {"code": "not_found", "detail": "There is nothing at this address."}
    return _response(HTTPStatus.NOT_FOUND, members, {})


def status_of(error: errors.ApiTokensError) -> HTTPStatus:
    """Return the status of an error, by the nearest of its classes that the table knows."""
    known = (_STATUSES[kind] for kind in type(error).__mro__ if kind in _STATUSES)
    return next(known, HTTPStatus.INTERNAL_SERVER_ERROR)


def _note(error: errors.ApiTokensError, entry: logs.Entry) -> None:
    is_refusal = status_of(error) < HTTPStatus.INTERNAL_SERVER_ERROR
    entry.add(outcome="refused" if is_refusal else "error", reason=error.code)
    if isinstance(error, errors.DependencyUnavailable):
        entry.add(cause=logs.cause(error))
        entry.level = logging.ERROR


def _headers(error: errors.ApiTokensError) -> Mapping[str, str]:
    if isinstance(error, errors.NotAuthenticated):
        return {"WWW-Authenticate": f'Bearer realm="{REALM}"'}
    if isinstance(error, errors.InsufficientScope):
        needed = f', scope="{error.scope}"' if error.scope else ""
        return {"WWW-Authenticate": f'Bearer realm="{REALM}", error="insufficient_scope"{needed}'}
    if isinstance(error, errors.DependencyUnavailable):
        return {"Retry-After": RETRY_AFTER_SECONDS}
    return {}


def _response(status: HTTPStatus, members: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    document = {"type": "about:blank", "title": status.phrase, "status": status.value, **members}
    return Response(
        body=responses.text(document),
        status_code=status.value,
        headers={
            "Content-Type": "application/problem+json",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **headers,
        },
    )
