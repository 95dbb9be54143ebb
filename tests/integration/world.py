"""People, their tokens, and the app they call, with the rows behind it in view."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from chalicelib import bootstrap
from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.events import EVENT
from chalicelib.adapters.dynamodb.primary_keys import EVENTS
from chalicelib.domain.events import OF_KEYS, Event
from chalicelib.domain.ids import user_id_for
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import User
from tests.integration.wire import Wire
from tests.support import moto_tables
from tests.support.api import Api
from tests.support.builders import ISSUER
from tests.support.clock import FixedClock
from tests.support.dynamodb import Cloud, CloudService
from tests.support.histories import check_histories, check_no_token_without_row
from tests.support.provider import TestProvider

USER, ADMIN = "user@example.com", "admin@example.com"
USER_ID = user_id_for(ISSUER, USER)


@dataclass(frozen=True)
class Scene:
    """A world as it was left: its rows, the time, the settings and the token that was made last."""

    rows: list[Item]
    events: int
    """The number of events in the rows."""
    now: datetime
    environ: dict[str, str]
    secret: str
    token_id: str


# By the wire, because the keys in KMS that a scene needs last as long as that.
_arranged: WeakKeyDictionary[Wire, dict[Callable[["World"], None], Scene]] = WeakKeyDictionary()


class World:
    """One user, one administrator, one table that can be put back, one clock."""

    def __init__(self, cloud: Cloud, wire: Wire, api: Api) -> None:
        self.cloud = cloud
        self.wire = wire
        self.api = api
        self.clock = FixedClock()
        self.environ: dict[str, str] = {}
        self.pauses: list[timedelta] = []
        self.secret = ""
        self.token_id = ""
        self._provider = TestProvider(self.clock)
        self._saved: Scene | None = None
        self._rows_after: tuple[int, list[Item]] | None = None
        self.start()

    @property
    def user(self) -> str:
        """A fresh sign-in of the user."""
        return self._provider.sign_in(USER)

    @property
    def admin(self) -> str:
        """A fresh sign-in of the administrator."""
        return self._provider.sign_in(ADMIN)

    @property
    def path(self) -> str:
        """The path of the token that was made last."""
        return f"/v1/tokens/{self.token_id}"

    def start(self) -> CloudService:
        """Let a process without any memory answer from now on."""
        service = CloudService(self.cloud, self.clock, self.environ)
        # Repeats come at once, so that no test waits for them.
        service.__dict__["sleep"] = self.pauses.append
        bootstrap.install(service)
        return service

    def configure(self, **environ: str) -> None:
        """Start again with these settings."""
        self.environ = environ
        self.start()

    def sign_in(self, subject: str, **claims: Any) -> str:
        """Return a sign-in of a person."""
        return self._provider.sign_in(subject, **claims)

    def create_token(self, **members: Any) -> None:
        """Make a token of the user, the one that the world goes on with."""
        created = self.api.create_token(self.user, **members)
        self.secret, self.token_id = created["token"], created["id"]

    def advance(self, **by: float) -> None:
        """Move the clock."""
        self.clock.advance(timedelta(**by))

    @property
    def saved_events(self) -> int:
        """The number of events in the saved rows."""
        assert self._saved
        return self._saved.events

    def save(self) -> None:
        """Remember this world."""
        self._saved = self._scene()

    def arrange(self, arrangement: Callable[["World"], None]) -> None:
        """Save the world that an arrangement leaves. It runs once, because that takes many calls."""
        scenes = _arranged.setdefault(self.wire, {})
        if arrangement not in scenes:
            arrangement(self)
            scenes[arrangement] = self._scene()
        self._saved = scenes[arrangement]

    def restore(self) -> None:
        """Put everything back that was saved, and start on it."""
        assert self._saved
        moto_tables.refill(self.cloud.table, self._saved.rows)
        self._rows_after = None
        self.clock.set_to(self._saved.now)
        self.environ = self._saved.environ
        self.secret, self.token_id = self._saved.secret, self._saved.token_id
        self.start()

    def _scene(self) -> Scene:
        now = self.clock.now()
        return Scene(self.rows(), len(self.events()), now, self.environ, self.secret, self.token_id)

    def rows(self) -> list[Item]:
        """Return every row; read again only if anything was written since."""
        if self._rows_after is None or self._rows_after[0] != self.wire.writes:
            self._rows_after = self.wire.writes, moto_tables.rows_in(self.cloud.table)
        return self._rows_after[1]

    def stored_user(self, user_id: str = USER_ID) -> User | None:
        """Return a user's row."""
        return next((user for user in self.stored_users() if user.id == user_id), None)

    def stored_users(self) -> list[User]:
        """Return the users' rows."""
        return [items.USER.read(row) for row in self._rows("#") if row["pk"]["S"].startswith("U#")]

    def stored_tokens(self) -> list[Token]:
        """Return the tokens' rows."""
        return [items.TOKEN.read(row) for row in self._rows("T#")]

    def stored_token(self) -> Token:
        """Return the row of the token made last."""
        return next(token for token in self.stored_tokens() if token.id == self.token_id)

    def events(self) -> list[Event]:
        """Return the events of all users and their tokens."""
        found = [EVENT.read(row) for row in self.rows() if row["pk"]["S"].startswith(EVENTS)]
        return [event for event in found if event.user_id != OF_KEYS]

    def check_whole(self) -> None:
        """Fail unless all rows agree with each other, and the events tell every change once."""
        users = {user.id: user for user in self.stored_users()}
        tokens = self.stored_tokens()
        self._check_counts(users, tokens)
        ended = {(row["pk"]["S"], items.ENDED_GENERATION.read(row).generation) for row in self._rows("G#")}
        for token in tokens:
            owner = users[token.user_id]
            assert token.generation == owner.generation or (f"U#{owner.id}", token.generation) in ended
            assert (token.state is TokenState.REVOKED) is (token.revocation is not None)
        made = {token.id for token in tokens}
        self._check_links(tokens)
        check_histories(users.values(), tokens, self.events())
        check_no_token_without_row(tokens, self.events())
        assert {items.IDEMPOTENCY_RECORD.read(row).token_id for row in self._rows("I#")} <= made

    def _check_links(self, tokens: list[Token]) -> None:
        by_id = {token.id: token for token in tokens}
        for token in tokens:
            if token.successor_id:
                successor = by_id[token.successor_id]
                assert (successor.predecessor_id, successor.family_id) == (token.id, token.family_id)
                assert token.overlap_ends_at

    def _check_counts(self, users: dict[str, User], tokens: list[Token]) -> None:
        now = self.clock.now()
        for user in users.values():
            owned = [t for t in tokens if (t.user_id, t.generation) == (user.id, user.generation)]
            counting = [token for token in owned if token.state is not TokenState.REVOKED]
            working = [token for token in counting if token.holds_place(now)]
            # A family holds one place while any of its tokens works.
            least, most = (len({t.family_id or t.id for t in each}) for each in (working, counting))
            assert least <= user.live_tokens <= most

    def _rows(self, kind: str) -> list[Item]:
        return [row for row in self.rows() if row["sk"]["S"].startswith(kind)]
