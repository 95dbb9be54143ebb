"""The memo of verified signatures decides nothing: every string has the verdict that it has without it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import base64url
from chalicelib.adapters import jws
from chalicelib.adapters.api_token import ApiTokenSigner, ApiTokenVerifier
from chalicelib.adapters.jws import public_key
from chalicelib.adapters.key_cache import MAX_AGE, KeyCache
from chalicelib.adapters.verified_signatures import VerifiedSignatures
from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import ExpiredToken, InvalidToken
from chalicelib.domain.ids import new_token_id
from tests.support.builders import a_user
from tests.support.clock import START, FixedClock
from tests.support.keys import LocalSigningKey

ISSUER, AUDIENCE = "https://api.example.com", "https://api.example.com/api"
KEYS = (LocalSigningKey(), LocalSigningKey())


class CountedKey:
    """A public key that counts its verifications."""

    def __init__(self, key: LocalSigningKey) -> None:
        self._key = public_key(key.public)
        self.verifications = 0

    def verify(self, *arguments: Any) -> None:
        """Verify. Raises InvalidSignature."""
        self.verifications += 1
        self._key.verify(*arguments)


class Process:
    """A verifier of a process, with or without the memo."""

    def __init__(self, clock: FixedClock, memo: VerifiedSignatures[Any] | None) -> None:
        self.published = {key.kid: key for key in KEYS}
        self.keys: list[CountedKey] = []
        cache: KeyCache[EllipticCurvePublicKey] = KeyCache(self._load, clock)
        self.verifier = ApiTokenVerifier(cache, ISSUER, AUDIENCE, clock, memo)
        self._memo = memo

    def _load(self) -> Mapping[str, EllipticCurvePublicKey]:
        if self._memo:
            self._memo.clear()
        loaded = {kid: CountedKey(key) for kid, key in self.published.items()}
        self.keys += loaded.values()
        return cast("Mapping[str, EllipticCurvePublicKey]", loaded)

    def verdict(self, token: str) -> Claims | type[InvalidToken]:
        """Return the claims of a token, or the kind of its refusal."""
        try:
            return self.verifier.verify(token)
        except InvalidToken as refusal:
            return type(refusal)

    @property
    def verifications(self) -> int:
        """Return how often a signature was verified."""
        return sum(key.verifications for key in self.keys)


def token(index: int = 0, *, lives: timedelta | None = None, key: int = 0, **other: str) -> str:
    """Return a genuine token, whose issuer or audience may be another."""
    expiry = START + lives if lives else None
    moment = START - timedelta(milliseconds=index)
    claims = Claims(a_user().id, new_token_id(moment), START, frozenset({"api:read"}), expiry)
    where = {"issuer": ISSUER, "audience": AUDIENCE, **other}
    return ApiTokenSigner(KEYS[key], **where).sign(claims)


def with_another_signature(genuine: str) -> str:
    """Return the token with the signature of another key."""
    message = genuine.removeprefix("bodhi_").rpartition(".")[0]
    return f"bodhi_{message}.{base64url.encode(LocalSigningKey().sign(message.encode()))}"


def signed_again(genuine: str) -> str:
    """Return the token with another signature of its own key."""
    message = genuine.removeprefix("bodhi_").rpartition(".")[0]
    return f"bodhi_{message}.{base64url.encode(KEYS[0].sign(message.encode()))}"


def with_high_s(genuine: str) -> str:
    """Return the token with the other S that verifies too."""
    message, _, signature = genuine.rpartition(".")
    raw = base64url.decode(signature)
    high = jws.P256_ORDER - int.from_bytes(raw[32:], "big")
    return f"{message}.{base64url.encode(raw[:32] + high.to_bytes(32, 'big'))}"


GENUINE = [token(0), token(1, lives=timedelta(seconds=90)), token(2, key=1), signed_again(token(3))]
STRINGS = [
    *GENUINE,
    token(4, audience="https://another.example.com"),
    with_another_signature(GENUINE[0]),
    with_high_s(GENUINE[0]),
    signed_again(GENUINE[0]),
    GENUINE[0].replace(GENUINE[0].split(".")[1], GENUINE[1].split(".")[1]),
    GENUINE[0] + "=",
    GENUINE[0][:-1],
    "bodhi_",
]
# A string to present, seconds to wait, or a key to revoke or to publish again.
STEPS = st.lists(
    st.one_of(
        st.sampled_from(STRINGS),
        st.integers(0, 70).map(lambda seconds: timedelta(seconds=seconds)),
        st.sampled_from(KEYS),
    ),
    max_size=30,
)


@given(STEPS, st.sampled_from([1, 2, 1_000]))
def test_every_verdict_is_that_without_the_memo(steps: list[Any], most: int) -> None:
    """While time passes, keys come and go, and however few signatures are kept."""
    clock = FixedClock()
    with_memo, without = Process(clock, VerifiedSignatures(most)), Process(clock, None)
    for step in steps:
        if isinstance(step, timedelta):
            clock.advance(step)
        elif isinstance(step, str):
            assert with_memo.verdict(step) == without.verdict(step)
        else:
            for process in (with_memo, without):
                if process.published.pop(step.kid, None) is None:
                    process.published[step.kid] = step
    assert with_memo.verifications <= without.verifications


def test_signature_is_verified_once_while_the_keys_are_kept() -> None:
    """Then the keys are loaded again, and so are verifications."""
    clock = FixedClock()
    process = Process(clock, VerifiedSignatures())
    for _ in range(3):
        process.verdict(GENUINE[0])
    assert process.verifications == 1
    clock.advance(MAX_AGE)
    for _ in range(3):
        process.verdict(GENUINE[0])
    assert process.verifications == 2


def test_expiry_is_checked_each_time() -> None:
    """A known signature prolongs nothing."""
    clock = FixedClock()
    process = Process(clock, VerifiedSignatures())
    expiring = token(lives=timedelta(seconds=30))
    assert isinstance(process.verdict(expiring), Claims)
    clock.advance(timedelta(seconds=30))
    assert process.verdict(expiring) is ExpiredToken
    assert process.verifications == 1


def test_forged_string_is_verified_each_time_and_displaces_nothing() -> None:
    """Only a genuine one is kept. A flood of others makes no caller slower."""
    process = Process(FixedClock(), VerifiedSignatures(1))
    forged = with_another_signature(GENUINE[0])
    for string in (GENUINE[0], forged, forged, with_high_s(GENUINE[0]), GENUINE[0]):
        process.verdict(string)
    # A high S is refused before the key is asked.
    assert process.verifications == 3


def test_memo_is_bound_to_the_key_object() -> None:
    """Even if nobody clears it, an equal key that was loaded again has verified nothing."""
    memo: VerifiedSignatures[object] = VerifiedSignatures()
    first, second = replace(KEYS[0].public), replace(KEYS[0].public)
    memo.add(b"jws", first)
    assert first == second
    assert [memo.knows(b"jws", each) for each in (first, second)] == [True, False]
    memo.clear()
    assert not memo.knows(b"jws", first)


@pytest.mark.parametrize("most", [1, 3])
def test_oldest_signature_makes_room(most: int) -> None:
    """The memory is bounded."""
    memo: VerifiedSignatures[object] = VerifiedSignatures(most)
    key = object()
    for number in range(5):
        memo.add(b"%d" % number, key)
    assert [memo.knows(b"%d" % number, key) for number in range(5)] == [n >= 5 - most for n in range(5)]


def test_no_string_is_kept() -> None:
    """Neither a token nor a part of it is in the memo."""
    memo: VerifiedSignatures[Any] = VerifiedSignatures()
    Process(FixedClock(), memo).verdict(GENUINE[0])
    (digest,) = memo._keys
    assert len(digest) == 32
    assert not any(part.encode() in digest for part in GENUINE[0].split("."))
    assert GENUINE[0].split(".")[2][:10] not in repr(vars(memo))
