"""Errors of the OAuth endpoints, as OAuth clients know them (RFC 6749 section 5.2)."""

import re
from collections.abc import Mapping
from http import HTTPStatus

from chalice.app import Response
from msgspec import UNSET

from chalicelib.domain import errors
from chalicelib.handlers.challenges import REALM
from chalicelib.handlers.http import requests, responses, wording
from chalicelib.handlers.http.problems import (
    EXPLAINED,
    INTERNAL_ERROR,
    RETRY_AFTER_SECONDS,
    SOMETHING_WENT_WRONG,
    Rendering,
    retry_after,
)
from chalicelib.handlers.oauth.forms import TOKEN_EXCHANGE
from chalicelib.handlers.oauth.resources import OAuthError

# RFC 6749 section 5.1 asks for this header beside Cache-Control, for caches of HTTP/1.0.
UNCACHED: Mapping[str, str] = {"Pragma": "no-cache"}

_MEMBERS = wording.Members(
    scopes="scope", lifetime_in_days="token_expires_in_days", networks="token_allowed_networks"
)


class UnsupportedGrantType(errors.InvalidRequest):
    """The grant type is not token exchange (RFC 6749 section 5.2)."""

    code = "unsupported_grant_type"
    detail = f"grant_type must be {TOKEN_EXCHANGE}."


# The OAuth code and status of each error. The nearest class in the hierarchy decides.
_MEANINGS: dict[type[errors.ApiTokensError], tuple[str, HTTPStatus]] = {
    # RFC 8693 section 2.2.2 has this code for a bad request and for a bad subject token.
    errors.ApiTokensError: ("invalid_request", HTTPStatus.BAD_REQUEST),
    errors.InvalidClient: ("invalid_client", HTTPStatus.UNAUTHORIZED),
    UnsupportedGrantType: ("unsupported_grant_type", HTTPStatus.BAD_REQUEST),
    errors.InvalidScope: ("invalid_scope", HTTPStatus.BAD_REQUEST),
    errors.ScopeNotAllowed: ("invalid_scope", HTTPStatus.BAD_REQUEST),
    errors.InvalidTarget: ("invalid_target", HTTPStatus.BAD_REQUEST),
    errors.UnsupportedTokenType: ("unsupported_token_type", HTTPStatus.BAD_REQUEST),
    errors.TokensUnavailable: ("tokens_unavailable", HTTPStatus.CONFLICT),
    # OAuth has no code for a valid request that should be repeated later.
    errors.TooManyCreations: ("temporarily_unavailable", HTTPStatus.TOO_MANY_REQUESTS),
    errors.ConcurrentChange: ("temporarily_unavailable", HTTPStatus.SERVICE_UNAVAILABLE),
    errors.DependencyUnavailable: ("temporarily_unavailable", HTTPStatus.SERVICE_UNAVAILABLE),
}
_SERVER_ERROR = "server_error"
_NOT_ALLOWED_IN_DESCRIPTIONS = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


def oauth_error(error: errors.ApiTokensError) -> Response:
    """Return the response for an error, in the form of RFC 6749 section 5.2."""
    explained = (error.refusal or error) if isinstance(error, errors.InvalidSubjectToken) else error
    sentence = _sentence(error)
    document = OAuthError(
        error=_code(type(error)),
        error_description=_description(sentence),
        code=error.code,
        detail=sentence,
        token_id=error.token_id if isinstance(error, errors.AlreadyCreated) else UNSET,
        reason=explained.reason.value if isinstance(explained, EXPLAINED) else UNSET,
    )
    return responses.document(document, _status(type(error)), _headers(error, explained))


def server_error() -> Response:
    """Return the response for an unexpected error."""
    document = OAuthError(
        error=_SERVER_ERROR,
        error_description=_description(SOMETHING_WENT_WRONG),
        code=INTERNAL_ERROR,
        detail=SOMETHING_WENT_WRONG,
    )
    return responses.document(document, HTTPStatus.INTERNAL_SERVER_ERROR, UNCACHED)


def _sentence(error: errors.ApiTokensError) -> str:
    match error:
        case errors.InvalidSubjectToken(refusal=errors.SignInRefused() as refusal):
            return f"The subject_token was refused. {refusal.detail}"
        case errors.InvalidSubjectToken(detail=errors.InvalidSubjectToken.detail):
            return "The subject_token is invalid, expired, or not of the type in subject_token_type."
        case errors.ScopeNotHeld():
            return "'scope' must name scopes that the API token has right now."
        case errors.AudienceRequired():
            return "Name the service that the access token is for as 'audience' or 'resource'."
    return wording.sentence(error, _MEMBERS)


def _code(kind: type[errors.ApiTokensError]) -> str:
    return _meaning(kind)[0]


def _status(kind: type[errors.ApiTokensError]) -> HTTPStatus:
    return _meaning(kind)[1]


def _meaning(kind: type[errors.ApiTokensError]) -> tuple[str, HTTPStatus]:
    return next(_MEANINGS[each] for each in kind.__mro__ if each in _MEANINGS)


def _description(detail: str) -> str:
    """Return a sentence in the characters that ``error_description`` allows."""
    return _NOT_ALLOWED_IN_DESCRIPTIONS.sub("?", detail.replace('"', "'"))


def _headers(error: errors.ApiTokensError, explained: errors.ApiTokensError) -> Mapping[str, str]:
    headers = dict(UNCACHED)
    if isinstance(error, errors.InvalidClient) and error.by_header:
        headers["WWW-Authenticate"] = f'Basic realm="{REALM}"'
    wait = retry_after(explained)
    if wait is None and _status(type(error)) is HTTPStatus.SERVICE_UNAVAILABLE:
        wait = RETRY_AFTER_SECONDS
    if wait is not None:
        headers["Retry-After"] = wait
    return headers


OAUTH = Rendering(
    render=oauth_error,
    status_of_kind=_status,
    code_of_kind=_code,
    body=OAuthError,
    code_member="error",
    media_type=requests.JSON,
    failure=server_error,
)
