"""The keys that other services verify access tokens with."""

from collections.abc import Callable, Sequence

from chalicelib.domain.keys import VerificationKey
from chalicelib.domain.ports.signing import KeyStore


class PublishedKeys:
    """All that verify: the next one too, so that everybody knows it before it signs.

    ``begin`` publishes the first key. Services that fetch the keys before the first access token
    would otherwise keep an empty set, and refuse that token.
    """

    def __init__(self, store: KeyStore, begin: Callable[[], object] | None) -> None:
        self._store = store
        self._begin = begin

    def load(self) -> Sequence[VerificationKey]:
        """Return the keys. Raises StoreUnavailable or SigningUnavailable."""
        ring = self._store.load_keys()
        if self._begin and not ring.keys:
            self._begin()
            ring = self._store.load_keys()
        return [key for key in ring.keys if key.may_verify]
