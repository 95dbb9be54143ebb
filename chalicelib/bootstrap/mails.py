"""The parts of mails to owners."""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.stores import Stores

if TYPE_CHECKING:
    from chalicelib.domain.ports.mails import Mailer, MailStore


class Mails(Stores):
    """The way mails leave, and the record of those that were sent."""

    @cached_property
    def mailer(self) -> "Mailer | None":
        """The way mails leave, or None if no address sends them."""
        sender = self.settings.notices_from
        if sender is None:
            return None
        from chalicelib.adapters.aws import ses_client
        from chalicelib.adapters.ses import SesMailer

        return SesMailer(ses_client, sender)

    @property
    def own_page(self) -> str:
        """The address of the page on which people manage their tokens. Mails link to it."""
        return f"{self.settings.issuer.rstrip('/')}/settings/api-tokens"

    @cached_property
    def mail_store(self) -> "MailStore":
        """The last mail round and the urgent mails of each owner."""
        from chalicelib.adapters.dynamodb.mail_store import DynamoDBMailStore

        return DynamoDBMailStore(self.dynamodb, self.settings.table_name)
