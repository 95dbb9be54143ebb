"""A local gateway over real HTTP, in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from chalice.config import Config

from infra.aws.package.challenges import with_challenges
from infra.local.gateway import Gateway
from infra.local.http_server import create_server
from infra.local.responses import GatewayResponses
from infra.local.template import read_template
from tests.infra.tiny_app import make_app
from tests.infra.wire_client import Client
from tests.support.service import ENVIRON


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Return a client of the tiny application behind the local gateway."""
    app = make_app()
    gateway = Gateway(
        app, Config.create(app_name="tiny"), GatewayResponses(with_challenges(read_template(), ENVIRON))
    )
    server = create_server(gateway, 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield Client(server.server_address[1])
    server.shutdown()
    thread.join()
    server.server_close()
