"""The mail about what is coming: tokens that go idle, that expire, or that were never used."""

import html
from collections.abc import Sequence
from datetime import date, datetime

from chalicelib.domain.mails import Mail
from chalicelib.domain.noticed import NoticeKind
from chalicelib.domain.notices import deadlines_of
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User

_MOST_SHOWN = 50
_TURN_OFF = 'To turn these mails off, sign in and send PATCH /v1/me with {"notices": false}.'


def mail_about(owner: User, tokens: Sequence[Token], since: date, rules: TokenRules, page: str) -> Mail:
    """Return the mail about tokens with a notice since a day. ``page`` is the address of the owner's page.

    The links only show the page, because a mail program may open them by itself.
    """
    shown, more = tokens[:_MOST_SHOWN], len(tokens) - _MOST_SHOWN
    lines = [(token, sentence) for token in shown for sentence in _sentences(token, since, rules)]
    count = f"{len(tokens)} API tokens need" if len(tokens) > 1 else "An API token needs"
    rest = [f"{more} more tokens are on your page."] if more > 0 else []
    keep = "Each use of a token begins its idle time anew."
    text = [f"- {_name(token)}: {sentence}" for token, sentence in lines]
    items = [
        f'<li><a href="{html.escape(f"{page}#{token.id}")}">{html.escape(_name(token))}</a>: '
        f"{html.escape(sentence)}</li>"
        for token, sentence in lines
    ]
    after = [*rest, keep, _TURN_OFF]
    return Mail(
        recipient=owner.email,
        subject=f"{count} your attention",
        text="\n".join([f"{count} your attention:", "", *text, "", *after, "", page, ""]),
        html=f"<p>{count} your attention:</p>\n<ul>\n{''.join(items)}\n</ul>\n"
        + "".join(f"<p>{html.escape(each)}</p>\n" for each in after)
        + f'<p><a href="{html.escape(page)}">{html.escape(page)}</a></p>\n',
    )


def _sentences(token: Token, since: date, rules: TokenRules) -> list[str]:
    deadlines = deadlines_of(token, rules)
    told = {notice.kind for notice in token.noticed if notice.on >= since}
    found = []
    if NoticeKind.EXPIRING in told & deadlines.keys():
        found.append(f"expires on {_day(deadlines[NoticeKind.EXPIRING])}")
    if NoticeKind.IDLING in told & deadlines.keys():
        found.append(f"goes idle on {_day(deadlines[NoticeKind.IDLING])}, unless it is used before")
    if NoticeKind.NEVER_USED in told:
        found.append(f"was created on {_day(token.created_at)} and has not been used since")
    return found


def _name(token: Token) -> str:
    return token.name or token.id


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
