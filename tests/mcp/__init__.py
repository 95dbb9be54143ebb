"""The MCP server of docs/mcp.md, behind the authorizer."""
