"""Verification of access tokens by their signature, with keys that the token service publishes."""

import hmac
import json
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key

from bodhi_tokens import InactiveToken, TokenServiceUnavailable
from bodhi_tokens.access_tokens import PATH, AccessTokenVerifier
from tests.packages.service import AUDIENCE, OTHER, served
from tests.support import canaries, loopback

KEY, FOREIGN_KEY = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())


def base64url(content: bytes) -> str:
    """Return bytes as a JWS writes them (RFC 7515 section 2)."""
    return urlsafe_b64encode(content).decode().rstrip("=")


def jwk(key: Any = KEY, **members: str) -> dict[str, Any]:
    """Return the public half of a key."""
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    return {**public, "kid": "k1", "alg": "ES256", "use": "sig", **members}


@pytest.fixture
def server() -> Iterator[loopback.Endpoints]:
    """Serve a key set."""
    with loopback.endpoints() as told:
        told.answer(PATH, {"keys": [jwk()]})
        yield told


def signed(issuer: str, key: Any = KEY, *, headers: dict[str, Any] | None = None, **changes: Any) -> str:
    """Return an access token of RFC 9068; None leaves a claim out."""
    now = datetime.now(UTC)
    usual = {
        "iss": issuer,
        "aud": OTHER,
        "sub": "usr_1",
        "client_id": "tok_1",
        "jti": "at_1",
        "scope": "orders:read",
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=5)).timestamp()),
    }
    claims = {name: value for name, value in (usual | changes).items() if value is not None}
    members = {"typ": "at+jwt", "kid": "k1", **(headers or {})}
    token = jwt.api_jws.encode(json.dumps(claims).encode(), key, algorithm="ES256", headers=members)
    canaries.remember(token)
    return token


def test_a_token_of_the_service_is_verified() -> None:
    """Its keys and its token, byte by byte as it writes them."""
    with served() as (issuer, caller):
        caller.service.clock.set_to(datetime.now(UTC))
        token = caller.access_token()
        found = AccessTokenVerifier(issuer, audience=OTHER).verify(token)
        assert found.token_id == caller.created["id"]
        assert found.access_token_id
        assert found.scopes == frozenset(caller.created["scopes"])
        for audience, presented in ((AUDIENCE, token), (OTHER, caller.token)):
            with pytest.raises(InactiveToken):
                AccessTokenVerifier(issuer, audience=audience).verify(presented)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example.com"},
        {"iss": None},
        {"aud": AUDIENCE},
        {"aud": [OTHER]},
        {"aud": None},
        {"exp": 1768478400},
        {"exp": None},
        {"exp": "soon"},
        {"sub": None},
        {"sub": 7},
        {"client_id": None},
        {"client_id": ""},
        {"jti": None},
        {"scope": None},
        {"iat": None},
        {"headers": {"typ": "JWT"}},
        {"headers": {"typ": None}},
        {"headers": {"typ": "api-token+jwt"}},
        {"headers": {"kid": "k2"}},
        {"headers": {"crit": ["x"], "x": 1}},
        {"key": FOREIGN_KEY},
    ],
)
def test_other_claims_and_headers_are_refused(server: loopback.Endpoints, changes: dict[str, Any]) -> None:
    """Each claim of RFC 9068 section 2.2, and each header member, counts."""
    verifier = AccessTokenVerifier(server.url, audience=OTHER)
    assert verifier.verify(signed(server.url)).user_id == "usr_1"
    with pytest.raises(InactiveToken):
        verifier.verify(signed(server.url, **changes))


def test_other_algorithms_are_refused(server: loopback.Endpoints) -> None:
    """Among them HMAC with the public key as its secret, and none at all."""
    verifier = AccessTokenVerifier(server.url, audience=OTHER)
    _, payload, signature = signed(server.url).split(".")
    for algorithm in ("HS256", "none", "ES384", "RS256", None):
        members = {"alg": algorithm, "typ": "at+jwt", "kid": "k1"}
        header = base64url(json.dumps(members).encode())
        mac = hmac.digest(json.dumps(jwk()).encode(), f"{header}.{payload}".encode(), "sha256")
        for end in ("", signature, base64url(mac)):
            with pytest.raises(InactiveToken):
                verifier.verify(f"{header}.{payload}.{end}")


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "x" * 5000, "bodhi_a.b.c", "é.é.é", "\x00"])
def test_a_string_that_is_not_a_token_makes_no_call(server: loopback.Endpoints, token: str) -> None:
    """Its header cannot be read."""
    with pytest.raises(InactiveToken):
        AccessTokenVerifier(server.url, audience=OTHER).verify(token)
    assert server.asked == []


def test_unknown_keys_make_one_call_in_ten_seconds(server: loopback.Endpoints) -> None:
    """A new key is found after that, and a removed one is refused after a minute."""
    now = [1000.0]
    verifier = AccessTokenVerifier(server.url, audience=OTHER, now=lambda: now[0])
    verifier.verify(signed(server.url))
    new = signed(server.url, FOREIGN_KEY, headers={"kid": "k2"})
    server.answer(PATH, {"keys": [jwk(FOREIGN_KEY, kid="k2")]})
    for _ in range(20):
        with pytest.raises(InactiveToken):
            verifier.verify(new)
    assert len(server.asked) == 1
    now[0] += 10
    assert verifier.verify(new).user_id == "usr_1"
    server.answer(PATH, {"keys": []})
    now[0] += 59
    assert verifier.verify(new).user_id == "usr_1"
    now[0] += 1
    with pytest.raises(InactiveToken):
        verifier.verify(new)
    assert len(server.asked) == 3


def test_keys_that_cannot_be_loaded_are_no_decision(server: loopback.Endpoints) -> None:
    """Old keys do not count longer. One call a second is made meanwhile."""
    now = [1000.0]
    verifier = AccessTokenVerifier(server.url, audience=OTHER, now=lambda: now[0])
    token = signed(server.url)
    verifier.verify(token)
    server.answer(PATH, {}, 500)
    now[0] += 60
    for _ in range(20):
        with pytest.raises(TokenServiceUnavailable):
            verifier.verify(token)
    assert len(server.asked) == 2
    server.answer(PATH, {"keys": [jwk()]})
    now[0] += 1
    assert verifier.verify(token).user_id == "usr_1"


@pytest.mark.parametrize("document", [None, [], {}, {"keys": None}, {"keys": [None, 7, {}, {"kty": "EC"}]}])
def test_other_documents_have_no_keys(server: loopback.Endpoints, document: object) -> None:
    """They refuse, and never fail otherwise."""
    server.answer(PATH, document)
    with pytest.raises(InactiveToken):
        AccessTokenVerifier(server.url, audience=OTHER).verify(signed(server.url))


def test_keys_of_other_kinds_are_left_out(server: loopback.Endpoints) -> None:
    """RFC 7517 section 5."""
    other = [jwk(generate_private_key(SECP384R1())), jwk(x="AA"), {"kid": "k1", "kty": "oct", "k": "AA"}]
    server.answer(PATH, {"keys": [*other, jwk(kid="k2")]})
    verifier = AccessTokenVerifier(server.url, audience=OTHER)
    assert verifier.verify(signed(server.url, headers={"kid": "k2"})).user_id == "usr_1"
    with pytest.raises(InactiveToken):
        verifier.verify(signed(server.url))


def test_without_the_extra_the_message_says_what_to_install() -> None:
    """The standard library has no ES256. The rest of the package works without it."""
    script = (
        "import sys; sys.modules['jwt'] = None\n"
        "import bodhi_tokens, bodhi_tokens.asgi, bodhi_tokens.wsgi\n"
        "try:\n    import bodhi_tokens.access_tokens\n"
        "except ImportError as error:\n    print(error)\n"
    )
    environment = {"PYTHONPATH": "packages/python/src"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "bodhi-tokens[jwt]" in done.stdout
