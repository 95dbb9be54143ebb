"""The table's stream as far as it is about events: what its records tell."""

from datetime import datetime
from typing import TypeAlias

from chalicelib.domain.events import Event
from chalicelib.domain.frozen import Frozen
from chalicelib.domain.seen_networks import RefusedReason


class EventWritten(Frozen):
    """A new event."""

    event: Event


class EventTampered(Frozen):
    """An event that was changed, or deleted by another than TTL. No part of the service does that."""

    change: str
    """``MODIFY`` or ``REMOVE``."""
    user_id: str
    position: str


class TokenReused(Frozen):
    """A grown count of a token's uses after its rotation."""

    user_id: str
    token_id: str
    count: int
    at: datetime


class RefusedElsewhere(Frozen):
    """A refused use of a genuine token from a network that is new to it. It is not an event.

    ``reason`` is None if a later release wrote another one.
    """

    user_id: str
    token_id: str
    network: str
    reason: RefusedReason | None
    at: datetime


class NotAnEvent(Frozen):
    """A record that asks for nothing."""


Streamed: TypeAlias = EventWritten | EventTampered | TokenReused | RefusedElsewhere | NotAnEvent
