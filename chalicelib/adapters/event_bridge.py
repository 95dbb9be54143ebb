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
        entries = [self._entry(event) for event in events]
        try:
            results = self._client.put_events(Entries=entries)["Entries"]
            codes = [result.get("ErrorCode") for result in results]
            refused = [(event, code) for event, code in zip(events, codes, strict=True) if code]
        except (BotoCoreError, ClientError, KeyError, TypeError, ValueError, AttributeError) as error:
            # A response without a result for each entry tells nothing. An event may be sent again.
            raise EventBusUnavailable from error
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
