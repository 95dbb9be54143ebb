"""Settings that reach no real service, and the watch for secrets, for every test."""

import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.endpoint import Endpoint
from tests.support.scheduling import ByFile
from tests.support.service import ENVIRON, MemoryService

# Before the account of the environment is hidden: the contract suite may be pointed at a DynamoDB there.
_ENDPOINT = Endpoint.from_environment()

# Before any module of the app is imported: the app reads its settings when it starts.
os.environ.update(
    ENVIRON,
    LOG_LEVEL="DEBUG",
    STAGE="test",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
)
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AUTH_MODE"):
    os.environ.pop(name, None)

from chalicelib import logs  # noqa: E402
from tests.support import canaries  # noqa: E402
from tests.support.api import Api, api_of  # noqa: E402

pytest_plugins = ["tests.support.browser"]

_watcher = canaries.Watcher()

# A busy machine must not fail a test.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Run tests that share a costly fixture in one process."""
    return ByFile(config, log)


@pytest.fixture(scope="session", autouse=True)
def watch_every_log_line() -> None:
    """Read what any logger writes, ours down to DEBUG."""
    logs.configure("DEBUG")
    for logger in (logging.getLogger(), logging.getLogger(logs.LOGGER_NAME)):
        logger.addHandler(_watcher)


@pytest.fixture(autouse=True)
def no_secret_slips_out() -> Iterator[None]:
    """Fail a test that put a token, JWT or signature into a log line or a response."""
    yield
    assert canaries.take_slips() == []


@pytest.fixture(scope="session")
def endpoint() -> Endpoint | None:
    """Return the DynamoDB that the contract suite is pointed at, or None for those of this process."""
    return _ENDPOINT


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse all other tests if the contract suite uses a real account."""
    if _ENDPOINT and any("tests/contract/" not in item.nodeid for item in items):
        raise pytest.UsageError("CONTRACT_ENDPOINT is for tests/contract alone: make test-contract.")


@pytest.fixture
def service() -> MemoryService:
    """Return the whole service over the store in memory."""
    return MemoryService()


@pytest.fixture
def api(service: MemoryService) -> Iterator[Api]:
    """Call the app over the store in memory."""
    with api_of(service) as api:
        yield api
