"""Two calls of API Gateway's own API, which the emulator does not have: those that flush."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote

_CALLS = {
    re.compile(r"/(restapis/[A-Za-z0-9]+/stages/[^/]+)/cache/authorizers"): 202,
    re.compile(r"/v2/(apis/[A-Za-z0-9]+/stages/[^/]+)/cache/authorizers"): 204,
}


@dataclass
class ControlPlane:
    """Its address and the requests that it got. ``answers`` are given first, one after the other."""

    url: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    signed_for: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    on_flush: Callable[[str], None] = lambda stage: None


@contextmanager
def control_plane() -> Iterator[ControlPlane]:
    """Serve the two calls, and 404 for everything else."""
    plane = ControlPlane()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, plane))
    plane.url = f"http://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield plane
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, plane: ControlPlane, *arguments: Any) -> None:
        self._plane = plane
        super().__init__(*arguments)

    def do_DELETE(self) -> None:
        self._plane.requests.append((self.command, self.path))
        scope = re.search(r"Credential=[^/]+/\d+/([^/]+/[^/]+)/", self.headers["Authorization"] or "")
        self._plane.signed_for.append(scope[1] if scope else "")
        self._answer(self._plane.answers.pop(0) if self._plane.answers else self._flushed())

    def _flushed(self) -> int:
        for pattern, status in _CALLS.items():
            if found := pattern.fullmatch(self.path):
                self._plane.on_flush(unquote(found[1].replace("/stages/", "/")))
                return status
        return 404

    def _answer(self, status: int) -> None:
        body = json.dumps({"message": "told to"}).encode() if status >= 300 else b""
        self.send_response(status)
        if status == 404:
            self.send_header("x-amzn-ErrorType", "NotFoundException")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
