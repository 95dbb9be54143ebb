"""Revocations of tokens, one by one or a whole generation at once."""

from datetime import datetime
from enum import Enum

from chalicelib.domain.frozen import Frozen


class RevocationReason(Enum):
    """The reason for a revocation, which owners and administrators see."""

    OWNER = "owner"
    ADMIN = "admin"
    USER_DEACTIVATED = "user_deactivated"
    USER_REMOVED = "user_removed"
    ROTATED = "rotated"
    REUSE = "reuse"
    EXPOSED = "exposed"


class Revocation(Frozen):
    """The reason and the time of a revocation, of one token or of a whole generation.

    ``job_id`` names the job of an administrator that revoked many tokens, if one did.
    """

    reason: RevocationReason
    at: datetime
    job_id: str | None = None


class EndedGeneration(Frozen):
    """The record of one generation of a user's tokens that was revoked at once."""

    generation: str
    revocation: Revocation
    purge_at: datetime
