"""``/v1/users``: users and their tokens, for administrators."""

from chalice.app import Blueprint, Response

from chalicelib import bootstrap, logs
from chalicelib.domain import errors
from chalicelib.domain.events import Actor
from chalicelib.domain.users import User
from chalicelib.handlers.http import responses
from chalicelib.handlers.http.credentials import administrator, credentials
from chalicelib.handlers.http.operations import ADMIN, ENDED, DocumentedResponse, Operation
from chalicelib.handlers.http.wire import given
from chalicelib.handlers.v1 import inputs, rendering, resources
from chalicelib.handlers.v1.inputs import AdminsStatus
from chalicelib.handlers.v1.tokens import page_of_tokens
from chalicelib.services.summary import TokenCount
from chalicelib.services.users import UserChange

users = Blueprint(__name__)

_TAG = "Users"

LIST = Operation(
    "GET",
    "/v1/users",
    "user.list",
    _TAG,
    ADMIN,
    (DocumentedResponse(body=resources.UserPage),),
    query=inputs.UserListQuery,
    raises=(errors.InvalidCursor,),
)


@LIST.on(users)
def list_users() -> Response:
    """Return a page of users, newest first."""
    _sign_in_admin()
    query = LIST.query_of(users.current_request).query()
    page = bootstrap.service().administer.page(query)
    return responses.document(rendering.user_page(page.users, page.next_cursor))


READ = Operation(
    "GET",
    "/v1/users/{user_id}",
    "user.read",
    _TAG,
    ADMIN,
    (DocumentedResponse(body=resources.User),),
    raises=(errors.UserNotFound,),
)


@READ.on(users)
def read_user(user_id: str) -> Response:
    """Return a user."""
    _sign_in_admin()
    return responses.document(rendering.user(bootstrap.service().administer.get(user_id)))


CHANGE = Operation(
    "PATCH",
    "/v1/users/{user_id}",
    "user.change",
    _TAG,
    ADMIN,
    (DocumentedResponse(body=resources.ChangedUser),),
    body=inputs.ChangeUser,
    raises=(
        errors.UserNotFound,
        errors.UserRemoved,
        errors.OwnAccount,
        errors.ReactivationLimitReached,
        errors.ConcurrentChange,
    ),
)


@CHANGE.on(users)
def change_user(user_id: str) -> Response:
    """Deactivate or re-activate a user.

    All tokens of an inactive user are refused. After re-activation the old tokens work again only with
    `restore_tokens`. Otherwise they are revoked, and `revoked_tokens` is their number.

    The number of re-activations per user and UTC day is limited. Beyond the limit the response is 429. A
    deactivation is always possible.
    """
    admin = _sign_in_admin()
    asked = CHANGE.body_of(users.current_request)
    change = _change(admin, user_id, asked)
    logs.add(status=change.after.status.value, restore_tokens=given(asked.restore_tokens))
    return responses.document(rendering.changed_user(change.after, _count_revoked(change)))


REMOVE = Operation(
    "DELETE",
    "/v1/users/{user_id}",
    "user.remove",
    _TAG,
    ADMIN,
    (ENDED,),
    raises=(errors.UserNotFound, errors.OwnAccount, errors.ConcurrentChange),
)


@REMOVE.on(users)
def remove_user(user_id: str) -> Response:
    """Remove a user. All tokens of the user are revoked. This is final."""
    admin = _sign_in_admin()
    bootstrap.service().administer.remove(admin, user_id, _actor(admin))
    return responses.ended()


LIST_TOKENS = Operation(
    "GET",
    "/v1/users/{user_id}/tokens",
    "user.tokens.list",
    _TAG,
    ADMIN,
    (DocumentedResponse(body=resources.TokenPage),),
    query=inputs.TokenListQuery,
    raises=(errors.UserNotFound, errors.InvalidCursor, errors.TooManyToSort),
)


@LIST_TOKENS.on(users)
def list_users_tokens(user_id: str) -> Response:
    """Return a page of a user's tokens."""
    _sign_in_admin()
    query = LIST_TOKENS.query_of(users.current_request)
    return page_of_tokens(bootstrap.service().administer.get(user_id), query)


REVOKE_TOKENS = Operation(
    "DELETE",
    "/v1/users/{user_id}/tokens",
    "user.tokens.revoke",
    _TAG,
    ADMIN,
    (ENDED,),
    raises=(errors.UserNotFound, errors.ConcurrentChange),
)


@REVOKE_TOKENS.on(users)
def revoke_users_tokens(user_id: str) -> Response:
    """Revoke all tokens of a user at once. This is final."""
    admin = _sign_in_admin()
    bootstrap.service().administer.revoke_all_tokens(admin, user_id, _actor(admin))
    return responses.ended()


def _sign_in_admin() -> User:
    return bootstrap.service().sign_in.admin(credentials(users.current_request))


def _actor(admin: User) -> Actor:
    return administrator(admin, users.current_request)


def _change(admin: User, user_id: str, asked: inputs.ChangeUser) -> UserChange:
    administer, actor = bootstrap.service().administer, _actor(admin)
    if asked.status is AdminsStatus.ACTIVE:
        restore_tokens = bool(given(asked.restore_tokens))
        return administer.reactivate(admin, user_id, actor, restore_tokens=restore_tokens)
    if given(asked.restore_tokens) is None:
        user = administer.deactivate(admin, user_id, actor)
        return UserChange(user, user)
    raise errors.InvalidRequest("'restore_tokens' is allowed only with the 'status' active.")


def _count_revoked(change: UserChange) -> TokenCount | None:
    """Return the number of tokens that a change revoked, or None if they could not be counted."""
    if not change.ends_tokens:
        return TokenCount()
    try:
        return bootstrap.service().summary.count_revoked(change.before)
    except errors.DependencyUnavailable as error:
        # The change is made. An error would tell the administrator the opposite.
        logs.warn("user.tokens_not_counted", user_id=change.after.id, cause=logs.cause(error))
        return None
