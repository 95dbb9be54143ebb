"""A client of the MCP server: ``API_TOKEN=bodhi_... python client.py https://mcp.example.com/mcp``."""

import asyncio
import os
import sys
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client


async def whoami(url: str, api_token: str) -> dict[str, Any]:
    """Return the server's description of the token's owner."""
    bearer = {"Authorization": f"Bearer {api_token}"}
    async with (
        httpx2.AsyncClient(headers=bearer, timeout=30) as http_client,
        Client(streamable_http_client(url, http_client=http_client)) as client,
    ):
        caller: dict[str, Any] = (await client.call_tool("whoami")).structured_content
        return caller


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(whoami(sys.argv[1], os.environ['API_TOKEN']))}\n")
