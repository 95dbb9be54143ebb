"""The example, running."""

import json
from collections.abc import Iterator

import pytest

from docs.examples.mcp.server import PATH, handler
from tests.attach.cloudformation import Template
from tests.mcp.api import serving, template
from tests.mcp.world import SCOPES, World
from tests.support.api import api_of
from tests.support.local_stack import free_ports
from tests.support.service import ENVIRON, MemoryService


@pytest.fixture(scope="module")
def translated() -> Template:
    """Return the example's template after SAM."""
    return template()


@pytest.fixture
def world(translated: Template, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Run the server behind the authorizer of a service with the scopes of the example."""
    (port,) = free_ports(1)
    base = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("BASE_URL", base)
    monkeypatch.setenv("TOKEN_ISSUER", ENVIRON["ISSUER"])
    service = MemoryService({"SCOPES": json.dumps(SCOPES)})
    with api_of(service) as api, serving(translated, handler, port, {"BaseUrl": base}):
        yield World(api, service.provider.sign_in("user@example.com"), f"{base}{PATH}")
