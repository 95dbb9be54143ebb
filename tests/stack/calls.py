"""Calls of the deployed API: the address that callers know, the port that the emulator has."""

from __future__ import annotations

import contextlib
import http.client
import json
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from infra.local.deployed import Deployed
from tests.support import canaries, contract
from tests.support.api import Answer, Api


class Caller:
    """Calls the deployed API; remembers each secret, to look for it in what was written."""

    def __init__(self, stack: Deployed) -> None:
        self.stack = stack

    def sign_in(self, subject: str) -> str:
        """Return a JWT of the development provider."""
        jwt = self.stack.login(subject)
        canaries.remember(jwt)
        return jwt

    def newcomer(self) -> str:
        """Return a JWT of somebody whom nobody has seen before."""
        return self.sign_in(f"{uuid.uuid4().hex[:12]}@example.com")

    def admin(self) -> str:
        """Return a JWT of the administrator."""
        return self.sign_in("admin@example.com")

    def call(
        self,
        method: str,
        path: str,
        credential: str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer to one call of a path of ours, which the stage's name is put before."""
        sent = dict(headers or {})
        if credential is not None:
            sent["Authorization"] = f"Bearer {credential}"
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        answer = self._send(method, path, data, sent)
        Api.watch(method, path, answer)
        contract.check(method, path, answer.status, answer.headers.get("Content-Type", ""), answer.text)
        return answer

    def form(self, path: str, parameters: Mapping[str, str], **headers: str) -> Answer:
        """Send a form with POST."""
        usual = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.call("POST", path, None, urlencode(parameters).encode(), {**usual, **headers})

    def create(self, jwt: str, **members: Any) -> dict[str, Any]:
        """Return a new token resource with its string."""
        answer = self.call("POST", "/v1/tokens", jwt, members)
        assert answer.status == 201, answer.text
        created: dict[str, Any] = answer.json
        return created

    def whoami(self, token: str) -> int:
        """Return the status of a call of the protected API."""
        return self.call("GET", "/api/whoami", token).status

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        port = self.stack.settings.aws_port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        with contextlib.closing(connection):
            named = {**headers, "Host": self.stack.host}
            connection.request(method, f"{self.stack.prefix}{path}", body, named)
            response = connection.getresponse()
            text = response.read().decode()
            return Answer(response.status, dict(response.getheaders()), text)
