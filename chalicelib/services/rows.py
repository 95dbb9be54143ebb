"""The rows of one owner's tokens, one after the other."""

from collections.abc import Iterator

from chalicelib.domain.ports.tokens import TokenStore
from chalicelib.domain.tokens import Token
from chalicelib.services.read_budget import ReadBudget

MOST_ROWS_READ = 5_000
"""The most rows that one call reads. They are enough for all tokens of a user within the default quota."""


def rows_of(
    store: TokenStore, owner_id: str, *, size: int, after: str | None = None, newest_first: bool = True
) -> Iterator[Token]:
    """Yield tokens in the order of their ids, after the id ``after``, ``size`` by one call of the store.

    Raises DependencyUnavailable.
    """
    while True:
        tokens = store.list_tokens(owner_id, after=after, newest_first=newest_first, limit=size)
        yield from tokens
        if len(tokens) < size:
            return
        after = tokens[-1].id


def affordable_rows_of(
    store: TokenStore, owner_id: str, budget: ReadBudget, *, after: str | None, newest_first: bool
) -> Iterator[Token]:
    """Yield tokens like ``rows_of``, and pay for each read.

    Raises PageIsFullError if too little is left for the next read, or DependencyUnavailable.
    """
    while True:
        size = budget.most_strong_rows()
        rows = store.read_tokens(owner_id, after=after, newest_first=newest_first, limit=size)
        budget.pay_strong_query(rows.size)
        yield from rows.tokens
        if len(rows.tokens) < size:
            return
        after = rows.tokens[-1].id
