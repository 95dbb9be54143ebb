"""The tokens of all users, for administrators, found in a bounded number of reads a page.

The walk goes through the index of users, and through the rows of each owner. It needs no index of its own,
and a page may be short or even empty. Its reads are eventually consistent, which costs half.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from chalicelib.domain.errors import UnreadableRow
from chalicelib.domain.frozen import Frozen, field
from chalicelib.domain.ids import TOKEN_ID, USER_ID
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import AuthorizationStore, TokenIndex, TokenStore
from chalicelib.domain.ports.users import UserStore
from chalicelib.domain.text import search_key
from chalicelib.domain.token_filters import TokenFilter
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.services import cursors
from chalicelib.services.listing import DEFAULT_LIMIT, ListTokens, TokenView
from chalicelib.services.read_budget import (
    ENDED_GENERATION,
    OWNERS_AT_ONCE,
    QUERY,
    TOKEN,
    WHOLE_UNIT,
    PageIsFullError,
    ReadBudget,
)
from chalicelib.services.user_lists import POSITION, has_text

_TOKEN_ID_OR_NONE = re.compile(rf"(?:{TOKEN_ID.pattern})?")


class AllTokensQuery(Frozen):
    """The filters and the start of a page.

    ``owner`` is a user id, or a text as in the search of users. ``anywhere`` is the id of a token or of a
    user. Any other text of it is looked for in the names of tokens, and as in the search of users.
    """

    filter: TokenFilter = field(default_factory=TokenFilter)
    owner: str = ""
    anywhere: str = ""
    token_id: str | None = None
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None

    @property
    def seal(self) -> str:
        """The seal of the filters. A cursor is valid only for the filters that it was made with."""
        return cursors.seal(self.filter, self.owner, self.anywhere, self.token_id)

    @property
    def only_token_id(self) -> str | None:
        """The id of the only token that can match, if the query has one."""
        if self.token_id is None and TOKEN_ID.fullmatch(self.anywhere):
            return self.anywhere
        return self.token_id

    @property
    def only_owner_id(self) -> str | None:
        """The id of the only owner who can match, if the query has one."""
        return next((text for text in (self.owner, self.anywhere) if USER_ID.fullmatch(text)), None)

    @property
    def is_everything(self) -> bool:
        """True if every token matches of an owner who does."""
        return self.filter.is_empty and not self.anywhere

    def is_about(self, owner: User) -> bool:
        """Return True if the owner matches."""
        if USER_ID.fullmatch(self.owner):
            return owner.id == self.owner
        return has_text(owner, self.owner)

    def matches(self, token: Token, owner: User, now: datetime, rules: TokenRules) -> bool:
        """Return True if a token matches at ``now``, whose owner does."""
        if not self.filter.matches(token, owner, now, rules):
            return False
        if not self.anywhere or self.anywhere in (token.id, owner.id):
            return True
        return search_key(self.anywhere) in search_key(token.name) or has_text(owner, self.anywhere)


class OwnedView(Frozen):
    """A token and its owner."""

    owner: User
    view: TokenView


class AllTokensPage(Frozen):
    """One page: the newest users first, and the newest tokens of each first.

    ``next_cursor`` is None on the last page. Any page may be short or even empty.
    """

    tokens: Sequence[OwnedView]
    next_cursor: str | None


class ListAllTokens:
    """Lists of the tokens of all users. Pages neither skip nor repeat a token."""

    def __init__(
        self,
        users: UserStore,
        tokens: TokenStore,
        rows: AuthorizationStore,
        index: TokenIndex,
        listing: ListTokens,
        clock: Clock,
        rules: TokenRules,
    ) -> None:
        self._users = users
        self._tokens = tokens
        self._rows = rows
        self._index = index
        self._listing = listing
        self._clock = clock
        self._rules = rules

    def page(self, query: AllTokensQuery) -> AllTokensPage:
        """Return one page. Raises InvalidCursor or DependencyUnavailable."""
        place, now = _Place.read(query), self._clock.now()
        if query.only_token_id is not None:
            return AllTokensPage(self._views(self._by_id(query.only_token_id, query, now), now), None)
        walk = _Walk(self._users, self._tokens, query, now, self._rules)
        next_place = walk.go_on(place)
        return AllTokensPage(
            self._views(walk.found, now), next_place.write(query.seal) if next_place else None
        )

    def _by_id(self, token_id: str, query: AllTokensQuery, now: datetime) -> list[tuple[User, Token]]:
        owner_id = self._index.find_owner_of(token_id) if TOKEN_ID.fullmatch(token_id) else None
        if owner_id is None:
            return []
        try:
            # The index may be behind the table.
            token, owner = self._rows.find_for_authorization(owner_id, token_id)
        except UnreadableRow:
            # Left out and logged, as in every list.
            return []
        if token is None or owner is None or not query.is_about(owner):
            return []
        return [(owner, token)] if query.matches(token, owner, now, self._rules) else []

    def _views(self, found: Sequence[tuple[User, Token]], now: datetime) -> Sequence[OwnedView]:
        old = {(owner.id, t.generation) for owner, t in found if t.generation != owner.generation}
        ended = self._tokens.find_ended_of_users(old)
        return [
            OwnedView(owner, self._listing.view(owner, t, ended.get((owner.id, t.generation)), now))
            for owner, t in found
        ]


class _Place(Frozen):
    """The owner who was read last, and this owner's last token, or "" if all of them were read."""

    position: str
    token_id: str = ""

    @property
    def user_id(self) -> str:
        return self.position.partition("#")[2]

    def write(self, seal: str) -> str:
        return cursors.write_sealed(seal, self.position, self.token_id)

    @classmethod
    def read(cls, query: AllTokensQuery) -> "_Place | None":
        """Return the place of a query's cursor, or None without one. Raises InvalidCursor."""
        if query.cursor is None:
            return None
        return cls(*cursors.read_sealed(query.cursor, query.seal, POSITION, _TOKEN_ID_OR_NONE))


class _Walk:
    """One page of the walk through all users and their tokens."""

    def __init__(
        self, users: UserStore, tokens: TokenStore, query: AllTokensQuery, now: datetime, rules: TokenRules
    ) -> None:
        self._users = users
        self._tokens = tokens
        self._query = query
        self._now = now
        self._rules = rules
        self._budget = ReadBudget()
        self._place: _Place | None = None
        self._old: set[tuple[str, str]] = set()
        self.found: list[tuple[User, Token]] = []

    def go_on(self, place: _Place | None) -> _Place | None:
        """Find the tokens of a page after ``place``. Return the place of the next page, if there is one.

        Raises DependencyUnavailable.
        """
        self._place = place
        try:
            for owner, after in self._owners(place):
                if self._query.is_about(owner) and self._query.filter.may_match_tokens_of(owner):
                    self._read_tokens(owner, after)
                self._place = _Place(owner.position)
        except PageIsFullError:
            return self._place
        return None

    def _owners(self, place: _Place | None) -> Iterator[tuple[User, str | None]]:
        """Yield the owners from ``place`` on, and the token after which to read."""
        only_owner_id = self._query.only_owner_id
        if place and place.token_id:
            yield from self._owner(place.user_id, place.token_id)
        if only_owner_id:
            if place is None:
                yield from self._owner(only_owner_id, None)
            return
        position = place.position if place else None
        while True:
            size = self._budget.pay_owners(OWNERS_AT_ONCE)
            page = self._users.list_users(after=position, limit=size, strong=False)
            yield from ((owner, None) for owner in page.users)
            position = page.next_position
            if position is None:
                return
            # There may be damaged rows behind the last owner.
            self._place = _Place(position)

    def _owner(self, user_id: str, after: str | None) -> Iterator[tuple[User, str | None]]:
        self._budget.pay(1, WHOLE_UNIT)
        try:
            owner = self._users.find_user(user_id)
        except UnreadableRow:
            return
        if owner:
            yield owner, after

    def _read_tokens(self, owner: User, after: str | None) -> None:
        while True:
            size = self._budget.most_rows()
            if self._query.is_everything:
                # One more than the page has place for shows that there is another page.
                size = min(size, self._query.limit - len(self.found) + 1)
            tokens = self._tokens.list_tokens(
                owner.id, after=after, newest_first=True, limit=size, strong=False
            )
            self._budget.pay(1, QUERY + len(tokens) * TOKEN)
            for token in tokens:
                self._take(owner, token)
            if len(tokens) < size:
                return
            after = tokens[-1].id

    def _take(self, owner: User, token: Token) -> None:
        if len(self.found) == self._query.limit:
            raise PageIsFullError
        if self._query.matches(token, owner, self._now, self._rules):
            generation = (owner.id, token.generation)
            if token.generation != owner.generation and generation not in self._old:
                self._old.add(generation)
                self._budget.pay(0, ENDED_GENERATION)
            self.found.append((owner, token))
        self._place = _Place(owner.position, token.id)
