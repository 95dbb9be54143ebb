"""One deployment for all tests of this folder, and its callers."""

from collections.abc import Iterator

import pytest

from infra.aws.package.publishing import PUBLISHER
from infra.aws.package.sweeping import SWEEPER
from tests.stack.caching import FLUSHER, at_rest, caching_stack, flushing
from tests.stack.calls import Caller
from tests.stack.site import Visitor
from tests.stack.wire import Wire
from tests.support import canaries
from tests.support.control_plane import ControlPlane
from tests.support.deployed import Deployed

FUNCTIONS = (
    "APIHandler",
    "PageHandler",
    "ApiTokenAuthorizer",
    "RestRequestAuthorizer",
    "HttpApiAuthorizer",
    "WebsocketAuthorizer",
    "AppsyncAuthorizer",
    FLUSHER,
    PUBLISHER,
    SWEEPER,
)


@pytest.fixture(scope="session")
def deployment() -> Iterator[tuple[Deployed, ControlPlane]]:
    """Deploy once. In the end no secret may be in the log of a function."""
    with caching_stack() as (stack, plane):
        yield stack, plane
        written = {name: stack.log_lines(name) for name in FUNCTIONS}
    for name, lines in written.items():
        canaries.check(f"the log of {name}", "\n".join(lines))
    assert canaries.take_slips() == []


@pytest.fixture
def stack(deployment: tuple[Deployed, ControlPlane]) -> Deployed:
    """Return the deployed stack."""
    return deployment[0]


@pytest.fixture
def plane(deployment: tuple[Deployed, ControlPlane]) -> ControlPlane:
    """Return the stub that takes the flush call."""
    return deployment[1]


@pytest.fixture
def caller(stack: Deployed) -> Caller:
    """Call the deployed API."""
    return Caller(stack)


@pytest.fixture
def visitor(stack: Deployed) -> Iterator[Visitor]:
    """Return a visitor who has not signed in."""
    with Visitor(stack) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def nothing_under_way(deployment: tuple[Deployed, ControlPlane]) -> None:
    """Wait for the changes of earlier modules. Their flushes would count for those of this module.

    The tests of a module each wait for their own flushes.
    """
    at_rest(deployment[0])


@pytest.fixture
def flushed(stack: Deployed, plane: ControlPlane, nothing_under_way: None) -> Iterator[list[float]]:
    """Let the gateway remember decisions, and flushes work. Return the times of the flushes."""
    with flushing(stack, plane) as came:
        yield came


@pytest.fixture
def wire(stack: Deployed) -> Wire:
    """Call the API."""
    return Wire(stack)
