"""The service over moto, whole, with every call to AWS in view; and the emulator for races."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.integration.wire import Wire
from tests.integration.world import World
from tests.support.api import api_of
from tests.support.dynamodb import Cloud, emulator_cloud, moto_cloud, new_table
from tests.support.service import MemoryService


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """Return an empty table and a key, on moto."""
    with moto_cloud() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def watched() -> Iterator[tuple[Cloud, Wire]]:
    """Return moto with every call in view, for a whole module: it is slow to start."""
    with moto_cloud() as cloud:
        yield cloud, Wire(cloud)


@pytest.fixture
def world(watched: tuple[Cloud, Wire]) -> Iterator[World]:
    """Return people who call the app over an empty table of moto."""
    cloud, wire = watched
    with api_of(MemoryService()) as api:
        yield World(replace(cloud, table=new_table(cloud.dynamodb)), wire, api)


@pytest.fixture(scope="session")
def emulated() -> Iterator[Cloud]:
    """Return the emulator, started once."""
    with emulator_cloud() as cloud:
        yield cloud


@pytest.fixture
def atomic_cloud(emulated: Cloud) -> Cloud:
    """Return an empty table and a key, on the emulator."""
    return replace(emulated, table=new_table(emulated.dynamodb))
