"""JWTs and keys made by hand, because libraries refuse to write most of the invalid ones."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from chalicelib import base64url
from tests.support.builders import ISSUER
from tests.support.clock import START
from tests.support.provider import AUDIENCE, KID, provider_key

NOW = int(START.timestamp())
CLAIMS: Mapping[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "user-1",
    "iat": NOW,
    "exp": NOW + 3600,
}
HEADER: Mapping[str, Any] = {"alg": "RS256", "kid": KID, "typ": "JWT"}

Signing = Callable[[bytes], bytes]


def by_provider(message: bytes, key: RSAPrivateKey | None = None) -> bytes:
    """Sign as the provider does, RS256."""
    return (key or provider_key()).sign(message, PKCS1v15(), SHA256())


def jws(header: object, payload: object, sign: Signing = by_provider) -> str:
    """Return a compact JWS of any header and payload, given as JSON values or as bytes."""
    parts = (part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload))
    message = ".".join(map(base64url.encode, parts))
    return f"{message}.{base64url.encode(sign(message.encode()))}"


def saying(typ: object = "JWT", **changes: Any) -> str:
    """Return a JWT with a valid signature. A claim that is None is left out."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return jws({**HEADER, "typ": typ}, claims)


def by_key(key: RSAPrivateKey, **header: Any) -> str:
    """Return the usual JWT, signed by another RSA key. A header member that is None is left out."""
    members = {name: value for name, value in {**HEADER, **header}.items() if value is not None}
    return jws(members, dict(CLAIMS), lambda message: by_provider(message, key))


@cache
def other_key(name: str = "other") -> RSAPrivateKey:
    """Return a key other than the provider's usual one. Each name always gives the same key."""
    return generate_private_key(65537, 2048)


def issued_at(token: str) -> float:
    """Return the time at which a JWT states that it was made (``iat``), unverified."""
    return float(jwt.decode(token, options={"verify_signature": False})["iat"])


def rsa_jwk(key: RSAPrivateKey, **members: Any) -> dict[str, Any]:
    """Return the public half as a provider publishes it. A member that is None is left out."""
    jwk: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    whole = {**jwk, "use": "sig", "alg": "RS256", **members}
    return {name: value for name, value in whole.items() if value is not None}
