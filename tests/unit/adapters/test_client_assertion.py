"""Assertions of resource servers: RFC 7523 section 3, rule by rule."""

import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from chalicelib import base64url
from chalicelib.adapters.client_assertion import ClientAssertions
from chalicelib.domain.errors import InvalidClient
from chalicelib.settings.client_definitions import parse_resource_servers
from tests.support.clients import (
    KEYED_SERVER,
    assertion,
    ec_jwk,
    ec_key,
    resource_servers,
    rsa_jwk,
    rsa_key,
)
from tests.support.clock import START, FixedClock

US = "https://api.example.com"
ENDPOINT = f"{US}/oauth2/introspect"
NOW = int(START.timestamp())


def verifier(clock: FixedClock | None = None, **servers: Any) -> ClientAssertions:
    """Return the verifier of the usual clients, or of others."""
    known = parse_resource_servers(servers or resource_servers())
    return ClientAssertions(known, frozenset({US, ENDPOINT}), clock or FixedClock())


def refused(unverified: str, by: ClientAssertions | None = None) -> None:
    """Expect a refusal."""
    with pytest.raises(InvalidClient):
        (by or verifier()).verify(unverified)


def signed(payload: bytes, header: bytes = b'{"alg": "ES256"}', dots: str = ".") -> str:
    """Return an assertion of the usual client with these bytes, well signed."""
    message = f"{base64url.encode(header)}{dots}{base64url.encode(payload)}"
    algorithm = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256)
    return f"{message}.{base64url.encode(algorithm.sign(message.encode(), ec_key()))}"


CLAIMS = json.dumps(
    {"iss": KEYED_SERVER, "sub": KEYED_SERVER, "aud": US, "jti": "a", "exp": NOW + 60}
).encode()


def test_bytes_are_signed_as_they_are() -> None:
    """The assertions of the next test are refused for their form, not for their signature."""
    assert verifier().verify(signed(CLAIMS)).client_id == KEYED_SERVER


@pytest.mark.parametrize(
    "unverified",
    [
        signed(CLAIMS[:-1] + b', "jti": "b"}'),
        signed(CLAIMS[:-1] + b', "x": {"a": 1, "a": 2}}'),
        signed(CLAIMS[:-1] + b', "x": NaN}'),
        signed(CLAIMS[:-1] + b', "x": 1e999}'),
        signed(CLAIMS[:-1] + b', "x": ' + b"[" * 9 + b"]" * 9 + b"}"),
        signed(CLAIMS[:-1] + b', "x": ' + b"[" * 2_000 + b"}"),
        signed(CLAIMS[:-1] + b', "x": [' + b"1," * 600 + b"1]}"),
        signed(CLAIMS[:-1] + b', "x": "\xff"}'),
        signed(b"\xef\xbb\xbf" + CLAIMS),
        signed(CLAIMS, header=b'{"alg": "none", "alg": "ES256"}'),
        signed(CLAIMS, header=b'{"alg": "ES256", "x": ' + b"[" * 2_000 + b"}"),
        signed(CLAIMS, dots=".."),
    ],
    ids=[
        "jti twice",
        "member twice, deeper",
        "NaN",
        "infinite",
        "nested 10 deep",
        "nested 2000 deep",
        "600 values",
        "no UTF-8",
        "byte order mark",
        "alg twice",
        "header nested 2000 deep",
        "four segments",
    ],
)
def test_assertion_is_strict_json(unverified: str) -> None:
    """Nothing is signed that two readers could read in two ways (RFC 7515 section 5.2 step 4)."""
    refused(unverified)


@pytest.mark.parametrize("audience", [US, ENDPOINT, [US], [ENDPOINT, US]])
def test_good_assertion_names_its_client(audience: Any) -> None:
    """The result has the client, the assertion's id, and the time until which it is kept."""
    verified = verifier().verify(assertion(START, audience))
    assert (verified.client_id, verified.id) == (KEYED_SERVER, "assertion-1")
    assert verified.expires_at >= START + timedelta(minutes=2)
    assert "assertion-1" not in repr(verified)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": None},
        {"iss": "orders"},
        {"iss": "nobody"},
        {"iss": ["mail"]},
        {"iss": 7},
        {"sub": None},
        {"sub": "orders"},
        {"sub": 7},
        {"aud": None},
        {"aud": []},
        {"aud": {}},
        {"aud": "https://evil.example"},
        {"aud": US + "/"},
        {"aud": US + "/oauth2"},
        {"aud": [US, "https://evil.example"]},
        {"aud": [US, 7]},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "j" * 256},
        {"exp": None},
        {"exp": NOW - 60},
        {"exp": NOW + 3661},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e300},
        {"iat": NOW + 61},
        {"iat": "now"},
        {"nbf": NOW + 61},
        {"nbf": True},
    ],
    ids=str,
)
def test_assertion_with_a_wrong_claim_is_refused(changes: dict[str, Any]) -> None:
    """Each claim is needed, of its type, about the client, for us alone, and for a short time."""
    refused(assertion(START, US, **changes))


@pytest.mark.parametrize(
    "changes", [{"exp": NOW - 59}, {"exp": NOW + 3659}, {"iat": NOW + 59}, {"nbf": NOW + 59}, {"iat": None}]
)
def test_clocks_may_differ_by_a_minute(changes: dict[str, Any]) -> None:
    """A client whose clock is a little wrong is accepted."""
    assert verifier().verify(assertion(START, US, **changes))


def test_assertion_by_another_key_is_refused() -> None:
    """Anybody can write a client's name."""
    refused(assertion(START, US, key=generate_private_key(SECP256R1())))


def test_algorithm_is_that_of_the_key() -> None:
    """No key, a shared one, or the client's public one as secret: all refused."""
    claims = jwt.decode(assertion(START, US), options={"verify_signature": False})
    refused(jwt.encode(claims, "", algorithm="none"))
    refused(jwt.encode(claims, ec_jwk()["x"], algorithm="HS256"))
    refused(jwt.encode(claims, rsa_key(), algorithm="RS256"))


def test_rsa_client_may_name_its_algorithm() -> None:
    """RS256 unless the key says otherwise, and then only what it says."""
    claims = jwt.decode(assertion(START, US), options={"verify_signature": False})
    by_rs256, by_ps256 = (jwt.encode(claims, rsa_key(), algorithm=alg) for alg in ("RS256", "PS256"))
    plain = verifier(mail={"jwk": rsa_jwk()})
    pss = verifier(mail={"jwk": rsa_jwk() | {"alg": "PS256"}})
    assert plain.verify(by_rs256)
    assert pss.verify(by_ps256)
    refused(by_ps256, plain)
    refused(by_rs256, pss)


@pytest.mark.parametrize(
    "unverified", ["", "x", "a.b.c", "\u00e9.e30.x", "." * 9000, "eyJhbGciOiJFUzI1NiJ9.W10.AAAA"]
)
def test_garbage_is_refused(unverified: str) -> None:
    """A text that is not an assertion is refused."""
    refused(unverified)


def test_key_off_the_curve_verifies_nothing() -> None:
    """Nothing that settings can hold becomes a crash."""
    refused(assertion(START, US), verifier(mail={"jwk": ec_jwk() | {"x": "A" * 43}}))


def test_client_with_a_secret_cannot_sign() -> None:
    """Each client has one way to prove itself."""
    refused(assertion(START, US, iss="orders", sub="orders"))
