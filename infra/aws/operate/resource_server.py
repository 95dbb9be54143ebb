"""Makes the credentials of a resource server: `python -m infra.aws.operate.resource_server NAME`."""

from __future__ import annotations

import argparse
import hashlib
import json
import secrets
import sys

from chalicelib.settings.client_definitions import parse_resource_servers

_SECRET_BYTES = 32


def main(arguments: list[str] | None = None) -> int:
    """Print a new secret, which exists nowhere else, and what the setting must hold for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="the client id, for example orders")
    name = parser.parse_args(arguments).name
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    definitions = definition(name, secret)
    try:
        parse_resource_servers(definitions)
    except ValueError as error:
        print(f"A setting with this client {error}.", file=sys.stderr)
        return 1
    print("Give the service this secret; it is shown once:", file=sys.stderr)
    print(f"  {secret}\n", file=sys.stderr)
    print("Put its client into RESOURCE_SERVERS, beside those that are there:", file=sys.stderr)
    print(json.dumps(definitions))
    return 0


def definition(name: str, secret: str) -> dict[str, dict[str, str]]:
    """Return what RESOURCE_SERVERS holds for a client with this secret."""
    return {name: {"secret_sha256": hashlib.sha256(secret.encode()).hexdigest()}}


if __name__ == "__main__":
    sys.exit(main())
