"""A thread for calls that run an event loop.

Playwright's synchronous API leaves an event loop running in the main thread. There, ``asyncio.run`` and
Mangum cannot run one of their own.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def aside(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Make a call in a new thread, and return its result or raise its exception."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call, *args, **kwargs).result()
