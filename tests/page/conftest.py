"""A running stack for the browser, and a person who visits it."""

import uuid
from collections.abc import Iterator

import pytest

from tests.support.local_stack import LocalStack


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """Run one stack for all browser tests. Each test has its own person."""
    with LocalStack() as stack:
        yield stack


@pytest.fixture
def person() -> str:
    """Return a person who is new to the service."""
    return f"{uuid.uuid4().hex[:12]}@example.com"
