"""Verification keys kept in the process, loaded again at most once per cool-down."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.ports import Clock

Key = TypeVar("Key")

MAX_AGE = timedelta(seconds=60)
COOL_DOWN = timedelta(seconds=10)


class KeyCache(Generic[Key]):
    """Keys by ``kid``.

    Keys older than ``max_age`` are loaded again, so that a revoked key stops verifying without a
    deployment. An unknown ``kid`` loads them again at most once per ``COOL_DOWN``, so that a flood of
    invented ones costs nothing. When the last load failed nobody can say whether an unknown ``kid``
    is ours: that is an error, not a refusal.
    """

    def __init__(
        self, load: Callable[[], Mapping[str, Key]], clock: Clock, max_age: timedelta = MAX_AGE
    ) -> None:
        self._load = load
        self._clock = clock
        self._max_age = max_age
        self._lock = Lock()
        self._keys: Mapping[str, Key] = {}
        self._loaded_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._failure: DependencyUnavailable | None = None

    def find(self, kid: str) -> Key | None:
        """Return the key, or None when no key has this ``kid``.

        Raises the DependencyUnavailable of the load when keys are needed that cannot be loaded.
        """
        now = self._clock.now()
        with self._lock:
            if self._must_load(kid, now):
                self._reload(now)
            elif kid not in self._keys and self._failure:
                raise self._failure
            return self._keys.get(kid)

    def _must_load(self, kid: str, now: datetime) -> bool:
        if self._loaded_at is None:
            return True
        if kid in self._keys:
            return now - self._loaded_at >= self._max_age
        return self._tried_at is None or now - self._tried_at >= COOL_DOWN

    def _reload(self, now: datetime) -> None:
        self._tried_at = now
        try:
            self._keys = self._load()
        except DependencyUnavailable as error:
            self._failure = error
            raise
        self._failure = None
        self._loaded_at = now
