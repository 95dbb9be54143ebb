"""Signers and verifiers of our tokens, and the store of their keys."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chalicelib.domain.claims import AccessClaims, Claims
    from chalicelib.domain.events import Event
    from chalicelib.domain.keys import KeyRing


class TokenSigner(Protocol):
    """A signer of API tokens."""

    def sign(self, claims: "Claims") -> str:
        """Return the token string for ``claims``.

        Raises SigningUnavailable.
        """
        ...


class TokenVerifier(Protocol):
    """A verifier of API tokens."""

    def verify(self, unverified_token: str) -> "Claims":
        """Return the claims of a genuine token. Once keys are loaded, this needs no call.

        Raises InvalidToken, or StoreUnavailable while the keys cannot be loaded.
        """
        ...


class AccessTokenSigner(Protocol):
    """A signer of access tokens for other services."""

    def sign(self, claims: "AccessClaims") -> str:
        """Return the access token for ``claims``.

        Raises SigningUnavailable, StoreUnavailable.
        """
        ...


class AccessTokenVerifier(Protocol):
    """A verifier of our access tokens."""

    def verify(self, unverified_token: str) -> "AccessClaims":
        """Return the claims of a genuine access token. Once keys are loaded, this needs no call.

        Raises InvalidToken, or StoreUnavailable while the keys cannot be loaded.
        """
        ...


class KeyStore(Protocol):
    """The published keys of one use. Both calls raise StoreUnavailable."""

    def load_keys(self) -> "KeyRing":
        """Return the keys in every state, strongly consistent."""
        ...

    def save_keys(self, before: "KeyRing", after: "KeyRing", event: "Event") -> None:
        """Write the keys that differ and the event, all or nothing. If no key differs, nothing is written.

        Raises ConcurrentChange if the stored keys are no longer ``before``. Then another key is active or
        next, or a key that differs exists already or has another state.
        """
        ...
