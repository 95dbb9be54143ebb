"""The identity sources of a REQUEST authorizer, and the decisions that API Gateway keeps by them.

Source: API Gateway API Reference, "CreateAuthorizer".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from infra.local.events import HttpRequest

_HEADER = "method.request.header."
_SOURCE_IP = "context.identity.sourceIp"


def identity_of(request: HttpRequest, sources: Sequence[str]) -> tuple[str, ...] | None:
    """Return the values of the identity sources, or None if one is missing or empty.

    API Gateway refuses the request then, without asking the authorizer. Raises ValueError for a source
    that is not understood.
    """
    values = tuple(_value(request, source) for source in sources)
    return values if all(values) else None


def _value(request: HttpRequest, source: str) -> str:
    if source == _SOURCE_IP:
        return request.source_ip
    if source.startswith(_HEADER):
        return request.header(source.removeprefix(_HEADER).lower()) or ""
    raise ValueError(f"{source} is not understood")


class KeptDecisions:
    """The policies that authorizers returned, each kept for ``seconds``. An error is not kept."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Start empty. ``clock`` returns seconds."""
        self._seconds = seconds
        self._clock = clock
        self._kept: dict[Hashable, tuple[float, Any]] = {}

    def decision(self, key: Hashable, decide: Callable[[], Any]) -> Any:
        """Return the decision that is kept under the key, or a new one. Raises what ``decide`` raises."""
        if not self._seconds:
            return decide()
        ends_at, decided = self._kept.get(key, (0.0, None))
        if self._clock() >= ends_at:
            decided = decide()
            self._kept[key] = (self._clock() + self._seconds, decided)
        return decided
