"""Revocations of tokens, one by one or a whole generation at once."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class RevocationReason(Enum):
    """Why a token was revoked."""

    OWNER = "owner"
    ADMIN = "admin"
    USER_DEACTIVATED = "user_deactivated"
    USER_REMOVED = "user_removed"
    ROTATED = "rotated"
    REUSE = "reuse"
    EXPOSED = "exposed"


@dataclass(frozen=True, slots=True)
class Revocation:
    """When and why a token, or a whole generation of them, was revoked."""

    reason: RevocationReason
    at: datetime


@dataclass(frozen=True, slots=True)
class EndedGeneration:
    """The record of one generation of a user's tokens that was revoked at once."""

    generation: str
    revocation: Revocation
    purge_at: datetime
