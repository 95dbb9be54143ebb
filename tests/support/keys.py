"""Signing keys in memory, where no KMS is under test."""

from typing import Self

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from chalicelib import base64url
from chalicelib.adapters import jws
from chalicelib.adapters.kms import low_s_signature
from chalicelib.domain.events import OF_KEYS
from chalicelib.domain.keys import KeyRing, KeyState, VerificationKey
from chalicelib.domain.ports.signing import KeyStore
from tests.support.actors import an_event
from tests.support.clock import START


class LocalSigningKey:
    """A P-256 key in memory."""

    def __init__(self) -> None:
        self.private = generate_private_key(SECP256R1())
        numbers = self.private.public_key().public_numbers()
        x, y = (base64url.encode(n.to_bytes(32, "big")) for n in (numbers.x, numbers.y))
        kid = jws.thumbprint(x, y)
        arn = f"arn:aws:kms:us-east-1:000000000000:key/{kid}"
        self.public = VerificationKey(kid, x, y, arn, KeyState.ACTIVE, START, START)

    def active(self) -> Self:
        """Return the key itself: nothing takes turns with it."""
        return self

    @property
    def kid(self) -> str:
        """The RFC 7638 thumbprint of the public half."""
        return self.public.kid

    def sign(self, message: bytes) -> bytes:
        """Return R and low S."""
        return low_s_signature(self.private.sign(message, ECDSA(SHA256())))


def publish(store: KeyStore, *keys: VerificationKey) -> None:
    """Write keys in the states they have, whatever was there before."""
    before = store.load_keys()
    store.save_keys(before, KeyRing((*before.keys, *keys)), an_event(OF_KEYS))
