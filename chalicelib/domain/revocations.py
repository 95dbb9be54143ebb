"""Revocations of tokens, one by one or a whole generation at once."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class RevocationReason(Enum):
    """The reason for a revocation, which owners and administrators see."""

    OWNER = "owner"
    ADMIN = "admin"
    USER_DEACTIVATED = "user_deactivated"
    USER_REMOVED = "user_removed"
    ROTATED = "rotated"
    REUSE = "reuse"
    EXPOSED = "exposed"


@dataclass(frozen=True, slots=True)
class Revocation:
    """The reason and the time of a revocation, of one token or of a whole generation.

    ``job_id`` names the job of an administrator that revoked many tokens, if one did.
    """

    reason: RevocationReason
    at: datetime
    job_id: str | None = None


@dataclass(frozen=True, slots=True)
class EndedGeneration:
    """The record of one generation of a user's tokens that was revoked at once."""

    generation: str
    revocation: Revocation
    purge_at: datetime
