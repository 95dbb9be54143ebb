"""Pages for browsers, made of the files in ``web/``."""

import hashlib
import html
import string
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from importlib import resources

from chalice.app import Response

from chalicelib.handlers.http.site import Site

_CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Mapping[str, str] = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    # Not no-referrer: that would make browsers send the Origin of our own requests as null.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def page(
    site: Site,
    name: str,
    values: Mapping[str, str],
    status: HTTPStatus = HTTPStatus.OK,
    markup: Mapping[str, str] | None = None,
) -> Response:
    """Return the page ``web/<name>``, with ``values`` in it as escaped text.

    ``markup`` is not escaped, so it must be markup that this service made.
    """
    escaped = {key: html.escape(value, quote=True) for key, value in values.items()}
    template = string.Template(files()[name].decode())
    assets = f"{site.prefix}/assets/{assets_version()}"
    body = template.substitute({**escaped, **(markup or {})}, assets=assets, base=site.prefix)
    return Response(body=body, status_code=status.value, headers=dict(HEADERS))


@cache
def assets_version() -> str:
    """Return the hash of all files in ``web/``. A change of one file changes all their addresses."""
    digest = hashlib.sha256()
    for name, content in sorted(files().items()):
        digest.update(f"{name}:{len(content)}:".encode() + content)
    return digest.hexdigest()[:16]


@cache
def files() -> Mapping[str, bytes]:
    """Return the content of each file in ``web/``, by name."""
    folder = resources.files("chalicelib") / "web"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
