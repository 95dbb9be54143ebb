"""Mails that are kept instead of sent."""

from collections.abc import Callable

from chalicelib.domain.mails import Mail


class KeptMails:
    """The mails, in order. ``before`` and ``after`` run around each one."""

    def __init__(
        self, before: Callable[[], None] = lambda: None, after: Callable[[], None] = lambda: None
    ) -> None:
        self.mails: list[Mail] = []
        self.before, self.after = before, after

    def send(self, mail: Mail) -> None:
        """Keep a mail."""
        self.before()
        self.mails.append(mail)
        self.after()
