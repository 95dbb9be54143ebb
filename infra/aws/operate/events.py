"""The command ``events``: send the events of a span again."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from chalicelib.adapters.clock import SystemClock, sleep
from chalicelib.adapters.dynamodb import items, primary_keys
from chalicelib.adapters.dynamodb.attributes import UNREADABLE
from chalicelib.adapters.dynamodb.events import EVENT, SHARDS
from chalicelib.adapters.dynamodb.reads import batch_get, query_all
from chalicelib.adapters.event_bridge import EventBridgeBus
from chalicelib.adapters.repeating import repeating
from chalicelib.adapters.retries import Retries
from chalicelib.domain.events import Event, place_of
from chalicelib.domain.ports.events import MOST_EVENTS
from chalicelib.services.publish import send
from infra.aws.account import session_of_environment
from infra.aws.errors import OperatorError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.adapters.dynamodb.attributes import Item
    from chalicelib.adapters.event_bridge import Buses
    from chalicelib.domain.ports.events import EventBus
    from chalicelib.domain.ports.time import Sleep

_ROWS_AT_A_TIME = 100
_EXAMPLE = "2026-01-15T12:00Z"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command that sends events again."""
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    words = "Send the events of a span to the bus again, with their old ids."
    resend = commands.add_parser("resend", help=words, description=words, allow_abbrev=False)
    resend.add_argument("--table", default=os.environ.get("TABLE_NAME", ""), help="default: TABLE_NAME")
    resend.add_argument(
        "--bus", default=os.environ.get("EVENT_BUS_NAME", ""), help="default: EVENT_BUS_NAME"
    )
    resend.add_argument("--since", required=True, type=_time, metavar="TIME", help=f"such as {_EXAMPLE}")
    resend.add_argument("--until", type=_time, metavar="TIME", help="the end, exclusive; default: now")
    resend.add_argument("--yes", action="store_true", help="send the events; without it, count them")


def run(options: argparse.Namespace) -> None:
    """Count the events of the span, or send them.

    Raises OperatorError, ApiTokensError, ClientError, BotoCoreError.
    """
    if not options.table or not options.bus:
        raise OperatorError("Name the service's table and the bus: --table and --bus.")
    clock = SystemClock()
    until = options.until or clock.now()
    if options.since >= until:
        raise OperatorError("--since must be before --until.")
    session = session_of_environment()
    dynamodb = cast("DynamoDBClient", session.create_client("dynamodb"))
    span = Span(repeating(dynamodb, Retries(clock, sleep)), options.table, options.since, until)
    if not options.yes:
        count = sum(1 for _ in span.primary_keys())
        print(f"To send: {count:,} events.\nNothing was sent. Add --yes to send them.")
        return
    buses = cast("Buses", session.create_client("events"))
    print(f"Sent: {send_all(span, EventBridgeBus(buses, options.bus), sleep):,} events.")


@dataclass(frozen=True, slots=True)
class Span:
    """The events of the whole service from ``since`` to before ``until``, the oldest first."""

    client: DynamoDBClient
    table: str
    since: datetime
    until: datetime

    def primary_keys(self) -> Iterator[Item]:
        """Yield the primary keys, as the index has them. Raises StoreUnavailable."""
        day, last = self.since.date(), self.until.date()
        while day <= last:
            parts = [self._part(primary_keys.day_of_events(day, shard)) for shard in range(SHARDS)]
            yield from merge(*parts, key=lambda key: key["sk"]["S"])
            day += timedelta(days=1)

    def pages(self) -> Iterator[Sequence[Event]]:
        """Yield the events, at most 100 at a time. Raises StoreUnavailable."""
        keys = self.primary_keys()
        while page := list(islice(keys, _ROWS_AT_A_TIME)):
            # An event that TTL deleted meanwhile is missing.
            events = _readable(batch_get(self.client, self.table, page))
            yield sorted(events, key=lambda event: event.position)

    def _part(self, by_pk: str) -> Iterator[Item]:
        # A position follows its time and "#", so the end is exclusive.
        bounds = {":first": {"S": place_of(self.since)}, ":end": {"S": place_of(self.until)}}
        rows = query_all(
            self.client,
            TableName=self.table,
            IndexName=items.GENERIC_INDEX,
            KeyConditionExpression="by_pk = :part AND by_sk BETWEEN :first AND :end",
            ExpressionAttributeValues={":part": {"S": by_pk}, **bounds},
        )
        return ({"pk": row["pk"], "sk": row["sk"]} for row in rows)


def _readable(rows: Sequence[Mapping[str, Any]]) -> Iterator[Event]:
    """Yield the events that can be read, and print the primary keys of the others."""
    for row in rows:
        # A damaged row, or one of a later release, must not stop the others.
        try:
            yield EVENT.read(row)
        except UNREADABLE as error:
            named = f"{row['pk']['S']} / {row['sk']['S']}"
            print(f"Not sent, because it cannot be read: {named} ({error!r})", file=sys.stderr)


def send_all(span: Span, bus: EventBus, pause: Sleep) -> int:
    """Send the events of a span, and return their number.

    Raises StoreUnavailable, and OperatorError with the time to go on from.
    """
    count = 0
    for page in span.pages():
        for first in range(0, len(page), MOST_EVENTS):
            batch = page[first : first + MOST_EVENTS]
            if left := send(bus, batch, pause):
                since = left[0].at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
                raise OperatorError(
                    f"The bus did not take {len(left)} events. Before them, {count:,} events were sent.\n"
                    f"Go on with --since {since}"
                )
            count += len(batch)
    return count


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time, for example {_EXAMPLE}") from error
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no time zone, for example {_EXAMPLE}")
    return found.astimezone(UTC)
