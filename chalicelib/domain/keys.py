"""Signing keys as verifiers know them: public halves with a state."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

ES256 = "ES256"


class KeyState(Enum):
    """Which part a key plays; only a revoked one verifies nothing."""

    NEXT = "next"
    ACTIVE = "active"
    VERIFY_ONLY = "verify-only"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """The public half of an ES256 signing key.

    ``kid`` is its RFC 7638 thumbprint; ``x`` and ``y`` are the base64url coordinates of a P-256 JWK
    (RFC 7518 section 6.2.1).
    """

    kid: str
    x: str
    y: str
    state: KeyState
    created_at: datetime
    algorithm: str = ES256

    @property
    def may_verify(self) -> bool:
        """Whether tokens signed with the key are still ours."""
        return self.state is not KeyState.REVOKED
