"""``/v1/tokens`` and ``/v1/me``: people and their own tokens."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib import bootstrap, logs
from chalicelib.domain.errors import InvalidRequest
from chalicelib.domain.tokens import (
    MAX_DESCRIPTION_LENGTH,
    MAX_NAME_LENGTH,
    RevocationReason,
    TokenRequest,
    TokenStatus,
    plain_text,
)
from chalicelib.domain.users import User
from chalicelib.handlers import requests, responses, visits
from chalicelib.handlers.problems import answered
from chalicelib.services.listing import (
    DEFAULT_LIMIT,
    DEFAULT_SORT,
    MAX_LIMIT,
    SORTS,
    TokenPage,
    TokenQuery,
    TokenView,
)
from chalicelib.services.manage import TokenPatch

tokens = Blueprint(__name__)

MAX_LIFETIME_DAYS = 3650

_LENGTHS = {"name": MAX_NAME_LENGTH, "description": MAX_DESCRIPTION_LENGTH}
_OWNERS_STATUSES = {s.value: s for s in (TokenStatus.ACTIVE, TokenStatus.INACTIVE)}


@tokens.route("/v1/me", methods=["GET"])
@answered("me.read")
def read_me() -> Response:
    """Return the caller's own account."""
    return responses.document(responses.me(_sign_in()))


@tokens.route("/v1/tokens", methods=["POST"], content_types=["*/*"])
@answered("token.create")
def create_token() -> Response:
    """Make a token. Its string is in this answer and nowhere else, ever."""
    owner = _sign_in()
    request = tokens.current_request
    members = requests.json_members(request, {"name", "description", "scopes", "expires_in_days"})
    asked = _token_request(members)
    key = requests.idempotency_key(request)
    issued = bootstrap.current().issue.issue(owner, asked, key)
    view = TokenView(issued.token, TokenStatus.ACTIVE, None)
    return responses.document(
        responses.token(view) | {"token": issued.secret},
        HTTPStatus.CREATED,
        {"Location": f"/v1/tokens/{issued.token.id}", **responses.etag(view)},
    )


@tokens.route("/v1/tokens", methods=["GET"])
@answered("token.list")
def list_tokens() -> Response:
    """Return a page of the caller's tokens."""
    owner = _sign_in()
    return page_of_tokens(owner, token_query(tokens.current_request))


@tokens.route("/v1/tokens/{token_id}", methods=["GET"])
@answered("token.read")
def read_token(token_id: str) -> Response:
    """Return one of the caller's tokens."""
    owner = _sign_in()
    view = bootstrap.current().manage.get(owner, token_id)
    return responses.document(responses.token(view), headers=responses.etag(view))


@tokens.route("/v1/tokens/{token_id}/usage", methods=["GET"])
@answered("token.usage")
def read_usage(token_id: str) -> Response:
    """Return on which of the last 30 days one of the caller's tokens was used."""
    owner = _sign_in()
    service = bootstrap.current()
    view = service.manage.get(owner, token_id)
    return responses.document(responses.usage(view.token, service.clock.now()))


@tokens.route("/v1/tokens/{token_id}", methods=["PATCH"], content_types=["*/*"])
@answered("token.change")
def change_token(token_id: str) -> Response:
    """Rename, describe, pause or re-activate one of the caller's tokens."""
    owner = _sign_in()
    request = tokens.current_request
    patch = _token_patch(requests.json_members(request, {"name", "description", "status"}))
    view = bootstrap.current().manage.patch(owner, token_id, patch, requests.if_match(request))
    logs.add(status=view.status.value)
    return responses.document(responses.token(view), headers=responses.etag(view))


@tokens.route("/v1/tokens/{token_id}", methods=["DELETE"])
@answered("token.revoke")
def revoke_token(token_id: str) -> Response:
    """Revoke one of the caller's tokens for good."""
    owner = _sign_in()
    bootstrap.current().manage.revoke(owner, token_id, RevocationReason.OWNER)
    return responses.nothing()


def token_query(request: Any) -> TokenQuery:
    """Return what a list of tokens is asked for. Raises InvalidRequest."""
    parameters = requests.query_parameters(request, {"status", "q", "sort", "limit", "cursor"})
    status = requests.choice(parameters, "status", [s.value for s in TokenStatus])
    return TokenQuery(
        status=TokenStatus(status) if status else None,
        text=requests.search_text(parameters),
        sort=requests.choice(parameters, "sort", SORTS) or DEFAULT_SORT,
        limit=requests.limit(parameters, DEFAULT_LIMIT, MAX_LIMIT),
        cursor=parameters.get("cursor"),
    )


def page_of_tokens(owner: User, query: TokenQuery) -> Response:
    """Return a page of ``owner``'s tokens."""
    page: TokenPage = bootstrap.current().listing.page(owner, query)
    listed = [responses.token(view) for view in page.tokens]
    return responses.document({"tokens": listed, "next_cursor": page.next_cursor})


def _sign_in() -> User:
    return bootstrap.current().sign_in.user(visits.credentials(tokens.current_request))


def _token_request(members: Mapping[str, Any]) -> TokenRequest:
    return TokenRequest(
        name=_text(members, "name") or "",
        description=_text(members, "description") or "",
        scopes=_scopes(members),
        lifetime=_lifetime(members),
    )


def _token_patch(members: Mapping[str, Any]) -> TokenPatch:
    status = requests.member(members, "status", str)
    if status is not None and status not in _OWNERS_STATUSES:
        raise InvalidRequest("'status' must be active or inactive; DELETE the token to revoke it.")
    return TokenPatch(
        name=_text(members, "name"),
        description=_text(members, "description"),
        status=_OWNERS_STATUSES[status] if status else None,
    )


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value = requests.member(members, name, str)
    return None if value is None else plain_text(value, name, _LENGTHS[name])


def _scopes(members: Mapping[str, Any]) -> frozenset[str] | None:
    names = requests.member(members, "scopes", list)
    if names is None:
        return None
    if not all(isinstance(name, str) for name in names):
        raise InvalidRequest("'scopes' must be a list of strings.")
    return frozenset(names)


def _lifetime(members: Mapping[str, Any]) -> timedelta | None:
    """Return the lifetime; null, as absent, means none, as ``expires_at`` says it."""
    if members.get("expires_in_days") is None:
        return None
    days = requests.member(members, "expires_in_days", int)
    if days is None or not 1 <= days <= MAX_LIFETIME_DAYS:
        raise InvalidRequest(f"'expires_in_days' must be from 1 to {MAX_LIFETIME_DAYS}.")
    return timedelta(days=days)
