"""Races in which decisions take part, these by the lean client."""

from collections.abc import Iterator

import pytest

from tests.integration.test_races import (
    Racers,
    test_concurrent_reuse_is_recorded_once,
    test_concurrent_touches_write_once,
    test_concurrent_uses_are_all_allowed,
    test_touch_racing_a_pause_never_reactivates,
    test_touch_racing_a_revocation_never_revives,
    test_use_racing_a_rotation_never_outlives_the_overlap,
)
from tests.support.dynamodb import Cloud
from tests.support.lean import with_lean

__all__ = [
    "test_concurrent_reuse_is_recorded_once",
    "test_concurrent_touches_write_once",
    "test_concurrent_uses_are_all_allowed",
    "test_touch_racing_a_pause_never_reactivates",
    "test_touch_racing_a_revocation_never_revives",
    "test_use_racing_a_rotation_never_outlives_the_overlap",
]

pytestmark = [pytest.mark.slow, pytest.mark.emulator]


@pytest.fixture
def racers(atomic_cloud: Cloud) -> Iterator[Racers]:
    """Return processes over an empty table; they share one lean client, so its connections too."""
    with with_lean(atomic_cloud) as cloud:
        yield Racers(cloud)
