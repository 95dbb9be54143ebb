"""One deployment for all tests of this folder, and its callers."""

from collections.abc import Iterator

import pytest

from infra.local.deployed import Deployed, deployed
from tests.stack.calls import Caller
from tests.support import canaries

FUNCTIONS = (
    "APIHandler",
    "PageHandler",
    "ApiTokenAuthorizer",
    "RestRequestAuthorizer",
    "HttpApiAuthorizer",
    "WebsocketAuthorizer",
    "AppsyncAuthorizer",
)


@pytest.fixture(scope="session")
def stack() -> Iterator[Deployed]:
    """Deploy once; no secret may be in anything that a function wrote meanwhile."""
    with deployed() as running:
        yield running
        written = {name: running.log_lines(name) for name in FUNCTIONS}
    for name, lines in written.items():
        canaries.check(f"the log of {name}", "\n".join(lines))
    assert canaries.take_slips() == []


@pytest.fixture
def caller(stack: Deployed) -> Caller:
    """Call the deployed API."""
    return Caller(stack)
