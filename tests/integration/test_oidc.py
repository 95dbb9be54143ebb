"""JWTs of the users' OpenID provider: accepted sign-ins, and refusals with their reasons."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.oidc.kept_connections import KeptConnections
from chalicelib.adapters.oidc.provider import (
    LONGEST_BEARER,
    LONGEST_ID_TOKEN,
    OidcProvider,
    ProviderDocuments,
    ProviderRules,
)
from chalicelib.domain.claims import TokenType
from chalicelib.domain.errors import IdentityProviderUnavailable, SignInRefused
from chalicelib.domain.reasons import SignInReason
from chalicelib.domain.users import Identity, Role
from chalicelib.settings.admin_claims import parse_admin_claim
from infra.local import programs
from infra.local.children import Child
from infra.local.login import sign_in
from infra.local.settings import StackSettings
from tests.support.builders import ISSUER
from tests.support.clock import START, FixedClock
from tests.support.http import FakeHttp
from tests.support.jws import (
    CLAIMS,
    HEADER,
    NOW,
    by_key,
    jws,
    other_key,
    rsa_jwk,
    saying,
)
from tests.support.local_stack import free_ports
from tests.support.provider import AUDIENCE, KID, TestProvider, provider_key

CONFIGURATION = f"{ISSUER}/.well-known/openid-configuration"
JWKS = f"{ISSUER}/jwks"
CLIENT = "the-page"
NONCE = "the-nonce"


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
    """Return the adapter with the usual rules."""
    return adapter(http, clock)


def adapter(http: urllib3.PoolManager, clock: FixedClock, **changes: Any) -> OidcProvider:
    """Return the adapter as a process that starts anew has it."""
    usual = {"issuer": ISSUER, "audiences": {AUDIENCE, "another-client"}, "client_id": CLIENT}
    rules = ProviderRules(**{**usual, **changes})
    return OidcProvider(rules, ProviderDocuments(rules.issuer, CONFIGURATION, http, clock), clock)


def refusal(provider: OidcProvider, unverified_jwt: str) -> SignInRefused:
    """Return the refusal of a bearer."""
    with pytest.raises(SignInRefused) as refused:
        provider.verify(unverified_jwt)
    return refused.value


def reason(provider: OidcProvider, unverified_jwt: str) -> SignInReason:
    """Return the reason for the refusal of a bearer."""
    return refusal(provider, unverified_jwt).reason


def at_the_page(provider: OidcProvider, id_token: str, nonce: str) -> Identity:
    """Return the person of an ID token that answers a sign-in at the page."""
    return provider.identity(provider.id_token_claims(id_token, nonce))


def page_reason(provider: OidcProvider, id_token: str, nonce: str = NONCE) -> SignInReason | None:
    """Return the reason for the refusal of an ID token at the page, or None if it is accepted."""
    try:
        at_the_page(provider, id_token, nonce)
    except SignInRefused as refused:
        return refused.reason
    return None


def id_token(typ: object = "JWT", **changes: Any) -> str:
    """Return an ID token for the page."""
    return saying(typ, **{"aud": CLIENT, "nonce": NONCE, **changes})


class TestAccepted:
    """JWTs that are accepted."""

    def test_identity_is_what_the_provider_has_verified(self, provider: OidcProvider) -> None:
        """The person has issuer, subject, name, e-mail and the time of the sign-in."""
        identity = provider.verify(saying(name="Una User", email="una@example.com", email_verified=True))
        assert (identity.issuer, identity.subject, identity.subject_claim) == (ISSUER, "user-1", "sub")
        assert (identity.name, identity.email) == ("Una User", "una@example.com")
        assert (identity.email_verified, identity.role) == (True, Role.USER)
        assert identity.issued_at == START

    @pytest.mark.parametrize(
        "audience",
        [AUDIENCE, "another-client", [AUDIENCE], ["stranger", AUDIENCE], [AUDIENCE, 7, None]],
    )
    def test_audience_may_be_one_or_several(self, provider: OidcProvider, audience: object) -> None:
        """One of them has to be ours."""
        assert provider.verify(saying(aud=audience)).subject == "user-1"

    def test_cognito_access_token_names_its_client(self, provider: OidcProvider) -> None:
        """A Cognito access token lacks ``aud``, so ``client_id`` is compared."""
        accepted = saying(aud=None, client_id=AUDIENCE, token_use="access", username="jo")
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

    @pytest.mark.parametrize(
        ("iat", "milliseconds"),
        [(NOW + 0.9999, 999), (NOW + 0.0004, 0), (NOW + 0.25, 250), (NOW, 0), (NOW - 0.0001, -1)],
    )
    def test_time_of_the_sign_in_has_whole_milliseconds(
        self, provider: OidcProvider, iat: float, milliseconds: int
    ) -> None:
        """The time is rounded down as in rows. Otherwise a JWT would stay newer than its own row."""
        issued_at = provider.verify(saying(iat=iat)).issued_at
        assert issued_at == START + timedelta(milliseconds=milliseconds)

    def test_key_of_another_algorithm_is_used_as_it_says(self, http: FakeHttp, clock: FixedClock) -> None:
        """The algorithm must be one of the key's."""
        private = generate_private_key(SECP256R1())
        jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private.public_key()))
        http.documents[JWKS] = {"keys": [{**jwk, "kid": "ec-1"}]}
        token = jwt.encode(dict(CLAIMS), private, algorithm="ES256", headers={"kid": "ec-1"})
        assert adapter(http, clock).verify(token).subject == "user-1"


class TestProfiles:
    """Names and e-mails, which are cleaned and never a reason to refuse."""

    def test_sign_in_without_profile_has_an_empty_one(self, provider: OidcProvider) -> None:
        """A missing name is empty. A value that is not text counts as missing."""
        assert provider.verify(saying()).name == ""
        identity = provider.verify(saying(name=["a"], email={"b": 1}))
        assert (identity.name, identity.email) == ("", "")
        assert provider.verify(saying(preferred_username="una")).name == "una"

    def test_name_that_shows_nothing_gives_way_to_the_user_name(self, provider: OidcProvider) -> None:
        """A name that is empty after cleaning gives way to the user name."""
        assert provider.verify(saying(name="\u200b\u3164", preferred_username="una")).name == "una"

    @pytest.mark.parametrize("around", ["{}", "Una {}", "{}@example.com", "U\u200bna <{}>"])
    def test_profile_with_a_token_is_absent(self, provider: OidcProvider, around: str) -> None:
        """A person may paste a token into a profile. Administrators and mails would show it."""
        token = f"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.{'x' * 20}"
        for held in (token, f"bodhi_{token}", f"{token[:12]}\u202e{token[12:]}", f"{token}{'y' * 400}"):
            text = around.format(held)
            identity = provider.verify(saying(name=text, preferred_username="una", email=text))
            assert (identity.name, identity.email) == ("una", "")

    def test_long_profile_is_cut(self, provider: OidcProvider) -> None:
        """A long name or e-mail is cut, so that a provider cannot fill the table."""
        identity = provider.verify(saying(name="n" * 5000, email="e" * 5000))
        assert max(len(identity.name), len(identity.email)) <= 320

    @pytest.mark.parametrize("text", ["Jo\x00\r\nDoe\u202e", "Jo\ud800Doe", "\u061cJo"])
    def test_dangerous_characters_of_a_profile_are_removed(self, provider: OidcProvider, text: str) -> None:
        """A profile never makes a sign-in fail, and never carries a control character."""
        identity = provider.verify(saying(name=text, email=f"{text}@example.com"))
        assert identity.name.isprintable()
        assert identity.email.isprintable()
        identity.name.encode()

    @pytest.mark.parametrize(
        ("claim", "trusted", "verified"),
        [
            (True, False, True),
            ("true", False, True),
            (False, False, False),
            ("false", False, False),
            ("True", False, False),
            (1, False, False),
            ("", False, False),
            ([True], False, False),
            (None, False, None),
            (None, True, True),
            (False, True, False),
            ("no", True, False),
        ],
        ids=repr,
    )
    def test_email_is_verified_only_if_the_provider_says_so(
        self, http: FakeHttp, clock: FixedClock, claim: object, trusted: bool, verified: bool | None
    ) -> None:
        """Without ``email_verified`` the JWT says nothing, unless the operator trusts the provider."""
        fresh = adapter(http, clock, trust_provider_email=trusted)
        said = saying(email="jo@example.com", email_verified=claim)
        assert fresh.verify(said).email_verified is verified

    def test_trusted_provider_verifies_no_missing_email(self, http: FakeHttp, clock: FixedClock) -> None:
        """Without an address there is nothing to trust."""
        assert adapter(http, clock, trust_provider_email=True).verify(saying()).email_verified is None

    @pytest.mark.parametrize(
        "address",
        [
            "ad\u202emin@example.com",
            "admin@example.com\u202e",
            " admin@example.com",
            "a" * 400 + "@b.example",
        ],
    )
    def test_cleaned_email_is_not_verified(self, http: FakeHttp, clock: FixedClock, address: str) -> None:
        """If cleaning changed the address, it does not count as verified."""
        for trusted, claim in ((False, True), (True, None)):
            fresh = adapter(http, clock, trust_provider_email=trusted)
            assert fresh.verify(saying(email=address, email_verified=claim)).email_verified is False


class TestRefusedClaims:
    """Well signed, and still not for us or not now."""

    @pytest.mark.parametrize(
        "issuer",
        [
            ISSUER + "/",
            ISSUER.upper(),
            "https://evil.example.com",
            [ISSUER],
            {ISSUER: 1},
            7,
            "",
            ISSUER + "\u200b",
        ],
        ids=str,
    )
    def test_other_issuer_is_refused(self, provider: OidcProvider, http: FakeHttp, issuer: object) -> None:
        """The issuer is compared exactly, before the provider is asked for a key."""
        assert reason(provider, saying(iss=issuer)) is SignInReason.WRONG_ISSUER
        assert http.asked == []

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
            {"aud": CLIENT},
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
        assert reason(provider, saying(**changes)) is SignInReason.WRONG_AUDIENCE

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"exp": NOW - 60}, SignInReason.EXPIRED),
            ({"exp": NOW - 3600}, SignInReason.EXPIRED),
            ({"exp": 0}, SignInReason.EXPIRED),
            ({"exp": -1}, SignInReason.EXPIRED),
            ({"exp": NOW - 60, "iat": NOW + 61}, SignInReason.EXPIRED),
            ({"iat": NOW + 61}, SignInReason.NOT_YET_VALID),
            ({"nbf": NOW + 61}, SignInReason.NOT_YET_VALID),
            ({"nbf": 253402300799}, SignInReason.NOT_YET_VALID),
            ({"iat": 253402300799}, SignInReason.NOT_YET_VALID),
        ],
        ids=str,
    )
    def test_other_time_is_refused(
        self, provider: OidcProvider, changes: dict[str, Any], expected: SignInReason
    ) -> None:
        """Expired, or from the future, beyond a minute."""
        assert reason(provider, saying(**changes)) is expected

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
        """A value that is not a date is a refusal and never a crash."""
        assert reason(provider, saying(**{name: value})) is SignInReason.MALFORMED

    @pytest.mark.parametrize("value", [-62135596800, -62135596790])
    def test_first_moments_of_the_calendar_are_a_time(self, provider: OidcProvider, value: int) -> None:
        """An expiry in the year 1 is past; a start in the year 1 is past too."""
        assert reason(provider, saying(exp=value)) is SignInReason.EXPIRED
        assert provider.verify(saying(nbf=value)).subject == "user-1"

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("exp", SignInReason.MISSING_CLAIM),
            ("iat", SignInReason.MISSING_CLAIM),
            ("iss", SignInReason.MISSING_CLAIM),
            ("aud", SignInReason.WRONG_AUDIENCE),
            ("sub", SignInReason.MISSING_SUBJECT),
        ],
    )
    def test_missing_claim_is_refused(
        self, provider: OidcProvider, name: str, expected: SignInReason
    ) -> None:
        """A missing or null time or issuer is refused."""
        assert reason(provider, saying(**{name: None})) is expected
        assert reason(provider, jws(HEADER, {**CLAIMS, name: None})) is expected

    @pytest.mark.parametrize("payload", [[], "text", 7, None, b"", b"{", b"\xff\xfe{}", b"[" * 9000])
    def test_payload_that_is_no_object_is_refused(self, provider: OidcProvider, payload: object) -> None:
        """A payload that is not an object is refused, even if the provider signed it."""
        assert reason(provider, jws(HEADER, payload)) is SignInReason.MALFORMED


class TestSubjects:
    """The configured claim that identifies the person. Its value is kept unchanged."""

    @pytest.mark.parametrize("subject", ["x", "s" * 255, "auth0|1", "Ümlaut ş", " padded ", "İ", "a\u0301"])
    def test_subject_is_kept_as_it_is(self, provider: OidcProvider, subject: str) -> None:
        """The subject is unchanged, because a cleaned or normalised one might be another person's."""
        assert provider.verify(saying(sub=subject)).subject == subject

    @pytest.mark.parametrize(
        "subject",
        [
            "",
            "s" * 256,
            7,
            ["user-1"],
            {"a": 1},
            True,
            "user\ud800",
            "user\x00",
            "user\r\n1",
            "\u202euser",
            "\u200b",
            "  ",
        ],
        ids=repr,
    )
    def test_subject_that_cannot_be_kept_is_refused(self, provider: OidcProvider, subject: object) -> None:
        """A subject that is not a valid text of 1 to 255 characters is refused."""
        assert reason(provider, saying(sub=subject)) is SignInReason.INVALID_SUBJECT

    def test_other_claim_identifies_the_person(self, http: FakeHttp, clock: FixedClock) -> None:
        """With ``oid`` (Entra) or ``uid`` (Okta) as the claim, ``sub`` is not needed."""
        fresh = adapter(http, clock, subject_claim="oid")
        identity = fresh.verify(saying(oid="object-1"))
        assert (identity.subject, identity.subject_claim) == ("object-1", "oid")
        assert fresh.verify(saying(oid="object-1", sub=None)).subject == "object-1"
        page = id_token(oid="object-1", sub=None)
        assert at_the_page(fresh, page, NONCE).subject == "object-1"

    def test_jwt_without_the_claim_is_refused_everywhere(self, http: FakeHttp, clock: FixedClock) -> None:
        """``sub`` does not take its place, because that would make a second user of one person."""
        fresh = adapter(http, clock, subject_claim="oid")
        refused = refusal(fresh, saying())
        assert (refused.reason, refused.facts["subject_claim"]) == (SignInReason.MISSING_SUBJECT, "oid")
        with pytest.raises(SignInRefused) as exchanged:
            fresh.verify_as(saying(), TokenType.JWT)
        assert exchanged.value.reason is SignInReason.MISSING_SUBJECT
        assert page_reason(fresh, id_token()) is SignInReason.MISSING_SUBJECT


class TestRefusedSignatures:
    """JWTs that the provider's keys did not sign."""

    @pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "", "RS", "HS256", "ES256K", "RSA1_5"])
    @pytest.mark.parametrize("signature", [b"", b"x" * 256])
    def test_unknown_algorithm_is_refused(
        self, provider: OidcProvider, http: FakeHttp, algorithm: str, signature: bytes
    ) -> None:
        """A disallowed ``alg`` in the header is refused without asking the provider."""
        forged = jws({**HEADER, "alg": algorithm}, CLAIMS, lambda _: signature)
        assert reason(provider, forged) is SignInReason.ALGORITHM_NOT_ALLOWED
        assert http.asked == []

    @pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256", "ES256", "EdDSA", "Ed25519"])
    def test_good_signature_under_another_name_is_refused(
        self, provider: OidcProvider, algorithm: str
    ) -> None:
        """A key that names its algorithm does not verify another one."""
        forged = jws({**HEADER, "alg": algorithm}, CLAIMS)
        assert reason(provider, forged) is SignInReason.ALGORITHM_NOT_ALLOWED

    @pytest.mark.parametrize("algorithm", ["none", ["RS256"], None, 7, {}, True])
    def test_algorithm_that_is_none_is_refused(self, provider: OidcProvider, algorithm: object) -> None:
        """Any JSON value can stand there."""
        forged = jws({**HEADER, "alg": algorithm}, CLAIMS)
        assert reason(provider, forged) is SignInReason.ALGORITHM_NOT_ALLOWED

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
        assert reason(provider, forged) is SignInReason.ALGORITHM_NOT_ALLOWED

    @pytest.mark.parametrize("signature", [b"", b"x", b"\0" * 256, b"x" * 255, b"x" * 257, b"\xff" * 256])
    def test_signature_that_is_none_is_refused(self, provider: OidcProvider, signature: bytes) -> None:
        """A signature of any length is refused without a crash."""
        forged = jws(HEADER, CLAIMS, lambda _: signature)
        assert reason(provider, forged) is SignInReason.BAD_SIGNATURE

    def test_signature_by_another_key_is_refused(self, provider: OidcProvider) -> None:
        """A known ``kid`` does not help."""
        assert reason(provider, by_key(other_key())) is SignInReason.BAD_SIGNATURE

    def test_changed_claims_are_refused(self, provider: OidcProvider) -> None:
        """A signature is for what was signed."""
        header, _, signature = saying().split(".")
        _, payload, _ = saying(sub="admin-1").split(".")
        assert reason(provider, f"{header}.{payload}.{signature}") is SignInReason.BAD_SIGNATURE

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
        """A caller cannot send a key along, or make the service call another address."""
        assert reason(provider, by_key(other_key(), kid="mine", **extra)) is SignInReason.UNKNOWN_KEY
        assert {CONFIGURATION, JWKS} == set(http.asked)


class TestForm:
    """JWTs in another spelling. The rules are as strict as for our own tokens."""

    @pytest.mark.parametrize(
        "header",
        [
            [],
            "text",
            7,
            None,
            {**HEADER, "kid": 7},
            {**HEADER, "kid": [KID]},
            {**HEADER, "kid": None},
            {**HEADER, "crit": ["exp"]},
            {**HEADER, "crit": []},
            {**HEADER, "crit": None},
            {**HEADER, "b64": False, "crit": ["b64"]},
            {**HEADER, "b64": True, "crit": ["b64"]},
            {**HEADER, "b64": True},
            {**HEADER, "b64": False},
            b"",
            b"{",
            b"\xff",
            b'{"alg":' + b"[" * 9000,
            b'{"alg":' + b'{"a":' * 1500,
        ],
        ids=lambda header: str(header)[:40],
    )
    def test_strange_header_is_refused(
        self, provider: OidcProvider, http: FakeHttp, header: object
    ) -> None:
        """A malformed header is refused without a crash and without a call to the provider."""
        assert reason(provider, jws(header, CLAIMS)) is SignInReason.MALFORMED
        assert http.asked == []

    @pytest.mark.parametrize("kid", ["", "../../etc/passwd", "k" * 9000, "\ud800", "Provider-Key-1"])
    def test_strange_name_of_a_key_is_unknown(self, provider: OidcProvider, kid: str) -> None:
        """An empty ``kid`` is a name, so it does not mean the only key."""
        assert reason(provider, jws({**HEADER, "kid": kid}, CLAIMS)) is SignInReason.UNKNOWN_KEY

    @pytest.mark.parametrize(
        "payload",
        [
            b'{"iss":"%s","iss":"%s"}',
            b'{"iss":"https://evil.example","iss":"%s"}',
            b'{"a":{"b":1,"b":2}}',
            b'{"a":[{"b":1,"b":1}]}',
            b'{"a":1,"\\u0061":2}',
        ],
    )
    def test_duplicate_members_are_refused(self, provider: OidcProvider, payload: bytes) -> None:
        """Duplicate members are refused at any depth, in header and claims, even with escapes."""
        claims = json.dumps(dict(CLAIMS)).encode()
        header = json.dumps(dict(HEADER)).encode()
        extra = payload.replace(b"%s", ISSUER.encode())[1:-1]
        for forged in (
            jws(HEADER, claims[:-1] + b"," + extra + b"}"),
            jws(header[:-1] + b"," + extra + b"}", claims),
        ):
            assert reason(provider, forged) is SignInReason.MALFORMED

    @pytest.mark.parametrize(
        "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-7"]
    )
    @pytest.mark.parametrize("part", ["header", "payload"])
    def test_other_encoding_is_refused(self, provider: OidcProvider, encoding: str, part: str) -> None:
        """JSON in a JWT is UTF-8 without a byte order mark (RFC 7519 section 7.2)."""
        other = "+" if encoding == "utf-7" else ""
        texts = {"header": dict(HEADER), "payload": {**CLAIMS, "name": f"ü{other}"}}
        parts = {
            name: json.dumps(value, ensure_ascii=False).encode(encoding if name == part else "utf-8")
            for name, value in texts.items()
        }
        if encoding == "utf-7":
            parts[part] = b"+AHs-" + parts[part][1:]
        assert reason(provider, jws(parts["header"], parts["payload"])) is SignInReason.MALFORMED

    @pytest.mark.parametrize("segment", [0, 1, 2])
    @pytest.mark.parametrize(
        "spelling", ["{}=", "{}==", "={}", "{}.", " {}", "{}\n", "{}+", "{}/", "{}é", "{}%"]
    )
    def test_segment_in_another_spelling_is_refused(
        self, provider: OidcProvider, segment: int, spelling: str
    ) -> None:
        """Padding, another alphabet and text around a segment are refused."""
        parts = saying().split(".")
        parts[segment] = spelling.format(parts[segment])
        assert reason(provider, ".".join(parts)) is SignInReason.MALFORMED

    @pytest.mark.parametrize("segment", [0, 1, 2])
    def test_unused_bits_are_zero(self, provider: OidcProvider, segment: int) -> None:
        """Unused bits must be zero. Otherwise one JWT would have several spellings."""
        # Lengths that leave unused bits in each segment.
        parts = jws({**HEADER, "x": "y"}, {**CLAIMS, "x": "y"}).split(".")
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        assert len(parts[segment]) % 4
        last = alphabet.index(parts[segment][-1])
        parts[segment] = parts[segment][:-1] + alphabet[last + 1]
        assert reason(provider, ".".join(parts)) is SignInReason.MALFORMED

    @pytest.mark.parametrize(
        "garbage",
        ["", "x", ".", "..", "...", "a.b.c", "a.b.c.d.e", "é.é.é", "\x00", " ", "eyJ.eyJ.x", "e30.e30"],
        ids=lambda garbage: garbage[:10],
    )
    def test_garbage_is_refused_without_asking_the_provider(
        self, provider: OidcProvider, http: FakeHttp, garbage: str
    ) -> None:
        """A string that cannot be a JWT costs nothing."""
        assert reason(provider, garbage) is SignInReason.MALFORMED
        assert http.asked == []

    @pytest.mark.parametrize("change", [" {}", "{}\n", "{}x", "{}.x", "\t{}", "{}.", "{}..", "{0}.{0}"])
    def test_string_around_a_good_jwt_is_refused(self, provider: OidcProvider, change: str) -> None:
        """A JWT is the whole string."""
        refused = reason(provider, change.format(saying()))
        assert refused in {SignInReason.MALFORMED, SignInReason.BAD_SIGNATURE}

    def test_long_jwt_is_refused_by_its_length(self, provider: OidcProvider, http: FakeHttp) -> None:
        """A bearer of more than 16 KiB is refused as too large."""
        assert refusal(provider, "x" * LONGEST_BEARER).reason is SignInReason.MALFORMED
        refused = refusal(provider, "x" * (LONGEST_BEARER + 1))
        assert refused.reason is SignInReason.TOO_LARGE
        assert refused.facts == {"length": "16385", "longest": "16384"}
        assert http.asked == []

    def test_id_token_at_the_page_may_hold_a_thousand_groups(self, provider: OidcProvider) -> None:
        """At the page an ID token may have 64 KiB, because it comes over our own connection."""
        groups = [f"group-{n:04}-{'x' * 30}" for n in range(1000)]
        large = id_token(groups=groups)
        assert LONGEST_BEARER < len(large) <= LONGEST_ID_TOKEN
        assert at_the_page(provider, large, NONCE).subject == "user-1"
        assert page_reason(provider, id_token(groups=groups * 2)) is SignInReason.TOO_LARGE
        assert reason(provider, saying(groups=groups)) is SignInReason.TOO_LARGE


class TestKinds:
    """JWTs that are a sign-in, and kinds that are not, on every path."""

    @staticmethod
    def reasons(provider: OidcProvider, typ: object, **claims: Any) -> set[SignInReason | None]:
        """Return the reason of each path. None means that the JWT is a sign-in."""
        found = {page_reason(provider, id_token(typ, **claims))}
        for kind in (None, TokenType.JWT):
            said = saying(typ, **claims)
            try:
                _ = provider.verify(said) if kind is None else provider.verify_as(said, kind)
            except SignInRefused as refused:
                found.add(refused.reason)
            else:
                found.add(None)
        return found

    @pytest.mark.parametrize("typ", ["JWT", "jwt", "Jwt", "id+jwt", "ID+JWT"])
    def test_type_of_a_sign_in_is_accepted(self, provider: OidcProvider, typ: str) -> None:
        """The value is compared without case."""
        assert self.reasons(provider, typ) == {None}

    def test_type_may_be_absent(self, provider: OidcProvider) -> None:
        """A JWT without the header ``typ`` is accepted, because it is optional (RFC 7519 section 5.1)."""
        header = {name: value for name, value in HEADER.items() if name != "typ"}
        assert provider.verify(jws(header, CLAIMS)).subject == "user-1"

    @pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"])
    def test_access_token_is_a_sign_in_but_not_at_the_page(self, provider: OidcProvider, typ: str) -> None:
        """The page accepts only an ID token as its ID token."""
        assert provider.verify(saying(typ)).subject == "user-1"
        assert page_reason(provider, id_token(typ)) is SignInReason.WRONG_KIND
        assert page_reason(provider, id_token(token_use="access")) is SignInReason.WRONG_KIND
        assert page_reason(provider, id_token(typ="Bearer")) is SignInReason.WRONG_KIND

    @pytest.mark.parametrize(
        "typ",
        [
            "logout+jwt",
            "secevent+jwt",
            "dpop+jwt",
            "token-introspection+jwt",
            "oauth-authz-req+jwt",
            "oauth-id-jag+jwt",
            "client-authentication+jwt",
            "entity-statement+jwt",
            "vc+sd-jwt",
            "kb+jwt",
            "passport",
            "application/jwt",
            "application/id+jwt",
            "application/logout+jwt",
            "at",
            "at+jwt ",
            " JWT",
            "JWT\x00",
            "JWS",
            "",
            None,
            7,
            True,
            ["JWT"],
            {"JWT": 1},
        ],
        ids=repr,
    )
    def test_other_type_is_refused_on_every_path(
        self, provider: OidcProvider, http: FakeHttp, typ: object
    ) -> None:
        """Any other header ``typ`` is refused, even one that is not text."""
        assert self.reasons(provider, typ) == {SignInReason.WRONG_KIND}
        assert http.asked == []

    @pytest.mark.parametrize(
        "claim",
        [
            "Refresh",
            "Offline",
            "Logout",
            "Serialized-ID",
            "DPoP",
            "JWT",
            "",
            "at+jwt",
            7,
            False,
            ["ID"],
            {},
        ],
        ids=repr,
    )
    def test_other_claim_of_a_type_is_refused_on_every_path(
        self, provider: OidcProvider, claim: object
    ) -> None:
        """Other kinds in Keycloak's claim ``typ`` are refused, even if the same key signed them."""
        claims = {**CLAIMS, "typ": claim}
        assert reason(provider, jws(HEADER, claims)) is SignInReason.WRONG_KIND
        page = {**claims, "aud": CLIENT, "nonce": NONCE}
        assert page_reason(provider, jws(HEADER, page)) is SignInReason.WRONG_KIND

    @pytest.mark.parametrize("claim", ["ID", "id", "Bearer", "bearer", "BEARER"])
    def test_claim_of_a_sign_in_is_accepted(self, provider: OidcProvider, claim: str) -> None:
        """The value is compared without case."""
        assert provider.verify(jws(HEADER, {**CLAIMS, "typ": claim})).subject == "user-1"

    @pytest.mark.parametrize("value", ["refresh", "ID token", "", 7, ["id"]], ids=repr)
    def test_other_use_is_refused(self, provider: OidcProvider, value: object) -> None:
        """Only the documented values of Cognito's ``token_use`` are accepted."""
        assert reason(provider, saying(token_use=value)) is SignInReason.WRONG_KIND

    @pytest.mark.parametrize(
        "events", [{"http://schemas.openid.net/event/backchannel-logout": {}}, {}, [], "", False, None]
    )
    @pytest.mark.parametrize("typ", ["logout+jwt", "JWT", "at+jwt"])
    def test_logout_token_is_refused(self, provider: OidcProvider, typ: str, events: object) -> None:
        """A JWT with the claim ``events`` is refused, with any value and without the header."""
        logout = jws({**HEADER, "typ": typ}, {**CLAIMS, "events": events})
        assert reason(provider, logout) is SignInReason.WRONG_KIND

    @pytest.mark.parametrize("cnf", [{"jkt": "0ZcOCORZNYy"}, {"x5t#S256": "A4Dt"}, {}, "", None, False])
    def test_bound_token_is_refused_on_every_path(self, provider: OidcProvider, cnf: object) -> None:
        """A token that is bound to a key (DPoP, mutual TLS) is refused as a bearer."""
        bound = {**CLAIMS, "cnf": cnf}
        assert reason(provider, jws(HEADER, bound)) is SignInReason.SENDER_CONSTRAINED
        with pytest.raises(SignInRefused) as exchanged:
            provider.verify_as(jws({**HEADER, "typ": "at+jwt"}, bound), TokenType.JWT)
        assert exchanged.value.reason is SignInReason.SENDER_CONSTRAINED
        page = jws(HEADER, {**bound, "aud": CLIENT, "nonce": NONCE})
        assert page_reason(provider, page) is SignInReason.SENDER_CONSTRAINED


class TestPage:
    """The ID token that the token endpoint gives to the page."""

    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"aud": [CLIENT]},
            {"aud": [CLIENT, "another"], "azp": CLIENT},
            {"aud": [CLIENT, "another"]},
            {"azp": CLIENT},
            {"scope": "openid"},
            {"scp": "openid"},
        ],
        ids=str,
    )
    def test_id_token_for_the_client_is_accepted(
        self, provider: OidcProvider, changes: dict[str, Any]
    ) -> None:
        """An ID token may name more audiences, and may carry scopes as AD FS's does."""
        assert page_reason(provider, id_token(**changes)) is None

    @pytest.mark.parametrize(
        "audience", [AUDIENCE, "another-client", [AUDIENCE], CLIENT.upper(), None, [], [[CLIENT]]]
    )
    def test_id_token_for_another_client_is_refused(self, provider: OidcProvider, audience: object) -> None:
        """The audiences of bearers do not count at the page."""
        assert page_reason(provider, id_token(aud=audience)) is SignInReason.WRONG_AUDIENCE

    @pytest.mark.parametrize(
        "party", ["another", AUDIENCE, "", CLIENT.upper(), [CLIENT], 7, None], ids=repr
    )
    @pytest.mark.parametrize("audience", [CLIENT, [CLIENT, "another"]])
    def test_id_token_of_another_party_is_refused(
        self, provider: OidcProvider, party: object, audience: object
    ) -> None:
        """``azp`` must be this client (OpenID Connect Core section 3.1.3.7)."""
        claims = {**CLAIMS, "aud": audience, "nonce": NONCE, "azp": party}
        assert page_reason(provider, jws(HEADER, claims)) is SignInReason.WRONG_AUTHORIZED_PARTY

    @pytest.mark.parametrize("nonce", [None, "", "another", NONCE.upper(), [NONCE], 7])
    def test_id_token_of_another_request_is_refused(self, provider: OidcProvider, nonce: object) -> None:
        """An ID token with another nonce than our request's is refused."""
        assert page_reason(provider, id_token(nonce=nonce)) is SignInReason.WRONG_NONCE

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"exp": NOW - 60}, SignInReason.EXPIRED),
            ({"iat": NOW + 61}, SignInReason.NOT_YET_VALID),
            ({"iss": "https://evil.example"}, SignInReason.WRONG_ISSUER),
            ({"sub": None}, SignInReason.MISSING_SUBJECT),
        ],
        ids=str,
    )
    def test_id_token_follows_the_rules_of_every_jwt(
        self, provider: OidcProvider, changes: dict[str, Any], expected: SignInReason
    ) -> None:
        """The back channel does not make a check unnecessary."""
        assert page_reason(provider, id_token(**changes)) is expected


class TestExchange:
    """JWTs whose sender says the kind, as in an exchange."""

    @pytest.mark.parametrize("audience", [AUDIENCE, CLIENT])
    @pytest.mark.parametrize("kind", [TokenType.ID_TOKEN, TokenType.JWT])
    def test_id_token_may_be_for_the_page_or_for_bearers(
        self, provider: OidcProvider, audience: str, kind: TokenType
    ) -> None:
        """An ID token may be exchanged with the audience of the API or of the page's client."""
        assert provider.verify_as(saying(aud=audience, nonce="n"), kind).subject == "user-1"

    def test_access_token_for_the_page_is_refused(self, provider: OidcProvider) -> None:
        """An access token whose audience is the page's client is refused."""
        for kind in (TokenType.ACCESS_TOKEN, TokenType.JWT):
            with pytest.raises(SignInRefused) as refused:
                provider.verify_as(saying("at+jwt", aud=CLIENT), kind)
            assert refused.value.reason is SignInReason.WRONG_AUDIENCE


class TestMachines:
    """JWTs that belong to a machine."""

    MACHINES: tuple[Mapping[str, Any], ...] = (
        {"sub": "cli@clients", "azp": "cli", "gty": "client-credentials"},
        {"gty": "client-credentials"},
        {"gty": ["client-credentials"]},
        {"gty": "client_credentials"},
        {"sub": "cli@clients", "azp": "cli"},
        {"sub": "cli@clients", "client_id": "cli"},
        {"aud": None, "token_use": "access", "client_id": AUDIENCE, "sub": AUDIENCE, "scope": "api/read"},
        {"aud": None, "token_use": "access", "client_id": AUDIENCE, "sub": "some-uuid"},
        {"idtyp": "app"},
        {"idtyp": "device"},
        {"idtyp": 7},
        {"tid": "tenant", "oid": "object", "sub": "object", "azp": "cli", "roles": ["Tokens.Read"]},
        {"tid": "tenant", "oid": "object", "sub": "object", "appid": "cli"},
        {"azp": "ci", "preferred_username": "service-account-ci", "client_id": "ci", "scope": "email"},
        {"azp": "CI", "preferred_username": "service-account-ci"},
        {"cid": "0oa4", "sub": "0oa4", "scp": ["api"]},
        {"client_id": "ci", "sub": "ci"},
        {"azp": "1081579", "sub": "1081579", "email": "ci@x.iam.gserviceaccount.com"},
        {"job_id": "3", "pipeline_id": "5", "project_path": "acme/web", "sub": "project_path:acme/web"},
    )
    PEOPLE: tuple[Mapping[str, Any], ...] = (
        {"sub": "auth0|1", "azp": "cli", "gty": "password"},
        {"sub": "auth0|1", "azp": "cli", "gty": "refresh_token"},
        {"sub": "jo@clients", "azp": "cli"},
        {"aud": None, "token_use": "access", "client_id": AUDIENCE, "username": "jo"},
        {"token_use": "id", "cognito:username": "jo"},
        {"idtyp": "user"},
        # At B2C oid equals sub. Its access tokens have scopes, and its ID tokens do not name a client.
        {"oid": "object", "sub": "object", "azp": "cli", "scp": "read", "tid": "tenant"},
        {"oid": "object", "sub": "object", "tfp": "b2c_1_signin"},
        {"oid": "object", "sub": "pairwise", "azp": "cli", "tid": "tenant"},
        {"preferred_username": "service-account-ci"},
        {"azp": "web", "preferred_username": "service-account-ci"},
        {"azp": "web", "client_id": "web", "preferred_username": "jo", "scope": "openid"},
        {"cid": "0oa4", "uid": "00u1", "sub": "jo@acme.example"},
        {"job_id": "3", "department": "sales"},
        {"client_id": ["user-1"], "azp": {"user-1": 1}},
    )

    @pytest.mark.parametrize("claims", MACHINES, ids=str)
    @pytest.mark.parametrize("typ", ["JWT", "at+jwt"])
    def test_machine_is_refused_unless_allowed(
        self, http: FakeHttp, clock: FixedClock, typ: str, claims: Mapping[str, Any]
    ) -> None:
        """A machine signs in only if the operator allows it."""
        token = saying(typ, **claims)
        assert reason(adapter(http, clock), token) is SignInReason.MACHINE
        with pytest.raises(SignInRefused):
            adapter(http, clock).verify_as(token, TokenType.JWT)
        assert adapter(http, clock, allow_machines=True).verify(token).issuer == ISSUER

    @pytest.mark.parametrize("claims", PEOPLE, ids=str)
    def test_person_is_not_taken_for_a_machine(
        self, provider: OidcProvider, claims: Mapping[str, Any]
    ) -> None:
        """A JWT of a person with similar claims is not taken for a machine's."""
        assert provider.verify(saying(**claims)).issuer == ISSUER

    def test_machine_cannot_sign_in_at_the_page(self, provider: OidcProvider) -> None:
        """Machines are refused on every path."""
        assert page_reason(provider, id_token(sub=CLIENT, azp=CLIENT)) is SignInReason.MACHINE


class TestFacts:
    """The facts about a refusal, for the log."""

    def test_expected_and_received_values_are_named(self, provider: OidcProvider) -> None:
        """The facts show the expected and the received values."""
        refused = refusal(provider, saying("at+jwt", aud=["a", "b"], typ_claim=None, secret="s3cret"))
        assert refused.facts == {
            "expected_iss": ISSUER,
            "received_iss": ISSUER,
            "expected_aud": f"another-client {AUDIENCE}",
            "received_aud": "a b",
            "received_kid": KID,
            "received_typ": "at+jwt",
            "received_typ_claim": "",
        }

    @pytest.mark.parametrize(
        ("changes", "name", "received"),
        [
            ({"iss": "https://other.example"}, "received_iss", "https://other.example"),
            ({"iss": 7}, "received_iss", "(int)"),
            ({"aud": None, "client_id": "c", "token_use": "access"}, "received_aud", "c"),
            ({"aud": {"a": 1}}, "received_aud", "(dict)"),
            ({"aud": [7, "x"]}, "received_aud", "(int) x"),
            ({"aud": "line\nbreak\u202e\ud800"}, "received_aud", r"line\nbreak\u202e\ud800"),
            ({"aud": "ä" * 500}, "received_aud", r"\xe4" * 25),
            ({"aud": ["x" * 90] * 90}, "received_aud", f"{'x' * 90} {'x' * 9}"),
        ],
        ids=str,
    )
    def test_values_are_short_and_printable(
        self, provider: OidcProvider, changes: dict[str, Any], name: str, received: str
    ) -> None:
        """A sender cannot fill the log or forge a line of it."""
        facts = refusal(provider, saying(**changes)).facts
        assert facts[name] == received
        assert all(len(fact) <= 100 and fact.isascii() and fact.isprintable() for fact in facts.values())

    def test_refusal_never_carries_the_token(self, provider: OidcProvider) -> None:
        """The token is not in the message, the facts or the causes of the error."""
        token = saying(aud="stranger", secret="s3cret-claim", name="Jo Doe")
        refused = refusal(provider, token)
        chain: list[BaseException | None] = [refused, refused.__cause__, refused.__context__]
        said = " ".join(f"{error!r} {error} {vars(error)}" for error in chain if error)
        assert not any(part in said for part in (*token.split("."), "s3cret", "Jo Doe"))

    @pytest.mark.parametrize("reason", list(SignInReason))
    def test_every_reason_has_a_sentence(self, reason: SignInReason) -> None:
        """Each reason has a sentence for callers."""
        assert reason.sentence.endswith(".")


class TestAdministrators:
    """The role that a JWT gives or takes, never by accident."""

    @pytest.mark.parametrize(
        ("groups", "role"),
        [
            (["admins"], Role.ADMIN),
            (["users", "admins"], Role.ADMIN),
            ("admins", Role.ADMIN),
            ({"admins": True}, Role.ADMIN),
            (["no-admins"], Role.USER),
            ("no-admins", Role.USER),
            ("admins users", Role.USER),
            ("users,admins", Role.USER),
            ("Admins", Role.USER),
            ([["admins"]], Role.USER),
            ([], Role.USER),
            ("", Role.USER),
            (True, Role.USER),
            (1, Role.USER),
        ],
        ids=str,
    )
    def test_claim_sets_the_role_whatever_the_kind(
        self, http: FakeHttp, clock: FixedClock, groups: object, role: Role
    ) -> None:
        """Being in a list, or being the text: never part of a text."""
        fresh = adapter(http, clock, admin_claim=parse_admin_claim("groups=admins"))
        for typ in ("JWT", "at+jwt", "id+jwt"):
            assert fresh.verify(saying(typ, groups=groups)).role is role
        assert at_the_page(fresh, id_token(groups=groups), NONCE).role is role

    @pytest.mark.parametrize(
        ("typ", "claims", "kind"),
        [
            ("JWT", {"nonce": "n"}, "id"),
            ("JWT", {"at_hash": "h"}, "id"),
            ("JWT", {"token_use": "id"}, "id"),
            ("id+jwt", {}, "id"),
            ("at+jwt", {}, "access"),
            ("JWT", {"scope": "openid"}, "access"),
            ("JWT", {"scp": ["api"]}, "access"),
            (
                "JWT",
                {"aud": None, "client_id": AUDIENCE, "token_use": "access", "username": "jo"},
                "access",
            ),
            ("JWT", {}, "id"),
            ("JWT", {"nonce": "n", "scp": "read"}, "neither"),
            ("at+jwt", {"nonce": "n"}, "neither"),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("kinds", [("id",), ("access",), ("id", "access")], ids=str)
    def test_missing_claim_takes_the_role_away_by_kind(
        self,
        http: FakeHttp,
        clock: FixedClock,
        kinds: tuple[str, ...],
        typ: str,
        claims: dict[str, Any],
        kind: str,
    ) -> None:
        """A JWT with marks of both kinds says nothing about the role. One without marks is an ID token."""
        rule = parse_admin_claim("groups=admins")
        fresh = adapter(http, clock, admin_claim=rule, admin_claim_in=kinds)
        expected = Role.USER if kind in kinds else None
        assert fresh.verify(saying(typ, **claims)).role is expected

    @pytest.mark.parametrize(("kinds", "role"), [(("id",), Role.USER), (("access",), None)], ids=str)
    def test_id_token_at_the_page_is_of_its_kind(
        self, http: FakeHttp, clock: FixedClock, kinds: tuple[str, ...], role: Role | None
    ) -> None:
        """At the page the ID token counts as one, even with marks of an access token."""
        rule = parse_admin_claim("groups=admins")
        fresh = adapter(http, clock, admin_claim=rule, admin_claim_in=kinds)
        assert at_the_page(fresh, id_token(), NONCE).role is role
        assert at_the_page(fresh, id_token(scope="openid"), NONCE).role is role

    def test_claim_that_is_kept_elsewhere_says_nothing(self, http: FakeHttp, clock: FixedClock) -> None:
        """Entra sends a link in place of more than 200 groups; that must not demote an administrator."""
        fresh = adapter(http, clock, admin_claim=parse_admin_claim("groups=admins"))
        many = {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {}}}
        assert at_the_page(fresh, id_token(**many), NONCE).role is None
        other = {"_claim_names": {"photos": "src1"}}
        assert at_the_page(fresh, id_token(**other), NONCE).role is Role.USER

    def test_claim_gives_no_role_if_none_is_configured(self, provider: OidcProvider) -> None:
        """Groups count only if the operator says so."""
        assert provider.verify(saying(groups=["admins"], role="admin")).role is Role.USER

    def test_name_or_email_gives_no_role(self, http: FakeHttp, clock: FixedClock) -> None:
        """People choose those themselves."""
        fresh = adapter(http, clock, admin_claim=parse_admin_claim("groups=admins"))
        claimed = id_token(email="admins", name="admins", preferred_username="admins")
        assert at_the_page(fresh, claimed, NONCE).role is Role.USER


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
        child.wait_until_it_responds()
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
        assert (identity.role, identity.name) == (Role.USER, "Ada Admin")
        assert abs(SystemClock().now() - identity.issued_at) < timedelta(minutes=1)

    def test_sign_in_of_another_client_is_refused(self, development_provider: StackSettings) -> None:
        """The same provider signs for others too."""
        refused = reason(
            self.adapter(development_provider, audience="another-client"),
            sign_in(development_provider, "user@example.com"),
        )
        assert refused is SignInReason.WRONG_AUDIENCE

    def test_other_spelling_of_the_issuer_is_refused(self, development_provider: StackSettings) -> None:
        """Two addresses of one server are two issuers."""
        unverified_jwt = sign_in(development_provider, "user@example.com")
        issuer = development_provider.oidc_url.replace("127.0.0.1", "localhost")
        refused = reason(self.adapter(development_provider, issuer=issuer), unverified_jwt)
        assert refused is SignInReason.WRONG_ISSUER

    def test_port_where_nobody_listens_is_an_outage(self, development_provider: StackSettings) -> None:
        """A provider that is down is an outage, at once."""
        (port,) = free_ports(1)
        issuer = f"http://127.0.0.1:{port}"
        with pytest.raises(IdentityProviderUnavailable):
            self.adapter(development_provider, issuer=issuer).verify(saying(iss=issuer))

    @staticmethod
    def adapter(
        settings: StackSettings, *, audience: str | None = None, issuer: str | None = None
    ) -> OidcProvider:
        """Return the adapter as the service makes it."""
        rules = ProviderRules(
            issuer=issuer or settings.oidc_url,
            audiences={audience or settings.client_id},
            client_id=settings.client_id,
        )
        clock = SystemClock()
        discovery_url = f"{rules.issuer}/.well-known/openid-configuration"
        documents = ProviderDocuments(rules.issuer, discovery_url, KeptConnections(clock), clock)
        return OidcProvider(rules, documents, clock)
