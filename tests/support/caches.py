"""A gateway's caches of decisions, as far as a flush is concerned."""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.domain.errors import ApiTokensError
from chalicelib.domain.ports.time import Clock


class FakeCaches:
    """Notes every flush and its time; a stage may be told to fail."""

    def __init__(self, clock: Clock, failures: Mapping[str, ApiTokensError] | None = None) -> None:
        self._clock = clock
        self.failures = dict(failures or {})
        self.flushes: list[tuple[str, datetime]] = []

    def flush(self, stage: str) -> None:
        """Note the flush, or fail as told."""
        self.flushes.append((stage, self._clock.now()))
        if stage in self.failures:
            raise self.failures[stage]
