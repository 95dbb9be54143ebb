"""A running stack for the browser to visit, and somebody who visits."""

import uuid
from collections.abc import Iterator

import pytest

from tests.support.local_stack import LocalStack


@pytest.fixture(scope="session")
def stack() -> Iterator[LocalStack]:
    """Run one stack for all browser tests; each test brings a person of its own."""
    with LocalStack() as stack:
        yield stack


@pytest.fixture
def person() -> str:
    """Return somebody nobody has seen before."""
    return f"{uuid.uuid4().hex[:12]}@example.com"
