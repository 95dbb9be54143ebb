"""Public keys of our own rings, kept in the process."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from chalicelib.domain.errors import DependencyUnavailable

if TYPE_CHECKING:
    from chalicelib.domain.ports.time import Clock

Key = TypeVar("Key")

MAX_AGE = timedelta(seconds=60)
COOL_DOWN = timedelta(seconds=10)
FAILURE_COOL_DOWN = timedelta(milliseconds=500)


class KeyCache(Generic[Key]):
    """Keys by ``kid``.

    Keys older than ``max_age`` are loaded again, so that a revoked key stops verifying without a
    deployment. An unknown ``kid`` loads them again at most once per ``COOL_DOWN``, so that invented
    names cost nothing. After a failed load an unknown ``kid`` is an error, not a refusal,
    because the key may be ours. That lasts for ``FAILURE_COOL_DOWN``, so that a short fault of the store
    stays short for callers.
    """

    def __init__(
        self, load: Callable[[], Mapping[str, Key]], clock: "Clock", max_age: timedelta = MAX_AGE
    ) -> None:
        self._load = load
        self._clock = clock
        self._max_age = max_age
        self._lock = Lock()
        self._keys: Mapping[str, Key] = {}
        self._loaded_at: datetime | None = None
        self._failed_at: datetime | None = None
        self._failure: DependencyUnavailable | None = None

    def find(self, kid: str) -> Key | None:
        """Return the key, or None if no key has this ``kid``.

        Raises DependencyUnavailable if the keys must be loaded and cannot be.
        """
        with self._lock:
            # Read the clock after the lock: this caller may have waited for another caller's load.
            now = self._clock.now()
            if self._must_load(kid, now):
                self._reload(now)
            elif kid not in self._keys and self._failure:
                # A new instance: an exception that is raised twice keeps the frames of both callers.
                raise type(self._failure) from self._failure
            return self._keys.get(kid)

    def _must_load(self, kid: str, now: datetime) -> bool:
        if self._loaded_at is None:
            return True
        # abs: if the clock is set back, a key or a failure must not be kept longer.
        age = abs(now - self._loaded_at)
        if kid in self._keys:
            return age >= self._max_age
        if self._failed_at:
            return abs(now - self._failed_at) >= FAILURE_COOL_DOWN
        return age >= COOL_DOWN

    def _reload(self, now: datetime) -> None:
        try:
            self._keys = self._load()
        except DependencyUnavailable as error:
            # The cool-down begins after the load, because a load that times out takes longer than it.
            self._failed_at, self._failure = self._clock.now(), error
            raise
        self._failed_at = self._failure = None
        self._loaded_at = now
