"""The reader of the table's stream that looks after events. The other reader flushes caches.

It sends new events to the bus, notices events that were tampered with, and writes the event of a reuse. At
last it sends mails about tokens that may be in danger.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chalicelib import logs
from chalicelib.domain.errors import DependencyUnavailable, EventBusUnavailable
from chalicelib.domain.events import Event
from chalicelib.domain.ports.events import MOST_EVENTS, EventBus, EventStore
from chalicelib.domain.ports.time import Clock, Sleep
from chalicelib.domain.streamed import EventTampered, EventWritten, Streamed, TokenReused
from chalicelib.services.journal import Journal
from chalicelib.services.urgent_mails import MailAtOnce, Mailed

LAST_CALL = timedelta(seconds=30)
"""The time after which an invocation sends no further events. Lambda then delivers the rest again."""

# Before each attempt. Lambda's own retries come later, and deliver the records behind a failure again.
_PAUSES = (timedelta(0), timedelta(seconds=1), timedelta(seconds=3))

Record = Mapping[str, Any]


@dataclass(slots=True)
class Published:
    """The result for the records of one invocation."""

    sent: int = 0
    tampered: int = 0
    reused: int = 0
    unreadable: int = 0
    mails: Mailed = field(default_factory=Mailed)
    failed_at: int | None = None
    """The place of the first record that Lambda must deliver again, with those behind it."""

    def fail_at(self, place: int) -> None:
        """Note that a record failed. Only the first one counts."""
        self.failed_at = place if self.failed_at is None else min(place, self.failed_at)


class PublishEvents:
    """Sends events at least once. A second delivery has the same id, so receivers can tell.

    Without a ``bus``, events are not sent, and without ``mail`` no mails. Everything else happens
    nevertheless.
    """

    def __init__(
        self,
        read: Callable[[Record], Streamed | None],
        store: EventStore,
        bus: EventBus | None,
        journal: Journal,
        clock: Clock,
        sleep: Sleep,
        mail: MailAtOnce | None = None,
    ) -> None:
        self._read = read
        self._store = store
        self._bus = bus
        self._journal = journal
        self._clock = clock
        self._sleep = sleep
        self._mail = mail

    def __call__(self, records: Sequence[Record]) -> Published:
        """Do what the records of the stream ask for.

        A record that cannot be read is logged and passed over, because it stays unreadable. Lambda would
        hold up the records behind it.
        """
        deadline = self._clock.now() + LAST_CALL
        told = [self._read(record) for record in records]
        done = Published(unreadable=told.count(None))
        # Tampering comes first: a bus that fails must not delay its alarm.
        for each in told:
            if isinstance(each, EventTampered):
                self._report(each, done)
        for place, each in enumerate(told):
            # A store that fails takes its time, and Lambda delivers the others again anyway.
            if isinstance(each, TokenReused) and done.failed_at is None:
                self._record(each, place, done)
        # Lambda delivers the records behind a failure again, so they need not be sent now.
        end = len(told) if done.failed_at is None else done.failed_at
        events = [(n, each.event) for n, each in enumerate(told[:end]) if isinstance(each, EventWritten)]
        self._send(events, deadline, done)
        # A mail delays no event, and a bus that fails delays no mail. If the records come again, the record
        # of the mails has them.
        if self._mail:
            done.mails = self._mail(told, deadline)
        return done

    def _report(self, tampered: EventTampered, done: Published) -> None:
        ids = {"user_id": tampered.user_id, "position": tampered.position}
        logs.warn("events.tampered", change=tampered.change, **ids)
        done.tampered += 1

    def _record(self, reused: TokenReused, place: int, done: Published) -> None:
        """Write the event of a reuse. The stream then has it as a new event, which is sent."""
        try:
            done.reused += self._store.add_event(self._journal.about_reuse(reused))
        except DependencyUnavailable as error:
            logs.warn("events.not_written", token_id=reused.token_id, reason=logs.cause(error))
            done.fail_at(place)

    def _send(self, events: Sequence[tuple[int, Event]], deadline: datetime, done: Published) -> None:
        if self._bus is None:
            return
        for first in range(0, len(events), MOST_EVENTS):
            places, batch = zip(*events[first : first + MOST_EVENTS], strict=True)
            is_late = self._clock.now() >= deadline
            left = batch if is_late else send(self._bus, batch, self._sleep)
            done.sent += len(batch) - len(left)
            if left:
                done.fail_at(places[batch.index(left[0])])
                return


def send(bus: EventBus, events: Sequence[Event], sleep: Sleep) -> Sequence[Event]:
    """Send at most 10 events in at most three attempts. Return those that the bus did not take."""
    left = events
    for pause in _PAUSES:
        sleep(pause)
        try:
            left = bus.send(left)
        except EventBusUnavailable as error:
            logs.warn("events.not_sent", reason=logs.cause(error))
        if not left:
            break
    return left
