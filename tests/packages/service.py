"""The token service over HTTP on loopback, for clients that open connections."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

from tests.oauth.caller import Caller
from tests.oauth.service import OTHER, oauth_service
from tests.support.api import Api, api_of

AUDIENCE = "https://api.example.com/api"

__all__ = ["AUDIENCE", "OTHER", "served"]


class _Handler(BaseHTTPRequestHandler):
    """Passes requests on to the app."""

    def do_GET(self) -> None:
        """Pass a GET on."""
        self._pass_on(b"")

    def do_POST(self) -> None:
        """Pass a POST on."""
        self._pass_on(self.rfile.read(int(self.headers["Content-Length"])))

    def _pass_on(self, body: bytes) -> None:
        server: Any = self.server
        # Clients differ in the case of names. The test client of Chalice does not.
        headers = {name.title(): value for name, value in self.headers.items()}
        answer = server.api.call(self.command, self.path, body=body or None, headers=headers)
        content = answer.text.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def served() -> Iterator[tuple[str, Caller]]:
    """Serve a fresh token service, whose issuer is its address. Yield that and a person who uses it."""
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        issuer = f"http://127.0.0.1:{server.server_port}"
        service = oauth_service({"ISSUER": issuer})
        with api_of(service) as api:
            server.api = api  # type: ignore[attr-defined]
            thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            try:
                yield issuer, Caller(Api(api.client), service)
            finally:
                server.shutdown()
                thread.join()
