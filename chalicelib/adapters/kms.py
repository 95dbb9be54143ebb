"""The signing keys in AWS KMS. Their private halves never leave it."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn

from botocore.exceptions import BotoCoreError, ClientError
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from chalicelib import base64url
from chalicelib.adapters import jws
from chalicelib.domain.errors import ConcurrentChange, SigningUnavailable
from chalicelib.domain.events import Event
from chalicelib.domain.keys import KeyRing, KeyState, VerificationKey
from chalicelib.domain.ports.signing import KeyStore
from chalicelib.domain.ports.time import Clock

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


# The errors of reading a response that lacks a member, or has it in another form.
_NOT_KMS = (KeyError, TypeError, ValueError, OverflowError, UnsupportedAlgorithm)


class KmsSigningKey:
    """One ``ECC_NIST_P256`` key that signs."""

    def __init__(self, client: "KMSClient", key: VerificationKey) -> None:
        self._client = client
        self._key = key

    @property
    def kid(self) -> str:
        """The RFC 7638 thumbprint of the public half."""
        return self._key.kid

    def sign(self, message: bytes) -> bytes:
        """Return the signature as R and low S, 64 bytes (RFC 7518 section 3.4).

        Raises SigningUnavailable.
        """
        try:
            response = self._client.sign(
                KeyId=self._key.arn,
                Message=message,
                MessageType="RAW",
                SigningAlgorithm="ECDSA_SHA_256",
            )
            return low_s_signature(response["Signature"])
        except (ClientError, BotoCoreError, *_NOT_KMS) as error:
            _unavailable(error)


class KmsSigningKeys:
    """The signing keys of one ring. The active one signs.

    The ring is read for each signature, because a key that was revoked a moment ago must not sign again.
    ``first_key_id`` may be an alias. It names the first key of an empty ring, and is ignored later. A key
    of ``other_ring`` is refused: an alias and an ARN may lead to one key. ``publication_of`` makes the
    event of the first key.
    """

    def __init__(
        self,
        client: "KMSClient",
        first_key_id: str,
        keys: KeyStore,
        clock: Clock,
        publication_of: Callable[[VerificationKey], Event],
        other_ring: KeyStore | None = None,
    ) -> None:
        self._client = client
        self._first_key_id = first_key_id
        self._keys = keys
        self._clock = clock
        self._publication_of = publication_of
        self._other_ring = other_ring

    def active(self) -> KmsSigningKey:
        """Return the key that signs now. Raises SigningUnavailable, StoreUnavailable."""
        ring = self._keys.load_keys()
        if not ring.keys:
            ring = self._begin(ring)
        if ring.active is None:
            raise SigningUnavailable("No signing key is active. An operator must roll over the keys.")
        return KmsSigningKey(self._client, ring.active)

    def _begin(self, empty: KeyRing) -> KeyRing:
        key = read_public_key(self._client, self._first_key_id, self._clock.now())
        self._require_apart(key)
        ring = empty.published(key)
        try:
            self._keys.save_keys(empty, ring, self._publication_of(ring.find(key.kid)))
        except ConcurrentChange:
            return self._keys.load_keys()
        return ring

    def _require_apart(self, key: VerificationKey) -> None:
        """Raise SigningUnavailable for a key that the other ring has."""
        # By the public half, which an alias, its key and a copy in another Region have in common.
        other_keys = self._other_ring.load_keys().keys if self._other_ring else ()
        if any(key.kid == other.kid for other in other_keys):
            raise SigningUnavailable("SIGNING_KEY_ID and DERIVED_TOKEN_KEY_ID lead to the same key.")


def read_public_key(client: "KMSClient", key_id: str, now: datetime) -> VerificationKey:
    """Return the public half of a key in KMS, to be published at ``now``. Raises SigningUnavailable."""
    try:
        response = client.get_public_key(KeyId=key_id)
        key, arn = load_der_public_key(response["PublicKey"]), response["KeyId"]
    except (ClientError, BotoCoreError, *_NOT_KMS) as error:
        _unavailable(error)
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise SigningUnavailable("The configured signing key is not of the spec ECC_NIST_P256.")
    numbers = key.public_numbers()
    x, y = (base64url.encode(n.to_bytes(jws.COORDINATE_BYTES, "big")) for n in (numbers.x, numbers.y))
    kid = jws.thumbprint(x, y)
    return VerificationKey(kid, x, y, arn, KeyState.NEXT, created_at=now, changed_at=now)


def low_s_signature(der: bytes) -> bytes:
    """Return a DER ECDSA signature as R and the lower of the two S that verify, 64 bytes."""
    r, s = decode_dss_signature(der)
    low = min(s, jws.P256_ORDER - s)
    return b"".join(n.to_bytes(jws.COORDINATE_BYTES, "big") for n in (r, low))


def _unavailable(error: Exception) -> NoReturn:
    raise SigningUnavailable from error
