"""Sign-ins of the users' OpenID provider: what is accepted, what is refused, and what is an outage."""

import base64
import hashlib
import hmac
import io
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import jwt
import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.key_cache import COOL_DOWN
from chalicelib.adapters.oidc import KEYS_MAX_AGE, OidcProvider, ProviderDocuments, ProviderRules
from chalicelib.domain.errors import IdentityProviderUnavailable, NotAuthenticated
from chalicelib.domain.users import Role
from infra.local import programs
from infra.local.children import Child
from infra.local.harness import free_ports
from infra.local.login import sign_in
from infra.local.settings import StackSettings
from tests.support.builders import ISSUER
from tests.support.clock import START, FixedClock
from tests.support.http import FakeHttp
from tests.support.provider import AUDIENCE, KID, TestProvider, provider_key

NOW = int(START.timestamp())
CONFIGURATION = f"{ISSUER}/.well-known/openid-configuration"
JWKS = f"{ISSUER}/jwks"
CLAIMS: Mapping[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "user-1",
    "iat": NOW,
    "exp": NOW + 3600,
}
HEADER: Mapping[str, Any] = {"alg": "RS256", "kid": KID, "typ": "JWT"}

Signing = Callable[[bytes], bytes]


@pytest.fixture
def clock() -> FixedClock:
    """Return a clock to set."""
    return FixedClock()


@pytest.fixture
def http() -> FakeHttp:
    """Return what the provider publishes."""
    return FakeHttp(TestProvider.documents())


@pytest.fixture
def provider(http: FakeHttp, clock: FixedClock) -> OidcProvider:
    """Return the adapter, with an administrator by subject."""
    return adapter(http, clock)


def adapter(
    http: urllib3.PoolManager, clock: FixedClock, *, admin_claim: tuple[str, str] | None = None
) -> OidcProvider:
    """Return the adapter as a process that starts anew has it."""
    rules = ProviderRules(ISSUER, {AUDIENCE, "another-client"}, {"admin-1"}, admin_claim)
    return OidcProvider(rules, ProviderDocuments(ISSUER, http), clock)


def encoded(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def by_provider(message: bytes, key: RSAPrivateKey | None = None) -> bytes:
    """Sign as the provider does, RS256."""
    return (key or provider_key()).sign(message, PKCS1v15(), SHA256())


def jws(header: object, payload: object, sign: Signing = by_provider) -> str:
    """Return a JWS by hand: libraries refuse to write most of what is refused here."""
    parts = (part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload))
    message = ".".join(map(encoded, parts))
    return f"{message}.{encoded(sign(message.encode()))}"


def saying(**changes: Any) -> str:
    """Return a well-signed JWT; a claim of None is left out."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return jws(HEADER, claims)


@cache
def other_key() -> RSAPrivateKey:
    """Return a key that is not the provider's."""
    return generate_rsa_key(65537, 2048)


def rsa_jwk(key: RSAPrivateKey, **members: Any) -> dict[str, Any]:
    """Return the public half as a provider publishes it."""
    jwk: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    return {**jwk, "use": "sig", "alg": "RS256", **members}


def raw_response(body: bytes, status: int = 200, **headers: str) -> urllib3.HTTPResponse:
    """Return a response as it comes from the network."""
    return urllib3.HTTPResponse(io.BytesIO(body), status=status, headers=headers, preload_content=False)


def refused(provider: OidcProvider, unverified_jwt: str) -> None:
    """Fail unless the JWT is refused."""
    with pytest.raises(NotAuthenticated):
        provider.verify(unverified_jwt)


def unavailable(provider: OidcProvider, unverified_jwt: str | None = None) -> None:
    """Fail unless nobody can say whether the JWT is good."""
    with pytest.raises(IdentityProviderUnavailable):
        provider.verify(unverified_jwt or saying())


class TestAccepted:
    """What a provider may send."""

    def test_identity_is_what_the_provider_vouches_for(self, provider: OidcProvider) -> None:
        """Issuer, subject, name, email and the time of the sign-in."""
        identity = provider.verify(saying(name="Una User", email="una@example.com"))
        assert (identity.issuer, identity.subject) == (ISSUER, "user-1")
        assert (identity.name, identity.email) == ("Una User", "una@example.com")
        assert (identity.role, identity.issued_at) == (Role.USER, START)

    @pytest.mark.parametrize(
        "audience",
        [AUDIENCE, "another-client", [AUDIENCE], ["stranger", AUDIENCE], [AUDIENCE, 7, None]],
    )
    def test_audience_may_be_one_or_several(self, provider: OidcProvider, audience: object) -> None:
        """One of them has to be ours."""
        assert provider.verify(saying(aud=audience)).subject == "user-1"

    def test_cognito_access_token_names_its_client(self, provider: OidcProvider) -> None:
        """It has no ``aud``; ``client_id`` stands for it."""
        accepted = saying(aud=None, client_id=AUDIENCE, token_use="access")
        assert provider.verify(accepted).subject == "user-1"

    @pytest.mark.parametrize(
        "times",
        [
            {"exp": NOW + 1},
            {"exp": NOW},
            {"exp": NOW - 59},
            {"exp": NOW + 0.5},
            {"exp": 253402300799},
            {"iat": NOW + 60},
            {"nbf": NOW + 60},
            {"nbf": NOW},
            {"iat": 0},
        ],
    )
    def test_clocks_may_differ_by_a_minute(self, provider: OidcProvider, times: dict[str, Any]) -> None:
        """Both ends of the validity have that much leeway, and no time is too far to compare."""
        assert provider.verify(saying(**times)).subject == "user-1"

    def test_sign_in_without_profile_has_an_empty_one(self, provider: OidcProvider) -> None:
        """Access tokens rarely carry names; what is no text counts as none."""
        assert provider.verify(saying()).name == ""
        identity = provider.verify(saying(name=["a"], email={"b": 1}))
        assert (identity.name, identity.email) == ("", "")
        assert provider.verify(saying(preferred_username="una")).name == "una"

    def test_long_profile_is_cut(self, provider: OidcProvider) -> None:
        """A provider cannot fill the table."""
        identity = provider.verify(saying(name="n" * 5000, email="e" * 5000))
        assert max(len(identity.name), len(identity.email)) <= 320

    def test_key_of_another_algorithm_is_used_as_it_says(self, http: FakeHttp, clock: FixedClock) -> None:
        """The algorithm is the key's own."""
        private = generate_private_key(SECP256R1())
        jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private.public_key()))
        http.documents[JWKS] = {"keys": [{**jwk, "kid": "ec-1"}]}
        token = jwt.encode(dict(CLAIMS), private, algorithm="ES256", headers={"kid": "ec-1"})
        assert adapter(http, clock).verify(token).subject == "user-1"


class TestRefusedClaims:
    """Well signed, and still not for us or not now."""

    @pytest.mark.parametrize(
        "changes",
        [
            {"iss": ISSUER + "/"},
            {"iss": ISSUER.upper()},
            {"iss": "https://evil.example.com"},
            {"iss": [ISSUER]},
            {"iss": None},
            {"iss": ""},
        ],
        ids=str,
    )
    def test_other_issuer_is_refused(self, provider: OidcProvider, changes: dict[str, Any]) -> None:
        """The issuer is compared whole."""
        refused(provider, saying(**changes))

    @pytest.mark.parametrize(
        "changes",
        [
            {"aud": "stranger"},
            {"aud": AUDIENCE + "x"},
            {"aud": AUDIENCE[:-1]},
            {"aud": AUDIENCE.upper()},
            {"aud": []},
            {"aud": ["stranger"]},
            {"aud": [[AUDIENCE]]},
            {"aud": {AUDIENCE: 1}},
            {"aud": 7},
            {"aud": ""},
            {"aud": None},
            {"aud": None, "client_id": AUDIENCE},
            {"aud": None, "client_id": AUDIENCE, "token_use": "id"},
            {"aud": None, "client_id": "stranger", "token_use": "access"},
            {"aud": None, "client_id": {"a": 1}, "token_use": "access"},
            {"aud": "stranger", "client_id": AUDIENCE, "token_use": "access"},
            {"aud": [], "client_id": AUDIENCE, "token_use": "access"},
            {"aud": None, "azp": AUDIENCE},
        ],
        ids=str,
    )
    def test_other_audience_is_refused(self, provider: OidcProvider, changes: dict[str, Any]) -> None:
        """A JWT for another client of the same provider opens nothing here."""
        refused(provider, saying(**changes))

    @pytest.mark.parametrize(
        "changes",
        [
            {"exp": NOW - 60},
            {"exp": NOW - 3600},
            {"exp": 0},
            {"exp": -1},
            {"iat": NOW + 61},
            {"nbf": NOW + 61},
            {"nbf": 253402300799},
            {"iat": 253402300799},
        ],
        ids=str,
    )
    def test_other_time_is_refused(self, provider: OidcProvider, changes: dict[str, Any]) -> None:
        """Expired, or from the future, beyond a minute."""
        refused(provider, saying(**changes))

    @pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
    @pytest.mark.parametrize(
        "value",
        [
            str(NOW + 30),
            True,
            False,
            [],
            {},
            float("nan"),
            float("inf"),
            float("-inf"),
            1e308,
            10**30,
            -(10**30),
            253402300800,
            -62135596801,
        ],
        ids=repr,
    )
    def test_time_that_is_none_is_refused(self, provider: OidcProvider, name: str, value: object) -> None:
        """What is no number of seconds, or none that can be a date, is a refusal and never a crash."""
        refused(provider, saying(**{name: value}))

    @pytest.mark.parametrize("value", [-62135596800, -62135596790])
    def test_first_moments_of_the_calendar_are_a_time(self, provider: OidcProvider, value: int) -> None:
        """An expiry in the year 1 is past; a start in the year 1 is past too."""
        refused(provider, saying(exp=value))
        assert provider.verify(saying(nbf=value)).subject == "user-1"

    @pytest.mark.parametrize("name", ["exp", "iat", "sub", "iss", "aud"])
    def test_missing_claim_is_refused(self, provider: OidcProvider, name: str) -> None:
        """None of them can be left out."""
        refused(provider, saying(**{name: None}))

    @pytest.mark.parametrize("subject", ["", "s" * 256, 7, ["user-1"], {"a": 1}, True], ids=str)
    def test_subject_that_is_none_is_refused(self, provider: OidcProvider, subject: object) -> None:
        """A subject is a text of 1 to 255 characters."""
        refused(provider, saying(sub=subject))

    @pytest.mark.parametrize("payload", [[], "text", 7, None, b"", b"{", b"\xff\xfe{}", b"[" * 9000])
    def test_payload_that_is_no_object_is_refused(self, provider: OidcProvider, payload: object) -> None:
        """Even when the provider signed it."""
        refused(provider, jws(HEADER, payload))


class TestRefusedSignatures:
    """Not signed by the provider, or not the way its key signs."""

    @pytest.mark.parametrize(
        "algorithm", ["none", "None", "nOnE", "", "RS", "HS256", "RS512", "PS256", "ES256"]
    )
    @pytest.mark.parametrize("signature", [b"", b"x" * 256])
    def test_other_algorithm_is_refused(
        self, provider: OidcProvider, algorithm: str, signature: bytes
    ) -> None:
        """The header cannot choose."""
        refused(provider, jws({**HEADER, "alg": algorithm}, CLAIMS, lambda _: signature))

    @pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256", "none", ["RS256"], None, 7, {}])
    def test_good_signature_under_another_name_is_refused(
        self, provider: OidcProvider, algorithm: object
    ) -> None:
        """One key, one algorithm."""
        refused(provider, jws({**HEADER, "alg": algorithm}, CLAIMS))

    @pytest.mark.parametrize("form", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1])
    @pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
    def test_public_key_as_hmac_secret_is_refused(
        self, provider: OidcProvider, form: PublicFormat, encoding: Encoding
    ) -> None:
        """The oldest trick: everybody knows the public key."""
        secret = provider_key().public_key().public_bytes(encoding, form)
        forged = jws(
            {**HEADER, "alg": "HS256"},
            CLAIMS,
            lambda message: hmac.new(secret, message, hashlib.sha256).digest(),
        )
        refused(provider, forged)

    def test_signature_by_another_key_is_refused(self, provider: OidcProvider) -> None:
        """Whatever ``kid`` it claims."""
        refused(provider, jws(HEADER, CLAIMS, lambda message: by_provider(message, other_key())))

    def test_changed_claims_are_refused(self, provider: OidcProvider) -> None:
        """A signature is for what was signed."""
        header, _, signature = saying().split(".")
        _, payload, _ = saying(sub="admin-1").split(".")
        refused(provider, f"{header}.{payload}.{signature}")

    @pytest.mark.parametrize(
        "extra",
        [
            {"jku": "https://evil.example.com/jwks"},
            {"x5u": "https://evil.example.com/cert"},
            {"jwk": rsa_jwk(provider_key())},
        ],
        ids=lambda extra: next(iter(extra)),
    )
    def test_key_in_the_header_is_never_used(
        self, provider: OidcProvider, http: FakeHttp, extra: dict[str, Any]
    ) -> None:
        """Nobody brings a key along, and nobody makes us call elsewhere."""
        header = {**HEADER, **extra, "kid": "mine"}
        refused(provider, jws(header, CLAIMS, lambda message: by_provider(message, other_key())))
        assert {CONFIGURATION, JWKS} == set(http.asked)

    @pytest.mark.parametrize(
        "header",
        [
            [],
            "text",
            7,
            None,
            {},
            {"kid": KID},
            {**HEADER, "kid": 7},
            {**HEADER, "kid": [KID]},
            {**HEADER, "kid": None},
            {**HEADER, "kid": ""},
            {**HEADER, "kid": "../../etc/passwd"},
            {**HEADER, "kid": "k" * 9000},
            {**HEADER, "crit": ["exp"]},
            {**HEADER, "b64": False, "crit": ["b64"]},
            b"",
            b"{",
            b"\xff",
            b'{"alg":' + b"[" * 9000,
        ],
        ids=lambda header: str(header)[:40],
    )
    def test_strange_header_is_refused(self, http: FakeHttp, clock: FixedClock, header: object) -> None:
        """No header is a crash; a set of two keys makes an empty ``kid`` name none."""
        http.documents[JWKS]["keys"].append(rsa_jwk(other_key(), kid="second"))
        refused(adapter(http, clock), jws(header, CLAIMS))

    @pytest.mark.parametrize(
        "garbage",
        ["x", ".", "..", "...", "a.b.c", "a.b.c.d.e", "é.é.é", "x" * 16_385, "\x00", " ", "eyJ.eyJ.x"],
        ids=lambda garbage: garbage[:10],
    )
    def test_garbage_is_refused_without_asking_the_provider(
        self, provider: OidcProvider, http: FakeHttp, garbage: str
    ) -> None:
        """What cannot be a JWT costs nothing."""
        refused(provider, garbage)
        assert http.asked == []

    @pytest.mark.parametrize("change", [" {}", "{}\n", "{}x", "{}.x", "\t{}"])
    def test_string_around_a_good_jwt_is_refused(self, provider: OidcProvider, change: str) -> None:
        """A JWT is the whole string."""
        refused(provider, change.format(saying()))


class TestKeys:
    """Which keys the provider has, and how often it is asked."""

    def test_provider_is_asked_once(self, provider: OidcProvider, http: FakeHttp) -> None:
        """Two documents, once for many sign-ins."""
        for _ in range(3):
            provider.verify(saying())
        assert http.asked == [CONFIGURATION, JWKS]

    def test_unknown_key_reloads_once_per_cool_down(
        self, provider: OidcProvider, http: FakeHttp, clock: FixedClock
    ) -> None:
        """A flood of invented keys does not become a flood at the provider."""
        provider.verify(saying())
        for n in range(5):
            refused(provider, jws({**HEADER, "kid": f"kid-{n}"}, CLAIMS))
        assert len(http.asked) == 2
        clock.advance(COOL_DOWN)
        for n in range(5):
            refused(provider, jws({**HEADER, "kid": f"kid-{n}"}, CLAIMS))
        assert len(http.asked) == 4

    def test_new_key_is_found(self, provider: OidcProvider, http: FakeHttp, clock: FixedClock) -> None:
        """A rotation at the provider needs no restart here."""
        provider.verify(saying())
        http.documents[JWKS]["keys"].append(rsa_jwk(other_key(), kid="next"))
        clock.advance(COOL_DOWN)
        token = jws({**HEADER, "kid": "next"}, CLAIMS, lambda message: by_provider(message, other_key()))
        assert provider.verify(token).subject == "user-1"

    def test_withdrawn_key_is_forgotten(
        self, provider: OidcProvider, http: FakeHttp, clock: FixedClock
    ) -> None:
        """A key that the provider does not publish any more verifies for a few minutes at most."""
        provider.verify(saying())
        http.documents[JWKS] = {"keys": [rsa_jwk(other_key(), kid="next")]}
        clock.advance(KEYS_MAX_AGE)
        refused(provider, saying())

    def test_jwt_without_kid_goes_with_the_only_key(self, provider: OidcProvider) -> None:
        """A provider with one key need not name it (OpenID Connect Core section 10.1)."""
        header = {"alg": "RS256"}
        assert provider.verify(jws(header, CLAIMS)).subject == "user-1"

    def test_jwt_without_kid_is_refused_where_there_are_several_keys(
        self, http: FakeHttp, clock: FixedClock
    ) -> None:
        """Nothing is tried in turn."""
        http.documents[JWKS]["keys"].append(rsa_jwk(other_key(), kid="second"))
        refused(adapter(http, clock), jws({"alg": "RS256"}, CLAIMS))

    def test_only_signing_keys_count(self, http: FakeHttp, clock: FixedClock) -> None:
        """A key for encryption signs nobody in, and does not make the only key one of several."""
        http.documents[JWKS]["keys"].append(rsa_jwk(other_key(), kid="enc", use="enc"))
        fresh = adapter(http, clock)
        assert fresh.verify(jws({"alg": "RS256"}, CLAIMS)).subject == "user-1"
        forged = jws({**HEADER, "kid": "enc"}, CLAIMS, lambda message: by_provider(message, other_key()))
        refused(fresh, forged)

    def test_symmetric_key_of_the_provider_is_never_used(self, http: FakeHttp, clock: FixedClock) -> None:
        """A published secret is no secret."""
        secret = b"s" * 32
        oct_key = {"kty": "oct", "kid": "oct", "alg": "HS256", "k": encoded(secret)}
        http.documents[JWKS]["keys"].append(oct_key)
        forged = jws(
            {**HEADER, "alg": "HS256", "kid": "oct"},
            CLAIMS,
            lambda message: hmac.new(secret, message, hashlib.sha256).digest(),
        )
        refused(adapter(http, clock), forged)

    def test_keys_of_unknown_kinds_are_passed_over(self, http: FakeHttp, clock: FixedClock) -> None:
        """A provider may publish keys that only others understand."""
        strange = [{"kty": "XYZ", "kid": "x"}, {"kid": "nothing"}, {"kty": "EC", "crv": "P-9"}, 7, None]
        http.documents[JWKS]["keys"] += strange
        assert adapter(http, clock).verify(saying()).subject == "user-1"

    def test_weak_key_is_refused(self, http: FakeHttp, clock: FixedClock) -> None:
        """1024 bits are for nobody's sign-in any more."""
        weak = generate_rsa_key(65537, 1024)
        http.documents[JWKS] = {"keys": [rsa_jwk(weak, kid="weak")]}
        token = jws({**HEADER, "kid": "weak"}, CLAIMS, lambda message: by_provider(message, weak))
        refused(adapter(http, clock), token)


class TestOutages:
    """A provider that does not answer as one: nobody is refused, nobody is let in."""

    @pytest.mark.parametrize("url", [CONFIGURATION, JWKS])
    @pytest.mark.parametrize(
        "trouble",
        [
            lambda: urllib3.exceptions.ConnectTimeoutError("x"),
            lambda: urllib3.exceptions.ReadTimeoutError(urllib3.HTTPConnectionPool("x"), "/", "x"),
            lambda: urllib3.exceptions.ProtocolError("x"),
            lambda: urllib3.exceptions.SSLError("x"),
            lambda: raw_response(b"{}", 500),
            lambda: raw_response(b"{}", 404),
            lambda: raw_response(b""),
            lambda: raw_response(b"not json"),
            lambda: raw_response(b"[]"),
            lambda: raw_response(b"null"),
            lambda: raw_response(b"\xff\xfe"),
            lambda: raw_response(b"[" * 100_000),
            lambda: raw_response(b" " * (256 * 1024 + 1)),
            lambda: raw_response(b'{"keys": [' + b"{}," * 200_000 + b"{}]}"),
            lambda: raw_response(b"", 302, location="https://evil.example.com/jwks"),
            lambda: raw_response(b"", 307, location="http://169.254.169.254/latest/meta-data"),
        ],
    )
    def test_trouble_is_an_outage_and_passes(
        self, http: FakeHttp, clock: FixedClock, url: str, trouble: Callable[[], object]
    ) -> None:
        """Down, slow, redirecting, endless or senseless: try again later; then all is well."""
        good = http.documents[url]
        http.documents[url] = trouble()
        fresh = adapter(http, clock)
        unavailable(fresh)
        assert {CONFIGURATION, JWKS} >= set(http.asked)
        http.documents[url] = good
        assert fresh.verify(saying()).subject == "user-1"

    @pytest.mark.parametrize(
        "changes",
        [
            {"issuer": "https://evil.example.com"},
            {"issuer": ISSUER + "/"},
            {"issuer": None},
            {"jwks_uri": None},
            {"jwks_uri": 7},
            {"jwks_uri": "http://login.example.com/jwks"},
            {"jwks_uri": "file:///etc/passwd"},
            {"jwks_uri": "//login.example.com/jwks"},
            {"jwks_uri": ""},
        ],
        ids=str,
    )
    def test_configuration_of_another_provider_is_an_outage(
        self, http: FakeHttp, clock: FixedClock, changes: dict[str, Any]
    ) -> None:
        """Who answers under our provider's address has to be our provider; no key of theirs is read."""
        http.documents[CONFIGURATION] |= changes
        unavailable(adapter(http, clock))
        assert http.asked == [CONFIGURATION]

    @pytest.mark.parametrize(
        "keys",
        [
            None,
            [],
            {},
            "text",
            7,
            [7],
            [None],
            [{}],
            [{"kty": "RSA"}],
            [{"kty": "RSA", "kid": "x", "n": "!", "e": "!"}],
            [{"kty": ["RSA"]}],
            [{"kty": "RSA", "alg": ["RS256"]}],
            [{"kty": "EC", "crv": ["P-256"], "x": "", "y": ""}],
            [{"kty": "EC", "crv": "P-256", "x": 7, "y": 7}],
        ],
        ids=str,
    )
    def test_set_without_a_usable_key_is_an_outage(
        self, http: FakeHttp, clock: FixedClock, keys: object
    ) -> None:
        """A provider without keys is broken, not a reason to refuse everybody."""
        http.documents[JWKS] = {"keys": keys}
        unavailable(adapter(http, clock))

    def test_key_with_a_senseless_name_is_an_outage_or_passed_over(
        self, http: FakeHttp, clock: FixedClock
    ) -> None:
        """A ``kid`` that is no text never becomes a crash."""
        http.documents[JWKS]["keys"].append(rsa_jwk(other_key(), kid=["a"]))
        with pytest.raises((NotAuthenticated, IdentityProviderUnavailable)):
            adapter(http, clock).verify(jws({**HEADER, "kid": "a"}, CLAIMS))

    def test_known_keys_outlive_an_outage_until_they_are_old(
        self, provider: OidcProvider, http: FakeHttp, clock: FixedClock
    ) -> None:
        """Who is signed in goes on for a few minutes; unknown keys are an outage meanwhile."""
        good = http.documents[JWKS]
        provider.verify(saying())
        http.documents[JWKS] = urllib3.exceptions.ProtocolError("x")
        clock.advance(COOL_DOWN)
        for _ in range(3):
            unavailable(provider, jws({**HEADER, "kid": "new"}, CLAIMS))
        assert provider.verify(saying()).subject == "user-1"
        assert len(http.asked) == 4
        clock.advance(KEYS_MAX_AGE)
        unavailable(provider)
        http.documents[JWKS] = good
        assert provider.verify(saying()).subject == "user-1"


class Redirecting(BaseHTTPRequestHandler):
    """Sends everybody elsewhere, on a server that notes who came."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Redirect, unless already redirected."""
        self.asked.append(self.path)
        self.send_response(302)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class says so
        """Say nothing."""


def test_redirect_is_not_followed_over_real_http(clock: FixedClock) -> None:
    """Only what the operator configured is ever asked, whatever it answers."""
    Redirecting.asked.clear()
    with HTTPServer(("127.0.0.1", 0), Redirecting) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        rules = ProviderRules(f"http://127.0.0.1:{server.server_port}", {AUDIENCE}, (), None)
        with urllib3.PoolManager() as pool:
            unavailable(OidcProvider(rules, ProviderDocuments(rules.issuer, pool), clock))
        server.shutdown()
        thread.join()
    assert Redirecting.asked == ["/.well-known/openid-configuration"]


class TestAdministrators:
    """Whom a sign-in makes an administrator: nobody by accident."""

    @pytest.mark.parametrize(
        ("subject", "role"),
        [("admin-1", Role.ADMIN), ("admin-10", Role.USER), ("admin", Role.USER), ("ADMIN-1", Role.USER)],
    )
    def test_administrator_by_subject(self, provider: OidcProvider, subject: str, role: Role) -> None:
        """The subject is compared whole."""
        assert role is provider.verify(saying(sub=subject)).role

    @pytest.mark.parametrize(
        ("groups", "role"),
        [
            (["admins"], Role.ADMIN),
            (["users", "admins"], Role.ADMIN),
            ("admins", Role.ADMIN),
            (["no-admins"], Role.USER),
            ("no-admins", Role.USER),
            ("admins users", Role.USER),
            ("users,admins", Role.USER),
            ("Admins", Role.USER),
            ([["admins"]], Role.USER),
            ({"admins": True}, Role.USER),
            ([], Role.USER),
            ("", Role.USER),
            (True, Role.USER),
            (1, Role.USER),
            (None, Role.USER),
        ],
        ids=str,
    )
    def test_administrator_by_claim(
        self, http: FakeHttp, clock: FixedClock, groups: object, role: Role
    ) -> None:
        """Being in a list, or being the text: never part of a text."""
        fresh = adapter(http, clock, admin_claim=("groups", "admins"))
        assert role is fresh.verify(saying(groups=groups)).role

    def test_claim_makes_nobody_administrator_where_none_is_set(self, provider: OidcProvider) -> None:
        """Groups count only where the operator says so."""
        assert provider.verify(saying(groups=["admins"], role="admin")).role is Role.USER

    def test_name_or_email_makes_nobody_administrator(self, provider: OidcProvider) -> None:
        """People choose those themselves."""
        claimed = saying(email="admin-1", name="admin-1", preferred_username="admin-1")
        assert provider.verify(claimed).role is Role.USER


@pytest.fixture(scope="module")
def development_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackSettings]:
    """Run the development provider, a real one over HTTP."""
    state_dir: Path = tmp_path_factory.mktemp("provider")
    (state_dir / "logs").mkdir()
    names = ("PORT", "OIDC_PORT", "AWS_PORT")
    ports = {name: str(port) for name, port in zip(names, free_ports(3), strict=True)}
    settings = StackSettings.from_environ({**ports, "STATE_DIR": str(state_dir)})
    child = Child(programs.provider(settings))
    try:
        child.wait_until_it_answers()
        yield settings
    finally:
        child.kill()
        child.wait_stopped()


@pytest.mark.slow
class TestDevelopmentProvider:
    """The adapter with nothing in its place: real HTTP, real documents, real sign-ins."""

    def test_real_sign_in_is_accepted(self, development_provider: StackSettings) -> None:
        """The whole way from the form to the identity."""
        identity = self.adapter(development_provider).verify(
            sign_in(development_provider, "admin@example.com")
        )
        assert (identity.subject, identity.email) == ("admin@example.com", "admin@example.com")
        assert (identity.role, identity.name) == (Role.ADMIN, "Ada Admin")
        assert abs(SystemClock().now() - identity.issued_at) < timedelta(minutes=1)

    def test_sign_in_of_another_client_is_refused(self, development_provider: StackSettings) -> None:
        """The same provider signs for others too."""
        refused(
            self.adapter(development_provider, audience="another-client"),
            sign_in(development_provider, "user@example.com"),
        )

    def test_other_spelling_of_the_issuer_is_refused(self, development_provider: StackSettings) -> None:
        """Two addresses of one server are two issuers."""
        unverified_jwt = sign_in(development_provider, "user@example.com")
        issuer = development_provider.oidc_url.replace("127.0.0.1", "localhost")
        refused(self.adapter(development_provider, issuer=issuer), unverified_jwt)

    def test_port_where_nobody_listens_is_an_outage(self, development_provider: StackSettings) -> None:
        """A provider that is down is an outage, at once."""
        (port,) = free_ports(1)
        unavailable(self.adapter(development_provider, issuer=f"http://127.0.0.1:{port}"))

    @staticmethod
    def adapter(
        settings: StackSettings, *, audience: str | None = None, issuer: str | None = None
    ) -> OidcProvider:
        """Return the adapter as the service makes it."""
        rules = ProviderRules(
            issuer=issuer or settings.oidc_url,
            audiences={audience or settings.client_id},
            admin_subjects={"admin@example.com"},
            admin_claim=None,
        )
        documents = ProviderDocuments(rules.issuer, urllib3.PoolManager())
        return OidcProvider(rules, documents, SystemClock())
