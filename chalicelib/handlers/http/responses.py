"""HTTP responses, and the parts of bodies that several fronts share."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import overload

import msgspec
from chalice.app import Request, Response

from chalicelib import bootstrap
from chalicelib.domain.users import User
from chalicelib.handlers.http import wire

FIVE_MINUTES = "public, max-age=300"

# Most responses belong to one person, so no cache may keep them.
_HEADERS = {"Cache-Control": "no-store"}


def text(body: wire.Resource) -> str:
    """Return a body as JSON. It ends with a line break, for people who use curl."""
    return json.dumps(msgspec.to_builtins(body)) + "\n"


def document(
    body: wire.Resource,
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
    """Return the response to a call that ended tokens, with the header ``Effective-By``.

    The header is the time by which every gateway refuses them. The time is counted from the response,
    so it does not show whether a token had been ended before.
    """
    response = nothing(status)
    response.headers |= effective_now()
    return response


def effective_now() -> dict[str, str]:
    """Return the header that says when every gateway knows a change that was made now."""
    return {"Effective-By": effective_by(bootstrap.current().clock.now())}


def revalidated(request: Request, response: Response) -> Response:
    """Allow every cache to keep ``response`` for five minutes.

    Return 304 to a client that names its ETag (RFC 9110 section 13.1.2).
    """
    etag = f'"{hashlib.sha256(str(response.body).encode()).hexdigest()[:32]}"'
    response.headers |= {"Cache-Control": FIVE_MINUTES, "ETag": etag}
    named = str(request.headers.get("if-none-match", "")).split(",")
    if {tag.strip().removeprefix("W/") for tag in named} & {etag, "*"}:
        response.body, response.status_code = "", HTTPStatus.NOT_MODIFIED.value
    return response


def me(row: User) -> wire.Me:
    """Return the user resource as the user sees it."""
    return wire.Me(**msgspec.structs.asdict(account(row)), notices=row.wants_notices)


def account(row: User) -> wire.Account:
    """Return the part of the user resource that the user and administrators see."""
    return wire.Account(
        id=row.id,
        subject=row.subject,
        issuer=row.issuer,
        name=row.shown_name,
        email=row.email,
        email_verified=row.email_verified,
        role=bootstrap.service().role_of(row),
        status=row.status,
    )


@overload
def moment(value: datetime) -> str: ...
@overload
def moment(value: None) -> None: ...
@overload
def moment(value: datetime | None) -> str | None: ...
def moment(value: datetime | None) -> str | None:
    """Return a time as RFC 3339, in UTC and milliseconds."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z" if value else None


@overload
def effective_by(since: datetime) -> str: ...
@overload
def effective_by(since: datetime | None) -> str | None: ...
def effective_by(since: datetime | None) -> str | None:
    """Return the time by which every gateway knows a change that was made at ``since``."""
    return moment(since + bootstrap.service().staleness) if since else None
