"""Mails to owners at once, from the events and refused uses in the table's stream.

A mail is recorded before it leaves, so two deliveries of a record send one mail. If the mail service fails,
the facts are taken out of the record again. The mail is then lost until the next fact about the token: the
events, and the page, have told it too. To fail the batch instead would hold up the events behind it.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from chalicelib import logs
from chalicelib.domain.errors import (
    DependencyUnavailable,
    MailRefused,
    MailUnavailable,
    StoreUnavailable,
    UnreadableRow,
)
from chalicelib.domain.events import EventType
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.mails import Urgent, UrgentKind, UrgentMails, gets_mails
from chalicelib.domain.ports.mails import KeptUrgent, Mailer, MailStore
from chalicelib.domain.ports.time import Clock, Sleep
from chalicelib.domain.ports.tokens import TokenStore
from chalicelib.domain.ports.users import UserStore
from chalicelib.domain.streamed import EventWritten, RefusedElsewhere, Streamed
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.services.mail_text import MOST_SHOWN
from chalicelib.services.urgent import urgent_mail

_KINDS: Mapping[EventType, UrgentKind] = {
    EventType.TOKEN_EXPOSED: UrgentKind.EXPOSED,
    EventType.TOKEN_REUSED: UrgentKind.REUSED,
}
_RUNS_AT_ONCE = 3
_PAUSES = (timedelta(0), timedelta(seconds=1))
# A row of a later release, or a damaged one. Without its mail, the batch goes on.
_UNREADABLE = (UnreadableRow, KeyError, TypeError, ValueError, AttributeError)


@dataclass(slots=True)
class Mailed:
    """The number of mails that were sent, and of those that owners should have got and did not."""

    sent: int = 0
    lost: int = 0


class MailAtOnce(Frozen):
    """The mails for the records of one invocation: at most one for each owner and day."""

    users: UserStore
    tokens: TokenStore
    store: MailStore
    mailer: Mailer
    clock: Clock
    sleep: Sleep
    page: str

    def __call__(self, told: Sequence[Streamed | None], deadline: datetime) -> Mailed:
        """Send the mails. It raises nothing, because a mail must not hold up events."""
        done, is_failing = Mailed(), False
        for (user_id, day), facts in _grouped(told):
            try:
                # Each attempt takes its time while the mail service fails.
                if is_failing or self.clock.now() >= deadline:
                    raise MailUnavailable
                done.sent += self._tell(user_id, day, facts)
            except (DependencyUnavailable, MailRefused, *_UNREADABLE) as error:
                is_failing = is_failing or isinstance(error, MailUnavailable)
                line = "mail.refused" if isinstance(error, MailRefused) else "mail.not_sent"
                logs.warn(line, user_id=user_id, cause=logs.cause(error))
                done.lost += 1
        return done

    def _tell(self, user_id: str, day: date, facts: Sequence[Urgent]) -> bool:
        """Send one mail, if it is due. Raises DependencyUnavailable or MailRefused."""
        owner = self.users.find_user(user_id)
        if owner is None or not gets_mails(owner):
            return False
        for _ in range(_RUNS_AT_ONCE):
            kept = self.store.find_urgent_mails(user_id, day)
            before = kept.mails if kept else UrgentMails()
            untold = before.untold(facts)
            if not untold or not before.has_room(untold):
                return False
            taken = self.store.save_urgent_mails(user_id, day, kept, before.telling(untold))
            if taken:
                self._send(owner, day, untold, taken)
                return True
        raise StoreUnavailable

    def _send(self, owner: User, day: date, facts: Sequence[Urgent], taken: KeptUrgent) -> None:
        try:
            tokens = self._named(owner.id, facts)
            is_last = not taken.mails.has_room(facts)
            mail = urgent_mail(owner, facts, tokens, self.page, is_last=is_last)
            for attempt, pause in enumerate(_PAUSES, 1):
                self.sleep(pause)
                try:
                    self.mailer.send(mail)
                except MailUnavailable:
                    if attempt == len(_PAUSES):
                        raise
                else:
                    return
        except DependencyUnavailable:
            self.store.save_urgent_mails(owner.id, day, taken, taken.mails.not_telling(facts))
            raise

    def _named(self, user_id: str, facts: Sequence[Urgent]) -> Mapping[str, Token]:
        found = {}
        for fact in facts[:MOST_SHOWN]:
            # A token that cannot be read is named by its id.
            with suppress(*_UNREADABLE):
                found[fact.token_id] = self.tokens.find_token(user_id, fact.token_id)
        return {token_id: token for token_id, token in found.items() if token}


def _grouped(told: Sequence[Streamed | None]) -> Sequence[tuple[tuple[str, date], Sequence[Urgent]]]:
    facts = [fact for each in told if (fact := _urgent(each))]
    facts.sort(key=_owner_and_day)
    return [(key, list(group)) for key, group in groupby(facts, _owner_and_day)]


def _owner_and_day(fact: Urgent) -> tuple[str, date]:
    return fact.user_id, fact.at.date()


def _urgent(told: Streamed | None) -> Urgent | None:
    if isinstance(told, RefusedElsewhere):
        return Urgent(UrgentKind.REFUSED, told.user_id, told.token_id, told.at, told.network, told.reason)
    if isinstance(told, EventWritten) and (kind := _KINDS.get(told.event.type)):
        return Urgent(kind, told.event.user_id, told.event.token_id or "", told.event.at)
    return None
