"""The mail about what is coming: tokens that go idle, that expire, or that were never used."""

from collections.abc import Sequence
from datetime import date

from chalicelib.domain.mails import Mail
from chalicelib.domain.noticed import NoticeKind
from chalicelib.domain.notices import deadlines_of
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.services.mail_text import MOST_SHOWN, Line, mail_of, moment_of, name_of


def mail_about(owner: User, tokens: Sequence[Token], since: date, rules: TokenRules, page: str) -> Mail:
    """Return the mail about tokens with a notice since a day. ``page`` is the owner's page."""
    lines = [
        Line(token.id, name_of(token), sentence)
        for token in tokens[:MOST_SHOWN]
        for sentence in _sentences(token, since, rules)
    ]
    count = f"{len(tokens)} API tokens need" if len(tokens) > 1 else "An API token needs"
    keep = "Each use of a token begins its idle time anew."
    return mail_of(owner.email, f"{count} your attention", lines, len(tokens) - MOST_SHOWN, [keep], page)


def _sentences(token: Token, since: date, rules: TokenRules) -> list[str]:
    deadlines = deadlines_of(token, rules)
    told = {notice.kind for notice in token.noticed if notice.on >= since}
    found = []
    if NoticeKind.EXPIRING in told & deadlines.keys():
        found.append(f"expires on {moment_of(deadlines[NoticeKind.EXPIRING])}")
    if NoticeKind.IDLING in told & deadlines.keys():
        found.append(f"goes idle on {moment_of(deadlines[NoticeKind.IDLING])}, unless it is used before")
    if NoticeKind.NEVER_USED in told:
        found.append(f"was created on {moment_of(token.created_at)} and has not been used since")
    return found
