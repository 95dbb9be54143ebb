"""Changes that are tried again if another write came first."""

from collections.abc import Callable
from typing import TypeVar

from chalicelib.domain.errors import ConcurrentChange

ATTEMPTS = 5

_T = TypeVar("_T")


def retry_on_conflict(attempt: Callable[[], _T]) -> _T:
    """Return what ``attempt`` returns. Try up to five times if it raises ConcurrentChange.

    ``attempt`` must read anew what it changes. Raises ConcurrentChange after the last attempt.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return attempt()
        except ConcurrentChange:
            continue
    return attempt()
