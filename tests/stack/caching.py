"""The deployed stack with working flushes. A stub takes the one call that the emulator lacks.

The call is FlushStageAuthorizersCache. If a test asks for it, the stub then does what AWS does.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.adapters.dynamodb import primary_keys
from tests.stack.load import REFRESH_SECONDS
from tests.stack.verdicts import LET_IN, REFUSED
from tests.stack.wire import Wire
from tests.support.control_plane import ControlPlane, control_plane
from tests.support.deployed import Deployed, deployed

FLUSHER = "FlushAuthorizerCaches"
TTL = 300
PATIENCE = 20.0
"""Seconds. AWS takes one or two; here the machine may be busy, and the function has to start."""


@contextmanager
def caching_stack() -> Iterator[tuple[Deployed, ControlPlane]]:
    """Deploy a package that caches decisions, so that it flushes.

    The gateway remembers none until a test sets for how long.
    """
    with control_plane() as plane:
        settings = {
            "AUTHORIZER_CACHE_SECONDS": str(TTL),
            "LAST_USED_REFRESH_SECONDS": str(REFRESH_SECONDS),
            "AWS_ENDPOINT_URL_API_GATEWAY": plane.url,
            "EVENT_BUS_NAME": "default",
        }
        with deployed(settings) as stack, stack.remembering(0):
            yield stack, plane


@contextmanager
def flushing(stack: Deployed, plane: ControlPlane) -> Iterator[list[float]]:
    """Let the gateway remember decisions for ``TTL``, and flushes work. Yield the times of the flushes."""
    came: list[float] = []
    # To empty the cache is to replace the authorizer, which one thread may do at a time.
    alone, over = threading.Lock(), threading.Event()

    def flush(stage: str) -> None:
        with alone:
            if stage == f"restapis/{stack.api_id}{stack.prefix}" and not over.is_set():
                came.append(time.monotonic())
                stack.forget_decisions()

    calm(stack)
    with stack.remembering(TTL):
        plane.on_flush = flush
        try:
            yield came
        finally:
            with alone:
                over.set()
            plane.on_flush = lambda stage: None


def calm(stack: Deployed) -> None:
    """Forget the pressure that the changes of other tests have put on the budget of flushes."""
    table = stack.physical("TokenTable")
    stack.client("dynamodb").delete_item(TableName=table, Key=primary_keys.flush_budget_key())


def at_rest(stack: Deployed) -> int:
    """Wait until all changes have gone through the stream. Return how often the function has run."""
    seen = -1
    for _ in range(10):
        # Records that wait for their round come again and again.
        calm(stack)
        before, seen = seen, stack.invocations(FLUSHER)
        if seen == before:
            return seen
        # Longer than an invocation: it is in the log once it is over.
        time.sleep(4)
    raise TimeoutError("the function does not come to rest")


def seconds_until(wire: Wire, token: str, status: int) -> float:
    """Return the seconds until the API sends this status. Raises TimeoutError after ``PATIENCE``."""
    started = time.monotonic()
    while wire.send("GET", "/api/whoami", token).status != status:
        if time.monotonic() > started + PATIENCE:
            raise TimeoutError(f"not {status} within {PATIENCE} s")
        time.sleep(0.02)
    return time.monotonic() - started


def seconds_stale(stack: Deployed, plane: ControlPlane, rounds: int) -> list[float]:
    """Return the seconds for which revoked tokens passed. The gateway remembered each for ``TTL``."""
    wire = Wire(stack)
    jwt = stack.login(f"{uuid.uuid4().hex[:12]}@example.com")
    # A flush for an earlier change would count for the first, and each one's for the next.
    at_rest(stack)
    with flushing(stack, plane):
        return [_once(wire, jwt) for _ in range(rounds)]


def _once(wire: Wire, jwt: str) -> float:
    created = wire.send("POST", "/v1/tokens", jwt, {}).json
    seconds_until(wire, created["token"], LET_IN)
    wire.send("DELETE", f"/v1/tokens/{created['id']}", jwt)
    return seconds_until(wire, created["token"], REFUSED)
