"""Mails of the local stack."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from chalicelib.domain.mails import Mail
from infra.local.guide import guide
from infra.local.mails import FolderMailer
from infra.local.settings import StackSettings

MAIL = Mail("una@example.com", "An API token needs your attention", "Grüße\n", "<p>Grüße</p>\n")


def test_each_mail_is_a_file(tmp_path: Path) -> None:
    """With both forms. The folder exists before the first mail, because the guide names it."""
    mailer = FolderMailer(tmp_path / "state" / "mails", "api-tokens@example.com")
    assert (tmp_path / "state" / "mails").is_dir()
    for _ in range(2):
        mailer.send(MAIL)

    files = list((tmp_path / "state" / "mails").glob("*.eml"))
    assert len(files) == 2
    message = message_from_bytes(files[0].read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    assert (message["From"], message["To"], message["Subject"]) == (
        "api-tokens@example.com",
        MAIL.recipient,
        MAIL.subject,
    )
    forms = {part.get_content_type(): part.get_content() for part in message.iter_parts()}
    assert forms["text/plain"].splitlines() == MAIL.text.splitlines()
    assert forms["text/html"].splitlines() == MAIL.html.splitlines()


def test_guide_says_where_mails_land() -> None:
    """The commands of `make run` do not show them."""
    settings = StackSettings.from_environ({})
    assert str(settings.mails) in guide(settings)
