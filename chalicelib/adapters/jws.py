"""Our own JSON Web Signatures: compact, ES256 alone, one string for each token.

See RFC 7515, RFC 7518 section 3.4, and "The token" in the design. The strict alphabet, the low S and the
canonical last character leave a token exactly one spelling.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from chalicelib import base64url, strict_json
from chalicelib.adapters.key_cache import KeyCache
from chalicelib.adapters.verified_signatures import VerifiedSignatures
from chalicelib.domain.errors import BadSignature, MalformedToken, UnknownSigningKey, WrongClaims
from chalicelib.domain.keys import ES256, VerificationKey

if TYPE_CHECKING:
    from chalicelib.domain.ports.signing import KeyStore

COORDINATE_BYTES = 32
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of the P-256 group (SEC 2 version 2.0, section 2.4.2)."""

# Our headers have about 125 characters, and a longer one is not decoded.
_HEADER = re.compile(r"[A-Za-z0-9_-]{1,1024}+")
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]++")
# 64 bytes are 86 characters of base64url. The last one holds two bits, so it is one of four.
_SIGNATURE = re.compile(r"[A-Za-z0-9_-]{85}[AQgw]")
_HEADER_MEMBERS = frozenset({"alg", "kid", "typ"})
_HIGHEST_LOW_S = P256_ORDER // 2
_ECDSA_SHA256 = ECDSA(SHA256())
# Our own tokens are flat and short. A client assertion is as large as its verifier allows.
_BOUNDS = strict_json.Bounds(longest=8 * 1024, deepest=8, most_values=500)
# An object of three strings. Anything else is refused before it is parsed.
_HEADER_BOUNDS = strict_json.Bounds(longest=1024, deepest=1, most_values=4)


class SigningKey(Protocol):
    """The private half of a key pair, wherever it is kept."""

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
    """The signing keys of one use, of which one is active."""

    def active(self) -> SigningKey:
        """Return the key that signs now. Ask again for each signature.

        Raises SigningUnavailable, StoreUnavailable.
        """
        ...


def sign(payload: Mapping[str, Any], typ: str, keys: SigningKeys) -> str:
    """Return the compact JWS of a payload, signed with the active key.

    Raises SigningUnavailable, StoreUnavailable.
    """
    key = keys.active()
    message = f"{encode_json({'alg': ES256, 'kid': key.kid, 'typ': typ})}.{encode_json(payload)}"
    return f"{message}.{base64url.encode(key.sign(message.encode()))}"


def verified_payload(
    unverified_jws: str,
    typ: str,
    keys: KeyCache[EllipticCurvePublicKey],
    verified: VerifiedSignatures[EllipticCurvePublicKey] | None = None,
) -> dict[str, Any]:
    """Return the payload of a JWS of ours with this ``typ``.

    These are steps 2 to 6 of a verification. The caller has checked the length, and checks the claims.
    A signature that is among the ``verified`` ones is not verified again. Everything else is.
    Raises InvalidToken, or StoreUnavailable if the keys cannot be loaded.
    """
    # 2. The shape.
    message, _, signature_segment = unverified_jws.rpartition(".")
    header_segment, _, payload_segment = message.partition(".")
    # The payload comes last, because it is the longest. Most garbage costs no look at it.
    if not (
        _SIGNATURE.fullmatch(signature_segment)
        and _HEADER.fullmatch(header_segment)
        and _PAYLOAD.fullmatch(payload_segment)
    ):
        raise MalformedToken
    unverified_header = _unverified_header(header_segment)

    # 3. The key. No other unverified value decides anything.
    key = keys.find(unverified_header["kid"])
    if key is None:
        raise UnknownSigningKey

    # 4. The algorithm is the key's own, whatever the header asks for.
    if unverified_header["alg"] != ES256:
        raise BadSignature

    # 5. The signature.
    whole = unverified_jws.encode()
    if not (verified and verified.knows(whole, key)):
        _verify(key, message.encode(), signature_segment)
        if verified:
            verified.add(whole, key)

    # 6. The type, so that one kind of token never passes for the other (RFC 8725 section 3.11).
    if unverified_header["typ"] != typ:
        raise WrongClaims
    try:
        return decode_json(payload_segment)
    except (ValueError, RecursionError) as error:
        raise WrongClaims from error


def _verify(key: EllipticCurvePublicKey, message: bytes, signature_segment: str) -> None:
    """Accept the one signature of a message. Raises BadSignature."""
    signature = base64url.decode(signature_segment)
    r = int.from_bytes(signature[:COORDINATE_BYTES], "big")
    s = int.from_bytes(signature[COORDINATE_BYTES:], "big")
    # For each S another S verifies too, so only the low one is accepted.
    if s > _HIGHEST_LOW_S:
        raise BadSignature
    try:
        key.verify(encode_dss_signature(r, s), message, _ECDSA_SHA256)
    except InvalidSignature as error:
        raise BadSignature from error


# All tokens of a key have the same header. Few are kept, so that invented ones do not fill the memory.
@lru_cache(maxsize=16)
def _unverified_header(segment: str) -> Mapping[str, str]:
    """Return the header, which has exactly the members that we write.

    ``jku``, ``jwk``, ``crit`` and all other members are refused. Raises MalformedToken.
    """
    try:
        header = decode_json(segment, _HEADER_BOUNDS)
    except (ValueError, RecursionError) as error:
        raise MalformedToken from error
    if header.keys() != _HEADER_MEMBERS or not all(isinstance(v, str) for v in header.values()):
        raise MalformedToken
    return header


def encode_json(value: Mapping[str, Any]) -> str:
    """Return a JSON object as a segment: base64url, without white space."""
    return base64url.encode(json.dumps(value, separators=(",", ":")).encode())


def decode_json(
    segment: str, bounds: strict_json.Bounds = _BOUNDS, *, well_formed: bool = True
) -> dict[str, Any]:
    """Return the JSON object of a segment.

    Raises ValueError, also for a repeated member (RFC 7515 section 5.2 step 4) and for bytes that are not
    UTF-8. If ``well_formed``, a lone surrogate is refused: neither a hash nor a database accepts it.
    """
    value = strict_json.parse(base64url.decode(segment), bounds, well_formed=well_formed)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def thumbprint(x: str, y: str) -> str:
    """Return the RFC 7638 thumbprint of the P-256 key with these base64url coordinates."""
    members = {"crv": "P-256", "kty": "EC", "x": x, "y": y}
    canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return base64url.encode(hashlib.sha256(canonical.encode()).digest())


def public_key(key: VerificationKey) -> EllipticCurvePublicKey:
    """Return a key in the form that verifies. Raises ValueError for a point off the curve."""
    x, y = (int.from_bytes(base64url.decode(part), "big") for part in (key.x, key.y))
    return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()


def load_public_keys(store: "KeyStore") -> dict[str, EllipticCurvePublicKey]:
    """Return the public keys that may verify, by ``kid``. Raises StoreUnavailable."""
    return {key.kid: public_key(key) for key in store.load_keys().keys if key.may_verify}
