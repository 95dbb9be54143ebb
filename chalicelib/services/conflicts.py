"""Changes that are tried again if another write came first."""

from collections.abc import Callable
from typing import TypeVar

from chalicelib.domain.errors import ConcurrentChange

ATTEMPTS = 5

_T = TypeVar("_T")


def retry_on_conflict(attempt: Callable[[], _T], attempts: int = ATTEMPTS) -> _T:
    """Return what ``attempt`` returns. Try up to ``attempts`` times if it raises ConcurrentChange.

    ``attempt`` must read anew what it changes. Raises ConcurrentChange after the last attempt.
    """
    for _ in range(attempts - 1):
        try:
            return attempt()
        except ConcurrentChange:
            continue
    return attempt()
