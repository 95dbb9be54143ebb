"""Resource servers as operators write them."""

import hashlib
from typing import Any

import pytest

from chalicelib.domain.clients import ResourceServer, audiences_by_client
from chalicelib.settings.client_definitions import MAX_SERVERS, parse_resource_servers
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
        ({"orders": {"jwk": {}}}, "not valid or not supported"),
        ({"orders": {"jwk": EC | {"crv": "secp256k1"}}}, "not valid or not supported"),
        ({"orders": {"jwk": EC | {"kty": "OKP"}}}, "not valid or not supported"),
        ({"orders": {"jwk": EC | {"y": "AAAA"}}}, "not valid or not supported"),
        ({"orders": {"jwk": EC | {"y": "not base64!"}}}, "not valid or not supported"),
        ({"orders": {"jwk": {"kty": "RSA", "n": "A" * 171, "e": "AQAB"}}}, "not valid or not supported"),
        ({"orders": {"jwk": {"kty": "RSA", "n": "A" * 342}}}, "not valid or not supported"),
        ({"orders": {"jwk": EC | {"alg": "HS256"}}}, "does not fit its type"),
        ({"orders": {"jwk": EC | {"alg": "ES384"}}}, "does not fit its type"),
        ({"orders": {"jwk": RSA | {"alg": "none"}}}, "does not fit its type"),
        ({"orders": {"jwk": EC | {"use": "enc"}}}, "does not fit its type"),
    ],
)
def test_senseless_definition_is_explained(definitions: Any, wrong: str) -> None:
    """The error says what is wrong, and does not quote a secret."""
    with pytest.raises(ValueError, match=wrong) as caught:
        parse_resource_servers(definitions)
    assert "hunter2" not in str(caught.value)


def test_secret_stays_out_of_repr() -> None:
    """The hash of a secret is not shown either."""
    servers = parse_resource_servers({"orders": {"secret_sha256": DIGEST}})
    assert DIGEST not in repr(servers)


@pytest.mark.parametrize(
    "secret",
    ["", " ", "\n", "\t", "\r\n", '""', "null", "undefined", "secret", "changeme", "orders", "orders\n"],
)
def test_a_hash_of_no_secret_is_refused(secret: str) -> None:
    """An empty variable, a placeholder or the client's own name would let every caller in."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    with pytest.raises(ValueError, match="empty or well-known") as caught:
        parse_resource_servers({"orders": {"secret_sha256": digest}})
    assert digest not in str(caught.value)


@pytest.mark.parametrize(
    "digest", ["0" * 64, "f" * 64, "A" * 64, "a" * 63, "a" * 65, " " + "a" * 63, "", None]
)
def test_a_text_that_is_no_hash_is_refused(digest: object) -> None:
    """Upper case, another length, and hashes that no secret has."""
    with pytest.raises(ValueError, match="'orders'"):
        parse_resource_servers({"orders": {"secret_sha256": digest}})


def test_two_clients_never_share_a_credential() -> None:
    """Each could pass for the other, and ask about the other's tokens."""
    other = EC | {"kid": "another-name"}
    for one, two in (({"secret_sha256": DIGEST},) * 2, ({"jwk": EC}, {"jwk": other})):
        with pytest.raises(ValueError, match="gives 'a' and 'b' the same secret or key"):
            parse_resource_servers({"a": one, "b": two})


@pytest.mark.parametrize("audiences", [[], "https://a.example", [7], {}, None])
def test_senseless_audiences_are_refused(audiences: object) -> None:
    """A client is for one audience at least; to leave the member out is a choice of its own."""
    with pytest.raises(ValueError, match="a list of audiences"):
        parse_resource_servers({"orders": {"secret_sha256": DIGEST, "audiences": audiences}})


API, A, B, C = "https://api.example", "https://a.example", "https://b.example", "https://c.example"


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"x": None, "y": None}, {"x": {API, A, B, C}, "y": {API, A, B, C}}),
        ({"x": [A], "y": None}, {"x": {A}, "y": {API, B, C}}),
        ({"x": [A, API], "y": [API], "z": None}, {"x": {A, API}, "y": {API}, "z": {API, B, C}}),
        ({A: None, "y": None}, {A: {API, A}, "y": {API, B, C}}),
        ({A: [B], "y": None}, {A: {B}, "y": {API, A, C}}),
    ],
)
def test_a_client_asks_about_its_own_audiences(
    named: dict[str, list[str] | None], expected: dict[str, set[str]]
) -> None:
    """An audience of one client is not for another. Clients without audiences may ask about API tokens."""
    servers = {
        name: ResourceServer(name, audiences=None if names is None else frozenset(names))
        for name, names in named.items()
    }
    assert audiences_by_client(servers, API, frozenset({A, B, C})) == expected
