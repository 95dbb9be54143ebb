"""The signing keys in KMS (moto): what it signs is what anybody's ES256 verifies."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import joserfc.jwt
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey

from chalicelib.adapters import jws
from chalicelib.adapters.api_token import ApiTokenSigner, ApiTokenVerifier
from chalicelib.adapters.jws import load_public_keys, public_key
from chalicelib.adapters.key_cache import KeyCache
from chalicelib.adapters.kms import KmsSigningKey, KmsSigningKeys, low_s_signature, read_public_key
from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import SigningUnavailable
from chalicelib.domain.events import OF_KEYS, SYSTEM, Event, EventType
from chalicelib.domain.ids import new_token_id, user_id_for
from chalicelib.domain.keys import KeyRing, KeyState, KeyUse, VerificationKey
from tests.support.actors import JOURNAL, an_event
from tests.support.clock import START, FixedClock
from tests.support.dynamodb import Cloud
from tests.support.memory import InMemoryKeys

if TYPE_CHECKING:
    from mypy_boto3_kms.literals import KeySpecType

ISSUER, AUDIENCE = "https://api.example.com", "https://api.example.com/api"


@pytest.fixture
def keys() -> InMemoryKeys:
    """Return an empty store of published keys."""
    return InMemoryKeys()


@pytest.fixture
def signer(cloud: Cloud, keys: InMemoryKeys) -> KmsSigningKeys:
    """Return what signs with the key behind the alias."""
    return signing_keys(cloud, keys)


def signing_keys(cloud: Cloud, keys: InMemoryKeys, key_id: str | None = None) -> KmsSigningKeys:
    """Return the keys as a process that starts anew sees them."""
    return KmsSigningKeys(cloud.kms, key_id or cloud.key_id, keys, FixedClock(), publication_of)


def publication_of(key: VerificationKey) -> Event:
    """Return the event of the first key."""
    return JOURNAL.about_key(EventType.KEY_PUBLISHED, KeyUse.API_TOKEN, None, key, SYSTEM)


def make_key(
    cloud: Cloud,
    spec: "KeySpecType" = "ECC_NIST_P256",
    usage: Literal["SIGN_VERIFY", "ENCRYPT_DECRYPT"] = "SIGN_VERIFY",
) -> str:
    """Return another key of KMS."""
    return cloud.kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"]


def verify(published: VerificationKey, message: bytes, raw: bytes) -> None:
    """Raise unless the signature fits the published key."""
    r, s = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
    public_key(published).verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))


def some_claims(*, expires: bool) -> Claims:
    """Return what a token may say."""
    return Claims(
        subject=user_id_for("https://login.example.com", "user"),
        token_id=new_token_id(START),
        issued_at=START,
        scopes=frozenset({"api:write", "api:read"}),
        expires_at=START + timedelta(days=30) if expires else None,
    )


class TestSigningKeys:
    """An alias to begin with, then a ring of keys, and their public halves for all to see."""

    def test_key_is_published_under_its_thumbprint(
        self, signer: KmsSigningKeys, keys: InMemoryKeys
    ) -> None:
        """The ``kid`` is what any other implementation of RFC 7638 makes of the public key."""
        kid = signer.active().kid
        (published,) = keys.load_keys().keys
        jwk: dict[str, str | list[str]] = {"kty": "EC", "crv": "P-256", "x": published.x, "y": published.y}
        assert (kid, KeyState.ACTIVE, START) == (published.kid, published.state, published.created_at)
        assert kid == ECKey.import_key(jwk).thumbprint()

    def test_signatures_are_raw_low_s_and_verify(self, signer: KmsSigningKeys, keys: InMemoryKeys) -> None:
        """KMS answers in DER with either S; a token has one form."""
        key = signer.active()
        (published,) = keys.load_keys().keys
        for n in range(200):
            message = f"message {n}".encode()
            raw = key.sign(message)
            assert len(raw) == 64
            assert int.from_bytes(raw[32:], "big") <= jws.P256_ORDER // 2
            verify(published, message, raw)

    def test_alias_that_moves_changes_nothing(
        self, cloud: Cloud, signer: KmsSigningKeys, keys: InMemoryKeys
    ) -> None:
        """Once there is a ring it alone says which key signs, in old processes and in new ones."""
        before = signer.active().kid
        cloud.kms.update_alias(AliasName=cloud.key_id, TargetKeyId=make_key(cloud))
        (published,) = keys.load_keys().keys
        for process in (signer, signing_keys(cloud, keys)):
            key = process.active()
            assert before == key.kid
            verify(published, b"message", key.sign(b"message"))

    def test_running_process_signs_with_the_key_that_is_active_now(
        self, cloud: Cloud, signer: KmsSigningKeys, keys: InMemoryKeys
    ) -> None:
        """Neither kid nor key is remembered; a key already at hand stays the one it announced."""
        former = signer.active()
        successor = read_public_key(cloud.kms, make_key(cloud), START)
        ring = keys.load_keys()
        rotated = ring.published(successor).activated(successor.kid, START, timedelta(0))
        keys.save_keys(ring, rotated, an_event(OF_KEYS))
        by_kid = {key.kid: key for key in keys.load_keys().keys}
        assert signer.active().kid == successor.kid != former.kid
        verify(by_kid[successor.kid], b"message", signer.active().sign(b"message"))
        verify(by_kid[former.kid], b"message", former.sign(b"message"))

    def test_next_key_does_not_sign(self, cloud: Cloud, signer: KmsSigningKeys, keys: InMemoryKeys) -> None:
        """It is there to be known first."""
        kid = signer.active().kid
        ring = keys.load_keys()
        successor = read_public_key(cloud.kms, make_key(cloud), START)
        keys.save_keys(ring, ring.published(successor), an_event(OF_KEYS))
        assert kid == signer.active().kid

    def test_key_may_be_named_by_its_arn(self, cloud: Cloud, keys: InMemoryKeys) -> None:
        """The stack's output is an ARN, and so is what the ring keeps."""
        arn = make_key(cloud)
        key = signing_keys(cloud, keys, arn).active()
        (published,) = keys.load_keys().keys
        assert arn.endswith(published.arn)  # moto answers with the id, AWS with the ARN
        verify(published, b"message", key.sign(b"message"))

    def test_second_process_publishes_nothing_new(self, cloud: Cloud, keys: InMemoryKeys) -> None:
        """Every process finds the same key in the same ring."""
        first, second = signing_keys(cloud, keys), signing_keys(cloud, keys)
        assert first.active().kid == second.active().kid
        assert len(keys.load_keys().keys) == 1

    def test_process_that_comes_second_takes_the_key_of_the_first(self, cloud: Cloud) -> None:
        """Of two that find the ring empty one begins it, and both sign with its key."""
        other = read_public_key(cloud.kms, make_key(cloud), START)

        class TakenMeanwhile(InMemoryKeys):
            def save_keys(self, before: KeyRing, after: KeyRing, event: Event) -> None:
                super().save_keys(KeyRing(), KeyRing().published(other), first)
                super().save_keys(before, after, event)

        first, keys = publication_of(other), TakenMeanwhile()
        assert signing_keys(cloud, keys).active().kid == other.kid
        assert keys.events == [first]

    @pytest.mark.parametrize("spec", ["ECC_NIST_P384", "ECC_SECG_P256K1", "RSA_2048"])
    def test_key_of_another_kind_signs_nothing(
        self, cloud: Cloud, keys: InMemoryKeys, spec: "KeySpecType"
    ) -> None:
        """The operator hears of it; no such key is published."""
        wrong = signing_keys(cloud, keys, make_key(cloud, spec))
        with pytest.raises(SigningUnavailable, match="ECC_NIST_P256"):
            wrong.active()
        assert keys.load_keys() == KeyRing()

    def test_key_that_cannot_sign_at_all_is_unavailable(self, cloud: Cloud, keys: InMemoryKeys) -> None:
        """A symmetric key has no public half."""
        wrong = signing_keys(cloud, keys, make_key(cloud, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"))
        with pytest.raises(SigningUnavailable):
            wrong.active()
        assert keys.load_keys() == KeyRing()

    def test_missing_key_is_unavailable_until_it_is_there(self, cloud: Cloud, keys: InMemoryKeys) -> None:
        """A failure is not remembered."""
        late = signing_keys(cloud, keys, "alias/late")
        with pytest.raises(SigningUnavailable):
            late.active()
        cloud.kms.create_alias(AliasName="alias/late", TargetKeyId=make_key(cloud))
        assert late.active().kid

    def test_revoked_key_signs_nothing(self, signer: KmsSigningKeys, keys: InMemoryKeys) -> None:
        """A token that no verifier would accept is not made. The configured key does not come back."""
        kid = signer.active().kid
        ring = keys.load_keys()
        keys.save_keys(ring, ring.revoked(kid, START), an_event(OF_KEYS))
        with pytest.raises(SigningUnavailable, match="operator"):
            signer.active()
        (stored,) = keys.load_keys().keys
        assert (kid, KeyState.REVOKED) == (stored.kid, stored.state)


class Answering:
    """A client with one response to everything."""

    def __init__(self, response: Any) -> None:
        self._response = response

    def sign(self, **_: Any) -> Any:
        """Respond."""
        return self._response

    get_public_key = sign


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"Signature": None, "PublicKey": None, "KeyId": "a"},
        {"Signature": "x", "PublicKey": "x", "KeyId": "a"},
        {"Signature": b"", "PublicKey": b"", "KeyId": "a"},
        {"Signature": b"x" * 70, "PublicKey": b"x" * 91, "KeyId": "a"},
        {"Signature": encode_dss_signature(2**300, 1)},
    ],
)
def test_response_of_another_form_signs_nothing(response: Any, keys: InMemoryKeys) -> None:
    """KMS is unavailable then. No token is issued, and no key is published."""
    client: Any = Answering(response)
    with pytest.raises(SigningUnavailable):
        read_public_key(client, "alias/x", START)
    key = VerificationKey("kid", "x", "y", "arn", KeyState.ACTIVE, START, START)
    with pytest.raises(SigningUnavailable):
        KmsSigningKey(client, key).sign(b"message")


class TestLowS:
    """Of the two signatures that verify, one."""

    @pytest.mark.parametrize(
        ("r", "s"),
        [
            (1, 1),
            (jws.P256_ORDER - 1, jws.P256_ORDER // 2),
            (2**200, jws.P256_ORDER // 3),
            (255, 2**248 - 1),
        ],
    )
    def test_both_signatures_become_the_same_64_bytes(self, r: int, s: int) -> None:
        """Short numbers keep their leading zeros, and the higher S becomes the lower."""
        expected = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        assert expected == low_s_signature(encode_dss_signature(r, s))
        assert expected == low_s_signature(encode_dss_signature(r, jws.P256_ORDER - s))


@pytest.mark.parametrize("expires", [True, False])
class TestTokenStrings:
    """A token beyond its prefix is a JWS like any other."""

    def test_pyjwt_verifies_it(self, signer: KmsSigningKeys, keys: InMemoryKeys, *, expires: bool) -> None:
        """An independent reader finds the claims that were signed."""
        claims = some_claims(expires=expires)
        prefix, _, compact = ApiTokenSigner(signer, ISSUER, AUDIENCE).sign(claims).partition("_")
        (published,) = keys.load_keys().keys
        read = jwt.decode_complete(
            compact,
            public_key(published),
            algorithms=["ES256"],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"verify_exp": False, "verify_iat": False},
        )
        assert prefix == "bodhi"
        assert read["header"] == {"alg": "ES256", "kid": published.kid, "typ": "api-token+jwt"}
        assert self.payload(claims) == read["payload"]

    def test_joserfc_verifies_it(
        self, signer: KmsSigningKeys, keys: InMemoryKeys, *, expires: bool
    ) -> None:
        """A second independent reader agrees."""
        claims = some_claims(expires=expires)
        token = ApiTokenSigner(signer, ISSUER, AUDIENCE).sign(claims)
        (published,) = keys.load_keys().keys
        jwk = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": published.x, "y": published.y})
        read = joserfc.jwt.decode(token.removeprefix("bodhi_"), jwk, algorithms=["ES256"])
        assert self.payload(claims) == json.loads(json.dumps(read.claims))

    def test_our_verifier_reads_what_was_signed(
        self, signer: KmsSigningKeys, keys: InMemoryKeys, *, expires: bool
    ) -> None:
        """The round trip loses nothing."""
        clock = FixedClock()
        cache = KeyCache(lambda: load_public_keys(keys), clock)
        verifier = ApiTokenVerifier(cache, ISSUER, AUDIENCE, clock)
        tokens = ApiTokenSigner(signer, ISSUER, AUDIENCE)
        for _ in range(20):
            claims = some_claims(expires=expires)
            assert claims == verifier.verify(tokens.sign(claims))

    @staticmethod
    def payload(claims: Claims) -> dict[str, object]:
        """Return the claims as they stand in the token."""
        expiry = {"exp": int(claims.expires_at.timestamp())} if claims.expires_at else {}
        return {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": claims.subject,
            "jti": claims.token_id,
            "iat": int(claims.issued_at.timestamp()),
            "scope": "api:read api:write",
            **expiry,
        }


@pytest.mark.parametrize("form", ["arn", "id", "alias", "alias arn"])
def test_one_key_never_begins_both_rings(cloud: Cloud, keys: InMemoryKeys, form: str) -> None:
    """However the settings spell it: KMS says which public half each name leads to."""
    arn = make_key(cloud)
    alias = f"alias/both-{form.replace(' ', '-')}"
    cloud.kms.create_alias(AliasName=alias, TargetKeyId=arn)
    prefix = arn.rpartition(":")[0]
    spelled = {"arn": arn, "id": arn.rpartition("/")[2], "alias": alias, "alias arn": f"{prefix}:{alias}"}
    signing_keys(cloud, keys, arn).active()
    access_keys = InMemoryKeys()

    second = KmsSigningKeys(cloud.kms, spelled[form], access_keys, FixedClock(), publication_of, keys)
    with pytest.raises(SigningUnavailable, match="lead to the same key"):
        second.active()

    assert access_keys.load_keys().keys == ()
    KmsSigningKeys(cloud.kms, make_key(cloud), access_keys, FixedClock(), publication_of, keys).active()
