"""Access tokens (RFC 9068): derived from API tokens, and verified with published keys."""

import secrets
from collections.abc import Callable, Collection, Sequence

from chalicelib import logs
from chalicelib.domain.callers import Caller
from chalicelib.domain.claims import ACCESS_TOKEN_LIFETIME, AccessClaims, AccessToken
from chalicelib.domain.errors import (
    AudienceRequired,
    InvalidSubjectToken,
    InvalidTarget,
    InvalidToken,
    ScopeNotHeld,
)
from chalicelib.domain.keys import VerificationKey
from chalicelib.domain.ports.signing import AccessTokenSigner, KeyStore
from chalicelib.domain.ports.time import Clock
from chalicelib.services.verify import VerifyToken

_ID_BYTES = 16


class DeriveAccessToken:
    """Short-lived access tokens from API tokens, for services that verify offline.

    ``audiences`` are those that the operator allows.
    """

    def __init__(
        self, verify: VerifyToken, signer: AccessTokenSigner, audiences: frozenset[str], clock: Clock
    ) -> None:
        self._verify = verify
        self._signer = signer
        self._audiences = audiences
        self._clock = clock

    def __call__(
        self,
        unverified_subject_token: str,
        caller: Caller,
        targets: Collection[str],
        scopes: frozenset[str] | None,
    ) -> AccessToken:
        """Return an access token with the scopes of the API token, or only ``scopes`` of them.

        ``targets`` must name one audience. The derivation counts as a use of the API token. An API
        token with a list of networks makes no access token, because services could not check the list.
        Raises AudienceRequired, InvalidTarget, ScopeNotHeld, InvalidSubjectToken or DependencyUnavailable.
        """
        # First, because a derivation that is refused for its target must not count as a use.
        audience = self._audience(targets)
        try:
            verified = self._verify(unverified_subject_token, caller)
        except InvalidToken as error:
            logs.add(cause=error.reason)
            raise InvalidSubjectToken from error
        if verified.token.allowed_networks:
            raise InvalidTarget("An API token that is restricted to networks makes no access token.")
        granted = verified.scopes if scopes is None else scopes
        if not granted or not granted <= verified.scopes:
            raise ScopeNotHeld
        # Whole seconds, as in the JWT (RFC 7519, NumericDate).
        now = self._clock.now().replace(microsecond=0)
        end = now + ACCESS_TOKEN_LIFETIME
        claims = AccessClaims(
            subject=verified.token.user_id,
            client_id=verified.token.id,
            audience=audience,
            access_token_id=secrets.token_urlsafe(_ID_BYTES),
            scopes=granted,
            issued_at=now,
            expires_at=min(end, verified.ends_at) if verified.ends_at else end,
        )
        return AccessToken(claims, self._signer.sign(claims))

    def _audience(self, targets: Collection[str]) -> str:
        if not targets:
            raise AudienceRequired
        named = set(targets)
        if len(named) > 1 or not named <= self._audiences:
            raise InvalidTarget
        return named.pop()


class PublishedKeys:
    """The public keys that verify access tokens. The next key is among them before it signs.

    ``begin`` publishes the first key. Services that fetch the keys before the first access token
    would otherwise keep an empty set, and refuse that token.
    """

    def __init__(self, store: KeyStore, begin: Callable[[], object] | None) -> None:
        self._store = store
        self._begin = begin

    def __call__(self) -> Sequence[VerificationKey]:
        """Return the keys. Raises StoreUnavailable or SigningUnavailable."""
        ring = self._store.load_keys()
        if self._begin and not ring.keys:
            self._begin()
            ring = self._store.load_keys()
        return [key for key in ring.keys if key.may_verify]
