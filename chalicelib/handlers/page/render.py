"""Pages and their assets: the page itself, what it loads, and notices on the way to it."""

import hashlib
import html
import json
import string
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from importlib import resources
from typing import Any

from chalice.app import Response

from chalicelib.handlers.http.site import Site

_ASSET_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_POLICY = "; ".join(
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
_PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": _POLICY,
    # Not no-referrer: that would make browsers send the Origin of our own requests as null.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_YEAR = "public, max-age=31536000, immutable"


def page(
    site: Site,
    name: str,
    values: Mapping[str, str],
    status: HTTPStatus = HTTPStatus.OK,
    markup: Mapping[str, str] | None = None,
) -> Response:
    """Return ``web/<name>`` with ``values`` in it, each as text that can be nothing else.

    ``markup`` goes in as it is: only what this service wrote and escaped itself.
    """
    escaped = {key: html.escape(value, quote=True) for key, value in values.items()}
    template = string.Template(_files()[name].decode())
    assets = f"{site.prefix}/assets/{assets_version()}"
    body = template.substitute({**escaped, **(markup or {})}, assets=assets, base=site.prefix)
    return Response(body=body, status_code=status.value, headers=dict(_PAGE_HEADERS))


def notice(
    site: Site, title: str, text: str, status: HTTPStatus, action: str = "", reference: str = ""
) -> Response:
    """Return a page that says one thing.

    ``action`` is the text of the link to the tokens page. ``reference`` is the id to report. If one is
    empty, the page does not show it.
    """
    values = {
        "title": title,
        "text": text,
        "action": action or "Continue",
        "hidden": "" if action else "hidden",
        "reference": reference,
        "reference_hidden": "" if reference else "hidden",
    }
    return page(site, "notice.html", values, status)


def redirect(location: str, cookies: list[str] | None = None) -> Response:
    """Send the browser on to ``location``."""
    headers: dict[str, Any] = _PAGE_HEADERS | {"Location": location}
    if cookies:
        headers["Set-Cookie"] = cookies
    return Response(body="", status_code=HTTPStatus.FOUND.value, headers=headers)


def asset(version: str, name: str) -> Response | None:
    """Return one of the page's files, or None for a name or version that is not there."""
    kind = _ASSET_TYPES.get(name.rpartition(".")[2])
    if kind is None or version != assets_version() or name not in _files():
        return None
    return Response(
        body=_files()[name].decode(),
        status_code=HTTPStatus.OK.value,
        headers={
            "Content-Type": kind,
            "Cache-Control": _YEAR,
        },
    )


def data_attribute(value: Mapping[str, Any]) -> str:
    """Return an object for the page's script to read from an attribute."""
    return json.dumps(value)


@cache
def assets_version() -> str:
    """Return the hash of all files of the page: a change of one gives all new addresses."""
    digest = hashlib.sha256()
    for name, content in sorted(_files().items()):
        digest.update(f"{name}:{len(content)}:".encode() + content)
    return digest.hexdigest()[:16]


@cache
def _files() -> Mapping[str, bytes]:
    folder = resources.files("chalicelib") / "web"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
