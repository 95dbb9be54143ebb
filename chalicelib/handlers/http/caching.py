"""What everybody may read and keep for a while: answers with ``ETag`` and ``Cache-Control``."""

import hashlib
from http import HTTPStatus

from chalice.app import Request, Response

from chalicelib.handlers.http.operations import Answer

CACHE_HEADERS = ("Cache-Control", "ETag")
NOT_MODIFIED = Answer(HTTPStatus.NOT_MODIFIED, headers=CACHE_HEADERS, media_type=None)

FIVE_MINUTES = "public, max-age=300"


def revalidated(request: Request, response: Response) -> Response:
    """Return ``response``, or 304 to who names its ETag (RFC 9110 section 13.1.2)."""
    etag = f'"{hashlib.sha256(str(response.body).encode()).hexdigest()[:32]}"'
    response.headers |= {"Cache-Control": FIVE_MINUTES, "ETag": etag}
    named = str(request.headers.get("if-none-match", "")).split(",")
    if {tag.strip().removeprefix("W/") for tag in named} & {etag, "*"}:
        response.body, response.status_code = "", HTTPStatus.NOT_MODIFIED.value
    return response
