"""Verification of the JWTs that the users' OpenID provider signs."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chalicelib.adapters.oidc.claims import (
    ProviderRules,
    identity_of,
    require_audience,
    require_client,
    require_issuer,
    require_time,
)
from chalicelib.adapters.oidc.documents import ProviderDocuments
from chalicelib.adapters.oidc.jwt import (
    UnverifiedJwt,
    is_of_type,
    is_plain_id_token,
    kind_of,
    parse,
    require_sign_in,
)
from chalicelib.adapters.oidc.keys import KeyReader, KeySet
from chalicelib.adapters.oidc.reloads import Reloads
from chalicelib.domain.claims import TokenType
from chalicelib.domain.errors import SignInRefused
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.reasons import SignInReason
from chalicelib.domain.users import Identity
from chalicelib.logs import fact

__all__ = ["OidcProvider", "ProviderDocuments", "ProviderRules"]

LONGEST_BEARER = 16 * 1024
# Longer than a bearer: it comes over our own connection, and may name a thousand groups.
LONGEST_ID_TOKEN = 64 * 1024


class OidcProvider:
    """The verifier of the JWTs of one provider (OpenID Connect Core section 3.1.3.7).

    The order is: length, form, kind, issuer, signature, audience, time, subject. Kind and issuer come
    before the signature, so that the JWTs of other issuers do not reload the keys.
    """

    def __init__(self, rules: ProviderRules, documents: ProviderDocuments, clock: Clock) -> None:
        self._rules = rules
        self._clock = clock
        reader = KeyReader()
        self._keys: Reloads[KeySet] = Reloads(lambda: reader.read(documents.key_set()), clock)

    def verify(self, unverified_jwt: str) -> Identity:
        """Return the person who signed in with this bearer.

        Raises SignInRefused or IdentityProviderUnavailable.
        """
        unverified = parse(unverified_jwt, LONGEST_BEARER)
        return self._sign_in(unverified, self._rules.audiences)

    def verify_as(self, unverified_jwt: str, kind: TokenType) -> Identity:
        """Return the person who signed in with this JWT, which must be of this kind.

        An ID token may be for the page's client as well. Raises SignInRefused or
        IdentityProviderUnavailable.
        """
        unverified = parse(unverified_jwt, LONGEST_BEARER)
        audiences = set(self._rules.audiences)
        if is_of_type(TokenType.ID_TOKEN, unverified.header, unverified.claims):
            audiences.add(self._rules.client_id)
        return self._sign_in(unverified, audiences, kind)

    def id_token_claims(self, unverified_jwt: str, nonce: str) -> Mapping[str, Any]:
        """Return the verified claims of the ID token for our own request with this nonce.

        Raises SignInRefused or IdentityProviderUnavailable.
        """
        unverified = parse(unverified_jwt, LONGEST_ID_TOKEN)
        claims, client_id = unverified.claims, self._rules.client_id
        with self._facts_about(unverified, [client_id]):
            self._require_signed(unverified)
            if not is_plain_id_token(unverified.header, claims):
                raise SignInRefused(SignInReason.WRONG_KIND)
            require_client(claims, client_id)
            require_time(claims, self._clock.now())
            if claims.get("nonce") != nonce:
                raise SignInRefused(SignInReason.WRONG_NONCE)
            self.identity(claims)
        return claims

    def identity(self, claims: Mapping[str, Any]) -> Identity:
        """Return the person of the verified claims of an ID token. Raises SignInRefused."""
        return identity_of(claims, TokenType.ID_TOKEN, self._rules)

    def _sign_in(
        self, unverified: UnverifiedJwt, audiences: Collection[str], kind: TokenType = TokenType.JWT
    ) -> Identity:
        header, claims = unverified.header, unverified.claims
        with self._facts_about(unverified, audiences):
            self._require_signed(unverified)
            if not is_of_type(kind, header, claims):
                raise SignInRefused(SignInReason.WRONG_KIND)
            require_audience(claims, audiences)
            require_time(claims, self._clock.now())
            return identity_of(claims, kind_of(header, claims), self._rules)

    def _require_signed(self, unverified: UnverifiedJwt) -> None:
        """Check that the JWT can be a sign-in and that a key of the provider signed it.

        A refusal because of the key is final only if the keys were read after the JWT came. Raises
        SignInRefused or IdentityProviderUnavailable.
        """
        require_sign_in(unverified.header, unverified.claims)
        require_issuer(unverified.claims, self._rules.issuer)
        begun_before = self._keys.begun
        loaded = self._keys.current()
        while refusal := _refusal(loaded.value, unverified):
            if loaded.number > begun_before:
                raise SignInRefused(refusal)
            loaded = self._keys.later_than(loaded.number)

    @contextmanager
    def _facts_about(self, unverified: UnverifiedJwt, audiences: Collection[str]) -> Iterator[None]:
        """Add the expected and the received values to a refusal, for the log."""
        try:
            yield
        except SignInRefused as refusal:
            header, claims = unverified.header, unverified.claims
            facts = {
                "expected_iss": fact(self._rules.issuer),
                "received_iss": fact(claims.get("iss")),
                "expected_aud": fact(sorted(audiences)),
                "received_aud": fact(claims.get("aud", claims.get("client_id"))),
                "received_kid": fact(header.get("kid", "")),
                "received_typ": fact(header.get("typ", "")),
                "received_typ_claim": fact(claims.get("typ", "")),
            }
            raise SignInRefused(
                refusal.reason, {**facts, **refusal.facts}, refusal.retry_after
            ) from refusal


def _refusal(keys: KeySet, unverified: UnverifiedJwt) -> SignInReason | None:
    """Return why these keys do not verify the JWT, or None if one does."""
    key = keys.find(unverified.kid, unverified.algorithm)
    if key is None:
        known = keys.has(unverified.kid)
        return SignInReason.ALGORITHM_NOT_ALLOWED if known else SignInReason.UNKNOWN_KEY
    return None if key.verifies(unverified) else SignInReason.BAD_SIGNATURE
