"""The stores that one suite holds to the same behaviour."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib.domain.users import User
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


@pytest.fixture(scope="session")
def emulated() -> Iterator[Cloud]:
    """Return the emulator, started once."""
    with emulator_cloud() as cloud:
        yield cloud


@pytest.fixture(
    params=[
        "memory",
        "moto",
        pytest.param("emulator", marks=[pytest.mark.slow, pytest.mark.emulator]),
    ]
)
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """Return an empty store."""
    if request.param == "memory":
        yield memory_stores()
    elif request.param == "moto":
        with moto_cloud() as cloud:
            yield dynamodb_stores(cloud)
    else:
        shared: Cloud = request.getfixturevalue("emulated")
        yield dynamodb_stores(replace(shared, table=new_table(shared.dynamodb)))


@pytest.fixture
def owner(stores: Stores) -> User:
    """Return a stored, active user without tokens."""
    user = a_user()
    assert stores.users.add_user(user)
    return user
