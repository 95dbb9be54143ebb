"""Signers and verifiers of our tokens, and the store of their keys."""

from typing import Protocol

from chalicelib.domain.claims import AccessClaims, Claims
from chalicelib.domain.keys import KeyRing


class TokenSigner(Protocol):
    """Makes token strings."""

    def sign(self, claims: Claims) -> str:
        """Return the token string for ``claims``.

        Raises SigningUnavailable.
        """
        ...


class TokenVerifier(Protocol):
    """Reads token strings."""

    def verify(self, unverified_token: str) -> Claims:
        """Return what a genuine token says, without any database read once keys are loaded.

        Raises InvalidToken, or StoreUnavailable while the keys cannot be loaded.
        """
        ...


class AccessTokenSigner(Protocol):
    """Makes access tokens for other services."""

    def sign(self, claims: AccessClaims) -> str:
        """Return the access token for ``claims``.

        Raises SigningUnavailable, StoreUnavailable.
        """
        ...


class AccessTokenVerifier(Protocol):
    """Reads access tokens of ours."""

    def verify(self, unverified_token: str) -> AccessClaims:
        """Return what a genuine access token says, without a database read once keys are loaded.

        Raises InvalidToken, or StoreUnavailable while the keys cannot be loaded.
        """
        ...


class KeyStore(Protocol):
    """The published signing keys of one use. Both calls raise StoreUnavailable."""

    def load_keys(self) -> KeyRing:
        """Return all keys, whatever their state, strongly consistent."""
        ...

    def save_keys(self, before: KeyRing, after: KeyRing) -> None:
        """Write what differs, all or nothing.

        Raises ConcurrentChange when ``before`` is no longer what is there: another key is active or
        next, or a key that differs is there already or has another state.
        """
        ...
