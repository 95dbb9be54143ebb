"""One deployment for all tests of this folder, and its callers."""

from collections.abc import Iterator

import pytest

from infra.local.deployed import Deployed, deployed
from tests.stack.calls import Caller
from tests.stack.load import REFRESH_SECONDS
from tests.support import canaries
from tests.support.control_plane import ControlPlane, control_plane

FUNCTIONS = (
    "APIHandler",
    "PageHandler",
    "ApiTokenAuthorizer",
    "RestRequestAuthorizer",
    "HttpApiAuthorizer",
    "WebsocketAuthorizer",
    "AppsyncAuthorizer",
    "FlushAuthorizerCaches",
)


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    """Stand in for the one call of AWS that the emulator lacks; it does nothing unless a test says what."""
    with control_plane() as plane:
        yield plane


@pytest.fixture(scope="session")
def stack(plane: ControlPlane) -> Iterator[Deployed]:
    """Deploy once; no secret may be in anything that a function wrote meanwhile.

    The package is one that caches decisions, so that it flushes. The gateway is then told to remember
    none, unless a test says how long.
    """
    settings = {
        "AUTHORIZER_CACHE_SECONDS": "300",
        "LAST_USED_REFRESH_SECONDS": str(REFRESH_SECONDS),
        "AWS_ENDPOINT_URL_API_GATEWAY": plane.url,
    }
    with deployed(settings) as running:
        with running.remembering(0):
            yield running
        written = {name: running.log_lines(name) for name in FUNCTIONS}
    for name, lines in written.items():
        canaries.check(f"the log of {name}", "\n".join(lines))
    assert canaries.take_slips() == []


@pytest.fixture
def caller(stack: Deployed) -> Caller:
    """Call the deployed API."""
    return Caller(stack)
