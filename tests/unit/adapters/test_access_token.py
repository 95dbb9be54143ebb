"""Access tokens as strings: exactly what RFC 9068 wants, and never taken for an API token."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey

from chalicelib import base64url
from chalicelib.adapters import jws
from chalicelib.adapters.access_token import JwtAccessTokenSigner, JwtAccessTokenVerifier
from chalicelib.adapters.api_token import ApiTokenSigner, ApiTokenVerifier
from chalicelib.adapters.jws import public_key
from chalicelib.adapters.key_cache import KeyCache
from chalicelib.domain.claims import AccessClaims, Claims
from chalicelib.domain.errors import InvalidToken
from chalicelib.domain.ids import new_token_id, user_id_for
from tests.support.clock import START, FixedClock
from tests.support.keys import LocalSigningKey

ISSUER, AUDIENCE = "https://api.example.com", "https://other.example.com"
CLAIMS = AccessClaims(
    subject=user_id_for(ISSUER, "user"),
    client_id=new_token_id(START),
    audience=AUDIENCE,
    access_token_id="random",
    scopes=frozenset({"api:read", "api:write"}),
    issued_at=START,
    expires_at=START + timedelta(minutes=5),
)
KEY = LocalSigningKey()


def verifier(clock: FixedClock | None = None, issuer: str = ISSUER) -> JwtAccessTokenVerifier:
    """Return a verifier that knows the key."""
    clock = clock or FixedClock()
    return JwtAccessTokenVerifier(KeyCache(lambda: {KEY.kid: public_key(KEY.public)}, clock), issuer, clock)


def by_us(header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Return what our key would sign, with changes; None leaves a claim out."""
    head = {"alg": "ES256", "kid": KEY.kid, "typ": "at+jwt"} | (header or {})
    said = _payload(JwtAccessTokenSigner(KEY, ISSUER).sign(CLAIMS)) | claims
    kept = {name: value for name, value in said.items() if value is not None}
    message = f"{jws.encode_json(head)}.{jws.encode_json(kept)}"
    return f"{message}.{base64url.encode(KEY.sign(message.encode()))}"


def _payload(token: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(base64url.decode(token.split(".")[1]))
    return payload


def refused(unverified: str, by: JwtAccessTokenVerifier | None = None) -> None:
    """Expect a refusal."""
    with pytest.raises(InvalidToken):
        (by or verifier()).verify(unverified)


def test_token_is_of_the_profile() -> None:
    """Header and all claims of RFC 9068 section 2, and no other."""
    token = JwtAccessTokenSigner(KEY, ISSUER).sign(CLAIMS)
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": KEY.kid, "typ": "at+jwt"}
    assert _payload(token) == {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": CLAIMS.subject,
        "client_id": CLAIMS.client_id,
        "jti": "random",
        "iat": int(START.timestamp()),
        "exp": int(START.timestamp()) + 300,
        "scope": "api:read api:write",
    }


def test_two_libraries_verify_it() -> None:
    """A service that shares no code with us reads it by the public key alone."""
    token = JwtAccessTokenSigner(KEY, ISSUER).sign(CLAIMS)
    jwk: dict[str, str | list[str]] = {"kty": "EC", "crv": "P-256", "x": KEY.public.x, "y": KEY.public.y}
    by_joserfc = joserfc_jwt.decode(token, ECKey.import_key(jwk), algorithms=["ES256"])
    assert by_joserfc.claims == _payload(token)
    options: Any = {"verify_exp": False, "verify_iat": False}
    by_pyjwt = jwt.decode(
        token, jwt.PyJWK(jwk), algorithms=["ES256"], audience=AUDIENCE, issuer=ISSUER, options=options
    )
    assert by_pyjwt == _payload(token)


def test_own_verifier_reads_what_was_written() -> None:
    """Nothing is lost on the way."""
    assert verifier().verify(JwtAccessTokenSigner(KEY, ISSUER).sign(CLAIMS)) == CLAIMS


def test_token_ends_by_the_clock() -> None:
    """To the second."""
    clock = FixedClock()
    token = JwtAccessTokenSigner(KEY, ISSUER).sign(CLAIMS)
    clock.advance(timedelta(seconds=299))
    assert verifier(clock).verify(token)
    clock.advance(timedelta(seconds=1))
    refused(token, verifier(clock))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": None},
        {"iss": ISSUER + "/"},
        {"aud": None},
        {"aud": [AUDIENCE]},
        {"sub": "user"},
        {"sub": None},
        {"client_id": "web"},
        {"client_id": None},
        {"jti": None},
        {"scope": None},
        {"scope": ["api:read"]},
        {"iat": None},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 10**30},
    ],
    ids=str,
)
def test_other_claims_are_refused(changes: dict[str, Any]) -> None:
    """Even under our own signature."""
    refused(by_us(**changes))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "api-token+jwt"},
        {"alg": "none"},
        {"alg": "HS256"},
        {"kid": "other"},
        {"jku": "https://evil.example"},
        {"crit": ["exp"]},
    ],
    ids=str,
)
def test_other_headers_are_refused(header: dict[str, Any]) -> None:
    """The header is the one that we write."""
    refused(by_us(header))


@pytest.mark.parametrize("token", ["", "a.b.c", "bodhi_a.b.c", "x" * 5000, "e30.e30." + "A" * 86])
def test_garbage_is_refused(token: str) -> None:
    """Whatever it is, it is not ours."""
    refused(token)


def test_high_s_spelling_is_refused() -> None:
    """One string for one token, as with API tokens."""
    message, _, signature = JwtAccessTokenSigner(KEY, ISSUER).sign(CLAIMS).rpartition(".")
    raw = base64url.decode(signature)
    high = jws.P256_ORDER - int.from_bytes(raw[32:], "big")
    refused(f"{message}.{base64url.encode(raw[:32] + high.to_bytes(32, 'big'))}")


def test_neither_kind_passes_for_the_other_even_under_one_key() -> None:
    """Type and form keep them apart, besides the keys."""
    clock = FixedClock()
    keys = KeyCache(lambda: {KEY.kid: public_key(KEY.public)}, clock)
    access_token = JwtAccessTokenSigner(KEY, ISSUER).sign(replace(CLAIMS, audience=AUDIENCE))
    claims = Claims(CLAIMS.subject, CLAIMS.client_id, START, CLAIMS.scopes, None)
    api_token = ApiTokenSigner(KEY, ISSUER, AUDIENCE).sign(claims)
    api_tokens = ApiTokenVerifier(keys, ISSUER, AUDIENCE, clock)
    for candidate in (access_token, f"bodhi_{access_token}"):
        with pytest.raises(InvalidToken):
            api_tokens.verify(candidate)
    for candidate in (api_token, api_token.removeprefix("bodhi_")):
        refused(candidate)
