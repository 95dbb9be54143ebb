"""HTTP calls of the deployed API. A credential is in the request only, and never in a message."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from infra.aws.operate.verify.findings import Broken

_TIMEOUT_SECONDS = 30
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Reply:
    """A response. Its body may hold a token, so it must not be in a message."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        """The body, or None if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def told(self) -> str:
        """Status and stable code, for messages."""
        document = self.json
        code = document.get("code") or document.get("error") if isinstance(document, dict) else None
        # The response may come from another server, so the length of the code is limited.
        return f"{self.status} {code}" if isinstance(code, str) and len(code) <= 40 else str(self.status)


class Wire(Protocol):
    """A maker of calls."""

    def send(
        self,
        method: str,
        path: str,
        credential: str | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Call a path of the API. A body that is not bytes is sent as JSON. Raises Broken."""
        ...


@dataclass(frozen=True, slots=True)
class HttpWire:
    """Calls below a base URL. ``host`` replaces the host in the Host header, for an emulator."""

    url: str
    host: str | None = None

    def send(
        self,
        method: str,
        path: str,
        credential: str | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Call a path below the URL. A body that is not bytes is sent as JSON. Raises Broken."""
        sent = {"User-Agent": "bodhi-verify", **(headers or {})}
        if self.host:
            sent["Host"] = self.host
        if credential is not None:
            sent["Authorization"] = f"Bearer {credential}"
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        base = urlsplit(self.url)
        with contextlib.closing(_connection(base.scheme, base.netloc)) as connection:
            try:
                connection.request(method, f"{base.path.rstrip('/')}{path}", data, sent)
                response = connection.getresponse()
                return Reply(response.status, dict(response.getheaders()), response.read(_MOST_BYTES))
            except (OSError, http.client.HTTPException) as error:
                raise Broken(f"{method} {path}: {type(error).__name__}") from error


def _connection(scheme: str, netloc: str) -> http.client.HTTPConnection:
    if scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(netloc, timeout=_TIMEOUT_SECONDS, context=context)
    return http.client.HTTPConnection(netloc, timeout=_TIMEOUT_SECONDS)
