"""Mails to owners: one for each owner and walk about what is coming."""

import hashlib
from collections.abc import Iterator, Sequence

from chalicelib import base64url, logs
from chalicelib.domain.errors import MailRefused
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.mails import MailRound, gets_mails
from chalicelib.domain.noticed import Notice
from chalicelib.domain.ports.mails import Mailer, MailStore
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import TokenStore
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.domain.walks import Walk
from chalicelib.services.coming import mail_about

_PAGE = 200


class MailComing(Frozen):
    """The mail after the visits of an owner's tokens. ``page`` is the address of the owner's page."""

    tokens: TokenStore
    rounds: MailStore
    mailer: Mailer
    clock: Clock
    rules: TokenRules
    page: str

    def __call__(self, owner: User, walk: Walk) -> bool:
        """Send the mail about the notices that a walk mails, unless there are none or it was sent.

        Return False if another run is sending it. Raises StoreUnavailable or MailUnavailable. The next run
        then visits the owner again. It sends the mail again only if the mail left without its record.
        """
        if not gets_mails(owner):
            return True
        told = [token for token in self._tokens_of(owner) if _notices(token, walk)]
        if not told:
            return True
        now, kept = self.clock.now(), self.rounds.find_mail_round(owner.id)
        digest = _digest(told, walk)
        # A walk that passed midnight may have told the notices of this day already.
        if kept and (kept.round.is_for(walk.began_at) or kept.round.told == digest):
            if kept.round.is_sent:
                return True
            if kept.round.is_being_sent(now):
                return False
        taken = self.rounds.save_mail_round(owner.id, kept, MailRound(now, digest))
        if taken is None:
            return False
        try:
            self.mailer.send(mail_about(owner, told, walk.tells_since.date(), self.rules, self.page))
        except MailRefused as refused:
            logs.warn("mail.refused", user_id=owner.id, cause=logs.cause(refused))
        self.rounds.save_mail_round(owner.id, taken, taken.round.sent())
        return True

    def _tokens_of(self, owner: User) -> Iterator[Token]:
        # Strongly consistent, because the notices were written a moment ago.
        after: str | None = None
        while True:
            page = self.tokens.list_tokens(owner.id, after=after, newest_first=False, limit=_PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].id


def _notices(token: Token, walk: Walk) -> list[Notice]:
    return [notice for notice in token.noticed if notice.on >= walk.tells_since.date()]


def _digest(told: Sequence[Token], walk: Walk) -> str:
    notices = sorted(
        f"{token.id} {notice.kind.value} {notice.days} {notice.on}"
        for token in told
        for notice in _notices(token, walk)
    )
    return base64url.encode(hashlib.sha256("\n".join(notices).encode()).digest()[:12])
