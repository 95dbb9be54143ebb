"""Mails to owners of tokens."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain.users import User

LONGEST_SEND = timedelta(minutes=4)
"""The time for which a run may be sending. Lambda ends the function by then."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one person, as text and as HTML with the same content."""

    recipient: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class MailRound:
    """The mail of one walk to one owner, which one run takes on and sends.

    A run that dies leaves it unsent. Then another run may take it on after ``LONGEST_SEND``. ``told`` is
    the digest of the notices in the mail.
    """

    taken_at: datetime
    told: str = ""
    is_sent: bool = False

    def is_for(self, walk_began_at: datetime) -> bool:
        """Return True if it was taken on during the walk that began then."""
        return self.taken_at >= walk_began_at

    def is_being_sent(self, now: datetime) -> bool:
        """Return True if another run may be sending the mail at ``now``."""
        return not self.is_sent and now < self.taken_at + LONGEST_SEND

    def sent(self) -> "MailRound":
        """Return the round after the mail was sent."""
        return replace(self, is_sent=True)


def gets_mails(owner: User) -> bool:
    """Return True if the owner is active, wants notices, and has an e-mail that the provider verified."""
    return owner.is_active and owner.wants_notices and owner.email_verified and bool(owner.email)
