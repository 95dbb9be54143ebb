"""The service over moto, whole, with every call to AWS in view; and the emulator for races."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.iam.outside import FOLDER
from tests.iam.suite import SecondOpinion, Watch
from tests.integration.wire import Wire
from tests.integration.world import World
from tests.support.api import api_of
from tests.support.dynamodb import Cloud, emulator_cloud, moto_cloud, new_table
from tests.support.node import node_is_missing, node_with_packages
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


@pytest.fixture(scope="session")
def second_opinion() -> Iterator[SecondOpinion]:
    """Return what has every watched call judged by the other evaluator at the end, in one process."""
    opinion = SecondOpinion()
    yield opinion
    # Without Node tests/iam/test_outside.py is skipped, and says so.
    if not node_is_missing():
        opinion.judge(node_with_packages(FOLDER))


@pytest.fixture(scope="module")
def watch(watched: tuple[Cloud, Wire], second_opinion: SecondOpinion) -> Watch:
    """Return what compares each call with its function's policy."""
    return Watch(watched[0], second_opinion)


@pytest.fixture
def world(watched: tuple[Cloud, Wire], watch: Watch) -> Iterator[World]:
    """Return people who call the app over an empty table of moto; no call asks for more than it may."""
    cloud, wire = watched
    with api_of(MemoryService()) as api:
        world = World(replace(cloud, table=new_table(cloud.dynamodb)), wire, api)
        api.around = lambda method, path: watch.calling(
            method, path, world.cloud.table, lambda: world.environ
        )
        yield world


@pytest.fixture(scope="session")
def emulated() -> Iterator[Cloud]:
    """Return the emulator, started once."""
    with emulator_cloud() as cloud:
        yield cloud


@pytest.fixture
def atomic_cloud(emulated: Cloud) -> Cloud:
    """Return an empty table and a key, on the emulator."""
    return replace(emulated, table=new_table(emulated.dynamodb))
