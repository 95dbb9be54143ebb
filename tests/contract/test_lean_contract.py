"""The contract's tests of a decision's calls, by the lean client over moto."""

from collections.abc import Iterator

import pytest

from tests.contract.test_key_contract import TestChanges, TestRoundTrips
from tests.contract.test_store_contract import TestAuthorization, TestTouch
from tests.support.dynamodb import Stores, dynamodb_stores, moto_cloud
from tests.support.lean import bridged

__all__ = ["TestAuthorization", "TestChanges", "TestRoundTrips", "TestTouch"]


@pytest.fixture
def stores() -> Iterator[Stores]:
    """Return an empty store."""
    with moto_cloud() as cloud, bridged(cloud) as over_http:
        yield dynamodb_stores(over_http)
