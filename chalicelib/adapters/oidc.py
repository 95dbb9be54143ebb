"""Sign-ins by the users' OpenID provider: its JWTs, verified with the keys it publishes."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
import urllib3

from chalicelib.adapters import jose
from chalicelib.adapters.key_cache import KeyCache
from chalicelib.adapters.oidc_types import is_of_type
from chalicelib.domain.admin_claims import AdminClaim
from chalicelib.domain.errors import IdentityProviderUnavailable, SignInRefused
from chalicelib.domain.ports import Clock
from chalicelib.domain.refusals import ProviderReason, SignInReason
from chalicelib.domain.token_types import TokenType
from chalicelib.domain.users import Identity, Role

# Asymmetric only: with an HMAC algorithm the public key would be the secret (RFC 8725 section 2.1).
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)

# Providers rotate by publishing first, too; a longer age bridges short outages of theirs.
KEYS_MAX_AGE = timedelta(minutes=5)

_LEEWAY = timedelta(seconds=60)
_TIMEOUT = urllib3.Timeout(connect=2, read=2)
_MAX_DOCUMENT_BYTES = 256 * 1024
_MAX_JWT_LENGTH = 16 * 1024
_MAX_SUBJECT_LENGTH = 255  # OpenID Connect Core section 2
_MAX_PROFILE_LENGTH = 320
_ONLY_KEY = ""


@dataclass(frozen=True, slots=True)
class ProviderRules:
    """The rules for JWTs of the trusted provider.

    ``audiences`` are for bearers; an ID token at the page must be for ``client_id``. A JWT of a kind in
    ``admin_claim_in`` (``id``, ``access``) that lacks ``admin_claim`` takes the role away.
    """

    issuer: str
    audiences: Collection[str]
    client_id: str
    subject_claim: str = "sub"
    admin_claim: AdminClaim | None = None
    admin_claim_in: Collection[str] = ("id",)
    allow_machines: bool = False
    trust_provider_email: bool = False


class ProviderDocuments:
    """What a provider publishes about itself (OpenID Connect Discovery 1.0)."""

    def __init__(self, issuer: str, discovery_url: str, http: urllib3.PoolManager) -> None:
        self._issuer = issuer
        self._discovery_url = discovery_url
        self._http = http

    def configuration(self) -> Mapping[str, Any]:
        """Return what the provider publishes about itself, under the configured issuer.

        Raises IdentityProviderUnavailable.
        """
        configuration = self.get(self._discovery_url)
        if configuration.get("issuer") != self._issuer:
            raise IdentityProviderUnavailable(ProviderReason.WRONG_ISSUER)
        return configuration

    def endpoint(self, name: str) -> str:
        """Return one of the provider's addresses, asking its configuration each time.

        Raises IdentityProviderUnavailable, also for a configuration that names another issuer
        (section 4.3) or an address that is less protected than the issuer's own.
        """
        issuer = self._issuer
        configuration = self.get(self._discovery_url)
        url = configuration.get(name)
        if configuration.get("issuer") != issuer or not isinstance(url, str):
            raise IdentityProviderUnavailable(ProviderReason.WRONG_ISSUER)
        if url.partition(":")[0] not in {"https", issuer.partition(":")[0]}:
            raise IdentityProviderUnavailable(ProviderReason.INSECURE_ENDPOINT)
        return url

    def get(self, url: str) -> dict[str, Any]:
        """Return a JSON document; redirects are refused, so only configured hosts are ever asked.

        Raises IdentityProviderUnavailable.
        """
        try:
            response = self._http.request(
                "GET", url, timeout=_TIMEOUT, redirect=False, retries=False, preload_content=False
            )
            try:
                body = response.read(_MAX_DOCUMENT_BYTES + 1)
            finally:
                response.release_conn()
            document = json.loads(body) if len(body) <= _MAX_DOCUMENT_BYTES else None
        except (urllib3.exceptions.HTTPError, ValueError, RecursionError) as error:
            raise IdentityProviderUnavailable(ProviderReason.UNREACHABLE) from error
        if response.status != 200 or not isinstance(document, dict):
            raise IdentityProviderUnavailable(ProviderReason.BAD_STATUS)
        return document


class OidcProvider:
    """Verifies JWTs of one provider (OpenID Connect Core section 3.1.3.7)."""

    def __init__(self, rules: ProviderRules, documents: ProviderDocuments, clock: Clock) -> None:
        self._rules = rules
        self._documents = documents
        self._clock = clock
        self._keys: KeyCache[jwt.PyJWK] = KeyCache(self._load_keys, clock, KEYS_MAX_AGE)

    def verify(self, unverified_jwt: str) -> Identity:
        """Return whom the provider vouches for.

        Raises SignInRefused or IdentityProviderUnavailable.
        """
        return self._identity(self._verified_claims(unverified_jwt))

    def verify_as(self, unverified_jwt: str, kind: TokenType) -> Identity:
        """Return whom the provider vouches for, by a JWT of this kind and no other.

        Raises SignInRefused or IdentityProviderUnavailable.
        """
        claims = self._verified_claims(unverified_jwt)
        # Verified along with the claims by now.
        header = jwt.get_unverified_header(unverified_jwt)
        if not is_of_type(kind, header, claims):
            raise SignInRefused(SignInReason.WRONG_KIND)
        return self._identity(claims)

    def id_token_claims(self, unverified_jwt: str, nonce: str) -> Mapping[str, Any]:
        """Return the verified claims of an ID token that answers our own request with this nonce.

        Raises SignInRefused or IdentityProviderUnavailable.
        """
        claims = self._verified_claims(unverified_jwt)
        if claims.get("nonce") != nonce:
            raise SignInRefused(SignInReason.WRONG_NONCE)
        self._identity(claims, {self._rules.client_id})
        return claims

    def identity(self, claims: Mapping[str, Any]) -> Identity:
        """Return the person of the verified claims of an ID token. Raises SignInRefused."""
        return self._identity(claims, {self._rules.client_id})

    def _verified_claims(self, unverified_jwt: str) -> dict[str, Any]:
        if len(unverified_jwt) > _MAX_JWT_LENGTH or not unverified_jwt.isascii():
            raise SignInRefused(SignInReason.TOO_LARGE)
        try:
            key = self._key_for(jwt.get_unverified_header(unverified_jwt))
            return jwt.decode(
                unverified_jwt,
                key,
                algorithms=[key.algorithm_name],
                issuer=self._rules.issuer,
                # Time is checked against the one clock, the audience with Cognito's spelling in mind.
                options={
                    "require": ["exp", "iat", "sub", "iss"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "verify_aud": False,
                    "enforce_minimum_key_length": True,
                },
            )
        except jwt.PyJWTError as error:
            raise SignInRefused(SignInReason.MALFORMED) from error

    def _key_for(self, unverified_header: Mapping[str, Any]) -> jwt.PyJWK:
        """Return the key that the header names, or the only one where it names none.

        The algorithm is the key's own; one that the header asks for instead fails the decoding.
        """
        kid = unverified_header.get("kid", _ONLY_KEY)
        key = self._keys.find(kid) if isinstance(kid, str) else None
        if key is None or unverified_header.get("alg") != key.algorithm_name:
            raise SignInRefused(SignInReason.UNKNOWN_KEY)
        return key

    def _load_keys(self) -> dict[str, jwt.PyJWK]:
        return _usable_keys(self._documents.get(self._documents.endpoint("jwks_uri")))

    def _identity(self, claims: Mapping[str, Any], audiences: Collection[str] | None = None) -> Identity:
        self._require_audience(claims, audiences or self._rules.audiences)
        self._require_time(claims)
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT_LENGTH:
            raise SignInRefused(SignInReason.INVALID_SUBJECT)
        return Identity(
            issuer=self._rules.issuer,
            subject=subject,
            name=_text(claims.get("name") or claims.get("preferred_username")),
            email=_text(claims.get("email")),
            role=self._role(claims),
            issued_at=_time(claims["iat"]),
        )

    def _require_audience(self, claims: Mapping[str, Any], accepted: Collection[str]) -> None:
        """Accept ``aud``, or ``client_id`` in a Cognito access token, which has no ``aud``."""
        audience = claims.get("aud")
        if audience is None and claims.get("token_use") == "access":
            audience = claims.get("client_id")
        audiences = audience if isinstance(audience, list) else [audience]
        if not any(isinstance(a, str) and a in accepted for a in audiences):
            raise SignInRefused(SignInReason.WRONG_AUDIENCE)

    def _require_time(self, claims: Mapping[str, Any]) -> None:
        # The leeway goes to our own time: the ends of the calendar leave no room for it in theirs.
        now = self._clock.now()
        if now - _LEEWAY >= _time(claims["exp"]):
            raise SignInRefused(SignInReason.EXPIRED)
        starts = [_time(claims[name]) for name in ("iat", "nbf") if name in claims]
        if any(now + _LEEWAY < start for start in starts):
            raise SignInRefused(SignInReason.NOT_YET_VALID)

    def _role(self, claims: Mapping[str, Any]) -> Role | None:
        if self._rules.admin_claim is None:
            return Role.USER
        return self._rules.admin_claim.role_in(claims) or Role.USER


def _usable_keys(document: Mapping[str, Any]) -> dict[str, jwt.PyJWK]:
    """Return the signing keys by ``kid``; a set's only key also stands for tokens without ``kid``."""
    try:
        keys = [k for k in jwt.PyJWKSet.from_dict(dict(document)).keys if _may_sign(k)]
        by_kid = {key.key_id: key for key in keys if key.key_id}
    except (jwt.PyJWTError, TypeError) as error:  # TypeError: an ``alg`` or ``kid`` that is no text
        raise IdentityProviderUnavailable(ProviderReason.NO_USABLE_KEYS) from error
    return {**by_kid, _ONLY_KEY: keys[0]} if len(keys) == 1 else by_kid


def _may_sign(key: jwt.PyJWK) -> bool:
    return key.algorithm_name in ALGORITHMS and key.public_key_use in (None, "sig")


def _text(value: object) -> str:
    return value[:_MAX_PROFILE_LENGTH] if isinstance(value, str) else ""


def _time(seconds: object) -> datetime:
    try:
        return jose.numeric_date(seconds)
    except ValueError as error:
        raise SignInRefused(SignInReason.MISSING_CLAIM) from error
