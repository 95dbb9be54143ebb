"""The service with everything that the OAuth endpoints need configured."""

import json
from collections.abc import Mapping

from tests.security.victim import CountingService
from tests.support.clients import resource_servers

OTHER = "https://other.example.com"
SECOND = "https://second.example.com"

ENVIRON = {
    "DERIVED_TOKEN_AUDIENCES": f"{OTHER},{SECOND}",
    "DERIVED_TOKEN_KEY_ID": "alias/bodhi-access-tokens",
    "RESOURCE_SERVERS": json.dumps(resource_servers()),
}


def oauth_service(environ: Mapping[str, str] | None = None) -> CountingService:
    """Return a service over a store that counts."""
    return CountingService({**ENVIRON, **(environ or {})})
