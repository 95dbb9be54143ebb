"""Rules for loading a provider's documents again, which are kept in the process.

The reasons and the arithmetic are in docs/decisions/0023-provider-keys.md.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

from chalicelib.domain.errors import IdentityProviderUnavailable, SignInRefused
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.reasons import ProviderReason, SignInReason

T = TypeVar("T")

MAX_AGE = timedelta(minutes=5)
LONGEST_AGE = timedelta(minutes=10)
COOL_DOWN = timedelta(seconds=10)
SPACING = timedelta(seconds=5)
BURST = 3

# For a caller who waits for another caller's load. The load itself has its own deadline.
_LONGEST_WAIT_SECONDS = 6.0


class Loaded(Frozen, Generic[T]):
    """The result of a load. Loads are numbered in the order in which they begin."""

    value: T
    number: int
    at: datetime


class _Failure(Frozen):
    reason: ProviderReason
    facts: Mapping[str, str]
    at: datetime


class Bucket:
    """A token bucket of at most ``BURST`` permits. One more comes per ``SPACING``."""

    def __init__(self) -> None:
        self._empty_until: datetime | None = None

    def take(self, now: datetime) -> bool:
        """Take a permit, or return False if the bucket is empty."""
        latest = now + BURST * SPACING
        until = max(self._empty_until or now, now)
        if until > latest:
            # The clock was set back. The bucket must not stay closed until the clock has caught up.
            until = now
        if until + SPACING > latest:
            return False
        self._empty_until = until + SPACING
        return True


class Reloads(Generic[T]):
    """A value that is loaded again if needed, by one caller at a time.

    Other callers use the value that is there. ``load`` may raise IdentityProviderUnavailable. For
    ``COOL_DOWN`` after that, calls raise the same error without another load.
    """

    def __init__(self, load: Callable[[], T], clock: Clock) -> None:
        self._load = load
        self._clock = clock
        self._lock = Lock()
        self._bucket = Bucket()
        self._begun = 0
        self._loaded: Loaded[T] | None = None
        self._failure: _Failure | None = None
        self._under_way: Future[Loaded[T]] | None = None

    @property
    def begun(self) -> int:
        """The number of loads that have begun so far."""
        return self._begun

    def current(self) -> Loaded[T]:
        """Return a value that is at most ``MAX_AGE`` old, or ``LONGEST_AGE`` if loads fail.

        Raises IdentityProviderUnavailable.
        """
        with self._lock:
            now, loaded = self._clock.now(), self._loaded
            if loaded and _is_within(MAX_AGE, loaded.at, now):
                return loaded
            bridge = loaded if loaded and _is_within(LONGEST_AGE, loaded.at, now) else None
            if bridge and self._under_way:
                return bridge
        try:
            return self.later_than(loaded.number if loaded else 0)
        except IdentityProviderUnavailable:
            if bridge:
                return bridge
            raise

    def later_than(self, number: int) -> Loaded[T]:
        """Return the value of a load after ``number``, and load it if the bucket allows.

        Raises SignInRefused (``keys_not_current``) or IdentityProviderUnavailable.
        """
        with self._lock:
            if self._loaded and self._loaded.number > number:
                return self._loaded
            load = self._join_or_begin(self._clock.now())
        return load()

    def put(self, value: T) -> None:
        """Keep a value that the caller loaded."""
        with self._lock:
            self._begun += 1
            self._loaded, self._failure = Loaded(value, self._begun, self._clock.now()), None

    def _join_or_begin(self, now: datetime) -> Callable[[], Loaded[T]]:
        """Return the function that loads or waits, to be called outside the lock.

        Raises IdentityProviderUnavailable while a failure cools down, SignInRefused without a permit.
        """
        under_way = self._under_way
        if under_way:
            return lambda: _result_of(under_way)
        if self._failure and _is_within(COOL_DOWN, self._failure.at, now):
            raise IdentityProviderUnavailable(self._failure.reason, self._failure.facts)
        # The first load needs no permit. For keys older than ``MAX_AGE`` the bucket is never empty.
        if self._loaded and not self._bucket.take(now):
            raise SignInRefused(SignInReason.KEYS_NOT_CURRENT, retry_after=SPACING)
        self._begun += 1
        number, mine = self._begun, Future[Loaded[T]]()
        self._under_way = mine
        return lambda: self._run(number, mine)

    def _run(self, number: int, mine: "Future[Loaded[T]]") -> Loaded[T]:
        began_at = self._clock.now()
        try:
            loaded = Loaded(self._load(), number, began_at)
        except BaseException as error:
            with self._lock:
                self._under_way = None
                if isinstance(error, IdentityProviderUnavailable):
                    self._failure = _Failure(error.reason, error.facts, self._clock.now())
            mine.set_exception(error)
            raise
        with self._lock:
            self._under_way = None
            self._loaded, self._failure = loaded, None
        mine.set_result(loaded)
        return loaded


def _result_of(load: "Future[Loaded[T]]") -> Loaded[T]:
    try:
        return load.result(_LONGEST_WAIT_SECONDS)
    except TimeoutError as error:
        raise IdentityProviderUnavailable(ProviderReason.TOO_SLOW) from error
    except IdentityProviderUnavailable as error:
        # A new instance, because an exception that is raised twice keeps the frames of both callers.
        raise IdentityProviderUnavailable(error.reason, error.facts) from error


def _is_within(duration: timedelta, moment: datetime, now: datetime) -> bool:
    # abs: if the clock is set back, a value must not stay valid until the clock has caught up.
    return abs(now - moment) < duration
