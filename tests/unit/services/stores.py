"""The store in memory, with what happens around it: other machines, failures, TTL."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime

from chalicelib.domain.administrators import ActingAdmin
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.events import Event
from chalicelib.domain.lines import Ending, Line
from chalicelib.domain.ports.users import UserPage
from chalicelib.domain.revocations import EndedGeneration
from chalicelib.domain.rotation import Rotation
from chalicelib.domain.token_creation import IdempotencyRecord
from chalicelib.domain.token_rules import CreationLimits
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from tests.support.memory import InMemoryStore

Happening = Callable[[], object]


class BusyStore(InMemoryStore):
    """Counts calls; before a call whatever is due ``meanwhile`` happens, once each, in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()
        self.meanwhile: dict[str, list[Happening]] = {}
        self.broken: set[str] = set()

    def let(self, call: str, *happenings: Happening) -> None:
        """Have something happen on another machine just before ``call`` takes effect."""
        self.meanwhile.setdefault(call, []).extend(happenings)

    def _begin(self, call: str) -> None:
        self.calls[call] += 1
        due = self.meanwhile.get(call)
        if due:
            due.pop(0)()
        if call in self.broken:
            raise StoreUnavailable

    def find_for_authorization(self, user_id: str, token_id: str) -> tuple[Token | None, User | None]:
        """Return token and owner."""
        self._begin("find_for_authorization")
        return super().find_for_authorization(user_id, token_id)

    def touch(self, before: Token, after: Token) -> bool:
        """Record a use."""
        self._begin("touch")
        return super().touch(before, after)

    def find_token(self, user_id: str, token_id: str) -> Token | None:
        """Return a token of this user."""
        self._begin("find_token")
        return super().find_token(user_id, token_id)

    def list_tokens(
        self, user_id: str, *, after: str | None, newest_first: bool, limit: int, strong: bool = True
    ) -> Sequence[Token]:
        """Return tokens as they were before anything that happens meanwhile."""
        listed = super().list_tokens(user_id, after=after, newest_first=newest_first, limit=limit)
        self._begin("list_tokens")
        return listed

    def list_unended(self, owner: User, now: datetime) -> Iterator[Token]:
        """Yield tokens as they were before anything that happens meanwhile; count those that are read."""
        unended = list(super().list_unended(owner, now))
        self._begin("list_unended")
        for token in unended:
            self.calls["unended read"] += 1
            yield token

    def add_token(
        self,
        token: Token,
        event: Event,
        *,
        limits: CreationLimits,
        idempotency: IdempotencyRecord | None,
    ) -> None:
        """Add a token."""
        self._begin("add_token")
        super().add_token(token, event, limits=limits, idempotency=idempotency)

    def save_token(
        self, before: Token, after: Token, event: Event, admin: ActingAdmin | None = None
    ) -> Token:
        """Write what differs."""
        self._begin("save_token")
        return super().save_token(before, after, event, admin)

    def end_line(
        self,
        ending: Ending,
        events: Sequence[Event],
        admin: ActingAdmin | None = None,
        *,
        as_read: bool = False,
    ) -> None:
        """Write the ends."""
        self._begin("end_line")
        super().end_line(ending, events, admin, as_read=as_read)

    def find_rows(
        self, user_id: str, token_ids: Collection[str], line_id: str | None = None
    ) -> tuple[Line | None, Sequence[Token]]:
        """Return a line's row and tokens."""
        self._begin("find_rows")
        return super().find_rows(user_id, token_ids, line_id)

    def stop_line(self, line: Line) -> None:
        """Write that a line has ended."""
        self._begin("stop_line")
        super().stop_line(line)

    def rotate_token(self, rotation: Rotation, events: Sequence[Event], *, limits: CreationLimits) -> None:
        """Write a rotation."""
        self._begin("rotate_token")
        super().rotate_token(rotation, events, limits=limits)

    def record_refusal(self, before: Token, after: Token) -> bool:
        """Record a refusal."""
        self._begin("record_refusal")
        return super().record_refusal(before, after)

    def list_family(self, user_id: str, family_id: str) -> Sequence[Token]:
        """Return the tokens of one family."""
        self._begin("list_family")
        return super().list_family(user_id, family_id)

    def find_ended_generations(
        self, user_id: str, generations: Collection[str]
    ) -> Mapping[str, EndedGeneration]:
        """Return the records of those that have ended; DynamoDB takes at most 100."""
        assert len(generations) <= 100
        self._begin("find_ended_generations")
        return super().find_ended_generations(user_id, generations)

    def find_ended_of_users(
        self, generations: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], EndedGeneration]:
        """Return the records of those that have ended; DynamoDB takes at most 100."""
        assert len(generations) <= 100
        self._begin("find_ended_of_users")
        return super().find_ended_of_users(generations)

    def list_users(self, *, after: str | None, limit: int, strong: bool = True) -> UserPage:
        """Return users newest first; DynamoDB takes at most 100."""
        assert limit <= 100
        self._begin("list_users")
        return super().list_users(after=after, limit=limit)

    def add_user(self, user: User, event: Event) -> bool:
        """Add a user."""
        self._begin("add_user")
        return super().add_user(user, event)

    def save_sign_in(self, before: User, after: User, event: Event | None) -> None:
        """Write what a sign-in changes."""
        self._begin("save_sign_in")
        super().save_sign_in(before, after, event)

    def save_user(
        self,
        before: User,
        after: User,
        event: Event,
        ended: EndedGeneration | None = None,
        admin: ActingAdmin | None = None,
    ) -> None:
        """Write what differs."""
        self._begin("save_user")
        super().save_user(before, after, event, ended, admin)

    def save_preferences(self, before: User, after: User) -> None:
        """Write what a user prefers."""
        self._begin("save_preferences")
        super().save_preferences(before, after)

    def correct_live_tokens(self, user: User, live_tokens: int) -> None:
        """Set the count."""
        self._begin("correct_live_tokens")
        super().correct_live_tokens(user, live_tokens)

    def note_full(self, user: User, until: datetime) -> None:
        """Note that the owner has no place left."""
        self._begin("note_full")
        super().note_full(user, until)
