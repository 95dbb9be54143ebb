"""Resource servers for tests: their secrets, keys and assertions."""

import hashlib
import json
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key

from tests.support import canaries

SERVER = "orders"
SECRET = "s3cret:with +%/ and \u00e9"
KEYED_SERVER = "mail"


@cache
def ec_key() -> EllipticCurvePrivateKey:
    """Return the private key of the client that has one."""
    return generate_private_key(SECP256R1())


@cache
def rsa_key() -> RSAPrivateKey:
    """Return an RSA key, made once: they are slow to make."""
    return generate_rsa_key(65537, 2048)


def ec_jwk() -> dict[str, str]:
    """Return the public half as an operator would configure it."""
    return _public(json.loads(jwt.algorithms.ECAlgorithm.to_jwk(ec_key().public_key())))


def private_ec_jwk() -> dict[str, str]:
    """Return the private half as the client keeps it."""
    private: dict[str, str] = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(ec_key()))
    return {name: private[name] for name in ("kty", "crv", "x", "y", "d")}


def rsa_jwk() -> dict[str, str]:
    """Return the public half of the RSA key."""
    return _public(json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key().public_key())))


def resource_servers() -> dict[str, Any]:
    """Return the setting with both clients, parsed."""
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    return {SERVER: {"secret_sha256": digest}, KEYED_SERVER: {"jwk": ec_jwk()}}


def assertion(now: datetime, audience: object, key: Any = None, **changes: Any) -> str:
    """Return an assertion of the client with a key; None leaves a claim out."""
    usual = {
        "iss": KEYED_SERVER,
        "sub": KEYED_SERVER,
        "aud": audience,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=2)).timestamp()),
        "jti": "assertion-1",
    }
    claims = {name: value for name, value in (usual | changes).items() if value is not None}
    # Not jwt.encode: it refuses to sign some of what an attacker would.
    signed = jwt.api_jws.encode(json.dumps(claims).encode(), key or ec_key(), algorithm="ES256")
    canaries.remember(signed)
    return signed


def _public(jwk: dict[str, Any]) -> dict[str, str]:
    return {name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in jwk}
