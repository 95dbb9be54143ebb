"""The contract's tests of a decision's calls, by the lean client."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.contract.conftest import PLACES
from tests.contract.test_key_contract import TestChanges, TestRoundTrips
from tests.contract.test_store_contract import TestAuthorization, TestTouch
from tests.support.dynamodb import Cloud, Stores, moto_cloud, new_table
from tests.support.endpoint import Endpoint, emptied, lean_endpoint
from tests.support.lean import bridged, lean_stores, with_lean

__all__ = ["TestAuthorization", "TestChanges", "TestRoundTrips", "TestTouch"]


@pytest.fixture(params=[place for place in PLACES if place != "memory"])
def stores(request: pytest.FixtureRequest, endpoint: Endpoint | None) -> Iterator[Stores]:
    """Return an empty store."""
    if request.param == "moto":
        with moto_cloud() as cloud, bridged(cloud) as over_http:
            yield lean_stores(over_http)
    elif request.param == "endpoint":
        assert endpoint
        with lean_endpoint(emptied(request.getfixturevalue("elsewhere")), endpoint) as cloud:
            yield lean_stores(cloud)
    else:
        shared: Cloud = request.getfixturevalue("emulated")
        with with_lean(replace(shared, table=new_table(shared.dynamodb))) as cloud:
            yield lean_stores(cloud)
