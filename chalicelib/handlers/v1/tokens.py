"""``/v1/tokens``: the caller's own tokens."""

from datetime import timedelta

from chalice.app import Blueprint, Response

from chalicelib import bootstrap, logs
from chalicelib.domain import errors
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.users import User
from chalicelib.handlers.http import requests, responses
from chalicelib.handlers.http.credentials import credentials, person
from chalicelib.handlers.http.operations import ENDED, PERSON, DocumentedResponse, Operation
from chalicelib.handlers.http.site import site_of
from chalicelib.handlers.http.wire import IDEMPOTENCY_KEY, given
from chalicelib.handlers.v1 import inputs, rendering, resources
from chalicelib.handlers.v1.rendering import CREATED

tokens = Blueprint(__name__)

_TAG = "Tokens"

CREATE = Operation(
    "POST",
    "/v1/tokens",
    "token.create",
    _TAG,
    PERSON,
    (CREATED,),
    body=inputs.CreateToken,
    needs_body=False,
    headers=(IDEMPOTENCY_KEY,),
    raises=(
        errors.InvalidScope,
        errors.ScopeNotAllowed,
        errors.TooManyCreations,
        errors.TokenLimitReached,
        errors.AlreadyCreated,
        errors.IdempotencyKeyReused,
        errors.ConcurrentChange,
    ),
)


@CREATE.on(tokens)
def create_token() -> Response:
    """Create a token. Only this response contains its string.

    Each user may create and rotate a limited number of tokens per UTC day. Beyond the limit the response
    is 429. Its `Retry-After` ends at midnight UTC.
    """
    owner = _sign_in()
    request = tokens.current_request
    asked = CREATE.body_of(request).token_request()
    idempotency_key = requests.idempotency_key(request)
    issued = bootstrap.service().issue(owner, asked, person(owner, request), idempotency_key)
    return rendering.created(issued, site_of(request))


LIST = Operation(
    "GET",
    "/v1/tokens",
    "token.list",
    _TAG,
    PERSON,
    (DocumentedResponse(body=resources.TokenPage),),
    query=inputs.TokenListQuery,
    raises=(errors.InvalidCursor, errors.TooManyToSort),
)


@LIST.on(tokens)
def list_tokens() -> Response:
    """Return a page of the caller's tokens."""
    owner = _sign_in()
    return page_of_tokens(owner, LIST.query_of(tokens.current_request))


READ = Operation(
    "GET",
    "/v1/tokens/{token_id}",
    "token.read",
    _TAG,
    PERSON,
    (DocumentedResponse(body=resources.TokenDetails, headers=("ETag",)),),
    raises=(errors.TokenNotFound,),
)


@READ.on(tokens)
def read_token(token_id: str) -> Response:
    """Return one of the caller's tokens."""
    owner = _sign_in()
    view = bootstrap.service().manage.get(owner, token_id)
    return responses.document(rendering.token_details(view), headers=rendering.etag(view))


READ_USAGE = Operation(
    "GET",
    "/v1/tokens/{token_id}/usage",
    "token.usage",
    _TAG,
    PERSON,
    (DocumentedResponse(body=resources.Usage),),
    raises=(errors.TokenNotFound,),
)


@READ_USAGE.on(tokens)
def read_usage(token_id: str) -> Response:
    """Return the uses of one of the caller's tokens on each of the last 30 days."""
    owner = _sign_in()
    service = bootstrap.service()
    view = service.manage.get(owner, token_id)
    return responses.document(rendering.usage(view.token, service.clock.now()))


CHANGE = Operation(
    "PATCH",
    "/v1/tokens/{token_id}",
    "token.change",
    _TAG,
    PERSON,
    (DocumentedResponse(body=resources.TokenDetails, headers=("ETag", "Effective-By")),),
    body=inputs.ChangeToken,
    headers=(inputs.IF_MATCH,),
    raises=(
        errors.TokenNotFound,
        errors.TokenAlreadyRevoked,
        errors.TokenAlreadyExpired,
        errors.PreconditionFailed,
        errors.ReactivationLimitReached,
        errors.TooManyChanges,
        errors.ConcurrentChange,
    ),
)


@CHANGE.on(tokens)
def change_token(token_id: str) -> Response:
    """Rename, describe, restrict, pause or re-activate one of the caller's tokens.

    The number of re-activations per UTC day is limited. So is that of changes of a list that a token has.
    Beyond the limit the response is 429. A pause and a first list are always possible. A list of
    `allowed_networks` applies to this token alone. A predecessor in its overlap keeps its own list. Every
    gateway knows the change at `Effective-By`.
    """
    owner = _sign_in()
    request = tokens.current_request
    patch = CHANGE.body_of(request).token_patch()
    actor = person(owner, request)
    view = bootstrap.service().manage.patch(owner, token_id, patch, actor, requests.if_match(request))
    logs.add(status=view.status.value)
    headers = {**rendering.etag(view), **responses.effective_now()}
    return responses.document(rendering.token_details(view), headers=headers)


ROTATE = Operation(
    "POST",
    "/v1/tokens/{token_id}/rotate",
    "token.rotate",
    _TAG,
    PERSON,
    (CREATED,),
    body=inputs.RotateToken,
    needs_body=False,
    raises=(
        errors.TokenNotFound,
        errors.TokenAlreadyRotated,
        errors.TokenAlreadyRevoked,
        errors.TokenAlreadyExpired,
        errors.TokenNotActive,
        errors.TooManyCreations,
        errors.TokenLimitReached,
        errors.ConcurrentChange,
    ),
)


@ROTATE.on(tokens)
def rotate_token(token_id: str) -> Response:
    """Rotate one of the caller's tokens. Only this response contains the successor's string.

    The successor has the same name, description, scopes and allowed networks. Its lifetime begins anew.
    The old token works until the overlap ends; then it is revoked. A token can be rotated once. A rotation
    counts as a creation of the day.
    """
    owner = _sign_in()
    request = tokens.current_request
    overlap = timedelta(seconds=ROTATE.body_of(request).overlap_seconds)
    issued = bootstrap.service().rotate(owner, token_id, overlap, person(owner, request))
    return rendering.created(issued, site_of(request))


KEEP_ALIVE = Operation(
    "POST",
    "/v1/tokens/{token_id}/keep-alive",
    "token.keep_alive",
    _TAG,
    PERSON,
    (DocumentedResponse(body=resources.TokenDetails, headers=("ETag",)),),
    raises=(
        errors.TokenNotFound,
        errors.TokenAlreadyRotated,
        errors.TokenAlreadyRevoked,
        errors.TokenAlreadyExpired,
        errors.TokenNotActive,
        errors.TooManyChanges,
        errors.ConcurrentChange,
    ),
)


@KEEP_ALIVE.on(tokens)
def keep_token_alive(token_id: str) -> Response:
    """Begin the idle time of one of the caller's active tokens anew.

    This is not counted as a use: `last_used_at` stays. It does not extend the lifetime either. A paused or
    idle token must be re-activated instead.
    """
    owner = _sign_in()
    view = bootstrap.service().manage.keep_alive(owner, token_id, person(owner, tokens.current_request))
    return responses.document(rendering.token_details(view), headers=rendering.etag(view))


REVOKE = Operation(
    "DELETE",
    "/v1/tokens/{token_id}",
    "token.revoke",
    _TAG,
    PERSON,
    (ENDED,),
    raises=(errors.TokenNotFound, errors.ConcurrentChange),
)


@REVOKE.on(tokens)
def revoke_token(token_id: str) -> Response:
    """Revoke one of the caller's tokens and its line. This is final.

    A line is a token with all successors that came from self-rotation. The whole line is revoked, even if
    the token was rotated long ago. A successor from a rotation by the owner still works.
    """
    owner = _sign_in()
    actor = person(owner, tokens.current_request)
    bootstrap.service().revoke(owner, token_id, RevocationReason.OWNER, actor)
    return responses.ended()


def page_of_tokens(owner: User, asked: inputs.TokenListQuery) -> Response:
    """Return a page of ``owner``'s tokens."""
    service = bootstrap.service()
    page = service.listing.page(owner, asked.query())
    usage_until = service.clock.now() if given(asked.include) else None
    return responses.document(rendering.token_page(page, usage_until))


def _sign_in() -> User:
    return bootstrap.service().sign_in.user(credentials(tokens.current_request))
