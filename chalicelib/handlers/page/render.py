"""Notices, redirects and assets of the page."""

from http import HTTPStatus

from chalice.app import Response

from chalicelib.handlers.http import pages
from chalicelib.handlers.http.site import Site

_ASSET_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
# An asset's address has the hash of all assets, so its content never changes.
_FOREVER = "public, max-age=31536000, immutable"


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
    return pages.page(site, "notice.html", values, status)


def redirect(location: str, cookies: list[str] | None = None) -> Response:
    """Return a response that sends the browser to ``location`` and sets ``cookies``."""
    headers: dict[str, str | list[str]] = {**pages.HEADERS, "Location": location}
    if cookies:
        headers["Set-Cookie"] = cookies
    return Response(body="", status_code=HTTPStatus.FOUND.value, headers=headers)


def asset(version: str, name: str) -> Response | None:
    """Return one of the page's files, or None if the name or the version is unknown."""
    kind = _ASSET_TYPES.get(name.rpartition(".")[2])
    if kind is None or version != pages.assets_version() or name not in pages.files():
        return None
    return Response(
        body=pages.files()[name].decode(),
        status_code=HTTPStatus.OK.value,
        headers={"Content-Type": kind, "Cache-Control": _FOREVER},
    )
