"""Rows that decisions of the authorizer may use again (docs/decisions/0028-decision-reuse.md)."""

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from chalicelib.domain.frozen import Frozen
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User

if TYPE_CHECKING:
    from chalicelib.domain.ports.time import Clock

MOST_TOKENS = 1_000


class Rows(Frozen):
    """A token, its owner, and the time when the read of both began."""

    token: Token
    owner: User
    read_at: datetime


class RecentRows:
    """Rows of this process, kept for less than ``reuse`` after their read began. Threads may share it.

    The key is the two ids, never a token string. At most ``MOST_TOKENS`` are kept. The rows that were read
    first make room, because they expire first.
    """

    def __init__(self, reuse: timedelta, clock: "Clock") -> None:
        self._reuse = reuse
        self._clock = clock
        self._lock = Lock()
        self._rows: OrderedDict[tuple[str, str], Rows] = OrderedDict()
        self._latest: datetime | None = None

    def find(self, user_id: str, token_id: str) -> Rows | None:
        """Return the rows if they may be used now."""
        with self._lock:
            now = self._drop_expired()
            rows = self._rows.get((user_id, token_id))
            return rows if rows and now - rows.read_at < self._reuse else None

    def keep(self, rows: Rows) -> None:
        """Keep rows, unless they are too old or newer ones are kept."""
        key = (rows.token.user_id, rows.token.id)
        with self._lock:
            now = self._drop_expired()
            known = self._rows.get(key)
            if now - rows.read_at >= self._reuse or (known and known.read_at > rows.read_at):
                return
            self._rows[key] = rows
            self._rows.move_to_end(key)
            if len(self._rows) > MOST_TOKENS:
                self._rows.popitem(last=False)

    def forget(self, user_id: str, token_id: str) -> None:
        """Forget the rows of one token."""
        with self._lock:
            self._rows.pop((user_id, token_id), None)

    def clear(self) -> None:
        """Forget all rows."""
        with self._lock:
            self._rows.clear()

    def _drop_expired(self) -> datetime:
        """Return the present time. Read it under the lock, so that it never runs back between threads."""
        now = self._clock.now()
        # After a clock was set back, the age of the rows is unknown.
        if self._latest and now < self._latest:
            self._rows.clear()
        self._latest = now
        while self._rows:
            oldest = next(iter(self._rows.values()))
            if now - oldest.read_at < self._reuse:
                break
            self._rows.popitem(last=False)
        return now
