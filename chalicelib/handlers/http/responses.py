"""Resources from what the services return, and answers that carry them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import overload

import msgspec
from chalice.app import Response

from chalicelib import bootstrap
from chalicelib.domain import tokens, users
from chalicelib.handlers.http.site import Site
from chalicelib.handlers.v1 import resources
from chalicelib.services.listing import TokenPage, TokenView

# Everything here belongs to one person.
_HEADERS = {"Cache-Control": "no-store"}


def text(body: resources.Resource) -> str:
    """Return a body as text that ends its line, as people who use curl like it."""
    return json.dumps(msgspec.to_builtins(body)) + "\n"


def document(
    body: resources.Resource,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a JSON response."""
    return Response(
        body=text(body),
        status_code=status.value,
        headers={"Content-Type": "application/json", **_HEADERS, **(headers or {})},
    )


def nothing(status: HTTPStatus = HTTPStatus.NO_CONTENT) -> Response:
    """Return a response without a body."""
    return Response(body="", status_code=status.value, headers=dict(_HEADERS))


def ended(status: HTTPStatus = HTTPStatus.NO_CONTENT) -> Response:
    """Return the answer to what ended tokens, with the time by which every gateway knows it.

    That time is counted from the answer, so it tells nothing about a token that was ended before.
    """
    response = nothing(status)
    response.headers["Effective-By"] = _effective_by(bootstrap.current().clock.now())
    return response


def token(view: TokenView) -> resources.Token:
    """Return a token resource."""
    row, revocation = view.token, view.revocation
    return resources.Token(
        id=row.id,
        name=row.name,
        description=row.description,
        scopes=sorted(row.scopes),
        status=view.status,
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
        last_used_at=moment(row.last_used_at),
        idle_at=moment(row.idle_at),
        expires_at=moment(view.expires_at),
        effective_by=_effective_by(view.refused_since),
        revoked_at=moment(revocation.at if revocation else None),
        revoked_reason=revocation.reason if revocation else None,
        predecessor_id=row.predecessor_id,
        successor_id=row.successor_id,
        self_rotated=row.is_self_rotated,
        overlap_ends_at=moment(row.overlap_ends_at),
        reuse_count=row.reuse_count,
        last_reused_at=moment(row.last_reused_at),
    )


def created(issued: tokens.IssuedToken, site: Site) -> Response:
    """Return the answer that hands out a new token, the only one with its string."""
    view = TokenView(issued.token, tokens.TokenStatus.ACTIVE, None, None, issued.token.expires_at)
    resource = resources.CreatedToken(**msgspec.structs.asdict(token(view)), token=issued.secret)
    headers = {"Location": f"{site.prefix}/v1/tokens/{issued.token.id}", **etag(view)}
    return document(resource, HTTPStatus.CREATED, headers)


def token_page(page: TokenPage) -> resources.TokenPage:
    """Return a page of tokens."""
    listed = [token(view) for view in page.tokens]
    return resources.TokenPage(tokens=listed, next_cursor=page.next_cursor)


def usage(row: tokens.Token, now: datetime) -> resources.Usage:
    """Return the usage of a token, one entry per day; ``at_least`` because more may have happened."""
    days = [resources.DayOfUsage(date=day.isoformat(), at_least=n) for day, n in row.usage_days(now)]
    return resources.Usage(token_id=row.id, days=days)


def etag(view: TokenView) -> dict[str, str]:
    """Return the header that names the version of a token (RFC 9110 section 8.8.3)."""
    return {"ETag": f'"{view.token.version}"'}


def me(row: users.User) -> resources.Me:
    """Return the user resource as the user sees it."""
    return resources.Me(
        id=row.id,
        subject=row.subject,
        issuer=row.issuer,
        name=row.shown_name,
        email=row.email,
        email_verified=row.email_verified,
        role=bootstrap.service().role_of(row),
        status=row.status,
    )


def user(row: users.User) -> resources.User:
    """Return the user resource as administrators see it."""
    return resources.User(
        **msgspec.structs.asdict(me(row)),
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
        effective_by=_effective_by(row.refused_since),
    )


def user_page(rows: Sequence[users.User], next_cursor: str | None) -> resources.UserPage:
    """Return a page of users."""
    return resources.UserPage(users=[user(row) for row in rows], next_cursor=next_cursor)


@overload
def moment(value: datetime) -> str: ...
@overload
def moment(value: None) -> None: ...
@overload
def moment(value: datetime | None) -> str | None: ...
def moment(value: datetime | None) -> str | None:
    """Return a time as RFC 3339."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z" if value else None


@overload
def _effective_by(since: datetime) -> str: ...
@overload
def _effective_by(since: datetime | None) -> str | None: ...
def _effective_by(since: datetime | None) -> str | None:
    """Return when the last decision by what was so before ``since`` has ended."""
    return moment(since + bootstrap.service().staleness) if since else None
