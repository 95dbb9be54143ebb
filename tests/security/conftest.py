"""The victims of the attacks."""

from collections.abc import Iterator

import pytest

from tests.security.victim import CountingService, Victim, victim_of
from tests.support.api import api_of


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    """Return somebody with a good token whom attacks, which must all fail, leave as they found them."""
    yield from _somebody()


@pytest.fixture
def fresh_victim() -> Iterator[Victim]:
    """Return somebody for one test alone, which revokes, removes or lets time pass."""
    yield from _somebody()


def _somebody() -> Iterator[Victim]:
    service = CountingService()
    with api_of(service) as api:
        yield victim_of(api, service)
