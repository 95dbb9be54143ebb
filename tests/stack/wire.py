"""Calls of the deployed API without the service's own code. `make bench` uses them too."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.deployed import Deployed


@dataclass(frozen=True)
class Reply:
    """A response."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.text)


class Wire:
    """The address that callers know, at the port that the emulator has."""

    def __init__(self, stack: Deployed) -> None:
        self.stack = stack

    def send(
        self,
        method: str,
        path: str,
        credential: str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Call a path under the stage. A body that is not bytes is sent as JSON."""
        named = {**(headers or {}), "Host": self.stack.host}
        if credential is not None:
            named["Authorization"] = f"Bearer {credential}"
        if body is not None:
            named.setdefault("Content-Type", "application/json")
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.settings.aws_port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, f"{self.stack.prefix}{path}", data, named)
            response = connection.getresponse()
            return Reply(response.status, dict(response.getheaders()), response.read().decode())
