"""A person with tokens, and the server behind the authorizer that knows them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from docs.examples.mcp.server import PATH, READ, WRITE
from tests.support.api import Api

SCOPES = {
    READ: {"description": "Read orders", "opens": [f"* {PATH}"]},
    WRITE: {"description": "Change orders", "opens": [f"* {PATH}"]},
    "reports:read": {"description": "Read reports", "opens": ["GET /reports"]},
}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


@dataclass(frozen=True)
class World:
    """The token service, the server behind its authorizer, and a person."""

    api: Api
    person: str
    url: str

    def token(self, *scopes: str, **members: Any) -> dict[str, Any]:
        """Return a new token of the person."""
        return self.api.create_token(self.person, scopes=[*scopes], **members)

    def user_id(self) -> str:
        """Return the person's id."""
        return str(self.api.get("/v1/me", self.person).json["id"])

    def post(self, secret: str | None = None, method: str = "POST") -> httpx2.Response:
        """Begin a session without the SDK's client."""
        headers = {"Accept": "application/json, text/event-stream"}
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
        return httpx2.request(method, self.url, json=INITIALIZE, headers=headers, timeout=10)


@asynccontextmanager
async def connected(
    world: World, secret: str, mode: str = "legacy", **headers: str
) -> AsyncIterator[Client]:
    """Connect the SDK's client with a token as bearer."""
    async with (
        httpx2.AsyncClient(
            headers={**headers, "Authorization": f"Bearer {secret}"}, timeout=10
        ) as http_client,
        Client(streamable_http_client(world.url, http_client=http_client), mode=mode) as client,
    ):
        yield client
