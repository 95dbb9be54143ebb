"""An MCP server on Lambda, behind the authorizer of the token service. docs/mcp.md explains it."""

import os
from dataclasses import dataclass
from typing import Any

from mangum import Mangum
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

PATH = "/mcp"
READ, WRITE = "orders:read", "orders:write"

# Each host leads to API Gateway, and a page that rebinds a name has no token to send.
_ANY_HOST = TransportSecuritySettings(enable_dns_rebinding_protection=False)

server = MCPServer("orders", instructions="Orders of the shop.")


@dataclass(frozen=True)
class Caller:
    """The bearer of an API token."""

    user_id: str
    scopes: list[str]

    def require(self, scope: str) -> None:
        """Raise ToolError if the token lacks a scope."""
        if scope not in self.scopes:
            raise ToolError(f"The token needs the scope {scope}.")


def caller_of(context: Context) -> Caller:
    """Return the caller of a tool, as the authorizer described it to API Gateway.

    The description comes with the event of Lambda. No header of the client reaches it. Raises KeyError on
    a route without the authorizer, ToolError if the server does not run on Lambda.
    """
    request = context.request_context.request
    if request is None:
        raise ToolError("This server runs behind API Gateway only.")
    described = request.scope["aws.event"]["requestContext"]["authorizer"]
    return Caller(described["user_id"], described["scopes"].split())


@server.tool()
async def whoami(context: Context) -> Caller:
    """Return the user that the token belongs to, and the token's scopes."""
    return caller_of(context)


@server.tool()
async def cancel_order(order_id: str, context: Context) -> str:
    """Cancel an order. The token needs the scope orders:write."""
    # To API Gateway each tool is the same request, so only the tool can tell reading from writing.
    caller_of(context).require(WRITE)
    return f"Order {order_id} is cancelled."


async def describe(_request: Request) -> Response:
    """Describe this server to clients that got a 401 (RFC 9728)."""
    return JSONResponse(
        {
            "resource": f"{os.environ['BASE_URL']}{PATH}",
            "authorization_servers": [os.environ["TOKEN_ISSUER"]],
            "scopes_supported": [READ, WRITE],
            "bearer_methods_supported": ["header"],
        }
    )


server.custom_route(f"/.well-known/oauth-protected-resource{PATH}", methods=["GET"])(describe)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one request of API Gateway."""
    if event["resource"] == PATH and event["httpMethod"] != "POST":
        # Without sessions GET would open a stream that never ends, until Lambda stops the function.
        return {"statusCode": 405, "headers": {"Allow": "POST"}, "body": ""}
    # An application starts and stops once. Mangum starts and stops it for each request.
    app = server.streamable_http_app(
        streamable_http_path=PATH, stateless_http=True, json_response=True, transport_security=_ANY_HOST
    )
    return Mangum(app, lifespan="on")(event, context)
