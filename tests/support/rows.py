"""The rows of the store in memory, and what tests do to them directly."""

from collections import Counter
from datetime import date
from threading import RLock

from chalicelib.domain.clients import UsedAssertion
from chalicelib.domain.events import Event
from chalicelib.domain.lines import Line
from chalicelib.domain.ports.flushes import KeptBudget
from chalicelib.domain.ports.users import Counted
from chalicelib.domain.revocations import EndedGeneration
from chalicelib.domain.sessions import PendingLogin, Session
from chalicelib.domain.token_creation import IdempotencyRecord
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User


class Rows:
    """Every row by its primary key. The methods have no conditions and change no counts."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._users: dict[str, User] = {}
        self._identities: dict[str, str] = {}
        self._tokens: dict[tuple[str, str], Token] = {}
        self._idempotency: dict[tuple[str, str], IdempotencyRecord] = {}
        self._lines: dict[tuple[str, str], Line] = {}
        self._ended: dict[tuple[str, str], EndedGeneration] = {}
        self._logins: dict[str, PendingLogin] = {}
        self._sessions: dict[str, Session] = {}
        self._assertions: dict[str, UsedAssertion] = {}
        self._daily_counts: Counter[tuple[str, Counted, date]] = Counter()
        self._flush_budget: KeptBudget | None = None
        self._events: dict[str, Event] = {}

    def everything(self) -> tuple[object, ...]:
        """Return a copy of all rows about users and tokens, to compare with a later copy."""
        return tuple(
            dict(rows)
            for rows in (
                self._users,
                self._tokens,
                self._lines,
                self._idempotency,
                self._ended,
                self._events,
            )
        )

    def rows(self) -> list[Token]:
        """Return the rows of all tokens."""
        return list(self._tokens.values())

    def events(self, user_id: str | None = None) -> list[Event]:
        """Return the events of a user, or all, in the order in which they were written."""
        return [event for event in self._events.values() if user_id in (None, event.user_id)]

    def lines(self) -> list[Line]:
        """Return the rows of all lines."""
        return list(self._lines.values())

    def logins(self) -> list[PendingLogin]:
        """Return the rows of all sign-ins that are under way."""
        return list(self._logins.values())

    def sessions(self) -> list[Session]:
        """Return the rows of all sessions."""
        return list(self._sessions.values())

    def assertions(self) -> list[UsedAssertion]:
        """Return the rows of all client assertions that were used."""
        return list(self._assertions.values())

    def read_user(self, user: User) -> User:
        """Return a user's row as it is now. Raises KeyError."""
        return self._users[user.id]

    def read_token(self, token: Token) -> Token:
        """Return a token's row as it is now. Raises KeyError."""
        return self._tokens[token.user_id, token.id]

    def put(self, *rows: Token | User | Line | Event) -> None:
        """Write rows as they are."""
        for row in rows:
            if isinstance(row, User):
                self._users[row.id] = row
            elif isinstance(row, Token):
                self._tokens[row.user_id, row.id] = row
            elif isinstance(row, Event):
                self._events[row.id] = row
            else:
                self._lines[row.user_id, row.id] = row

    def purge(self, *rows: Token | User | Line) -> None:
        """Delete rows, as TTL does. Raises KeyError."""
        for row in rows:
            if isinstance(row, User):
                del self._users[row.id]
            elif isinstance(row, Token):
                del self._tokens[row.user_id, row.id]
            else:
                del self._lines[row.user_id, row.id]

    def forget(self, user_id: str, token_id: str | None) -> None:
        """Delete the row of a user, or of one token. Raises KeyError."""
        if token_id is None:
            del self._users[user_id]
        else:
            del self._tokens[user_id, token_id]

    def line_of(self, token: Token) -> Line:
        """Return the row of the line that began with a token. Raises KeyError."""
        return self._lines[token.user_id, token.id]

    def lead(self, derived_id: str, user_id: str) -> None:
        """Make an identity lead to another user, as after a move."""
        self._identities[derived_id] = user_id
