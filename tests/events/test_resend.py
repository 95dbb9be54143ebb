"""The command that sends the events of a span again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from chalicelib.adapters.dynamodb.events import EVENT
from chalicelib.domain.events import Event
from infra.__main__ import main
from infra.aws.errors import OperatorError
from infra.aws.operate.events import Span, send_all
from tests.support.actors import an_event
from tests.support.bus import FakeBus
from tests.support.dynamodb import Cloud, moto_cloud

MIDNIGHT = datetime(2026, 1, 16, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """Return an empty table."""
    with moto_cloud() as cloud:
        yield cloud


def kept(cloud: Cloud, *times: datetime) -> list[Event]:
    """Keep an event of each time, of several users, and return them."""
    events = [replace(an_event(f"usr_{n % 3}"), at=at) for n, at in enumerate(times)]
    for event in events:
        cloud.dynamodb.put_item(TableName=cloud.table, Item=EVENT.item(event))
    return events


def span(cloud: Cloud, since: datetime, until: datetime) -> Span:
    """Return a span of the table."""
    return Span(cloud.dynamodb, cloud.table, since, until)


def pause(_: timedelta) -> None:
    """Return at once."""


def test_events_of_several_days_are_sent_in_their_order(cloud: Cloud) -> None:
    """From all parts of the index, by the time."""
    events = kept(cloud, *(MIDNIGHT + timedelta(minutes=7 * n) for n in range(-130, 130)))
    bus = FakeBus()
    since, until = events[5].at, events[-5].at
    assert send_all(span(cloud, since, until), bus, pause) == 250
    assert bus.sent == events[5:-5]


def test_begin_is_in_the_span_and_the_end_is_not(cloud: Cloud) -> None:
    """Two spans that meet send nothing twice."""
    events = kept(cloud, MIDNIGHT - MILLISECOND, MIDNIGHT, MIDNIGHT + MILLISECOND)
    first, second = FakeBus(), FakeBus()
    send_all(span(cloud, MIDNIGHT - MILLISECOND, MIDNIGHT), first, pause)
    send_all(span(cloud, MIDNIGHT, MIDNIGHT + 2 * MILLISECOND), second, pause)
    assert (first.sent, second.sent) == (events[:1], events[1:])


def test_bus_that_is_away_says_where_to_go_on(cloud: Cloud) -> None:
    """The events before stay sent."""
    events = kept(cloud, *(MIDNIGHT + timedelta(seconds=n) for n in range(25)))
    bus = FakeBus()
    bus.refused = {events[13].id}
    with pytest.raises(OperatorError, match=r"--since 2026-01-16T00:00:13\.000Z") as caught:
        send_all(span(cloud, MIDNIGHT, MIDNIGHT + timedelta(hours=1)), bus, pause)
    assert "10 events were sent" in str(caught.value)


def test_damaged_event_does_not_stop_the_others(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """The command names its row. A type of a later release counts as damaged too."""
    events = kept(cloud, *(MIDNIGHT + timedelta(seconds=n) for n in range(4)))
    rows = [EVENT.item(event) for event in events[1:3]]
    del rows[0]["at"]
    rows[1]["type"] = {"S": "token.gifted"}
    for row in rows:
        cloud.dynamodb.put_item(TableName=cloud.table, Item=row)
    bus = FakeBus()
    assert send_all(span(cloud, MIDNIGHT, MIDNIGHT + timedelta(hours=1)), bus, pause) == 2
    assert bus.sent == [events[0], events[3]]
    lines = capsys.readouterr().err.splitlines()
    assert sorted(line.split(" (")[0] for line in lines) == [
        f"Not sent, because it cannot be read: E#{event.user_id} / {event.position}"
        for event in sorted(events[1:3], key=lambda event: event.user_id)
    ]


class Session:
    """A session over moto."""

    def create_client(self, service: str) -> Any:
        """Return a client."""
        return boto3.client(service)  # type: ignore[call-overload]


@pytest.fixture
def run(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the command for the default bus."""
    monkeypatch.setattr("infra.aws.operate.events.session_of_environment", Session)
    monkeypatch.setenv("TABLE_NAME", cloud.table)
    monkeypatch.setenv("EVENT_BUS_NAME", "default")
    return lambda *arguments: main(["events", "resend", *arguments])


def test_command_counts_first(cloud: Cloud, run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """It sends with --yes only."""
    kept(cloud, MIDNIGHT, MIDNIGHT + timedelta(hours=1))
    given = ("--since", "2026-01-15T23:00-01:00", "--until", "2026-01-16T00:30Z")
    assert run(*given) == 0
    assert capsys.readouterr().out == "To send: 1 events.\nNothing was sent. Add --yes to send them.\n"
    assert run(*given, "--yes") == 0
    assert capsys.readouterr().out == "Sent: 1 events.\n"


def test_end_is_now_by_default(cloud: Cloud, run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Times of the clock of this machine."""
    kept(cloud, datetime.now(UTC) - timedelta(seconds=5))
    since = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    assert run("--since", since, "--yes") == 0
    assert capsys.readouterr().out == "Sent: 1 events.\n"


@pytest.mark.parametrize(
    ("given", "status", "wrong"),
    [
        (("--since", "yesterday"), 2, "is not a time"),
        (("--since", "2026-01-15T12:00"), 2, "has no time zone"),
        (("--since", "2026-01-15T12:00Z", "--until", "2026-01-15T12:00Z"), 1, "must be before"),
        (("--since", "2026-01-15T12:00Z", "--bus", ""), 1, "--table and --bus"),
        (("--since", "2026-01-15T12:00Z", "--table", ""), 1, "--table and --bus"),
        (("--since", "2026-01-15T12:00Z", "--until", "2026-01-16T12:00Z", "--bus", "gone"), 0, ""),
    ],
)
def test_bad_input_is_named(
    run: Any, capsys: pytest.CaptureFixture[str], given: tuple[str, ...], status: int, wrong: str
) -> None:
    """Nothing is read or sent."""
    try:
        ended = run(*given)
    except SystemExit as error:
        ended = error.code
    assert ended == status
    assert wrong in capsys.readouterr().err
