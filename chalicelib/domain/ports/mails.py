"""Mails, and the record of those that were sent."""

from datetime import date
from typing import Protocol

from chalicelib.domain.frozen import Frozen
from chalicelib.domain.mails import Mail, MailRound, UrgentMails


class KeptRound(Frozen):
    """The stored round of an owner, and the id of the write that stored it."""

    round: MailRound
    write_id: str


class KeptUrgent(Frozen):
    """The stored urgent mails of an owner's day, and the id of the write that stored them."""

    mails: UrgentMails
    write_id: str


class MailStore(Protocol):
    """The last round and the urgent mails of each owner. Every call raises StoreUnavailable."""

    def find_mail_round(self, user_id: str) -> KeptRound | None:
        """Return the owner's last round, strongly consistent."""
        ...

    def save_mail_round(self, user_id: str, before: KeptRound | None, after: MailRound) -> KeptRound | None:
        """Store a round if the table still has ``before``. Return None if another run stored one."""
        ...

    def find_urgent_mails(self, user_id: str, day: date) -> KeptUrgent | None:
        """Return the urgent mails about an owner's UTC day, strongly consistent."""
        ...

    def save_urgent_mails(
        self, user_id: str, day: date, before: KeptUrgent | None, after: UrgentMails
    ) -> KeptUrgent | None:
        """Store them if the table still has ``before``. Return None if another run stored some."""
        ...


class Mailer(Protocol):
    """The way mails leave."""

    def send(self, mail: Mail) -> None:
        """Hand a mail over. Raises MailUnavailable if a retry may help, or MailRefused."""
        ...
