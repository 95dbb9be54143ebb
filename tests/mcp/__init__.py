"""The MCP server of docs/mcp.md, behind the authorizer."""

import logging

# Making a server configures the root logger, unless that has a handler, as on Lambda. Here it is pytest's.
_as_on_lambda = logging.NullHandler()
logging.getLogger().addHandler(_as_on_lambda)
import docs.examples.mcp.server  # noqa: E402, F401

logging.getLogger().removeHandler(_as_on_lambda)
