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
from chalicelib.domain.errors import IdentityProviderUnavailable, NotAuthenticated
from chalicelib.domain.ports import Clock
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
_MEMBERSHIP_TYPES = (list, tuple)


@dataclass(frozen=True, slots=True)
class ProviderRules:
    """Which provider is trusted, for which audiences, and whom it makes an administrator."""

    issuer: str
    audiences: Collection[str]
    admin_subjects: Collection[str]
    admin_claim: tuple[str, str] | None


class ProviderDocuments:
    """What a provider publishes about itself (OpenID Connect Discovery 1.0)."""

    def __init__(self, issuer: str, http: urllib3.PoolManager) -> None:
        self._issuer = issuer
        self._http = http

    def endpoint(self, name: str) -> str:
        """Return one of the provider's addresses, asking its configuration each time.

        Raises IdentityProviderUnavailable, also for a configuration that names another issuer
        (section 4.3) or an address that is less protected than the issuer's own.
        """
        issuer = self._issuer
        configuration = self.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        url = configuration.get(name)
        if configuration.get("issuer") != issuer or not isinstance(url, str):
            raise IdentityProviderUnavailable
        if url.partition(":")[0] not in {"https", issuer.partition(":")[0]}:
            raise IdentityProviderUnavailable
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
            raise IdentityProviderUnavailable from error
        if response.status != 200 or not isinstance(document, dict):
            raise IdentityProviderUnavailable
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

        Raises NotAuthenticated or IdentityProviderUnavailable.
        """
        return self._identity(self._verified_claims(unverified_jwt))

    def verify_as(self, unverified_jwt: str, kind: TokenType) -> Identity:
        """Return whom the provider vouches for, by a JWT of this kind and no other.

        Raises NotAuthenticated or IdentityProviderUnavailable.
        """
        claims = self._verified_claims(unverified_jwt)
        # Verified along with the claims by now.
        header = jwt.get_unverified_header(unverified_jwt)
        if not is_of_type(kind, header, claims):
            raise NotAuthenticated
        return self._identity(claims)

    def verify_id_token(self, unverified_jwt: str, nonce: str) -> Identity:
        """Return whom the provider vouches for in answer to our own request, which had this nonce.

        Raises NotAuthenticated or IdentityProviderUnavailable.
        """
        claims = self._verified_claims(unverified_jwt)
        if claims.get("nonce") != nonce:
            raise NotAuthenticated
        return self._identity(claims)

    def _verified_claims(self, unverified_jwt: str) -> dict[str, Any]:
        if len(unverified_jwt) > _MAX_JWT_LENGTH or not unverified_jwt.isascii():
            raise NotAuthenticated
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
            raise NotAuthenticated from error

    def _key_for(self, unverified_header: Mapping[str, Any]) -> jwt.PyJWK:
        """Return the key that the header names, or the only one where it names none.

        The algorithm is the key's own; one that the header asks for instead fails the decoding.
        """
        kid = unverified_header.get("kid", _ONLY_KEY)
        key = self._keys.find(kid) if isinstance(kid, str) else None
        if key is None or unverified_header.get("alg") != key.algorithm_name:
            raise NotAuthenticated
        return key

    def _load_keys(self) -> dict[str, jwt.PyJWK]:
        return _usable_keys(self._documents.get(self._documents.endpoint("jwks_uri")))

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        self._require_audience(claims)
        self._require_time(claims)
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT_LENGTH:
            raise NotAuthenticated
        return Identity(
            issuer=self._rules.issuer,
            subject=subject,
            name=_text(claims.get("name") or claims.get("preferred_username")),
            email=_text(claims.get("email")),
            role=self._role(subject, claims),
            issued_at=_time(claims["iat"]),
        )

    def _require_audience(self, claims: Mapping[str, Any]) -> None:
        """Accept ``aud``, or ``client_id`` in a Cognito access token, which has no ``aud``."""
        audience = claims.get("aud")
        if audience is None and claims.get("token_use") == "access":
            audience = claims.get("client_id")
        audiences = audience if isinstance(audience, list) else [audience]
        if not any(isinstance(a, str) and a in self._rules.audiences for a in audiences):
            raise NotAuthenticated

    def _require_time(self, claims: Mapping[str, Any]) -> None:
        # The leeway goes to our own time: the ends of the calendar leave no room for it in theirs.
        now = self._clock.now()
        if now - _LEEWAY >= _time(claims["exp"]):
            raise NotAuthenticated("Your sign-in has expired. Sign in again.")
        starts = [_time(claims[name]) for name in ("iat", "nbf") if name in claims]
        if any(now + _LEEWAY < start for start in starts):
            raise NotAuthenticated

    def _role(self, subject: str, claims: Mapping[str, Any]) -> Role:
        named = subject in self._rules.admin_subjects
        return Role.ADMIN if named or self._has_admin_claim(claims) else Role.USER

    def _has_admin_claim(self, claims: Mapping[str, Any]) -> bool:
        if self._rules.admin_claim is None:
            return False
        name, wanted = self._rules.admin_claim
        value = claims.get(name)
        # Text is compared whole: "admins" within "no-admins" must not count.
        return wanted in value if isinstance(value, _MEMBERSHIP_TYPES) else value == wanted


def _usable_keys(document: Mapping[str, Any]) -> dict[str, jwt.PyJWK]:
    """Return the signing keys by ``kid``; a set's only key also stands for tokens without ``kid``."""
    try:
        keys = [k for k in jwt.PyJWKSet.from_dict(dict(document)).keys if _may_sign(k)]
        by_kid = {key.key_id: key for key in keys if key.key_id}
    except (jwt.PyJWTError, TypeError) as error:  # TypeError: an ``alg`` or ``kid`` that is no text
        raise IdentityProviderUnavailable from error
    return {**by_kid, _ONLY_KEY: keys[0]} if len(keys) == 1 else by_kid


def _may_sign(key: jwt.PyJWK) -> bool:
    return key.algorithm_name in ALGORITHMS and key.public_key_use in (None, "sig")


def _text(value: object) -> str:
    return value[:_MAX_PROFILE_LENGTH] if isinstance(value, str) else ""


def _time(seconds: object) -> datetime:
    try:
        return jose.numeric_date(seconds)
    except ValueError as error:
        raise NotAuthenticated from error
