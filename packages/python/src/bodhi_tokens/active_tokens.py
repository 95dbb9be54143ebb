"""The cache of tokens that were active a moment ago. It is off by default."""

import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from threading import Lock

from bodhi_tokens.verified import VerifiedToken

MAX_SECONDS = 30
_MAX_TOKENS = 1000


class ActiveTokens:
    """Active tokens of the last ``seconds``, at most 1,000. Refusals are never kept.

    The key is a hash, so the process does not hold the strings of tokens.
    Raises ValueError unless ``seconds`` is between 0 and 30.
    """

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        if not 0 <= seconds <= MAX_SECONDS:
            raise ValueError(f"cache_seconds must be between 0 and {MAX_SECONDS}")
        self._seconds = seconds
        self._kept: OrderedDict[bytes, tuple[float, VerifiedToken]] = OrderedDict()
        self._lock = Lock()
        self.now = now

    @property
    def is_on(self) -> bool:
        """True if tokens are kept at all."""
        return self._seconds > 0

    def get(self, unverified_token: str) -> VerifiedToken | None:
        """Return a token that was active less than ``seconds`` ago, or None."""
        with self._lock:
            asked_at, token = self._kept.get(_key(unverified_token), (0.0, None))
        return token if token and self.now() - asked_at < self._seconds else None

    def put(self, active_token: str, token: VerifiedToken, asked_at: float) -> None:
        """Keep a token. Its time counts from before the question, because a revocation may come between."""
        with self._lock:
            self._kept.pop(_key(active_token), None)
            self._kept[_key(active_token)] = (asked_at, token)
            if len(self._kept) > _MAX_TOKENS:
                self._kept.popitem(last=False)


def _key(unverified_token: str) -> bytes:
    return sha256(unverified_token.encode()).digest()
