"""Calls of the deployed API, each held to its definition and watched for secrets."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from tests.stack.wire import Wire
from tests.support import canaries, contract
from tests.support.api import Answer, Api
from tests.support.deployed import Deployed


class Caller:
    """A caller of the deployed API. It remembers each secret, so that logs can be searched for it."""

    def __init__(self, stack: Deployed) -> None:
        self.stack = stack
        self._wire = Wire(stack)

    def sign_in(self, subject: str) -> str:
        """Return a JWT of the development provider."""
        jwt = self.stack.login(subject)
        canaries.remember(jwt)
        return jwt

    def newcomer(self) -> str:
        """Return a JWT of a new user."""
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
        """Return the answer to one call."""
        reply = self._wire.send(method, path, credential, body, headers)
        answer = Answer(reply.status, reply.headers, reply.text)
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
