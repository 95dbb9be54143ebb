"""The SDK's client calls the server through the authorizer, with an API token as bearer."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
from mcp import ClientSession, MCPError
from mcp.client.auth.utils import extract_resource_metadata_from_www_auth, extract_scope_from_www_auth
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import ProtectedResourceMetadata
from mcp.shared.auth_utils import check_resource_allowed

from docs.examples.mcp import client as example
from docs.examples.mcp.server import PATH, READ, WRITE, handler
from tests.mcp.api import OneAtATime
from tests.mcp.world import World, connected
from tests.support.aside import aside
from tests.support.challenges import (
    DEFAULT_SCOPES,
    FORBIDDEN,
    INVALID_TOKEN,
    NO_TOKEN,
    RESOURCE_METADATA,
    parameters,
)
from tests.support.service import ENVIRON

HERE, ELSEWHERE = "127.0.0.0/8", "192.0.2.0/24"
# Each place in which a backend might look for the caller.
FORGED = {
    "x-amzn-request-context": json.dumps({"authorizer": {"user_id": "admin", "scopes": WRITE}}),
    "x-amzn-lambda-context": "{}",
    "x-user-id": "admin",
    "user_id": "admin",
    "scopes": WRITE,
    "authorizer": json.dumps({"user_id": "admin", "scopes": WRITE}),
    "x-authenticated-user": "admin",
}


def test_session_initializes_lists_and_calls(world: World) -> None:
    """The tool's result names the token's owner and its scopes."""
    secret = world.token(READ, WRITE)["token"]

    async def walk() -> dict[str, Any]:
        bearer = {"Authorization": f"Bearer {secret}"}
        async with (
            httpx2.AsyncClient(headers=bearer, timeout=10) as http_client,
            streamable_http_client(world.url, http_client=http_client) as (read, write),
            ClientSession(read, write) as session,
        ):
            assert (await session.initialize()).server_info.name == "orders"
            tools = (await session.list_tools()).tools
            assert [tool.name for tool in tools] == ["whoami", "cancel_order"]
            called: dict[str, Any] = (await session.call_tool("whoami")).structured_content
            return called

    assert aside(asyncio.run, walk()) == {"user_id": world.user_id(), "scopes": [READ, WRITE]}


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_both_generations_of_the_protocol_work(world: World, mode: str) -> None:
    """With the handshake of 2025, and without it."""
    secret = world.token(READ)["token"]

    async def walk() -> tuple[str, Any]:
        async with connected(world, secret, mode) as client:
            return client.protocol_version, (await client.call_tool("whoami")).structured_content

    version, caller = aside(asyncio.run, walk())
    assert version.startswith("2025" if mode == "legacy" else "2026")
    assert caller == {"user_id": world.user_id(), "scopes": [READ]}


def test_client_of_the_example_works(world: World) -> None:
    """As the page shows it."""
    secret = world.token(READ)["token"]
    assert aside(asyncio.run, example.whoami(world.url, secret)) == {
        "user_id": world.user_id(),
        "scopes": [READ],
    }


@pytest.mark.parametrize("unverified_secret", [None, "bodhi_unknown"])
def test_challenge_leads_to_the_description_of_the_server(
    world: World, unverified_secret: str | None
) -> None:
    """Without a valid token: 401, and from there by RFC 9728, as the SDK's client reads it."""
    refused = world.post(unverified_secret)
    assert refused.status_code == 401
    address = extract_resource_metadata_from_www_auth(refused)
    assert address
    assert parameters(refused.headers["WWW-Authenticate"]) == {
        "error": "invalid_token",
        "scope": READ,
        "resource_metadata": address,
    }
    found = ProtectedResourceMetadata.model_validate_json(httpx2.get(address).content)
    assert str(found.resource) == world.url
    assert check_resource_allowed(world.url, str(found.resource))
    assert [str(server).rstrip("/") for server in found.authorization_servers] == [ENVIRON["ISSUER"]]
    assert found.scopes_supported == [READ, WRITE]


def test_refusal_leads_to_a_token(world: World) -> None:
    """A program that knows the URL and has a sign-in finds the token service, and exchanges the sign-in."""
    refused = world.post()
    address = extract_resource_metadata_from_www_auth(refused)
    assert address
    (issuer,) = httpx2.get(address).json()["authorization_servers"]
    server = world.api.get("/.well-known/oauth-authorization-server").json
    assert server["issuer"] == issuer
    assert "authorization_endpoint" not in server
    exchange = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": world.person,
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "scope": extract_scope_from_www_auth(refused) or "",
    }
    endpoint = server["token_endpoint"].removeprefix(issuer)
    assert world.api.form(endpoint, {**exchange, "resource": world.url}).json["error"] == "invalid_target"
    token = world.api.form(endpoint, exchange).json
    caller = aside(asyncio.run, example.whoami(world.url, token["access_token"]))
    assert caller == {"user_id": world.user_id(), "scopes": [READ]}


@pytest.mark.parametrize(("status", "challenge"), [(401, INVALID_TOKEN), (401, NO_TOKEN), (403, FORBIDDEN)])
def test_sdk_reads_the_challenges_of_the_token_service(status: int, challenge: str) -> None:
    """A server behind the service's own API leads the SDK's client to the service's metadata."""
    refused = httpx2.Response(status, headers={"WWW-Authenticate": challenge})
    assert extract_resource_metadata_from_www_auth(refused) == RESOURCE_METADATA
    assert extract_scope_from_www_auth(refused) == (DEFAULT_SCOPES if status == 401 else None)


def test_revoked_token_ends_a_session(world: World) -> None:
    """Each message is authorized anew, so the next call is refused."""
    token = world.token(READ)

    async def walk() -> None:
        async with connected(world, token["token"]) as client:
            assert not (await client.call_tool("whoami")).is_error
            revoked = world.api.delete(f"/v1/tokens/{token['id']}", world.person)
            assert revoked.status == 204
            with pytest.raises(MCPError):
                await client.call_tool("whoami")

    aside(asyncio.run, walk())
    assert world.post(token["token"]).status_code == 401


def test_token_without_the_scope_is_refused(world: World) -> None:
    """With 403, and the way to the scopes of the server."""
    refused = world.post(world.token("reports:read")["token"])
    assert refused.status_code == 403
    address = extract_resource_metadata_from_www_auth(refused)
    assert parameters(refused.headers["WWW-Authenticate"]) == {"resource_metadata": address}
    assert address
    assert httpx2.get(address).json()["scopes_supported"] == [READ, WRITE]


def test_tool_checks_its_own_scope(world: World) -> None:
    """To the gateway each tool is the same request."""

    async def cancel(*scopes: str) -> tuple[bool | None, str]:
        async with connected(world, world.token(*scopes)["token"]) as client:
            result = await client.call_tool("cancel_order", {"order_id": "7"})
            (content,) = result.content
            assert content.type == "text"
            return result.is_error, content.text

    refused, sentence = aside(asyncio.run, cancel(READ))
    assert (refused, sentence.endswith(f"The token needs the scope {WRITE}.")) == (True, True)
    assert aside(asyncio.run, cancel(READ, WRITE)) == (False, "Order 7 is cancelled.")


def test_list_of_networks_counts(world: World) -> None:
    """A token for another network is refused, whatever address the client writes into headers."""
    here, elsewhere = (
        world.token(READ, allowed_networks=[network])["token"] for network in (HERE, ELSEWHERE)
    )
    assert (world.post(here).status_code, world.post(elsewhere).status_code) == (200, 401)

    async def forge() -> None:
        with pytest.raises(ExceptionGroup) as failed:
            async with connected(world, elsewhere, **{"X-Forwarded-For": "192.0.2.7"}):
                raise AssertionError("the client was let in")
        assert failed.group_contains(MCPError)

    aside(asyncio.run, forge())


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_client_cannot_name_another_caller(world: World, mode: str) -> None:
    """Neither by headers, nor by arguments. The tool sees the event of the gateway alone."""
    secret = world.token(READ)["token"]

    async def walk() -> tuple[Any, bool | None]:
        async with connected(world, secret, mode, **FORGED) as client:
            arguments = {"user_id": "admin", "context": {"user_id": "admin", "scopes": WRITE}}
            caller = (await client.call_tool("whoami", arguments)).structured_content
            cancelled = await client.call_tool("cancel_order", {"order_id": "7", **arguments})
            return caller, cancelled.is_error

    assert aside(asyncio.run, walk()) == ({"user_id": world.user_id(), "scopes": [READ]}, True)


def test_route_without_authorizer_has_no_caller() -> None:
    """A template that forgets the authorizer opens no tool that asks for its caller."""
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "whoami"}}
    event = {
        "resource": PATH,
        "path": PATH,
        "httpMethod": "POST",
        "headers": {
            "host": "mcp.example.com",
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            **FORGED,
        },
        "requestContext": {"identity": {"sourceIp": "192.0.2.7"}},
        "body": json.dumps(request),
    }
    function = OneAtATime(handler)
    try:
        answers = [function.serve(event) for _ in range(2)]
    finally:
        function.stop()
    results = [json.loads(answer["body"])["result"] for answer in answers]
    assert [result["isError"] for result in results] == [True, True]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_there_is_no_stream_to_open(world: World, method: str) -> None:
    """A function would wait for its timeout."""
    answer = world.post(world.token(READ)["token"], method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert world.post(None, method).status_code == 401
