"""Resource servers as operators write them."""

from typing import Any

import pytest

from chalicelib.domain.client_definitions import MAX_SERVERS, parse_resource_servers
from tests.support.clients import ec_jwk, rsa_jwk

DIGEST = "a" * 64
EC = ec_jwk()
RSA = rsa_jwk()


def test_secret_and_key_are_read() -> None:
    """Each client has one of the two."""
    servers = parse_resource_servers({"orders": {"secret_sha256": DIGEST}, "mail": {"jwk": EC}})

    assert (servers["orders"].id, servers["orders"].secret_sha256, servers["orders"].jwk) == (
        "orders",
        DIGEST,
        None,
    )
    assert (servers["mail"].secret_sha256, servers["mail"].jwk) == (None, EC)


@pytest.mark.parametrize(
    "jwk",
    [
        EC,
        EC | {"alg": "ES256", "use": "sig", "kid": "1"},
        RSA,
        RSA | {"alg": "PS256"},
        {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43},
    ],
)
def test_public_key_is_accepted(jwk: dict[str, str]) -> None:
    """Elliptic curves and RSA, as RFC 7517 writes them."""
    assert parse_resource_servers({"orders": {"jwk": jwk}})["orders"].jwk == jwk


@pytest.mark.parametrize(
    ("definitions", "wrong"),
    [
        ([], "JSON object of 1 to"),
        ({}, "JSON object of 1 to"),
        ("orders", "JSON object of 1 to"),
        ({f"c{n}": {"secret_sha256": DIGEST} for n in range(MAX_SERVERS + 1)}, "JSON object of 1 to"),
        ({"": {"secret_sha256": DIGEST}}, "visible ASCII"),
        ({"a b": {"secret_sha256": DIGEST}}, "visible ASCII"),
        ({"\u00e9": {"secret_sha256": DIGEST}}, "visible ASCII"),
        ({"orders": None}, "either 'secret_sha256' or 'jwk'"),
        ({"orders": {}}, "either 'secret_sha256' or 'jwk'"),
        ({"orders": {"secret": "hunter2"}}, "either 'secret_sha256' or 'jwk'"),
        ({"orders": {"secret_sha256": DIGEST, "jwk": EC}}, "either 'secret_sha256' or 'jwk'"),
        ({"orders": {"secret_sha256": "A" * 64}}, "64 lower-case hex digits"),
        ({"orders": {"secret_sha256": "a" * 63}}, "64 lower-case hex digits"),
        ({"orders": {"secret_sha256": 7}}, "64 lower-case hex digits"),
        ({"orders": {"jwk": "key"}}, "whose members are strings"),
        ({"orders": {"jwk": EC | {"x": 7}}}, "whose members are strings"),
        ({"orders": {"jwk": EC | {"d": "AAAA"}}}, "private or symmetric"),
        ({"orders": {"jwk": {"kty": "oct", "k": "AAAA"}}}, "private or symmetric"),
        ({"orders": {"jwk": {}}}, "none of"),
        ({"orders": {"jwk": EC | {"crv": "secp256k1"}}}, "none of"),
        ({"orders": {"jwk": EC | {"kty": "OKP"}}}, "none of"),
        ({"orders": {"jwk": EC | {"y": "AAAA"}}}, "none of"),
        ({"orders": {"jwk": EC | {"y": "not base64!"}}}, "none of"),
        ({"orders": {"jwk": {"kty": "RSA", "n": "A" * 171, "e": "AQAB"}}}, "none of"),
        ({"orders": {"jwk": {"kty": "RSA", "n": "A" * 342}}}, "none of"),
        ({"orders": {"jwk": EC | {"alg": "HS256"}}}, "does not go with its type"),
        ({"orders": {"jwk": EC | {"alg": "ES384"}}}, "does not go with its type"),
        ({"orders": {"jwk": RSA | {"alg": "none"}}}, "does not go with its type"),
        ({"orders": {"jwk": EC | {"use": "enc"}}}, "does not go with its type"),
    ],
)
def test_senseless_definition_is_explained(definitions: Any, wrong: str) -> None:
    """What is wrong is said, and no secret is quoted."""
    with pytest.raises(ValueError, match=wrong) as caught:
        parse_resource_servers(definitions)
    assert "hunter2" not in str(caught.value)


def test_secret_stays_out_of_repr() -> None:
    """A hash of a secret is nobody's business either."""
    servers = parse_resource_servers({"orders": {"secret_sha256": DIGEST}})
    assert DIGEST not in repr(servers)
