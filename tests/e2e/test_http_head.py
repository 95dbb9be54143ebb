"""HEAD at the page, its files and the published documents (RFC 9110 section 9.3.2)."""

import threading
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import pytest
from chalice.config import Config

from chalicelib.handlers.http.pages import assets_version
from infra.local.gateway import Gateway
from infra.local.http_server import create_server
from infra.local.responses import GatewayResponses
from infra.local.template import read_template
from tests.infra.wire_client import Client
from tests.support.api import Api

PATHS = (
    "/",
    "/settings/api-tokens",
    "/signed-out",
    f"/assets/{assets_version()}/page.js",
    f"/assets/{assets_version()}/page.css",
    f"/assets/{assets_version()}/icon.svg",
    "/assets/0/page.js",
    "/docs",
    "/openapi.json",
    "/.well-known/jwks.json",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/api",
    "/.well-known/oauth-protected-resource/other",
)
# Each answer has another one.
FRESH = {"x-amzn-requestid", "date"}


@pytest.fixture
def wire(api: Api) -> Iterator[Client]:
    """Return a client of the app behind the local gateway."""
    from app import app

    kind = app.__class__
    gateway = Gateway(app, Config.create(app_name="bodhi"), GatewayResponses(read_template()))
    server = create_server(gateway, 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Client(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        # The gateway changes the application, which other tests share.
        app.__class__ = kind


@pytest.mark.parametrize("path", PATHS)
def test_head_says_what_get_says_without_its_body(wire: Client, path: str) -> None:
    """Status and headers are the same over the wire, also the length of the body."""
    got, headed = (wire.send(method, path) for method in ("GET", "HEAD"))
    assert (headed.status, headed.body) == (got.status, b"")
    assert _lasting(headed.headers) == _lasting(got.headers)
    assert headed.headers["Content-Length"] == str(len(got.body))
    assert parsedate_to_datetime(headed.headers["Date"]).tzinfo is not None


def test_head_has_nothing_after_its_headers(wire: Client) -> None:
    """A body would be read as the next answer of the connection."""
    received = wire.raw(
        b"HEAD /openapi.json HTTP/1.1\r\nHost: x\r\n\r\nHEAD /docs HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    first, second, rest = received.split(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 200")
    assert second.startswith(b"HTTP/1.1 200")
    assert rest == b""


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/.well-known/jwks.json"])
def test_head_is_revalidated(wire: Client, path: str) -> None:
    """A client that has the document gets 304, as for GET."""
    etag = wire.send("HEAD", path).headers["ETag"]
    got, headed = (wire.send(method, path, If_None_Match=etag) for method in ("GET", "HEAD"))
    assert (headed.status, headed.body) == (got.status, got.body) == (304, b"")
    assert _lasting(headed.headers) == _lasting(got.headers)


@pytest.mark.parametrize(
    "path", ["/login", "/login/callback?code=x&state=y", "/logout", "/v1/me", "/v1/tokens", "/oauth2/token"]
)
def test_head_is_not_known_elsewhere(wire: Client, path: str) -> None:
    """A sign-in must not begin by HEAD, and the API has its own GET."""
    assert wire.send("HEAD", path).status == 405


def _lasting(headers: object) -> dict[str, str]:
    assert isinstance(headers, dict)
    return {name: value for name, value in headers.items() if name.lower() not in FRESH}
