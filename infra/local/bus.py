"""The bus of the local stack. Events are written to a file instead of being sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from chalicelib.adapters.event_detail import detail_of
from chalicelib.domain.events import Event


class FileBus:
    """A file with a line of JSON for the detail of each event."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def send(self, events: Sequence[Event]) -> Sequence[Event]:
        """Add the events to the file. Return those that were not taken: none."""
        with self._file.open("a", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(detail_of(event))}\n" for event in events)
        return []
