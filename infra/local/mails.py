"""Mails of the local stack. They are written to a folder instead of being sent."""

from __future__ import annotations

import uuid
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from chalicelib.domain.mails import Mail


class FolderMailer:
    """A folder with one file for each mail, which a mail program can open."""

    def __init__(self, folder: Path, sender: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)  # The guide names it before the first mail.
        self._folder = folder
        self._sender = sender

    def send(self, mail: Mail) -> None:
        """Write the mail to a new file."""
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"], message["Subject"] = self._sender, mail.recipient, mail.subject
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / f"{uuid.uuid4()}.eml").write_bytes(message.as_bytes())
