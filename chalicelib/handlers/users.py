"""``/v1/users``: what administrators do with users and their tokens."""

from collections.abc import Mapping
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib import bootstrap, logs
from chalicelib.domain.errors import InvalidRequest
from chalicelib.domain.users import User, UserStatus
from chalicelib.handlers import requests, responses, visits
from chalicelib.handlers.problems import answered
from chalicelib.handlers.tokens import page_of_tokens, token_query
from chalicelib.services.listing import DEFAULT_LIMIT, MAX_LIMIT
from chalicelib.services.users import UserQuery

users = Blueprint(__name__)


@users.route("/v1/users", methods=["GET"])
@answered("user.list")
def list_users() -> Response:
    """Return a page of users, newest first."""
    _sign_in_admin()
    page = bootstrap.current().administer.page(_user_query())
    listed = [responses.user(user) for user in page.users]
    return responses.document({"users": listed, "next_cursor": page.next_cursor})


@users.route("/v1/users/{user_id}", methods=["GET"])
@answered("user.read")
def read_user(user_id: str) -> Response:
    """Return a user."""
    _sign_in_admin()
    return responses.document(responses.user(bootstrap.current().administer.get(user_id)))


@users.route("/v1/users/{user_id}", methods=["PATCH"], content_types=["*/*"])
@answered("user.change")
def change_user(user_id: str) -> Response:
    """Deactivate or re-activate a user."""
    admin = _sign_in_admin()
    members = requests.json_members(users.current_request, {"status", "restore_tokens"})
    restore = requests.member(members, "restore_tokens", bool)
    user = _change(admin, user_id, requests.member(members, "status", str), restore)
    logs.add(status=user.status.value, restore_tokens=restore)
    return responses.document(responses.user(user))


@users.route("/v1/users/{user_id}", methods=["DELETE"])
@answered("user.remove")
def remove_user(user_id: str) -> Response:
    """Remove a user; the tokens are dead for good."""
    admin = _sign_in_admin()
    bootstrap.current().administer.remove(admin, user_id)
    return responses.nothing()


@users.route("/v1/users/{user_id}/tokens", methods=["GET"])
@answered("user.tokens.list")
def list_users_tokens(user_id: str) -> Response:
    """Return a page of a user's tokens."""
    _sign_in_admin()
    query = token_query(users.current_request)
    return page_of_tokens(bootstrap.current().administer.get(user_id), query)


@users.route("/v1/users/{user_id}/tokens", methods=["DELETE"])
@answered("user.tokens.revoke")
def revoke_users_tokens(user_id: str) -> Response:
    """Revoke all tokens of a user at once."""
    _sign_in_admin()
    bootstrap.current().administer.revoke_all_tokens(user_id)
    return responses.nothing()


def _sign_in_admin() -> User:
    return bootstrap.current().sign_in.admin(visits.credentials(users.current_request))


def _change(admin: User, user_id: str, status: str | None, restore: bool | None) -> User:
    administer = bootstrap.current().administer
    if status == UserStatus.ACTIVE.value:
        return administer.reactivate(user_id, restore_tokens=bool(restore))
    if status == UserStatus.INACTIVE.value and restore is None:
        return administer.deactivate(admin, user_id)
    raise InvalidRequest("'status' must be active or inactive; 'restore_tokens' goes with active only.")


def _user_query() -> UserQuery:
    allowed = {"status", "q", "limit", "cursor"}
    parameters: Mapping[str, Any] = requests.query_parameters(users.current_request, allowed)
    status = requests.choice(parameters, "status", [s.value for s in UserStatus])
    return UserQuery(
        status=UserStatus(status) if status else None,
        text=requests.search_text(parameters),
        limit=requests.limit(parameters, DEFAULT_LIMIT, MAX_LIMIT),
        cursor=parameters.get("cursor"),
    )
