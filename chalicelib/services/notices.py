"""Notices to owners of tokens about what is coming. Each one is an event by the system."""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.domain.events import SYSTEM, Difference, Event, EventType
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.noticed import Notice, NoticeKind
from chalicelib.domain.notices import deadlines_of, due_notices, given
from chalicelib.domain.ports.sweeps import OwnedRows, SweepStore, SweptToken
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token
from chalicelib.services.journal import Journal

_TYPES: Mapping[NoticeKind, EventType] = {
    NoticeKind.IDLING: EventType.TOKEN_IDLING,
    NoticeKind.EXPIRING: EventType.TOKEN_EXPIRING,
    NoticeKind.NEVER_USED: EventType.TOKEN_NEVER_USED,
}
_MEMBERS: Mapping[NoticeKind, str] = {NoticeKind.IDLING: "idle_at", NoticeKind.EXPIRING: "expires_at"}


class GiveNotices(Frozen):
    """A visit of the sweep: the notices that are due, each once for a stage, with their events."""

    store: SweepStore
    journal: Journal
    rules: TokenRules

    def __call__(self, swept: SweptToken, rows: OwnedRows, now: datetime) -> bool:
        """Write the notices and their events in one transaction. Raises StoreUnavailable.

        If the token was used or changed since it was read, the next walk looks again.
        """
        token = swept.token
        notices = due_notices(token, rows.owner, now, self.rules)
        if not notices:
            return False
        events = [self._event(token, notice, now) for notice in notices]
        self.store.save_notices(token, given(token, notices), events)
        return True

    def _event(self, token: Token, notice: Notice, now: datetime) -> Event:
        deadline = deadlines_of(token, self.rules).get(notice.kind)
        told: dict[str, Difference] = {}
        if deadline:
            told[_MEMBERS[notice.kind]] = Difference(None, deadline.isoformat(timespec="milliseconds"))
            told["days_left"] = Difference(None, str(notice.days))
        return self.journal.about_token(_TYPES[notice.kind], token, token, SYSTEM, now, told)
