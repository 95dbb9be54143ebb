"""``/v1/users/{user_id}/tokens/{token_id}``: one token of any user, for administrators."""

from chalice.app import Blueprint, Response

from chalicelib import bootstrap, logs
from chalicelib.domain import errors
from chalicelib.domain.tokens import TokenState
from chalicelib.domain.users import User
from chalicelib.handlers.http import requests, responses
from chalicelib.handlers.http.credentials import administrator, credentials
from chalicelib.handlers.http.operations import ADMIN, ENDED, DocumentedResponse, Operation
from chalicelib.handlers.v1 import inputs, rendering, resources

users_tokens = Blueprint(__name__)

_TAG = "Users"

READ = Operation(
    "GET",
    "/v1/users/{user_id}/tokens/{token_id}",
    "user.token.read",
    _TAG,
    ADMIN,
    (DocumentedResponse(body=resources.TokenDetails, headers=("ETag",)),),
    raises=(errors.UserNotFound, errors.TokenNotFound),
)


@READ.on(users_tokens)
def read_users_token(user_id: str, token_id: str) -> Response:
    """Return one token of a user."""
    _sign_in_admin()
    view = bootstrap.service().administer_tokens.get(user_id, token_id)
    return responses.document(rendering.token_details(view), headers=rendering.etag(view))


READ_USAGE = Operation(
    "GET",
    "/v1/users/{user_id}/tokens/{token_id}/usage",
    "user.token.usage",
    _TAG,
    ADMIN,
    (DocumentedResponse(body=resources.Usage),),
    raises=(errors.UserNotFound, errors.TokenNotFound),
)


@READ_USAGE.on(users_tokens)
def read_users_token_usage(user_id: str, token_id: str) -> Response:
    """Return the uses of one token of a user on each of the last 30 days."""
    _sign_in_admin()
    service = bootstrap.service()
    view = service.administer_tokens.get(user_id, token_id)
    return responses.document(rendering.usage(view.token, service.clock.now()))


CHANGE = Operation(
    "PATCH",
    "/v1/users/{user_id}/tokens/{token_id}",
    "user.token.change",
    _TAG,
    ADMIN,
    (DocumentedResponse(body=resources.TokenDetails, headers=("ETag", "Effective-By")),),
    body=inputs.ChangeUsersToken,
    headers=(inputs.IF_MATCH,),
    raises=(
        errors.UserNotFound,
        errors.TokenNotFound,
        errors.TokenAlreadyRevoked,
        errors.TokenAlreadyExpired,
        errors.PreconditionFailed,
        errors.ReactivationLimitReached,
        errors.ConcurrentChange,
    ),
)


@CHANGE.on(users_tokens)
def change_users_token(user_id: str, token_id: str) -> Response:
    """Pause or re-activate one token of a user.

    Only the owner can rename, describe or restrict a token. The owner may re-activate a token that you
    paused. To end it for good, revoke it. If the user is inactive, the token's status stays `inactive`
    until the user is re-activated. Re-activations by administrators have a limit of their own per user and
    UTC day. Beyond the limit the response is 429. A pause is always possible. Every gateway knows the
    change at `Effective-By`.
    """
    admin = _sign_in_admin()
    request = users_tokens.current_request
    status = TokenState(CHANGE.body_of(request).status.value)
    view = bootstrap.service().administer_tokens.set_status(
        admin, user_id, token_id, status, administrator(admin, request), requests.if_match(request)
    )
    logs.add(status=view.status.value)
    headers = {**rendering.etag(view), **responses.effective_now()}
    return responses.document(rendering.token_details(view), headers=headers)


REVOKE = Operation(
    "DELETE",
    "/v1/users/{user_id}/tokens/{token_id}",
    "user.token.revoke",
    _TAG,
    ADMIN,
    (ENDED,),
    raises=(errors.UserNotFound, errors.TokenNotFound, errors.ConcurrentChange),
)


@REVOKE.on(users_tokens)
def revoke_users_token(user_id: str, token_id: str) -> Response:
    """Revoke one token of a user and its line, with the reason `admin`. This is final.

    A line is a token with all successors that came from self-rotation. A token that is revoked already
    keeps its reason.
    """
    admin = _sign_in_admin()
    actor = administrator(admin, users_tokens.current_request)
    bootstrap.service().administer_tokens.revoke(admin, user_id, token_id, actor)
    return responses.ended()


def _sign_in_admin() -> User:
    return bootstrap.service().sign_in.admin(credentials(users_tokens.current_request))
