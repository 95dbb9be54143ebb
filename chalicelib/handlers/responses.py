"""Resources as JSON. Times are RFC 3339, UTC, in milliseconds."""

import json
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from chalice.app import Response

from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.services.listing import TokenView

# Everything here belongs to one person.
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def text(body: Mapping[str, Any]) -> str:
    """Return a body as text that ends its line, as people who use curl like it."""
    return json.dumps(body) + "\n"


def document(
    body: Mapping[str, Any],
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a JSON response."""
    return Response(
        body=text(body),
        status_code=status.value,
        headers={"Content-Type": "application/json", **_HEADERS, **(headers or {})},
    )


def nothing() -> Response:
    """Return a response without a body."""
    return Response(body="", status_code=HTTPStatus.NO_CONTENT.value, headers=dict(_HEADERS))


def token(view: TokenView) -> dict[str, Any]:
    """Return a token resource."""
    row = view.token
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "scopes": sorted(row.scopes),
        "status": view.status.value,
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
        "last_used_at": moment(row.last_used_at),
        "idle_at": moment(row.idle_at),
        "expires_at": moment(row.expires_at),
        "revoked_at": moment(view.revocation.at if view.revocation else None),
        "revoked_reason": view.revocation.reason.value if view.revocation else None,
    }


def usage(token: Token, now: datetime) -> dict[str, Any]:
    """Return the usage of a token, one entry per day; ``at_least`` because more may have happened."""
    days = [{"date": day.isoformat(), "at_least": n} for day, n in token.usage_days(now)]
    return {"token_id": token.id, "days": days}


def etag(view: TokenView) -> dict[str, str]:
    """Return the header that names the version of a token (RFC 9110 section 8.8.3)."""
    return {"ETag": f'"{view.token.version}"'}


def me(user: User) -> dict[str, Any]:
    """Return the user resource as the user sees it."""
    return {
        "id": user.id,
        "subject": user.subject,
        "issuer": user.issuer,
        "name": user.name,
        "email": user.email,
        "role": user.role.value,
        "status": user.status.value,
    }


def user(user: User) -> dict[str, Any]:
    """Return the user resource as administrators see it."""
    times = {"created_at": moment(user.created_at), "updated_at": moment(user.updated_at)}
    return me(user) | times


def moment(value: datetime | None) -> str | None:
    """Return a time as RFC 3339."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z" if value else None
