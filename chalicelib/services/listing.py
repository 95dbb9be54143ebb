"""Lists of tokens, filtered, searched and ordered.

Pages neither skip nor repeat a token. Each page continues after the last token of the page before, by its
place in the order, so new tokens shift nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from chalicelib.domain.errors import TooManyToSort
from chalicelib.domain.frozen import Frozen, replace
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import TokenStore
from chalicelib.domain.removals import is_from_before_removal
from chalicelib.domain.revocations import EndedGeneration, Revocation
from chalicelib.domain.text import search_key
from chalicelib.domain.token_ends import Ends, first_revocation
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token, TokenStatus
from chalicelib.domain.users import User
from chalicelib.services.list_orders import DEFAULT_SORT, Order, Place, Sort
from chalicelib.services.read_budget import WHOLE_UNIT, PageIsFullError, ReadBudget
from chalicelib.services.rows import MOST_ROWS_READ, affordable_rows_of, rows_of

DEFAULT_LIMIT = 30
MAX_LIMIT = 100

_STORE_PAGE = 200
# As many as one call of the store reads.
_MOST_GENERATIONS = 100


class TokenQuery(Frozen):
    """The filters, the order and the start of a page. An order with ``-`` descends.

    ``ended`` is True for revoked and expired tokens only, and False for the others only. ``text`` is the
    id of a token, or a part of its name or its description.
    """

    status: TokenStatus | None = None
    ended: bool | None = None
    text: str = ""
    sort: Sort = DEFAULT_SORT
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class TokenView(Frozen):
    """A token as its owner sees it now. ``refused_since`` is None while it may be used.

    ``expires_at`` is the token's own expiry, or an earlier one by today's MAX_TOKEN_LIFETIME_DAYS.
    """

    token: Token
    status: TokenStatus
    revocation: Revocation | None
    refused_since: datetime | None
    expires_at: datetime | None


class TokenPage(Frozen):
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
        order = Order(query.sort)
        after = order.read(query.cursor) if query.cursor else None
        listed = self._by_id if order.is_by_id else self._sorted
        tokens, place = listed(_Match(owner, query, search_key(query.text), now, self._rules), order, after)
        views = self.views(owner, tokens, now)
        return TokenPage(views, order.write(place) if place else None)

    def views(self, owner: User, tokens: Sequence[Token], now: datetime) -> Sequence[TokenView]:
        """Return tokens with their status at ``now``. A revoked one has the time and reason.

        A token from before the removal of its owner shows no address from which it was used.
        """
        ended = self._ended_generations(owner, tokens)
        return [self.view(owner, token, ended.get(token.generation), now) for token in tokens]

    def view(self, owner: User, token: Token, ended: EndedGeneration | None, now: datetime) -> TokenView:
        """Return a token with its status at ``now``. ``ended`` is the end of its generation, if any."""
        first, rules = first_revocation(token, ended, now), self._rules
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
        self, match: "_Match", order: Order, after: Place | None
    ) -> tuple[list[Token], Place | None]:
        """Walk the rows in their own order. With a filter, the reads of a page have a bound."""
        walk = _Walk(match)
        try:
            for token in self._rows(match, order, after, walk.budget):
                walk.take(token)
        except PageIsFullError:
            return walk.found, order.place(walk.last, match.ends) if walk.last else None
        return walk.found, None

    def _rows(
        self, match: "_Match", order: Order, after: Place | None, budget: ReadBudget
    ) -> Iterator[Token]:
        owner_id, position = match.owner.id, after.token_id if after else None
        if not match.is_everything:
            return affordable_rows_of(
                self._store, owner_id, budget, after=position, newest_first=order.descends
            )
        # One row more than the page has shows if there is another page.
        size = match.query.limit + 1
        return rows_of(self._store, owner_id, size=size, after=position, newest_first=order.descends)

    def _sorted(
        self, match: "_Match", order: Order, after: Place | None
    ) -> tuple[list[Token], Place | None]:
        matching: list[Token] = []
        rows = rows_of(self._store, match.owner.id, size=_STORE_PAGE, newest_first=order.descends)
        for count, token in enumerate(rows):
            if count == MOST_ROWS_READ:
                raise TooManyToSort
            if match(token):
                matching.append(token)
        ends = match.ends
        if order.is_by_end:
            ends = replace(ends, generations=self._ended_generations(match.owner, matching))
        rest = order.behind(matching, after, ends)
        page = rest[: match.query.limit]
        return page, order.place(page[-1], ends) if len(rest) > len(page) else None

    def _ended_generations(self, owner: User, tokens: Sequence[Token]) -> Mapping[str, EndedGeneration]:
        """Return the records of the ended generations of the first tokens that have one, in one call."""
        named = dict.fromkeys(t.generation for t in tokens if t.generation != owner.generation)
        return self._store.find_ended_generations(owner.id, set(islice(named, _MOST_GENERATIONS)))


class _Match(Frozen):
    owner: User
    query: TokenQuery
    text_key: str
    now: datetime
    rules: TokenRules

    @property
    def is_everything(self) -> bool:
        """True if every token matches."""
        return self.query.status is None and self.query.ended is None and not self.query.text

    @property
    def ends(self) -> Ends:
        """The ends of the owner's tokens."""
        return Ends(self.owner, self.now, self.rules)

    def __call__(self, token: Token) -> bool:
        status = token.status(self.owner, self.now, self.rules)
        if self.query.status not in (None, status) or self.query.ended not in (None, status.is_ended):
            return False
        if not self.text_key or token.id == self.query.text:
            return True
        return any(self.text_key in search_key(text) for text in (token.name, token.description))


class _Walk:
    """The tokens of one page, and the last row that was read for it."""

    def __init__(self, match: _Match) -> None:
        self._match = match
        self._generations = {match.owner.generation}
        self.budget = ReadBudget()
        self.found: list[Token] = []
        self.last: Token | None = None

    def take(self, token: Token) -> None:
        """Take the next row, if it matches. Raises PageIsFullError if it belongs to the next page."""
        if len(self.found) == self._match.query.limit:
            raise PageIsFullError
        if self._match(token):
            if token.generation not in self._generations:
                # The page shows when this generation ended.
                self.budget.pay(0, WHOLE_UNIT)
                self._generations.add(token.generation)
            self.found.append(token)
        self.last = token
