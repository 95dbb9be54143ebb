"""The command ``resource-server``: make the credentials of a resource server."""

from __future__ import annotations

import argparse
import hashlib
import json
import secrets
import sys

from chalicelib.settings.client_definitions import parse_resource_servers
from infra.aws.errors import OperatorError

_SECRET_BYTES = 32


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the client id."""
    parser.add_argument("name", metavar="NAME", help="the client id, for example orders")


def run(options: argparse.Namespace) -> None:
    """Print a new secret, which is kept nowhere, and its setting. Raises OperatorError for a bad name."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    definitions = definition(options.name, secret)
    try:
        parse_resource_servers(definitions)
    except ValueError as error:
        raise OperatorError(f"A setting with this client {error}.") from error
    print(f"Give the service this secret. It is shown once:\n  {secret}\n", file=sys.stderr)
    print("Add its client to the clients in RESOURCE_SERVERS:", file=sys.stderr)
    print(json.dumps(definitions))


def definition(name: str, secret: str) -> dict[str, dict[str, str]]:
    """Return the entry of RESOURCE_SERVERS for a client with this secret."""
    return {name: {"secret_sha256": hashlib.sha256(secret.encode()).hexdigest()}}
