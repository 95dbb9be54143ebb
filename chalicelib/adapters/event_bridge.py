"""Amazon EventBridge: the bus from which events go to targets of the operator's choice."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import logs
from chalicelib.adapters.event_detail import SOURCE, detail_of
from chalicelib.domain.errors import EventBusUnavailable
from chalicelib.domain.events import Event


class Buses(Protocol):
    """The part of botocore's client of ``events`` that is used here."""

    def put_events(self, *, Entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:  # noqa: N803
        """Put events on buses."""
        ...


class EventBridgeBus:
    """A bus by its name."""

    def __init__(self, client: Buses, name: str) -> None:
        self._client = client
        self._name = name

    def send(self, events: Sequence[Event]) -> Sequence[Event]:
        """Send at most 10 events. Return those that the bus did not take. Raises EventBusUnavailable."""
        try:
            results = self._client.put_events(Entries=[self._entry(event) for event in events])["Entries"]
        except (BotoCoreError, ClientError) as error:
            raise EventBusUnavailable from error
        refused = [
            (event, result["ErrorCode"])
            for event, result in zip(events, results, strict=True)
            if result.get("ErrorCode")
        ]
        for event, code in refused:
            logs.warn("events.not_taken", event_id=event.id, reason=logs.fact(code))
        return [event for event, _ in refused]

    def _entry(self, event: Event) -> Mapping[str, Any]:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event.type.value,
            "Time": event.at,
            "Detail": json.dumps(detail_of(event), separators=(",", ":")),
        }
