"""Keys of the OpenID provider: which ones count, and how soon a new one does."""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cache
from threading import Event
from typing import Any

import jwt
import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, SECP521R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from chalicelib import base64url
from chalicelib.adapters.oidc.provider import OidcProvider, ProviderDocuments, ProviderRules
from chalicelib.adapters.oidc.reloads import BURST, COOL_DOWN, LONGEST_AGE, MAX_AGE, SPACING, Reloads
from chalicelib.domain.errors import IdentityProviderUnavailable, SignInRefused
from chalicelib.domain.reasons import ProviderReason, SignInReason
from chalicelib.domain.users import Identity
from tests.support.builders import ISSUER
from tests.support.clock import FixedClock
from tests.support.http import FakeHttp
from tests.support.jws import CLAIMS, HEADER, by_key, jws, other_key, rsa_jwk, saying
from tests.support.provider import AUDIENCE, KID, TestProvider, provider_key
from tests.support.waiting import threads_in, wait_until

CONFIGURATION = f"{ISSUER}/.well-known/openid-configuration"
JWKS = f"{ISSUER}/jwks"
DOWN = urllib3.exceptions.ProtocolError("down")
ONE_MILLISECOND = timedelta(milliseconds=1)
RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
CURVES = {"ES256": SECP256R1(), "ES384": SECP384R1(), "ES512": SECP521R1()}


@pytest.fixture
def clock() -> FixedClock:
    """Return a clock that the test sets."""
    return FixedClock()


@pytest.fixture
def http() -> FakeHttp:
    """Return the documents that the provider publishes."""
    return FakeHttp(TestProvider.documents())


@pytest.fixture
def provider(http: FakeHttp, clock: FixedClock) -> OidcProvider:
    """Return the adapter."""
    return adapter(http, clock)


def adapter(http: FakeHttp, clock: FixedClock) -> OidcProvider:
    """Return a new adapter, as in a process that has just started."""
    documents = ProviderDocuments(ISSUER, CONFIGURATION, http, clock)
    return OidcProvider(ProviderRules(ISSUER, {AUDIENCE}, AUDIENCE), documents, clock)


def publishing(*jwks: object) -> OidcProvider:
    """Return the adapter over a provider that publishes these keys."""
    documents = {**TestProvider.documents(), JWKS: {"keys": list(jwks)}}
    return adapter(FakeHttp(documents), FixedClock())


def outcome(provider: OidcProvider, unverified_jwt: str) -> SignInReason | ProviderReason | None:
    """Return the reason of a refusal or of an outage, or None for a sign-in."""
    try:
        provider.verify(unverified_jwt)
    except (SignInRefused, IdentityProviderUnavailable) as error:
        return error.reason
    return None


def signed(algorithm: str, key: Any, kid: str | None = "k") -> str:
    """Return a JWT that PyJWT signed."""
    headers = {"kid": kid, "alg": algorithm} if kid else {"alg": algorithm}
    if algorithm == "Ed25519":
        # PyJWT cannot write this name.
        return jws(headers, dict(CLAIMS), key.sign)
    return jwt.encode(dict(CLAIMS), key, algorithm, headers)


def public_jwk(key: Any, **members: Any) -> dict[str, Any]:
    """Return the public half as a provider publishes it. A member that is None is left out."""
    jwk: dict[str, Any]
    if isinstance(key, RSAPrivateKey):
        jwk = {**rsa_jwk(key), "alg": None, "use": None}
    elif isinstance(key, Ed25519PrivateKey | Ed448PrivateKey):
        jwk = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key()))
    else:
        jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    whole = {**jwk, "kid": "k", **members}
    return {name: value for name, value in whole.items() if value is not None}


def new_key(algorithm: str) -> Any:
    """Return a private key for an algorithm."""
    if algorithm in CURVES:
        return generate_ec_key(CURVES[algorithm])
    return other_key() if algorithm in RSA else Ed25519PrivateKey.generate()


class TestAlgorithms:
    """The algorithms of a key, which are its own or all of its type."""

    @pytest.mark.parametrize("algorithm", [*RSA, *CURVES, "EdDSA", "Ed25519"])
    def test_key_that_names_no_algorithm_serves_those_of_its_type(self, algorithm: str) -> None:
        """A key without ``alg`` serves all algorithms of its type (RFC 7517 section 4.4)."""
        key = new_key(algorithm)
        assert outcome(publishing(public_jwk(key)), signed(algorithm, key)) is None

    @pytest.mark.parametrize("algorithm", [*RSA, *CURVES])
    def test_key_that_names_its_algorithm_serves_no_other(self, algorithm: str) -> None:
        """A key with ``alg`` refuses other algorithms of its type, with the reason."""
        key = new_key(algorithm)
        provider = publishing(public_jwk(key, alg=algorithm))
        assert outcome(provider, signed(algorithm, key)) is None
        for other in {*RSA, *CURVES, "EdDSA"} - {algorithm}:
            fresh = publishing(public_jwk(key, alg=algorithm))
            forged = signed(other, new_key(other))
            assert outcome(fresh, forged) is SignInReason.ALGORITHM_NOT_ALLOWED

    @pytest.mark.parametrize("named", ["EdDSA", "Ed25519", None])
    @pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
    def test_ed25519_has_two_names(self, named: str | None, algorithm: str) -> None:
        """``EdDSA`` and ``Ed25519`` are names of one algorithm (RFC 9864 section 2.2)."""
        key = Ed25519PrivateKey.generate()
        assert outcome(publishing(public_jwk(key, alg=named)), signed(algorithm, key)) is None

    def test_signature_of_another_ed25519_key_is_refused(self) -> None:
        """A signature of another Ed25519 key is refused under either name."""
        provider = publishing(public_jwk(Ed25519PrivateKey.generate()))
        for algorithm in ("EdDSA", "Ed25519"):
            forged = signed(algorithm, Ed25519PrivateKey.generate())
            assert outcome(provider, forged) is SignInReason.BAD_SIGNATURE

    def test_one_kid_may_name_a_key_for_each_algorithm(self) -> None:
        """Keys of several types may share a ``kid``, and each is used."""
        keys = {name: other_key(name) for name in ("RS256", "RS384", "RS512")}
        keys |= {name: new_key(name) for name in ("ES256", "EdDSA")}
        provider = publishing(*(public_jwk(key, alg=name) for name, key in keys.items()))
        assert [outcome(provider, signed(name, key)) for name, key in keys.items()] == [None] * 5

    def test_key_that_names_its_algorithm_comes_first(self) -> None:
        """A key without ``alg`` does not serve an algorithm that another key of its ``kid`` names."""
        special, general = other_key("special"), other_key("general")
        for keys in (
            [public_jwk(general), public_jwk(special, alg="RS512")],
            [public_jwk(special, alg="RS512"), public_jwk(general)],
        ):
            provider = publishing(*keys)
            assert outcome(provider, signed("RS512", special)) is None
            assert outcome(provider, signed("RS256", general)) is None

    def test_second_key_of_one_name_is_left_out(self) -> None:
        """Of two keys with one ``kid`` and algorithm only the first counts."""
        first, second = other_key("first"), other_key("second")
        provider = publishing(public_jwk(first), public_jwk(second))
        assert outcome(provider, signed("RS256", first)) is None
        assert outcome(provider, signed("RS256", second)) is SignInReason.BAD_SIGNATURE


class TestWithoutKid:
    """JWTs that name no key (OpenID Connect Core section 10.1)."""

    def test_only_key_for_the_algorithm_is_used(self) -> None:
        """Keys of other types do not make the choice ambiguous."""
        rsa, curve = other_key(), new_key("ES256")
        provider = publishing(public_jwk(rsa), public_jwk(curve, kid="e"), public_jwk(new_key("EdDSA")))
        assert outcome(provider, signed("RS256", rsa, kid=None)) is None
        assert outcome(provider, signed("ES256", curve, kid=None)) is None

    def test_key_without_a_name_can_be_used(self) -> None:
        """The only key need not have a ``kid``."""
        key = other_key()
        provider = publishing(public_jwk(key, kid=None))
        assert outcome(provider, signed("RS256", key, kid=None)) is None
        assert outcome(provider, signed("RS256", key, kid="k")) is SignInReason.UNKNOWN_KEY

    def test_nothing_is_tried_in_turn(self) -> None:
        """If two keys fit the algorithm, a JWT without a ``kid`` is refused."""
        first, second = other_key("first"), other_key("second")
        for kids in (("a", "b"), (None, None), ("a", None)):
            provider = publishing(public_jwk(first, kid=kids[0]), public_jwk(second, kid=kids[1]))
            assert outcome(provider, signed("RS256", first, kid=None)) is SignInReason.UNKNOWN_KEY

    def test_unusable_keys_do_not_count(self) -> None:
        """A key for encryption does not count as a second key."""
        key = other_key()
        provider = publishing(public_jwk(key), public_jwk(other_key("enc"), kid="enc", use="enc"))
        assert outcome(provider, signed("RS256", key, kid=None)) is None


def small_order_jwk(y: int) -> dict[str, Any]:
    """Return an Ed25519 key whose point has this y coordinate."""
    return {"kty": "OKP", "crv": "Ed25519", "kid": "odd", "x": base64url.encode(y.to_bytes(32, "little"))}


@cache
def weak_key() -> RSAPrivateKey:
    """Return a key of 1024 bits."""
    return generate_private_key(65537, 1024)


P25519 = 2**255 - 19
ODD_KEYS: dict[str, Callable[[], object]] = {
    "not an object": lambda: 7,
    "null": lambda: None,
    "a list": lambda: [public_jwk(other_key())],
    "empty": dict,
    "no type": lambda: {"kid": "odd"},
    "unknown type": lambda: {"kty": "XYZ", "kid": "odd"},
    "type is a list": lambda: public_jwk(other_key(), kid="odd", kty=["RSA"]),
    "alg is a list": lambda: public_jwk(other_key(), kid="odd", alg=["RS256"]),
    "alg is an object": lambda: public_jwk(other_key(), kid="odd", alg={"RS256": 1}),
    "alg is a number": lambda: public_jwk(other_key(), kid="odd", alg=256),
    "alg is empty": lambda: public_jwk(other_key(), kid="odd", alg=""),
    "alg is symmetric": lambda: public_jwk(other_key(), kid="odd", alg="HS256"),
    "alg is none": lambda: public_jwk(other_key(), kid="odd", alg="none"),
    "alg encrypts": lambda: public_jwk(other_key(), kid="odd", alg="RSA-OAEP"),
    "alg of another type": lambda: public_jwk(other_key(), kid="odd", alg="ES256"),
    "alg of another curve": lambda: public_jwk(new_key("ES256"), kid="odd", alg="ES384"),
    "kid is a list": lambda: public_jwk(other_key(), kid=["odd"]),
    "kid is an object": lambda: public_jwk(other_key(), kid={"odd": 1}),
    "kid is a number": lambda: public_jwk(other_key(), kid=7),
    "kid is false": lambda: public_jwk(other_key(), kid=False),
    "for encryption": lambda: public_jwk(other_key(), kid="odd", use="enc"),
    "use is a list": lambda: public_jwk(other_key(), kid="odd", use=["sig"]),
    "key_ops without verify": lambda: public_jwk(other_key(), kid="odd", key_ops=["sign"]),
    "key_ops is empty": lambda: public_jwk(other_key(), kid="odd", key_ops=[]),
    "key_ops is text": lambda: public_jwk(other_key(), kid="odd", key_ops="verify"),
    "private RSA": lambda: {
        **json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(other_key())),
        "kid": "odd",
        "key_ops": None,
    },
    "a private member alone": lambda: public_jwk(other_key(), kid="odd", d="AQAB"),
    "a private prime": lambda: public_jwk(other_key(), kid="odd", p="AQAB"),
    "private curve": lambda: {
        **json.loads(jwt.algorithms.ECAlgorithm.to_jwk(new_key("ES256"))),
        "kid": "odd",
    },
    "symmetric": lambda: {"kty": "oct", "kid": "odd", "alg": "HS256", "k": base64url.encode(b"s" * 32)},
    "small modulus": lambda: public_jwk(weak_key(), kid="odd"),
    "tiny modulus": lambda: public_jwk(other_key(), kid="odd", n="AQAB"),
    "even modulus": lambda: public_jwk(other_key(), kid="odd", n=base64url.encode((2**2047).to_bytes(256))),
    "huge modulus": lambda: public_jwk(other_key(), kid="odd", n=base64url.encode(b"\xff" * 4096)),
    "exponent 1": lambda: public_jwk(other_key(), kid="odd", e="AQ"),
    "exponent 0": lambda: public_jwk(other_key(), kid="odd", e="AA"),
    "even exponent": lambda: public_jwk(other_key(), kid="odd", e="BA"),
    "huge exponent": lambda: public_jwk(other_key(), kid="odd", e=base64url.encode(b"\xff" * 255)),
    "no modulus": lambda: public_jwk(other_key(), kid="odd", n=None),
    "modulus is a number": lambda: public_jwk(other_key(), kid="odd", n=7),
    "modulus is not base64": lambda: public_jwk(other_key(), kid="odd", n="!"),
    "modulus is a surrogate": lambda: public_jwk(other_key(), kid="odd", n="\ud800"),
    "off the curve": lambda: public_jwk(new_key("ES256"), kid="odd", y=base64url.encode(b"\1" * 32)),
    "the origin": lambda: public_jwk(new_key("ES256"), kid="odd", x="A" * 43, y="A" * 43),
    "short coordinate": lambda: public_jwk(new_key("ES256"), kid="odd", x="AQAB"),
    "unknown curve": lambda: public_jwk(new_key("ES256"), kid="odd", crv="P-9"),
    "curve is a list": lambda: public_jwk(new_key("ES256"), kid="odd", crv=["P-256"]),
    "curve of coins": lambda: public_jwk(new_key("ES256"), kid="odd", crv="secp256k1"),
    "other Edwards curve": lambda: public_jwk(Ed448PrivateKey.generate(), kid="odd"),
    "agreement curve": lambda: {**small_order_jwk(9), "crv": "X25519"},
    "short Ed25519": lambda: {"kty": "OKP", "crv": "Ed25519", "kid": "odd", "x": "AQAB"},
    "order 1": lambda: small_order_jwk(1),
    "order 2": lambda: small_order_jwk(P25519 - 1),
    "order 4": lambda: small_order_jwk(0),
    "order 1 in another spelling": lambda: small_order_jwk(P25519 + 1),
    "order 4 with a sign": lambda: small_order_jwk(1 << 255),
    "order 8": lambda: small_order_jwk(0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826),
    "another order 8": lambda: small_order_jwk(
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7 | 1 << 255
    ),
}


def ignored(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the lines about keys that were left out."""
    return [vars(record)["fields"] for record in caplog.records if record.msg == "provider_key.ignored"]


class TestOddKeys:
    """Unusable members of a key set, which do not affect the other keys."""

    @pytest.mark.parametrize("odd", ODD_KEYS.values(), ids=ODD_KEYS)
    @pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
    def test_odd_key_costs_no_other(self, odd: Callable[[], object], first: bool) -> None:
        """Its place in the set does not matter."""
        good, bad = public_jwk(provider_key(), kid=KID), odd()
        provider = publishing(*([bad, good] if first else [good, bad]))
        assert outcome(provider, saying()) is None

    @pytest.mark.parametrize("odd", ODD_KEYS.values(), ids=ODD_KEYS)
    def test_odd_key_verifies_nothing(self, odd: Callable[[], object]) -> None:
        """A set with only unusable keys counts as a set without keys."""
        assert outcome(publishing(odd()), saying()) is ProviderReason.NO_USABLE_KEYS

    @pytest.mark.parametrize("y", [0, 1, P25519 - 1, P25519 + 1])
    def test_small_order_would_let_everybody_sign(self, y: int) -> None:
        """Without the list a forged signature would fit about one in eight messages."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        key = Ed25519PublicKey.from_public_bytes(y.to_bytes(32, "little"))

        def is_forged(message: bytes) -> bool:
            try:
                key.verify((1).to_bytes(32, "little") + bytes(32), message)
            except InvalidSignature:
                return False
            return True

        assert any(is_forged(b"%d" % n) for n in range(200))

    def test_symmetric_key_is_never_used(self) -> None:
        """A key with a private member is refused."""
        secret = b"s" * 32
        provider = publishing(
            {"kty": "oct", "kid": "oct", "alg": "HS256", "k": base64url.encode(secret)},
            public_jwk(provider_key(), kid=KID),
        )
        forged = jws(
            {**HEADER, "alg": "HS256", "kid": "oct"},
            CLAIMS,
            lambda message: hmac.new(secret, message, hashlib.sha256).digest(),
        )
        assert outcome(provider, forged) is SignInReason.ALGORITHM_NOT_ALLOWED

    def test_null_members_count_as_absent(self) -> None:
        """Null members count as absent, because some providers write all members that they know."""
        nulls = dict.fromkeys(("alg", "use", "key_ops", "d", "p", "k", "crv", "x", "y", "x5c"))
        provider = publishing({**public_jwk(provider_key(), kid=KID), **nulls})
        assert outcome(provider, saying()) is None

    @pytest.mark.parametrize(
        "members", [{"key_ops": ["verify"]}, {"x5t": 7, "x5c": [1]}, {"exp": 1}], ids=str
    )
    def test_other_members_do_not_matter(self, members: dict[str, Any]) -> None:
        """Certificates and unknown members are ignored."""
        assert outcome(publishing({**public_jwk(provider_key(), kid=KID), **members}), saying()) is None

    @pytest.mark.parametrize("keys", [None, [], {}, "text", 7, [7], [None], [[]], [{}]], ids=str)
    def test_set_without_keys_is_an_outage(
        self, http: FakeHttp, provider: OidcProvider, keys: object
    ) -> None:
        """A set without keys is a failure of the provider, not a refusal of the caller."""
        http.documents[JWKS] = {"keys": keys}
        assert outcome(provider, saying()) is ProviderReason.NO_USABLE_KEYS

    def test_odd_key_is_logged_once_by_its_name(
        self, http: FakeHttp, provider: OidcProvider, clock: FixedClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The keys are read several times. The line does not have the key itself."""
        http.documents[JWKS]["keys"] += [
            public_jwk(other_key(), kid="enc", use="enc"),
            public_jwk(other_key(), kid=["list"]),
            public_jwk(other_key(), kid="l\nine\u202e" + "x" * 500, alg="RSA-OAEP"),
        ]
        for _ in range(3):
            provider.verify(saying())
            clock.advance(MAX_AGE)
        lines = ignored(caplog)
        named = {line["kid"]: line["detail"] for line in lines}
        assert len(lines) == 3
        assert named["enc"] == "use is not sig"
        assert named["list"] == "kid is not text"
        assert all(len(kid) <= 100 and kid.isprintable() for kid in named)

    def test_log_of_odd_keys_is_bounded(
        self, http: FakeHttp, provider: OidcProvider, clock: FixedClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A provider that invents names fills neither the log nor the memory."""
        http.documents[JWKS]["keys"] += [{"kty": "oct", "kid": f"{n}"} for n in range(500)]
        provider.verify(saying())
        assert len(ignored(caplog)) == 100


def garbage(n: int) -> str:
    """Return a JWT of a stranger, with an invented name of a key."""
    return jws({**HEADER, "kid": f"invented-{n}"}, CLAIMS, lambda _: b"x" * 256)


def reloads(http: FakeHttp) -> int:
    """Return how often the keys were read after the first time."""
    return http.asked.count(JWKS) - 1


class TestReloading:
    """The reloads of the provider's keys."""

    def test_provider_is_asked_once(self, provider: OidcProvider, http: FakeHttp) -> None:
        """Many sign-ins read the two documents once."""
        for _ in range(3):
            provider.verify(saying())
        assert http.asked == [CONFIGURATION, JWKS]

    def test_new_key_is_accepted_at_once(self, provider: OidcProvider, http: FakeHttp) -> None:
        """A new key of the provider works at once, without a restart."""
        provider.verify(saying())
        http.documents[JWKS]["keys"].append(rsa_jwk(other_key(), kid="next"))
        assert outcome(provider, by_key(other_key(), kid="next")) is None

    def test_new_key_under_a_known_name_is_accepted_at_once(
        self, provider: OidcProvider, http: FakeHttp
    ) -> None:
        """A new key under a known ``kid`` works, because a failed signature reads the keys again."""
        provider.verify(saying())
        http.documents[JWKS] = {"keys": [rsa_jwk(other_key(), kid=KID)]}
        assert outcome(provider, by_key(other_key())) is None
        assert outcome(provider, saying()) is SignInReason.BAD_SIGNATURE

    def test_new_key_at_another_address_is_accepted_at_once(
        self, provider: OidcProvider, http: FakeHttp
    ) -> None:
        """The configuration is read again with the keys."""
        provider.verify(saying())
        http.documents[CONFIGURATION]["jwks_uri"] = f"{ISSUER}/moved"
        http.documents[f"{ISSUER}/moved"] = {"keys": [rsa_jwk(other_key(), kid="next")]}
        assert outcome(provider, by_key(other_key(), kid="next")) is None

    def test_new_algorithm_of_a_known_name_is_accepted_at_once(
        self, provider: OidcProvider, http: FakeHttp
    ) -> None:
        """A known ``kid`` with another algorithm may be a new key, so the keys are read again."""
        provider.verify(saying())
        http.documents[JWKS]["keys"].append(public_jwk(other_key(), kid=KID, alg="RS512"))
        assert outcome(provider, signed("RS512", other_key(), kid=KID)) is None

    def test_new_key_without_a_name_is_accepted_at_once(
        self, provider: OidcProvider, http: FakeHttp
    ) -> None:
        """JWTs that do not name a key follow the same rule."""
        provider.verify(saying())
        http.documents[JWKS] = {"keys": [rsa_jwk(other_key(), kid=None)]}
        assert outcome(provider, by_key(other_key(), kid=None)) is None

    def test_withdrawn_key_is_forgotten(
        self, provider: OidcProvider, http: FakeHttp, clock: FixedClock
    ) -> None:
        """A key that is no longer published verifies for at most five minutes."""
        provider.verify(saying())
        http.documents[JWKS] = {"keys": [rsa_jwk(other_key(), kid="next")]}
        clock.advance(MAX_AGE - ONE_MILLISECOND)
        assert outcome(provider, saying()) is None
        clock.advance(ONE_MILLISECOND)
        assert outcome(provider, saying()) is SignInReason.UNKNOWN_KEY

    def test_first_sign_in_by_an_unknown_key_reads_the_keys_once(
        self, provider: OidcProvider, http: FakeHttp
    ) -> None:
        """The first sign-in reads the keys once, because they are then newer than the JWT."""
        assert outcome(provider, garbage(1)) is SignInReason.UNKNOWN_KEY
        assert http.asked == [CONFIGURATION, JWKS]

    @pytest.mark.parametrize("kid", ["invented", KID], ids=["unknown name", "bad signature"])
    def test_burst_then_one_reload_per_interval(
        self, provider: OidcProvider, http: FakeHttp, clock: FixedClock, kid: str
    ) -> None:
        """Unknown keys cause three reloads at once, then one every five seconds."""
        provider.verify(saying())
        forged = by_key(other_key(), kid=kid)
        final = {SignInReason.UNKNOWN_KEY, SignInReason.BAD_SIGNATURE}
        assert [outcome(provider, forged) in final for _ in range(10)] == [True] * 3 + [False] * 7
        assert (reloads(http), BURST) == (3, 3)
        for n in range(1, 4):
            clock.advance(SPACING)
            for _ in range(5):
                outcome(provider, forged)
            assert reloads(http) == 3 + n

    def test_both_kinds_of_garbage_share_the_bucket(self, provider: OidcProvider, http: FakeHttp) -> None:
        """Unknown keys and bad signatures share one bucket."""
        provider.verify(saying())
        for n in range(20):
            outcome(provider, garbage(n))
            outcome(provider, by_key(other_key()))
        assert reloads(http) == 3

    def test_refusal_says_that_a_retry_helps(self, provider: OidcProvider) -> None:
        """The key may be new or invented, and a later read will tell."""
        provider.verify(saying())
        for n in range(3):
            outcome(provider, garbage(n))
        with pytest.raises(SignInRefused) as refused:
            provider.verify(garbage(4))
        assert refused.value.reason is SignInReason.KEYS_NOT_CURRENT
        assert refused.value.retry_after == timedelta(seconds=5)
        assert refused.value.facts["received_kid"] == "invented-4"

    @pytest.mark.parametrize("kid", ["next", KID], ids=["new name", "known name"])
    @pytest.mark.parametrize("each", [50, 499, 1000, 4999, 5000], ids="{}ms".format)
    @pytest.mark.parametrize("before", [0, 1, 3, 7])
    def test_flood_delays_a_new_key_by_five_seconds_at_most(
        self, provider: OidcProvider, http: FakeHttp, clock: FixedClock, kid: str, each: int, before: int
    ) -> None:
        """Strangers send garbage at any rate, before it and meanwhile."""
        provider.verify(saying())
        for n in range(before):
            outcome(provider, garbage(n))
            clock.advance(timedelta(milliseconds=each))
        http.documents[JWKS] = {"keys": [rsa_jwk(other_key(), kid=kid)]}
        genuine = by_key(other_key(), kid=kid)
        waited = timedelta()
        while (found := outcome(provider, genuine)) is not None:
            assert found is SignInReason.KEYS_NOT_CURRENT
            for n in range(5):
                outcome(provider, garbage(n))
                outcome(provider, by_key(other_key("stranger"), kid=kid))
            clock.advance(timedelta(milliseconds=each))
            waited += timedelta(milliseconds=each)
            assert waited < timedelta(seconds=5) + timedelta(milliseconds=each)
        assert waited <= timedelta(seconds=5)

    def test_long_flood_asks_no_more_than_the_bucket_allows(
        self, provider: OidcProvider, http: FakeHttp, clock: FixedClock
    ) -> None:
        """Under a flood the provider is asked at most at the rate of the bucket, including refreshes."""
        provider.verify(saying())
        seconds = 1800
        for n in range(seconds):
            outcome(provider, garbage(n))
            assert outcome(provider, saying()) is None
            clock.advance(timedelta(seconds=1))
        assert reloads(http) <= BURST + seconds / SPACING.total_seconds()
        assert http.asked.count(CONFIGURATION) == http.asked.count(JWKS)

    def test_refresh_of_old_keys_draws_from_the_bucket(
        self, provider: OidcProvider, http: FakeHttp, clock: FixedClock
    ) -> None:
        """The refresh of old keys takes a permit like any other reload."""
        provider.verify(saying())
        clock.advance(MAX_AGE)
        provider.verify(saying())
        for n in range(5):
            outcome(provider, garbage(n))
        assert reloads(http) == 3

    @pytest.mark.parametrize("step", [timedelta(hours=-1), timedelta(days=-3650)])
    def test_clock_that_is_set_back_prolongs_nothing(
        self, provider: OidcProvider, http: FakeHttp, clock: FixedClock, step: timedelta
    ) -> None:
        """If the clock is set back, neither old keys nor an empty bucket last longer."""
        provider.verify(saying())
        for n in range(5):
            outcome(provider, garbage(n))
        claims = {**CLAIMS, "iat": 0, "exp": 2**33}
        clock.advance(step)
        clock.advance(timedelta(seconds=5))
        http.documents[JWKS] = {"keys": [rsa_jwk(other_key(), kid="next")]}
        old = jws(HEADER, claims)
        assert outcome(provider, old) is SignInReason.UNKNOWN_KEY


class TestOutages:
    """A provider that does not answer: an error instead of a refusal, and few requests."""

    def test_failure_before_the_first_success_cools_down(
        self, provider: OidcProvider, http: FakeHttp, clock: FixedClock
    ) -> None:
        """Five calls make one request, and all get the same reason."""
        good, http.documents[CONFIGURATION] = http.documents[CONFIGURATION], DOWN
        assert [outcome(provider, saying()) for _ in range(5)] == [ProviderReason.UNREACHABLE] * 5
        assert http.asked == [CONFIGURATION]
        http.documents[CONFIGURATION] = good
        clock.advance(COOL_DOWN - ONE_MILLISECOND)
        assert outcome(provider, saying()) is ProviderReason.UNREACHABLE
        clock.advance(ONE_MILLISECOND)
        assert outcome(provider, saying()) is None

    def test_remembered_failure_has_its_facts_and_no_frames(
        self, provider: OidcProvider, http: FakeHttp
    ) -> None:
        """Each caller gets a new exception, which does not keep another call's frames."""
        http.documents[CONFIGURATION]["issuer"] = "https://evil.example"
        errors = []
        for _ in range(3):
            with pytest.raises(IdentityProviderUnavailable) as unavailable:
                provider.verify(saying())
            errors.append(unavailable.value)
        facts = {"expected_iss": ISSUER, "received_iss": "https://evil.example"}
        assert [error.facts for error in errors] == [facts] * 3
        assert len({id(error) for error in errors}) == 3
        assert errors[2].__cause__ is None

    def test_known_keys_bridge_an_outage_of_five_minutes(
        self, provider: OidcProvider, http: FakeHttp, clock: FixedClock
    ) -> None:
        """Known keys are refreshed after five minutes, and verify for ten if the refresh fails."""
        good = http.documents[JWKS]
        provider.verify(saying())
        http.documents[JWKS] = DOWN
        clock.advance(MAX_AGE)
        for _ in range(3):
            assert outcome(provider, saying()) is None
        assert reloads(http) == 1
        clock.advance(LONGEST_AGE - MAX_AGE - ONE_MILLISECOND)
        assert outcome(provider, saying()) is None
        clock.advance(ONE_MILLISECOND)
        assert outcome(provider, saying()) is ProviderReason.UNREACHABLE
        http.documents[JWKS] = good
        clock.advance(COOL_DOWN)
        assert outcome(provider, saying()) is None

    def test_withdrawn_key_ends_with_an_outage_of_ten_minutes(
        self, provider: OidcProvider, http: FakeHttp, clock: FixedClock
    ) -> None:
        """After ten minutes of an outage known keys expire, so a stolen key does not stay valid."""
        provider.verify(saying())
        http.documents[JWKS] = DOWN
        used = 0
        while outcome(provider, saying()) is None:
            used += 1
            clock.advance(timedelta(seconds=30))
        assert used == LONGEST_AGE / timedelta(seconds=30)

    def test_unknown_key_is_an_outage_while_the_keys_cannot_be_read(
        self, provider: OidcProvider, http: FakeHttp, clock: FixedClock
    ) -> None:
        """During an outage an unknown key is an error, not a refusal. Known keys still work."""
        provider.verify(saying())
        http.documents[JWKS] = DOWN
        for n in range(5):
            assert outcome(provider, garbage(n)) is ProviderReason.UNREACHABLE
            assert outcome(provider, by_key(other_key())) is ProviderReason.UNREACHABLE
            assert outcome(provider, saying()) is None
        assert reloads(http) == 1
        clock.advance(COOL_DOWN)
        assert outcome(provider, garbage(6)) is ProviderReason.UNREACHABLE
        assert reloads(http) == 2

    def test_failed_reload_leaves_the_known_keys(
        self, provider: OidcProvider, http: FakeHttp, clock: FixedClock
    ) -> None:
        """If a reload brings no usable key, the known keys are kept."""
        provider.verify(saying())
        http.documents[JWKS] = {"keys": []}
        assert outcome(provider, garbage(1)) is ProviderReason.NO_USABLE_KEYS
        assert outcome(provider, saying()) is None


class SlowHttp(FakeHttp):
    """Documents whose keys arrive when the test says so."""

    def __init__(self) -> None:
        super().__init__(TestProvider.documents())
        self.may_answer = Event()
        self.may_answer.set()
        self.is_asked = Event()

    def request(self, method: str, url: str, **options: Any) -> urllib3.HTTPResponse:  # type: ignore[override]
        """Return the document when the test says so."""
        if url == JWKS:
            self.is_asked.set()
            assert self.may_answer.wait(5)
        return super().request(method, url, **options)


class TestThreads:
    """Callers at the same time."""

    def test_reload_does_not_hold_up_known_keys(self, clock: FixedClock) -> None:
        """A reload does not hold up callers with known keys."""
        http = SlowHttp()
        provider = adapter(http, clock)
        provider.verify(saying())
        http.may_answer.clear()
        http.is_asked.clear()
        with ThreadPoolExecutor(2) as pool:
            stranger = pool.submit(outcome, provider, garbage(1))
            assert http.is_asked.wait(5)
            assert outcome(provider, saying()) is None
            assert not stranger.done()
            http.may_answer.set()
            assert stranger.result(5) is SignInReason.UNKNOWN_KEY

    def test_refresh_of_old_keys_does_not_hold_up_others(self, clock: FixedClock) -> None:
        """While one caller refreshes old keys, the others use the known keys."""
        http = SlowHttp()
        provider = adapter(http, clock)
        provider.verify(saying())
        clock.advance(MAX_AGE)
        http.may_answer.clear()
        http.is_asked.clear()
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(outcome, provider, saying())
            assert http.is_asked.wait(5)
            assert outcome(provider, saying()) is None
            assert not first.done()
            http.may_answer.set()
            assert first.result(5) is None
        assert reloads(http) == 1

    @pytest.mark.parametrize("trouble", [None, DOWN], ids=["up", "down"])
    def test_first_callers_ask_once(self, clock: FixedClock, trouble: Exception | None) -> None:
        """All of them get the answer, good or bad."""
        http = SlowHttp()
        provider = adapter(http, clock)
        if trouble:
            http.documents[JWKS] = trouble
        http.may_answer.clear()
        with ThreadPoolExecutor(8) as pool:
            callers = [pool.submit(outcome, provider, saying()) for _ in range(8)]
            assert http.is_asked.wait(5)
            wait_until(lambda: threads_in("_result_of") == 7)
            http.may_answer.set()
            found = Counter(caller.result(5) for caller in callers)
        assert found == {ProviderReason.UNREACHABLE if trouble else None: 8}
        assert http.asked == [CONFIGURATION, JWKS]

    def test_failure_of_a_shared_load_is_an_error_for_each(self, clock: FixedClock) -> None:
        """An error that two threads raise would keep the frames of both."""
        http = SlowHttp()
        provider = adapter(http, clock)
        http.documents[JWKS] = DOWN
        http.may_answer.clear()

        def failure() -> IdentityProviderUnavailable:
            with pytest.raises(IdentityProviderUnavailable) as unavailable:
                provider.verify(saying())
            return unavailable.value

        with ThreadPoolExecutor(4) as pool:
            callers = [pool.submit(failure) for _ in range(4)]
            assert http.is_asked.wait(5)
            wait_until(lambda: threads_in("_result_of") == 3)
            http.may_answer.set()
            errors = [caller.result(5) for caller in callers]
        assert len({id(error) for error in errors}) == 4

    def test_callers_with_one_new_key_share_a_reload(self, clock: FixedClock) -> None:
        """A caller who comes during a reload gets its result."""
        http = SlowHttp()
        provider = adapter(http, clock)
        provider.verify(saying())
        http.documents[JWKS]["keys"].append(rsa_jwk(other_key(), kid="next"))
        http.may_answer.clear()
        http.is_asked.clear()
        with ThreadPoolExecutor(4) as pool:
            first = pool.submit(outcome, provider, by_key(other_key(), kid="next"))
            assert http.is_asked.wait(5)
            others = [pool.submit(outcome, provider, by_key(other_key(), kid="next")) for _ in range(3)]
            wait_until(lambda: threads_in("_result_of") == 3)
            http.may_answer.set()
            assert [caller.result(5) for caller in (first, *others)] == [None] * 4
        assert reloads(http) == 1

    def test_reload_that_began_before_is_not_the_last_word(self, clock: FixedClock) -> None:
        """A key that was published after a reload began is found by the next reload."""
        http = SlowHttp()
        provider = adapter(http, clock)
        provider.verify(saying())
        old = dict(http.documents[JWKS])
        http.may_answer.clear()
        http.is_asked.clear()
        with ThreadPoolExecutor(2) as pool:
            stranger = pool.submit(outcome, provider, garbage(1))
            assert http.is_asked.wait(5)
            genuine = pool.submit(outcome, provider, by_key(other_key(), kid="next"))
            wait_until(lambda: threads_in("_result_of") == 1)
            # The reload under way still gets the old keys: they were asked for before.
            both = {"keys": [*old["keys"], rsa_jwk(other_key(), kid="next")]}
            answers = iter([old, both, both])
            http.documents = _Changing(http.documents, lambda: next(answers))
            http.may_answer.set()
            assert stranger.result(5) is SignInReason.UNKNOWN_KEY
            assert genuine.result(5) is None

    def test_load_that_breaks_lets_the_next_caller_try(self, clock: FixedClock) -> None:
        """An unexpected exception is not remembered, and the next caller loads again."""
        loads: list[int] = []

        def load() -> str:
            loads.append(1)
            if len(loads) == 1:
                raise ZeroDivisionError
            return "value"

        kept = Reloads(load, clock)
        with pytest.raises(ZeroDivisionError):
            kept.current()
        assert kept.current().value == "value"


class _Changing(dict[str, Any]):
    """Documents whose keys can differ in each request."""

    def __init__(self, documents: Mapping[str, Any], keys: Callable[[], Any]) -> None:
        super().__init__(documents)
        self._keys = keys

    def get(self, url: str, default: Any = None) -> Any:
        """Return a document."""
        return self._keys() if url == JWKS else super().get(url, default)


def test_identities_of_all_algorithms_are_the_same() -> None:
    """The key and its algorithm never change the identity."""
    found: set[Identity] = set()
    for algorithm in [*RSA, *CURVES, "EdDSA", "Ed25519"]:
        key = new_key(algorithm)
        found.add(publishing(public_jwk(key)).verify(signed(algorithm, key)))
    assert len(found) == 1
