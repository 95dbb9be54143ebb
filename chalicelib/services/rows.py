"""The rows of one owner's tokens, one after the other."""

from collections.abc import Iterator

from chalicelib.domain.ports.tokens import TokenStore
from chalicelib.domain.tokens import Token

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
