"""API tokens as strings: ``bodhi_`` and a compact JWS, ES256 (RFC 7515, RFC 7518 section 3.4).

Exactly one string is accepted per token: a strict alphabet, no padding, a low-S signature and the one
spelling of its last character.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from chalicelib.adapters import jws
from chalicelib.adapters.key_cache import KeyCache
from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import (
    BadSignature,
    ExpiredToken,
    MalformedToken,
    UnknownSigningKey,
    WrongClaims,
)
from chalicelib.domain.ids import API_TOKEN_PREFIX, MAX_API_TOKEN_LENGTH, TOKEN_ID, USER_ID
from chalicelib.domain.keys import ES256, VerificationKey
from chalicelib.domain.ports.signing import KeyStore
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.scopes import parse_scope, write_scope

TYPE = "api-token+jwt"

# 64 bytes are 86 characters of base64url; the last one holds two bits, so it is one of four. Possessive,
# because no shorter segment can end at a dot: what is no token is refused without trying them all.
_SHAPE = re.compile(r"([A-Za-z0-9_-]++)\.([A-Za-z0-9_-]++)\.[A-Za-z0-9_-]{85}[AQgw]")
_HEADER_MEMBERS = frozenset({"alg", "kid", "typ"})
_HIGHEST_LOW_S = jws.P256_ORDER // 2
_ECDSA_SHA256 = ECDSA(SHA256())


class SigningKey(Protocol):
    """One private half, wherever it is kept."""

    @property
    def kid(self) -> str:
        """The RFC 7638 thumbprint of the public half."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature as 64 bytes, R and low S (RFC 7518 section 3.4).

        Raises SigningUnavailable.
        """
        ...


class SigningKeys(Protocol):
    """The keys that take turns in signing for one use."""

    def active(self) -> SigningKey:
        """Return the key whose turn it is now; ask anew for each signature.

        Raises SigningUnavailable, StoreUnavailable.
        """
        ...


class ApiTokenSigner:
    """Writes tokens for one issuer and audience."""

    def __init__(self, keys: SigningKeys, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience

    def sign(self, claims: Claims) -> str:
        """Return the token string for ``claims``.

        Raises SigningUnavailable, StoreUnavailable.
        """
        key = self._keys.active()
        header = {"alg": ES256, "kid": key.kid, "typ": TYPE}
        payload = self._payload(claims)
        message = f"{jws.encode_json(header)}.{jws.encode_json(payload)}"
        return f"{API_TOKEN_PREFIX}{message}.{jws.encode(key.sign(message.encode()))}"

    def _payload(self, claims: Claims) -> dict[str, Any]:
        payload: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": claims.subject,
            "jti": claims.token_id,
            "iat": int(claims.issued_at.timestamp()),
            "scope": write_scope(claims.scopes),
        }
        if claims.expires_at:
            payload["exp"] = int(claims.expires_at.timestamp())
        return payload


class ApiTokenVerifier:
    """Reads tokens of one issuer and audience.

    In this order: length, shape, ``kid``, the key's own algorithm, signature, then ``typ``, ``iss``,
    ``aud`` and ``exp``. Nothing unverified decides anything but which public key to try.
    """

    def __init__(
        self, keys: KeyCache[EllipticCurvePublicKey], issuer: str, audience: str, clock: Clock
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock

    def verify(self, unverified_token: str) -> Claims:
        """Return what a genuine token says.

        Raises InvalidToken, or StoreUnavailable while the keys cannot be loaded.
        """
        if len(unverified_token) > MAX_API_TOKEN_LENGTH or not unverified_token.startswith(
            API_TOKEN_PREFIX
        ):
            raise MalformedToken
        unverified_jws = unverified_token.removeprefix(API_TOKEN_PREFIX)
        return self._claims(verified_payload(unverified_jws, TYPE, self._keys))

    def _claims(self, segment: str) -> Claims:
        try:
            payload = jws.decode_json(segment)
            claims = _parse(payload)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise WrongClaims from error
        if (payload.get("iss"), payload.get("aud")) != (self._issuer, self._audience):
            raise WrongClaims
        if claims.expires_at and self._clock.now() >= claims.expires_at:
            raise ExpiredToken
        return claims


def load_public_keys(store: KeyStore) -> dict[str, EllipticCurvePublicKey]:
    """Return the public keys that may verify, by ``kid``. Raises StoreUnavailable."""
    return {key.kid: public_key(key) for key in store.load_keys().keys if key.may_verify}


def public_key(key: VerificationKey) -> EllipticCurvePublicKey:
    """Return the key in the form that verifies. Raises ValueError for a point off the curve."""
    x, y = (int.from_bytes(jws.decode(part), "big") for part in (key.x, key.y))
    return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()


def verified_payload(unverified_jws: str, kind: str, keys: KeyCache[EllipticCurvePublicKey]) -> str:
    """Return the payload segment of a compact JWS of ours whose ``typ`` is ``kind``.

    The caller has bounded its length. Raises InvalidToken, or StoreUnavailable while the keys cannot be
    loaded.
    """
    match = _SHAPE.fullmatch(unverified_jws)
    if not match:
        raise MalformedToken
    header = _unverified_header(match.group(1))
    key = keys.find(header["kid"])
    if key is None:
        raise UnknownSigningKey
    _verify_signature(unverified_jws, header, key)
    if header["typ"] != kind:
        raise WrongClaims
    return match.group(2)


# All tokens of a key have the same header; what others invent takes few places, and nothing of a token.
@lru_cache(maxsize=16)
def _unverified_header(segment: str) -> Mapping[str, str]:
    """Return the header; ``jku``, ``jwk``, ``crit`` and all others we never write are refused here."""
    try:
        header = jws.decode_json(segment)
    except (ValueError, RecursionError) as error:
        raise MalformedToken from error
    if header.keys() != _HEADER_MEMBERS or not all(isinstance(v, str) for v in header.values()):
        raise MalformedToken
    return header


def _verify_signature(unverified_jws: str, header: Mapping[str, str], key: EllipticCurvePublicKey) -> None:
    if header["alg"] != ES256:
        raise BadSignature
    message, _, signature = unverified_jws.rpartition(".")
    both = jws.decode(signature)
    r = int.from_bytes(both[: jws.COORDINATE_BYTES], "big")
    s = int.from_bytes(both[jws.COORDINATE_BYTES :], "big")
    if s > _HIGHEST_LOW_S:
        raise BadSignature
    try:
        key.verify(encode_dss_signature(r, s), message.encode(), _ECDSA_SHA256)
    except InvalidSignature as error:
        raise BadSignature from error


def _parse(payload: dict[str, Any]) -> Claims:
    subject, token_id, scope = payload["sub"], payload["jti"], payload["scope"]
    if not (USER_ID.fullmatch(subject) and TOKEN_ID.fullmatch(token_id)):
        raise ValueError("ids of another form")
    if not isinstance(scope, str):
        raise TypeError("scope is not a string")
    return Claims(
        subject=subject,
        token_id=token_id,
        issued_at=_time(payload["iat"]),
        scopes=parse_scope(scope),
        expires_at=_time(payload["exp"]) if "exp" in payload else None,
    )


def _time(seconds: object) -> datetime:
    if type(seconds) is not int or seconds < 0:
        raise TypeError("NumericDate is not a whole number of seconds since 1970")
    return datetime.fromtimestamp(seconds, UTC)
