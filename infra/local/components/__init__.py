"""The page of all components, which only the local stack serves: ``/components``."""

from __future__ import annotations

import json
import string
from functools import cache
from http import HTTPStatus
from importlib import resources

from chalice.app import Chalice, Response

from chalicelib.handlers.http import pages

PATH = "/components"
_SCOPES = {"api:read": {"title": "Read"}, "api:write": {"title": "Write"}}
_LIMITS = {
    "name_length": 100,
    "description_length": 500,
    "networks": 10,
    "idle_days": 30,
    "white_space": " ",
}
_TYPES = {"components.css": "text/css; charset=utf-8", "components.js": "text/javascript; charset=utf-8"}


def serve_components(app: Chalice) -> None:
    """Add the page and its files to the application's routes."""
    app.route(PATH, methods=["GET"])(_page)
    app.route(f"{PATH}/{{name}}", methods=["GET"])(_file)


def _page() -> Response:
    values = {"scopes": json.dumps(_SCOPES), "limits": json.dumps(_LIMITS)}
    escaped = {name: value.replace('"', "&quot;") for name, value in values.items()}
    assets = f"/assets/{pages.assets_version()}"
    body = string.Template(_text("components.html")).substitute(escaped, assets=assets)
    return Response(body, headers=dict(pages.HEADERS), status_code=HTTPStatus.OK.value)


def _file(name: str) -> Response:
    if name not in _TYPES:
        return Response("", status_code=HTTPStatus.NOT_FOUND.value)
    return Response(_text(name), headers={"Content-Type": _TYPES[name], "Cache-Control": "no-store"})


@cache
def _text(name: str) -> str:
    return (resources.files(__name__) / name).read_text()
