"""Notices that owners got about a token, as its row keeps them."""

from datetime import date
from enum import Enum

from chalicelib.domain.frozen import Frozen


class NoticeKind(Enum):
    """The subject of a notice: the token will go idle, will expire, or was not used so far."""

    IDLING = "idling"
    EXPIRING = "expiring"
    NEVER_USED = "never_used"


class Notice(Frozen):
    """A notice, and the UTC day on which it was given. ``days`` is its stage: at most so many were left."""

    kind: NoticeKind
    days: int
    on: date
