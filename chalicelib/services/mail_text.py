"""The form that all mails to owners have: a sentence for each token, as text and as HTML."""

import html
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from chalicelib.domain.frozen import Frozen
from chalicelib.domain.mails import Mail
from chalicelib.domain.tokens import Token

MOST_SHOWN = 50
"""The most tokens in a mail. An owner may have thousands."""

_TURN_OFF = (
    "To turn these mails off, sign in at your page and clear "
    '"Mail me about my tokens" in your account\'s menu.'
)


class Line(Frozen):
    """A sentence about a token. ``name`` is chosen by the owner, so it may hold any character."""

    token_id: str
    name: str
    sentence: str


def mail_of(
    recipient: str,
    subject: str,
    lines: Sequence[Line],
    more: int,
    advice: Sequence[str],
    page: str,
) -> Mail:
    """Return a mail with these lines. ``more`` tokens are left out. ``page`` is the owner's page.

    The links only show the page, because a mail program may open them by itself.
    """
    rest = [f"{more} more tokens are on your page."] if more > 0 else []
    after = [*rest, *advice, _TURN_OFF]
    text = [f"- {line.name}: {line.sentence}" for line in lines]
    items = "".join(_item(line, page) for line in lines)
    return Mail(
        recipient=recipient,
        subject=subject,
        text="\n".join([f"{subject}:", "", *text, "", *after, "", page, ""]),
        html=f"<p>{html.escape(subject)}:</p>\n<ul>\n{items}\n</ul>\n"
        + "".join(f"<p>{html.escape(each)}</p>\n" for each in after)
        + f'<p><a href="{html.escape(page)}">{html.escape(page)}</a></p>\n',
    )


def link_to(page: str, token_id: str) -> str:
    """Return the address of a token's own view on the page."""
    return f"{page}?token={quote(token_id, safe='')}"


def name_of(token: Token) -> str:
    """Return the name of a token, or its id if it has none."""
    return token.name or token.id


def moment_of(moment: datetime) -> str:
    """Return a time as mails show it."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _item(line: Line, page: str) -> str:
    link, name = html.escape(link_to(page, line.token_id)), html.escape(line.name)
    return f'<li><a href="{link}">{name}</a>: {html.escape(line.sentence)}</li>'
