"""A user's tokens in numbers, counted from the rows by a bounded number of reads."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

from chalicelib.domain.attention import Attention, attention_to
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import TokenStore
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token, TokenStatus
from chalicelib.domain.usage import USAGE_DAYS
from chalicelib.domain.users import User, UserStatus
from chalicelib.services.rows import MOST_ROWS_READ, rows_of

MAX_COUNT = 1_000
"""The largest number of tokens that a change of a user tells."""

# DynamoDB reads at most 1 MB by one call, which is about as many rows.
_STORE_PAGE = 1_000


class Attended(Frozen):
    """The number of tokens that need attention for one reason, and the one whose time is nearest to now.

    The token shows that part of addresses that may still be kept, and none if its generation has ended.
    """

    count: int = 0
    at: datetime | None = None
    token: Token | None = None


class Summary(Frozen):
    """A user's tokens in numbers. If it is not ``is_complete``, they are lower bounds.

    ``live`` and ``limit`` are the places in the quota. ``working`` are the tokens that work while the user
    is active. For a deactivated user, they are the tokens that a re-activation can restore. ``not_ended``
    are the tokens that a revocation of all tokens revokes. ``used_in_30_days`` counts those of them that
    were used in the last 30 days.
    """

    total: int
    is_complete: bool
    statuses: Mapping[TokenStatus, int]
    live: int
    limit: int
    working: int
    not_ended: int
    used_in_30_days: int
    attention: Mapping[Attention, Attended]

    @property
    def ended(self) -> int:
        """The tokens that were revoked or have expired."""
        return sum(count for status, count in self.statuses.items() if status.is_ended)


class TokenCount(Frozen):
    """A number of tokens, at most 1,000. With ``is_more``, there are more or there may be more."""

    count: int = 0
    is_more: bool = False


class SummarizeTokens:
    """Counts over a user's tokens.

    They agree with the lists, because both read the same rows strongly consistent. Eventually consistent
    reads would cost half, but a page could show a revoked token's row beside a count that includes it. Each
    call of the store costs a unit for 4 KB of rows.
    """

    def __init__(self, store: TokenStore, clock: Clock, rules: TokenRules) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    def __call__(self, owner: User) -> Summary:
        """Return the summary of the newest 5,000 tokens. Raises DependencyUnavailable."""
        now, rules = self._clock.now(), self._rules
        rows = list(islice(self._newest(owner), MOST_ROWS_READ + 1))
        tokens = rows[:MOST_ROWS_READ]
        statuses = [token.status(owner, now, rules) for token in tokens]
        unended = list(self._unended(tokens, owner, now))
        since = now - timedelta(days=USAGE_DAYS)
        return Summary(
            total=len(tokens),
            is_complete=len(tokens) == len(rows),
            statuses=Counter(statuses),
            live=_live(tokens, owner, now),
            limit=rules.max_live_tokens,
            working=sum(status is TokenStatus.ACTIVE for _, status in unended),
            not_ended=len(unended),
            used_in_30_days=sum(
                token.last_used_at is not None and token.last_used_at > since for token, _ in unended
            ),
            attention=_attended(zip(tokens, statuses, strict=True), owner, now, rules),
        )

    def count_revoked(self, before: User) -> TokenCount:
        """Return how many tokens ended with the generation of ``before``, the user as it was then.

        No row of an ended generation changes any more, so the count may come after the change. Raises
        DependencyUnavailable.
        """
        rows = list(islice(self._newest(before), MOST_ROWS_READ + 1))
        count = sum(1 for _ in self._unended(rows[:MOST_ROWS_READ], before, self._clock.now()))
        return TokenCount(min(count, MAX_COUNT), count > MAX_COUNT or len(rows) > MOST_ROWS_READ)

    def _newest(self, owner: User) -> Iterator[Token]:
        return rows_of(self._store, owner.id, size=_STORE_PAGE)

    def _unended(
        self, tokens: Iterable[Token], owner: User, now: datetime
    ) -> Iterator[tuple[Token, TokenStatus]]:
        """Yield the tokens that have not ended, each with its status while ``owner`` is active."""
        if owner.status is UserStatus.REMOVED:
            return
        active = owner.reactivated(now, owner.generation)
        for token in tokens:
            status = token.status(active, now, self._rules)
            if not status.is_ended:
                yield token, status


def _live(tokens: Sequence[Token], owner: User, now: datetime) -> int:
    """Return the number of families that hold a place, as the quota counts them."""
    return len(
        {
            token.family_id or token.id
            for token in tokens
            if token.generation == owner.generation and token.holds_place(now)
        }
    )


def _attended(
    tokens: Iterable[tuple[Token, TokenStatus]], owner: User, now: datetime, rules: TokenRules
) -> Mapping[Attention, Attended]:
    found: dict[Attention, list[tuple[datetime, Token]]] = {}
    for token, status in tokens:
        for reason, at in attention_to(token, status, now, rules).items():
            found.setdefault(reason, []).append((at, token))
    return {reason: _of_one_reason(found.get(reason, []), owner, now, rules) for reason in Attention}


def _of_one_reason(
    found: Sequence[tuple[datetime, Token]], owner: User, now: datetime, rules: TokenRules
) -> Attended:
    if not found:
        return Attended()
    at, token = min(found, key=lambda each: abs(each[0] - now))
    return Attended(len(found), at, _shown(token, owner, rules))


def _shown(token: Token, owner: User, rules: TokenRules) -> Token:
    # A token of an ended generation may be from before the removal of its owner.
    is_old = token.generation != owner.generation
    return token.showing(RecordNetworks.OFF if is_old else rules.record_networks)
