"""Mails, and the record of those that were sent."""

from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.mails import Mail, MailRound


@dataclass(frozen=True, slots=True)
class KeptRound:
    """The stored round of an owner, and the id of the write that stored it."""

    round: MailRound
    write_id: str


class MailStore(Protocol):
    """The last round of each owner. Every call raises StoreUnavailable."""

    def find_mail_round(self, user_id: str) -> KeptRound | None:
        """Return the owner's last round, strongly consistent."""
        ...

    def save_mail_round(self, user_id: str, before: KeptRound | None, after: MailRound) -> KeptRound | None:
        """Store a round if the table still has ``before``. Return None if another run stored one."""
        ...


class Mailer(Protocol):
    """The way mails leave."""

    def send(self, mail: Mail) -> None:
        """Hand a mail over. Raises MailUnavailable if a retry may help, or MailRefused."""
        ...
