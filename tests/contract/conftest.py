"""The stores that one suite holds to the same behaviour."""

import os
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace

import pytest

from chalicelib.domain.users import User
from tests.support.actors import an_event
from tests.support.builders import a_user
from tests.support.dynamodb import (
    Cloud,
    Stores,
    dynamodb_stores,
    emulator_cloud,
    memory_stores,
    moto_cloud,
    new_table,
)
from tests.support.endpoint import VARIABLE, Endpoint, emptied, endpoint_cloud, lean_endpoint
from tests.support.lean import with_lean

EMULATOR = pytest.param("emulator", marks=[pytest.mark.slow, pytest.mark.emulator])
PLACES = ["endpoint", "endpoint by the SDK"] if os.environ.get(VARIABLE) else ["memory", "moto", EMULATOR]
"""Stores that the suite holds to the same behaviour. The SDK calls moto, our client the others."""


@pytest.fixture(scope="session")
def emulated() -> Iterator[Cloud]:
    """Return the emulator, started once."""
    with emulator_cloud() as cloud:
        yield cloud


@pytest.fixture(scope="session")
def elsewhere(endpoint: Endpoint | None) -> Iterator[Cloud]:
    """Return a table of our own at the endpoint, made once and deleted in the end."""
    assert endpoint
    with endpoint_cloud(endpoint) as cloud:
        yield cloud


@pytest.fixture(params=PLACES)
def stores(request: pytest.FixtureRequest, endpoint: Endpoint | None) -> Iterator[Stores]:
    """Return an empty store."""
    if request.param == "memory":
        yield memory_stores()
    elif request.param == "moto":
        with moto_cloud() as cloud:
            yield dynamodb_stores(cloud)
    elif request.param == "emulator":
        shared: Cloud = request.getfixturevalue("emulated")
        with with_lean(replace(shared, table=new_table(shared.dynamodb))) as cloud:
            yield dynamodb_stores(cloud)
    else:
        assert endpoint
        table = emptied(request.getfixturevalue("elsewhere"))
        by_lean = lean_endpoint(table, endpoint) if request.param == "endpoint" else nullcontext(table)
        with by_lean as cloud:
            yield dynamodb_stores(cloud)


@pytest.fixture(params=PLACES[:1] if "endpoint" in PLACES else [EMULATOR])
def atomic(request: pytest.FixtureRequest) -> Cloud:
    """Return an empty table whose writes are atomic, for races."""
    if request.param == "endpoint":
        return emptied(request.getfixturevalue("elsewhere"))
    shared: Cloud = request.getfixturevalue("emulated")
    return replace(shared, table=new_table(shared.dynamodb))


@pytest.fixture
def owner(stores: Stores) -> User:
    """Return a stored, active user without tokens."""
    user = a_user()
    assert stores.users.add_user(user, an_event())
    return user
