"""A memo of the signatures that were verified (docs/decisions/0035-verified-signatures.md)."""

import hashlib
from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key")

MOST_SIGNATURES = 1_000


class VerifiedSignatures(Generic[Key]):
    """SHA-256 digests of whole JWSs, each with the key that verified it. Threads may share it.

    A digest stands for one string: header, claims and signature. It counts only for the same key object,
    and a ring of keys that is loaded again has new objects. At most ``MOST_SIGNATURES`` are kept. The
    oldest one makes room. Only a genuine JWS gets in, so forged ones displace nothing.
    """

    def __init__(self, most: int = MOST_SIGNATURES) -> None:
        self._most = most
        self._lock = Lock()
        self._keys: OrderedDict[bytes, Key] = OrderedDict()

    def knows(self, jws: bytes, key: Key) -> bool:
        """Return True if this key has verified this JWS."""
        return self._keys.get(hashlib.sha256(jws).digest()) is key

    def add(self, jws: bytes, key: Key) -> None:
        """Note that this key has verified this JWS."""
        with self._lock:
            self._keys[hashlib.sha256(jws).digest()] = key
            if len(self._keys) > self._most:
                self._keys.popitem(last=False)

    def clear(self) -> None:
        """Forget all. Do so when the keys are loaded again."""
        with self._lock:
            self._keys.clear()
