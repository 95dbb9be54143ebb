"""The scheduled functions of the application, which the local stack runs instead of EventBridge."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from chalice.app import Chalice

SCHEDULED = frozenset({"sweep_tokens"})
_EVERY_SECONDS = 60.0
_TIMEOUT_SECONDS = 240


class LocalContext:
    """The part of Lambda's context that scheduled functions use."""

    aws_request_id = "local-schedule"

    def __init__(self) -> None:
        self._ends_at = time.monotonic() + _TIMEOUT_SECONDS

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left."""
        return round((self._ends_at - time.monotonic()) * 1000)


def run_scheduled(app: Chalice, sleep: Callable[[float], None] = time.sleep) -> None:
    """Run each scheduled function of the application now and every minute, beside the server."""
    for function in app.pure_lambda_functions:
        if function.name in SCHEDULED:
            threading.Thread(target=_repeat, args=(function, sleep), daemon=True).start()


def _repeat(function: Callable[[Any, Any], object], sleep: Callable[[float], None]) -> None:
    while True:
        # Its own line in the log tells about a failure. The next run goes on.
        with contextlib.suppress(Exception):
            function({}, LocalContext())
        sleep(_EVERY_SECONDS)
