"""Lists of tokens, filtered, searched and ordered.

Pages neither skip nor repeat a token. Each page continues after the last token of the page before, by its
place in the order, so new tokens shift nothing.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from chalicelib import strict_json
from chalicelib.domain.errors import InvalidCursor, TooManyToSort
from chalicelib.domain.ids import TOKEN_ID
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import TokenStore
from chalicelib.domain.removals import is_from_before_removal
from chalicelib.domain.revocations import EndedGeneration, Revocation
from chalicelib.domain.text import search_key
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token, TokenStatus
from chalicelib.domain.users import User
from chalicelib.services import cursors
from chalicelib.services.rows import MOST_ROWS_READ, rows_of

Sort = Literal[
    "created_at", "-created_at", "last_used_at", "-last_used_at", "name", "-name", "idle_at", "-idle_at"
]
DEFAULT_SORT: Sort = "-created_at"
DEFAULT_LIMIT = 30
MAX_LIMIT = 100

_STORE_PAGE = 200

_CURSOR_BOUNDS = strict_json.Bounds(longest=cursors.MAX_LENGTH, deepest=1, most_values=4)

_NEVER = datetime.min.replace(tzinfo=UTC)

SortKey = Callable[[Token], str]


def _iso(moment: datetime | None) -> str:
    return (moment or _NEVER).isoformat(timespec="milliseconds")


_SORT_KEYS: dict[str, SortKey] = {
    "created_at": lambda token: "",  # ids sort by creation time already
    "last_used_at": lambda token: _iso(token.last_used_at),
    "name": lambda token: token.name.casefold(),
    "idle_at": lambda token: _iso(token.idle_at),
}


@dataclass(frozen=True, slots=True)
class TokenQuery:
    """The filters, the order and the start of a page. An order with ``-`` descends."""

    status: TokenStatus | None = None
    text: str = ""
    sort: Sort = DEFAULT_SORT
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token as its owner sees it now. ``refused_since`` is None while it may be used.

    ``expires_at`` is the token's own expiry, or an earlier one by today's MAX_TOKEN_LIFETIME_DAYS.
    """

    token: Token
    status: TokenStatus
    revocation: Revocation | None
    refused_since: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class TokenPage:
    """One page. ``next_cursor`` is None on the last. Any page may be short or even empty."""

    tokens: Sequence[TokenView]
    next_cursor: str | None


class ListTokens:
    """Lists of a user's tokens, page by page."""

    def __init__(self, store: TokenStore, clock: Clock, rules: TokenRules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    def page(self, owner: User, query: TokenQuery) -> TokenPage:
        """Return one page. Raises InvalidCursor, TooManyToSort or DependencyUnavailable."""
        now = self._clock.now()
        order = _Order.named(query.sort)
        after = order.read(query.cursor) if query.cursor else None
        listed = self._by_id if order.is_by_id else self._sorted
        tokens, place = listed(_Match(owner, query, search_key(query.text), now, self._rules), order, after)
        views = self.views(owner, tokens, now)
        return TokenPage(views, order.write(place) if place else None)

    def views(self, owner: User, tokens: Sequence[Token], now: datetime) -> Sequence[TokenView]:
        """Return tokens with their status at ``now``. A revoked one has the time and reason.

        A token from before the removal of its owner shows no address from which it was used.
        """
        ended = self._store.find_ended_generations(
            owner.id, {t.generation for t in tokens if t.generation != owner.generation}
        )
        return [self.view(owner, token, ended.get(token.generation), now) for token in tokens]

    def view(self, owner: User, token: Token, ended: EndedGeneration | None, now: datetime) -> TokenView:
        """Return a token with its status at ``now``. ``ended`` is the end of its generation, if any."""
        first, rules = _first_revocation(token, ended, now), self._rules
        is_hidden = is_from_before_removal(token, owner, ended)
        # A row may hold more than today's setting allows, until its next use.
        token = token.showing(RecordNetworks.OFF if is_hidden else rules.record_networks)
        return TokenView(
            token,
            token.status(owner, now, rules),
            first,
            token.refused_since(owner, now, rules, first),
            token.expiry(rules),
        )

    def _by_id(
        self, match: "_Match", order: "_Order", after: "_Place | None"
    ) -> tuple[list[Token], "_Place | None"]:
        """Walk the rows in their own order. A page costs only the rows that it reads."""
        found: list[Token] = []
        last: Token | None = None
        # One row more than the page has shows if there is another page.
        size = match.query.limit + 1 if match.is_everything else _STORE_PAGE
        position = after.token_id if after else None
        rows = rows_of(
            self._store, match.owner.id, size=size, after=position, newest_first=order.descending
        )
        for count, token in enumerate(rows):
            if len(found) == match.query.limit or count == MOST_ROWS_READ:
                return found, order.place(last) if last else None
            last = token
            if match(token):
                found.append(token)
        return found, None

    def _sorted(
        self, match: "_Match", order: "_Order", after: "_Place | None"
    ) -> tuple[list[Token], "_Place | None"]:
        matching: list[Token] = []
        rows = rows_of(self._store, match.owner.id, size=_STORE_PAGE, newest_first=order.descending)
        for count, token in enumerate(rows):
            if count == MOST_ROWS_READ:
                raise TooManyToSort
            if match(token):
                matching.append(token)
        rest = order.behind(matching, after)
        page = rest[: match.query.limit]
        return page, order.place(page[-1]) if len(rest) > len(page) else None


def _first_revocation(token: Token, ended: EndedGeneration | None, now: datetime) -> Revocation | None:
    own = token.own_revocation(now)
    if own and ended:
        return min(own, ended.revocation, key=lambda revocation: revocation.at)
    return ended.revocation if ended else own


@dataclass(frozen=True, slots=True)
class _Match:
    owner: User
    query: TokenQuery
    text_key: str
    now: datetime
    rules: TokenRules

    @property
    def is_everything(self) -> bool:
        """True if every token matches."""
        return self.query.status is None and not self.query.text

    def __call__(self, token: Token) -> bool:
        status = self.query.status
        if status and token.status(self.owner, self.now, self.rules) is not status:
            return False
        return self.text_key in search_key(token.name)


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """A token's place in an order. The id breaks ties."""

    key: str
    token_id: str


@dataclass(frozen=True, slots=True)
class _Order:
    sort: str
    key: SortKey

    @classmethod
    def named(cls, sort: str) -> "_Order":
        return cls(sort, _SORT_KEYS[sort.removeprefix("-")])

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def is_by_id(self) -> bool:
        return self.sort.removeprefix("-") == "created_at"

    def place(self, token: Token) -> _Place:
        return _Place(self.key(token), token.id)

    def behind(self, tokens: Sequence[Token], after: _Place | None) -> list[Token]:
        ordered = sorted(tokens, key=self.place, reverse=self.descending)
        if after is None:
            return ordered
        if self.descending:
            return [token for token in ordered if self.place(token) < after]
        return [token for token in ordered if self.place(token) > after]

    def write(self, place: _Place) -> str:
        # Escapes of ASCII would make the cursor of the longest name too long.
        parts = [self.sort, place.key, place.token_id]
        return cursors.write(json.dumps(parts, separators=(",", ":"), ensure_ascii=False))

    def read(self, cursor: str) -> _Place:
        """Return the place that a cursor of this order names. Raises InvalidCursor."""
        try:
            parts: Any = strict_json.parse(cursors.read(cursor), _CURSOR_BOUNDS)
        except ValueError as error:
            raise InvalidCursor from error
        if not isinstance(parts, list) or len(parts) != 3:
            raise InvalidCursor
        sort, key, token_id = parts
        strings = isinstance(key, str) and isinstance(token_id, str)
        if sort != self.sort or not strings or not TOKEN_ID.fullmatch(token_id):
            raise InvalidCursor
        return _Place(key, token_id)
