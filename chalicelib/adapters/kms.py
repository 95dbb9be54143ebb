"""The signing key in AWS KMS. The private half never leaves it."""

from functools import cached_property
from typing import TYPE_CHECKING, NoReturn

from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from chalicelib.adapters import jose
from chalicelib.domain.errors import SigningUnavailable
from chalicelib.domain.keys import KeyState, VerificationKey
from chalicelib.domain.ports import Clock, KeyStore

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


class KmsSigningKey:
    """An ``ECC_NIST_P256`` key that signs, published before it signs for the first time.

    The key id may be an alias; the key it names is looked up once, so that every signature fits the
    ``kid`` that announces it even if the alias moves meanwhile.
    """

    def __init__(self, client: "KMSClient", key_id: str, keys: KeyStore, clock: Clock) -> None:
        self._client = client
        self._key_id = key_id
        self._keys = keys
        self._clock = clock

    @property
    def kid(self) -> str:
        """The RFC 7638 thumbprint of the public half. Raises SigningUnavailable, StoreUnavailable."""
        return self._published[1].kid

    def sign(self, message: bytes) -> bytes:
        """Return the signature as R and low S, 64 bytes (RFC 7518 section 3.4).

        Raises SigningUnavailable, StoreUnavailable.
        """
        arn, _ = self._published
        try:
            answer = self._client.sign(
                KeyId=arn,
                Message=message,
                MessageType="RAW",
                SigningAlgorithm="ECDSA_SHA_256",
            )
        except (ClientError, BotoCoreError) as error:
            _unavailable(error)
        return low_s_signature(answer["Signature"])

    @cached_property
    def _published(self) -> tuple[str, VerificationKey]:
        arn, mine = self._read()
        stored = self._keys.publish_key(mine)
        if not stored.may_verify:
            raise SigningUnavailable("The signing key has been revoked; an operator must replace it.")
        return arn, stored

    def _read(self) -> tuple[str, VerificationKey]:
        try:
            answer = self._client.get_public_key(KeyId=self._key_id)
        except (ClientError, BotoCoreError) as error:
            _unavailable(error)
        return answer["KeyId"], self._verification_key(answer["PublicKey"])

    def _verification_key(self, der: bytes) -> VerificationKey:
        key = load_der_public_key(der)
        if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
            raise SigningUnavailable("SIGNING_KEY_ID must name a key of the spec ECC_NIST_P256.")
        numbers = key.public_numbers()
        x, y = (jose.encode(n.to_bytes(jose.COORDINATE_BYTES, "big")) for n in (numbers.x, numbers.y))
        return VerificationKey(jose.thumbprint(x, y), x, y, KeyState.ACTIVE, self._clock.now())


def low_s_signature(der: bytes) -> bytes:
    """Return a DER ECDSA signature as R and the lower of the two S that verify.

    Both verify; accepting only one of them leaves a token only one spelling.
    """
    r, s = decode_dss_signature(der)
    low = min(s, jose.P256_ORDER - s)
    return b"".join(n.to_bytes(jose.COORDINATE_BYTES, "big") for n in (r, low))


def _unavailable(error: ClientError | BotoCoreError) -> NoReturn:
    raise SigningUnavailable from error
