"""API tokens as strings: what is written, and in which order it is checked."""

import json
import string
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey

from chalicelib import base64url
from chalicelib.adapters import jws
from chalicelib.adapters.api_token import ApiTokenSigner, ApiTokenVerifier
from chalicelib.adapters.jws import load_public_keys, public_key
from chalicelib.adapters.key_cache import KeyCache
from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import (
    BadSignature,
    ExpiredToken,
    InvalidToken,
    MalformedToken,
    StoreUnavailable,
    UnknownSigningKey,
    WrongClaims,
)
from chalicelib.domain.ids import new_token_id
from chalicelib.domain.keys import KeyState
from tests.support.builders import a_user
from tests.support.clock import START, FixedClock
from tests.support.keys import LocalSigningKey, publish
from tests.support.memory import InMemoryKeys

ISSUER, AUDIENCE = "https://api.example.com", "https://api.example.com/api"
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
SIGNATURE_CHARACTERS = 86
KEY = LocalSigningKey()
NEVER: Any = object()


class Bench:
    """A signer, a verifier, and tools to write strings that the signer never would."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.loads = 0
        self.signer = ApiTokenSigner(KEY, ISSUER, AUDIENCE)
        keys = KeyCache(self._load, self.clock)
        self.verifier = ApiTokenVerifier(keys, ISSUER, AUDIENCE, self.clock)
        self.claims = Claims(
            subject=a_user().id,
            token_id=new_token_id(START),
            issued_at=START,
            scopes=frozenset({"api:read", "api:write"}),
            expires_at=None,
        )

    def _load(self) -> Mapping[str, EllipticCurvePublicKey]:
        self.loads += 1
        return {KEY.kid: public_key(KEY.public)}

    def sign(self) -> str:
        """Return a genuine token."""
        return self.signer.sign(self.claims)

    def written(
        self, header: Mapping[str, Any] | None = None, payload: Mapping[str, Any] | None = None
    ) -> str:
        """Return a token truly signed, with members put in, or taken out by ``NEVER``."""
        segments = self.sign().removeprefix("bodhi_").split(".")
        changed = [
            _changed(jws.decode_json(segment), changes or {})
            for segment, changes in zip(segments[:2], (header, payload), strict=True)
        ]
        return self.signed(*(json.dumps(part).encode() for part in changed))

    def of_length(self, length: int) -> str:
        """Return a token of exactly this length, truly signed, padded with spaces in its JSON."""
        header, payload = (base64url.decode(s) for s in self.sign().removeprefix("bodhi_").split(".")[:2])
        paddings = product(range(3), range(length))
        return next(
            self.signed(header + b" " * one, payload + b" " * other)
            for one, other in paddings
            if len("bodhi_..")
            + SIGNATURE_CHARACTERS
            + len(base64url.encode(header + b" " * one))
            + len(base64url.encode(payload + b" " * other))
            == length
        )

    @staticmethod
    def signed(header: bytes, payload: bytes) -> str:
        """Return a token over exactly these bytes, truly signed."""
        message = f"{base64url.encode(header)}.{base64url.encode(payload)}"
        return f"bodhi_{message}.{base64url.encode(KEY.sign(message.encode()))}"


@pytest.fixture
def bench() -> Bench:
    """Return a bench."""
    return Bench()


def refusal_of(bench: Bench, token: str) -> type[InvalidToken]:
    """Return how a string is refused."""
    with pytest.raises(InvalidToken) as caught:
        bench.verifier.verify(token)
    return type(caught.value)


def test_token_says_what_the_contract_says(bench: Bench) -> None:
    """Prefix, header and claims; no expiry where the token has none."""
    prefix, _, compact = bench.sign().partition("_")
    header, payload, _ = compact.split(".")

    assert prefix == "bodhi"
    assert jws.decode_json(header) == {"alg": "ES256", "kid": KEY.kid, "typ": "api-token+jwt"}
    assert jws.decode_json(payload) == {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": bench.claims.subject,
        "jti": bench.claims.token_id,
        "iat": 1_768_478_400,
        "scope": "api:read api:write",
    }


def test_expiry_is_written_in_whole_seconds(bench: Bench) -> None:
    """``exp`` is a NumericDate, as ``iat`` is."""
    claims = replace(
        bench.claims,
        issued_at=START + timedelta(milliseconds=999),
        expires_at=START + timedelta(days=1),
    )

    payload = jws.decode_json(bench.signer.sign(claims).split(".")[1])

    assert (payload["iat"], payload["exp"]) == (1_768_478_400, 1_768_564_800)


@pytest.mark.parametrize("expires_at", [None, START + timedelta(days=1)])
def test_what_is_signed_is_read(bench: Bench, expires_at: datetime | None) -> None:
    """The claims come back as they were."""
    bench.claims = replace(bench.claims, expires_at=expires_at, scopes=frozenset({"api:read"}))

    assert bench.verifier.verify(bench.sign()) == bench.claims


def test_another_implementation_reads_the_token(bench: Bench) -> None:
    """Behind the prefix it is a JWT like any other (RFC 7515, RFC 7519)."""
    key = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": KEY.public.x, "y": KEY.public.y})

    token = joserfc_jwt.decode(bench.sign().removeprefix("bodhi_"), key, algorithms=["ES256"])

    assert token.claims["jti"] == bench.claims.token_id
    assert token.header["typ"] == "api-token+jwt"


def test_keys_are_loaded_once(bench: Bench) -> None:
    """A second token costs no second look at the published keys."""
    for _ in range(5):
        bench.verifier.verify(bench.sign())

    assert bench.loads == 1


def test_only_keys_that_may_verify_are_loaded() -> None:
    """Next, active and retired keys verify; a revoked one does not."""
    store = InMemoryKeys()
    by_state = {state: LocalSigningKey().public for state in KeyState}
    publish(store, *(replace(key, state=state) for state, key in by_state.items()))

    loaded = load_public_keys(store)

    assert set(loaded) == {by_state[s].kid for s in KeyState if s is not KeyState.REVOKED}
    assert loaded[by_state[KeyState.ACTIVE].kid] == public_key(by_state[KeyState.ACTIVE])


def test_point_off_the_curve_is_no_key() -> None:
    """A damaged row is an error, never a key that verifies something."""
    x = base64url.encode(b"\x01" * 32)

    with pytest.raises(ValueError, match=r"."):
        public_key(replace(KEY.public, x=x))


def test_exactly_one_last_character_is_accepted(bench: Bench) -> None:
    """Spare bits of base64url make no second spelling, whatever the bytes are."""
    token = bench.sign()

    accepted = [c for c in ALPHABET + "=+/." if _accepts(bench, token[:-1] + c)]

    assert accepted == [token[-1]]


@pytest.mark.parametrize("last", sorted(set(ALPHABET) - set("AQgw")))
def test_last_character_with_spare_bits_is_refused_unread(bench: Bench, last: str) -> None:
    """64 bytes end in one of four characters; no library is relied on to know."""
    assert refusal_of(bench, bench.sign()[:-1] + last) is MalformedToken
    assert bench.loads == 0


def test_exactly_one_s_is_accepted(bench: Bench) -> None:
    """The other S verifies in every library, so only the low one is ours."""
    token = bench.sign()
    head, _, signature = token.rpartition(".")
    r, s = base64url.decode(signature)[:32], int.from_bytes(base64url.decode(signature)[32:], "big")
    high = r + (jws.P256_ORDER - s).to_bytes(32, "big")

    assert s <= jws.P256_ORDER // 2
    assert refusal_of(bench, f"{head}.{base64url.encode(high)}") is BadSignature


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token + "=",
        lambda token: token + "\n",
        lambda token: token + " ",
        lambda token: " " + token,
        lambda token: token + "\x00",
        lambda token: token + ".",
        lambda token: token.replace(".", "=.", 1),
        lambda token: token.replace(".", "\uff0e", 1),
        lambda token: token.replace(".", "..", 1),
        lambda token: token.removeprefix("bodhi_"),
        lambda token: token.replace("bodhi_", "Bodhi_"),
        lambda token: "bodhi_" + token,
        lambda token: "bodhi-" + token[6:],
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: "",
        lambda token: "bodhi_..",
        lambda token: "bodhi_" + "A" * 5_000,
    ],
)
def test_other_forms_are_refused_unread(bench: Bench, change: Callable[[str], str]) -> None:
    """Length and shape come first: no key is looked for."""
    assert refusal_of(bench, change(bench.sign())) is MalformedToken
    assert bench.loads == 0


def test_length_is_bounded_before_anything_else(bench: Bench) -> None:
    """4,096 characters are read, one more is not, however good its signature."""
    fitting, longer = bench.of_length(4_096), bench.of_length(4_097)

    assert (len(fitting), len(longer)) == (4_096, 4_097)
    assert bench.verifier.verify(fitting) == bench.claims
    assert refusal_of(bench, longer) is MalformedToken


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": {}},
        {"jku": "https://evil.example.com"},
        {"x5u": "https://evil.example.com"},
        {"crit": ["exp"]},
        {"zip": "DEF"},
        {"b64": False},
        {"kid": NEVER},
        {"typ": NEVER},
        {"alg": NEVER},
        {"kid": 1},
        {"kid": None},
        {"kid": ["x"]},
        {"alg": ["ES256"]},
        {"alg": None},
        {"typ": {}},
    ],
)
def test_header_with_other_members_is_refused_unread(bench: Bench, header: dict[str, Any]) -> None:
    """Nothing in a header is followed, fetched or believed; no key is looked for."""
    assert refusal_of(bench, bench.written(header=header)) is MalformedToken
    assert bench.loads == 0


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"ES256"',
        b"{" * 2_000,
        b"[" * 2_000,
        b"\xff\xfe",
        '{"alg":"ES256","kid":"KID","typ":"api-token+jwt"}'.encode("utf-16"),
        b'{"alg":"ES256","kid":"KID","typ":"api-token+jwt","typ":"api-token+jwt"}',
        b'{"alg":"none","alg":"ES256","kid":"KID","typ":"api-token+jwt"}',
    ],
)
def test_header_that_is_no_plain_object_is_refused_unread(bench: Bench, header: bytes) -> None:
    """Duplicate members, other encodings and deep nesting never reach a key."""
    token = bench.signed(header.replace(b"KID", KEY.kid.encode()), b"{}")

    assert refusal_of(bench, token) is MalformedToken
    assert bench.loads == 0


@pytest.mark.parametrize(
    "kid",
    ["", "../keys", "' OR 1=1", "x" * 500, KEY.kid.lower(), KEY.kid + " "],
    ids=["empty", "path", "sql", "long", "lower case", "trailing space"],
)
def test_unknown_key_is_refused(bench: Bench, kid: str) -> None:
    """A key of ours, exactly named, or none."""
    assert refusal_of(bench, bench.written(header={"kid": kid})) is UnknownSigningKey


def test_key_that_is_not_text_is_refused(bench: Bench) -> None:
    """A lone surrogate is not Unicode text, so it never reaches a log or the table."""
    assert refusal_of(bench, bench.written(header={"kid": "\ud800"})) is MalformedToken
    assert bench.loads == 0


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "", "HS256", "RS256", "ES384", "es256", "EdDSA"])
def test_algorithm_is_the_keys_own(bench: Bench, alg: str) -> None:
    """The algorithm in the header is compared with the key's own. It decides nothing else."""
    assert refusal_of(bench, bench.written(header={"alg": alg})) is BadSignature


@pytest.mark.parametrize("position", range(0, SIGNATURE_CHARACTERS - 1, 7))
def test_changed_signature_is_refused(bench: Bench, position: int) -> None:
    """Every part of the signature counts."""
    head, _, signature = bench.sign().rpartition(".")
    other = "A" if signature[position] != "A" else "B"

    changed = f"{head}.{signature[:position]}{other}{signature[position + 1 :]}"

    assert refusal_of(bench, changed) is BadSignature


def test_changed_claims_are_refused(bench: Bench) -> None:
    """The signature covers what the token says."""
    token, other = bench.sign(), bench.written(payload={"scope": "api:admin"})
    header, _, signature = token.split(".")

    assert refusal_of(bench, f"{header}.{other.split('.')[1]}.{signature}") is BadSignature


def test_signature_of_another_key_is_refused(bench: Bench) -> None:
    """Naming our key does not make a signature ours."""
    head, _, _ = bench.sign().rpartition(".")
    foreign = LocalSigningKey().sign(head.removeprefix("bodhi_").encode())

    assert refusal_of(bench, f"{head}.{base64url.encode(foreign)}") is BadSignature


@pytest.mark.parametrize(
    "signature", [b"\x00" * 64, b"\x00" * 32 + b"\x01" * 32, b"\x01" * 32 + b"\x00" * 32]
)
def test_signature_of_nothing_is_refused(bench: Bench, signature: bytes) -> None:
    """Zeros verify nothing (CVE-2022-21449)."""
    head, _, _ = bench.sign().rpartition(".")

    assert refusal_of(bench, f"{head}.{base64url.encode(signature)}") is BadSignature


@pytest.mark.parametrize("excess", [0, 1, 2**256 - 1 - jws.P256_ORDER])
def test_r_outside_the_group_is_refused(bench: Bench, excess: int) -> None:
    """R must be below the order of the group, whatever else it is congruent to."""
    head, _, signature = bench.sign().rpartition(".")
    r, s = (jws.P256_ORDER + excess).to_bytes(32, "big"), base64url.decode(signature)[32:]

    assert refusal_of(bench, f"{head}.{base64url.encode(r + s)}") is BadSignature


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "API-TOKEN+JWT", "", "application/api-token+jwt"])
def test_other_kinds_of_tokens_are_refused(bench: Bench, typ: str) -> None:
    """Signed by us is not enough: it must be an API token."""
    assert refusal_of(bench, bench.written(header={"typ": typ})) is WrongClaims


@pytest.mark.parametrize(
    "payload",
    [
        {"iss": "https://api.example.com/"},
        {"iss": "https://API.example.com"},
        {"iss": [ISSUER]},
        {"iss": NEVER},
        {"aud": "https://api.example.com"},
        {"aud": [AUDIENCE]},
        {"aud": [AUDIENCE, "https://other.example.com"]},
        {"aud": NEVER},
        {"sub": NEVER},
        {"sub": ""},
        {"sub": "KEYS"},
        {"sub": 5},
        {"sub": None},
        {"jti": NEVER},
        {"jti": "#"},
        {"jti": "tok_1"},
        {"jti": ["x"]},
        {"iat": NEVER},
        {"iat": "1768478400"},
        {"iat": 1.5},
        {"iat": True},
        {"iat": -1},
        {"exp": "never"},
        {"exp": None},
        {"exp": True},
        {"exp": 1e3},
        {"exp": 10**30},
        {"scope": NEVER},
        {"scope": None},
        {"scope": ["api:read"]},
        {"scope": {}},
    ],
    ids=lambda claims: "-".join(claims),
)
def test_claims_of_another_form_are_refused(bench: Bench, payload: dict[str, Any]) -> None:
    """Issuer and audience exactly, ids in their form, times as whole numbers, scope as text."""
    assert refusal_of(bench, bench.written(payload=payload)) is WrongClaims


def test_duplicate_claims_are_refused(bench: Bench) -> None:
    """A claim given twice has no value."""
    header, payload, _ = bench.sign().removeprefix("bodhi_").split(".")
    twice = base64url.decode(payload).replace(b'{"iss"', b'{"aud":"x","iss"')

    assert refusal_of(bench, bench.signed(base64url.decode(header), twice)) is WrongClaims


def test_expired_from_the_very_second_on(bench: Bench) -> None:
    """Refused by its own claim, at the moment of its expiry and not before."""
    bench.claims = replace(bench.claims, expires_at=START + timedelta(days=1))
    token = bench.sign()

    bench.clock.advance(timedelta(days=1) - timedelta(milliseconds=1))
    assert bench.verifier.verify(token) == bench.claims
    bench.clock.advance(timedelta(milliseconds=1))
    assert refusal_of(bench, token) is ExpiredToken


@pytest.mark.parametrize(
    ("header", "payload", "foreign", "refusal"),
    [
        ({"jwk": {}, "kid": "other"}, {"iss": "x"}, True, MalformedToken),
        ({"kid": "other", "alg": "none", "typ": "JWT"}, {"iss": "x"}, True, UnknownSigningKey),
        ({"alg": "none", "typ": "JWT"}, {"iss": "x"}, True, BadSignature),
        ({"typ": "JWT"}, {"iss": "x", "exp": 1}, True, BadSignature),
        ({"typ": "JWT"}, {"exp": 1}, False, WrongClaims),
        ({}, {"iss": "x", "exp": 1}, False, WrongClaims),
        ({}, {"aud": "x", "exp": 1}, False, WrongClaims),
        ({}, {"exp": 1}, False, ExpiredToken),
    ],
)
def test_checks_come_in_the_order_of_the_contract(
    bench: Bench,
    header: dict[str, Any],
    payload: dict[str, Any],
    foreign: bool,
    refusal: type[InvalidToken],
) -> None:
    """Shape, kid, algorithm, signature, typ, issuer, audience, expiry: the first failure names it."""
    token = bench.written(header, payload)
    if foreign:
        head, _, _ = token.rpartition(".")
        token = f"{head}.{base64url.encode(LocalSigningKey().sign(b'something else'))}"

    assert refusal_of(bench, token) is refusal


def test_keys_that_cannot_be_loaded_decide_nothing(bench: Bench) -> None:
    """A broken store is an error: neither allowed nor refused."""

    def broken() -> Mapping[str, EllipticCurvePublicKey]:
        raise StoreUnavailable

    verifier = ApiTokenVerifier(KeyCache(broken, bench.clock), ISSUER, AUDIENCE, bench.clock)

    with pytest.raises(StoreUnavailable):
        verifier.verify(bench.sign())
    with pytest.raises(MalformedToken):
        verifier.verify("bodhi_garbage")


VERIFIER = Bench()
TOKEN = VERIFIER.sign()


@given(
    st.integers(0, len(TOKEN) - 1),
    st.sampled_from(ALPHABET + "=.+/ \n\x00é") | st.characters(),
)
def test_no_other_string_passes_for_a_token(position: int, character: str) -> None:
    """A token with one changed character is refused, wherever the character is."""
    changed = TOKEN[:position] + character + TOKEN[position + 1 :]

    assert _accepts(VERIFIER, changed) == (changed == TOKEN)


@given(st.text(max_size=200) | st.text(ALPHABET + ".", max_size=200).map("bodhi_".__add__))
def test_no_text_whatsoever_breaks_the_verifier(text: str) -> None:
    """Any text is refused with a reason."""
    assert not _accepts(VERIFIER, text)


def _accepts(bench: Bench, token: str) -> bool:
    try:
        bench.verifier.verify(token)
    except InvalidToken:
        return False
    return True


def _changed(members: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**members, **changes}.items() if value is not NEVER}
