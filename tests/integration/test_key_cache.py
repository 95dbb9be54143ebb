"""Keys kept in the process: how old they may get, how often they are loaded, what a failure means."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from chalicelib.adapters.key_cache import COOL_DOWN, FAILURE_COOL_DOWN, MAX_AGE, KeyCache
from chalicelib.domain.errors import StoreUnavailable
from tests.support.clock import FixedClock

ONE_MILLISECOND = timedelta(milliseconds=1)


class Source:
    """Keys to load; ``down`` makes loading fail."""

    def __init__(self) -> None:
        self.keys = {"kid-1": "key-1"}
        self.down = False
        self.loads = 0

    def load(self) -> Mapping[str, str]:
        """Return the keys."""
        self.loads += 1
        if self.down:
            raise StoreUnavailable
        return dict(self.keys)


@pytest.fixture
def clock() -> FixedClock:
    """Return a clock to set."""
    return FixedClock()


@pytest.fixture
def source() -> Source:
    """Return a source with one key."""
    return Source()


@pytest.fixture
def cache(source: Source, clock: FixedClock) -> KeyCache[str]:
    """Return an empty cache."""
    return KeyCache(source.load, clock)


def test_nothing_is_loaded_before_it_is_needed(cache: KeyCache[str], source: Source) -> None:
    """A cold start without a token costs nothing."""
    assert source.loads == 0


def test_keys_are_loaded_once_for_many_finds(cache: KeyCache[str], source: Source) -> None:
    """Every find of a known key after the first is free."""
    assert [cache.find("kid-1") for _ in range(5)] == ["key-1"] * 5
    assert source.loads == 1


def test_keys_are_loaded_again_at_their_greatest_age(
    cache: KeyCache[str], source: Source, clock: FixedClock
) -> None:
    """Not a moment sooner, and not later."""
    cache.find("kid-1")
    clock.advance(MAX_AGE - ONE_MILLISECOND)
    cache.find("kid-1")
    assert source.loads == 1
    clock.advance(ONE_MILLISECOND)
    cache.find("kid-1")
    assert source.loads == 2


def test_withdrawn_key_is_forgotten_at_the_greatest_age(
    cache: KeyCache[str], source: Source, clock: FixedClock
) -> None:
    """A key that was revoked verifies for MAX_AGE at most."""
    cache.find("kid-1")
    source.keys = {"kid-2": "key-2"}
    assert cache.find("kid-1") == "key-1"
    clock.advance(MAX_AGE)
    assert cache.find("kid-1") is None


def test_new_key_is_found_by_one_reload(cache: KeyCache[str], source: Source, clock: FixedClock) -> None:
    """A signer may begin with a new key at any time after the cool-down."""
    cache.find("kid-1")
    source.keys["kid-2"] = "key-2"
    clock.advance(COOL_DOWN)
    assert cache.find("kid-2") == "key-2"
    assert source.loads == 2


def test_unknown_keys_load_once_per_cool_down(
    cache: KeyCache[str], source: Source, clock: FixedClock
) -> None:
    """However many are invented."""
    cache.find("kid-1")
    assert {cache.find(f"invented-{n}") for n in range(20)} == {None}
    assert source.loads == 1
    clock.advance(COOL_DOWN - ONE_MILLISECOND)
    cache.find("invented")
    assert source.loads == 1
    clock.advance(ONE_MILLISECOND)
    assert {cache.find(f"invented-{n}") for n in range(20)} == {None}
    assert source.loads == 2


def test_unknown_key_at_first_loads_once(cache: KeyCache[str], source: Source) -> None:
    """The load that answers the first question answers the next ones too."""
    assert {cache.find(f"invented-{n}") for n in range(20)} == {None}
    assert source.loads == 1


def test_reload_for_an_unknown_key_renews_the_known_ones(
    cache: KeyCache[str], source: Source, clock: FixedClock
) -> None:
    """All keys come with every load, so their age starts anew."""
    cache.find("kid-1")
    clock.advance(MAX_AGE - ONE_MILLISECOND)
    cache.find("invented")
    clock.advance(MAX_AGE - ONE_MILLISECOND)
    cache.find("kid-1")
    assert source.loads == 2


def test_failure_of_the_first_load_is_an_error_until_it_succeeds(
    cache: KeyCache[str], source: Source
) -> None:
    """Without keys nothing can be decided; the very next call after the outage is."""
    source.down = True
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            cache.find("kid-1")
    source.down = False
    assert cache.find("kid-1") == "key-1"


def test_known_keys_outlive_a_failure_until_they_are_old(
    cache: KeyCache[str], source: Source, clock: FixedClock
) -> None:
    """A key is used for MAX_AGE. After that it may have been revoked."""
    cache.find("kid-1")
    source.down = True
    clock.advance(MAX_AGE - ONE_MILLISECOND)
    with pytest.raises(StoreUnavailable):
        cache.find("invented")
    assert cache.find("kid-1") == "key-1"
    clock.advance(ONE_MILLISECOND)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            cache.find("kid-1")
    source.down = False
    assert cache.find("kid-1") == "key-1"


def test_unknown_key_is_an_error_while_the_last_load_failed(
    cache: KeyCache[str], source: Source, clock: FixedClock
) -> None:
    """It may be one of ours that cannot be seen: no refusal, no further load, the same error."""
    cache.find("kid-1")
    clock.advance(COOL_DOWN)
    source.down = True
    for _ in range(5):
        with pytest.raises(StoreUnavailable):
            cache.find("kid-2")
    assert source.loads == 2


def test_unknown_key_is_refused_again_after_a_load_that_succeeds(
    cache: KeyCache[str], source: Source, clock: FixedClock
) -> None:
    """A failure is over with the next success."""
    cache.find("kid-1")
    clock.advance(COOL_DOWN)
    source.down = True
    with pytest.raises(StoreUnavailable):
        cache.find("kid-2")
    source.down = False
    clock.advance(COOL_DOWN)
    assert cache.find("kid-2") is None
    assert cache.find("kid-3") is None
    assert source.loads == 3


def test_new_key_is_found_half_a_second_after_a_failure(
    cache: KeyCache[str], source: Source, clock: FixedClock
) -> None:
    """After a short fault of the store, a new key fails for half a second and not for ten."""
    assert timedelta(milliseconds=500) >= FAILURE_COOL_DOWN
    cache.find("kid-1")
    source.keys["kid-2"] = "key-2"
    clock.advance(COOL_DOWN)
    source.down = True
    with pytest.raises(StoreUnavailable):
        cache.find("kid-2")
    source.down = False
    clock.advance(FAILURE_COOL_DOWN)
    assert cache.find("kid-2") == "key-2"


def test_unknown_keys_ask_a_broken_store_once_per_cool_down(
    cache: KeyCache[str], source: Source, clock: FixedClock
) -> None:
    """A flood of invented keys does not add to an outage. Ten seconds count again after a success."""
    cache.find("kid-1")
    clock.advance(COOL_DOWN)
    source.down = True
    for attempt in range(1, 4):
        for n in range(5):
            with pytest.raises(StoreUnavailable):
                cache.find(f"invented-{n}")
        assert source.loads == 1 + attempt
        clock.advance(FAILURE_COOL_DOWN)
    source.down = False
    for _ in range(3):
        assert cache.find("invented") is None
        clock.advance(FAILURE_COOL_DOWN)
    assert source.loads == 5


def test_cool_down_begins_when_a_slow_load_fails(clock: FixedClock) -> None:
    """The cool-down begins after the load, because a load that times out takes longer."""
    loads = []

    def load() -> Mapping[str, str]:
        loads.append(clock.now())
        if len(loads) > 1:
            clock.advance(timedelta(seconds=4))
            raise StoreUnavailable
        return {"kid-1": "key-1"}

    cache = KeyCache(load, clock)
    cache.find("kid-1")
    clock.advance(COOL_DOWN)
    for _ in range(5):
        with pytest.raises(StoreUnavailable):
            cache.find("kid-2")
    assert len(loads) == 2


@pytest.mark.parametrize("step", [timedelta(hours=-1), timedelta(days=-30)])
def test_clock_that_is_set_back_prolongs_nothing(
    cache: KeyCache[str], source: Source, clock: FixedClock, step: timedelta
) -> None:
    """If the clock is set back, neither a revoked key nor a failure lasts longer."""
    cache.find("kid-1")
    source.keys = {"kid-2": "key-2"}
    clock.advance(step)
    assert cache.find("kid-1") is None
    source.down = True
    clock.advance(COOL_DOWN)
    with pytest.raises(StoreUnavailable):
        cache.find("kid-3")
    source.down = False
    clock.advance(step)
    assert cache.find("kid-3") is None


def test_many_threads_load_once(cache: KeyCache[str], source: Source) -> None:
    """A caller who comes while keys are being loaded waits for them."""
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(cache.find, ["kid-1"] * 50))
    assert found == ["key-1"] * 50
    assert source.loads == 1
