"""The reader of the stream in the local stack: mails and events of a change land in the state folder."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from chalice.app import Chalice

from app import app
from infra.local.bus import FileBus
from infra.local.login import sign_in
from infra.local.streaming import READER, StreamReader, follow_stream
from tests.infra.wire_client import Client
from tests.support.actors import an_event
from tests.support.local_stack import LocalStack
from tests.support.stream import Record, a_record
from tests.support.waiting import wait_until

EVENT_ROW = {"pk": {"S": "E#usr_1"}, "sk": {"S": "1"}}


class Expired(Exception):
    """The computer slept."""


class FakeStreams:
    """A stream with one shard. A place in it is the number of the records before it."""

    exceptions = type("exceptions", (), {"ExpiredIteratorException": Expired})

    def __init__(self) -> None:
        self.records: list[Record] = [record(1)]
        self.is_expired = False

    def list_streams(self, **request: Any) -> Mapping[str, Any]:
        """Return the one stream."""
        assert request == {"TableName": "tokens"}
        return {"Streams": [{"StreamArn": "arn"}]}

    def describe_stream(self, **_: Any) -> Mapping[str, Any]:
        """Return the one shard."""
        return {"StreamDescription": {"Shards": [{"ShardId": "shard"}]}}

    def get_shard_iterator(self, **request: Any) -> Mapping[str, Any]:
        """Return a place."""
        kind = request["ShardIteratorType"]
        numbers = [each["dynamodb"]["SequenceNumber"] for each in self.records]
        if kind == "AFTER_SEQUENCE_NUMBER":
            return {"ShardIterator": str(numbers.index(request["SequenceNumber"]) + 1)}
        return {"ShardIterator": str(len(numbers)) if kind == "LATEST" else "0"}

    def get_records(self, **request: Any) -> Mapping[str, Any]:
        """Return what is behind a place."""
        if self.is_expired:
            self.is_expired = False
            raise Expired
        place = int(request["ShardIterator"])
        return {"Records": self.records[place:], "NextShardIterator": str(len(self.records))}


def record(number: int, row: Mapping[str, Any] = EVENT_ROW) -> Record:
    """Return the record of a new row."""
    return a_record(None, dict(row), number=number)


class Function:
    """A function that fails for some records."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.failing: set[str] = set()

    def __call__(self, event: Mapping[str, Sequence[Record]], context: Any) -> Mapping[str, Any]:
        """Return the records that failed."""
        assert context.get_remaining_time_in_millis() > 0
        numbers = [each["dynamodb"]["SequenceNumber"] for each in event["Records"]]
        self.calls.append(numbers)
        return {"batchItemFailures": [{"itemIdentifier": n} for n in numbers if n in self.failing]}


def test_records_are_handed_on_once_and_in_order() -> None:
    """From the end of the stream on, as far as the deployed patterns hand them on."""
    streams, function = FakeStreams(), Function()
    reader = StreamReader(streams, "tokens", function)
    reader.go_on()
    streams.records += [record(2), record(3, {"pk": {"S": "U#usr_1"}, "sk": {"S": "#"}}), record(4)]
    for _ in range(2):
        reader.go_on()
    assert function.calls == [["2", "4"]]


def test_records_that_fail_come_again_with_those_behind_them() -> None:
    """As Lambda delivers them."""
    streams, function = FakeStreams(), Function()
    reader = StreamReader(streams, "tokens", function)
    streams.records += [record(n) for n in (2, 3, 4)]
    function.failing = {"3"}
    reader.go_on()
    function.failing = set()
    streams.records.append(record(5))
    for _ in range(2):
        reader.go_on()
    assert function.calls == [["2", "3", "4"], ["3", "4", "5"]]


@pytest.mark.parametrize("is_begun", [False, True])
def test_place_that_expired_is_found_again(is_begun: bool) -> None:
    """Nothing that came meanwhile is missed."""
    streams, function = FakeStreams(), Function()
    reader = StreamReader(streams, "tokens", function)
    if is_begun:
        streams.records.append(record(2))
        reader.go_on()
    streams.is_expired = True
    reader.go_on()
    streams.records.append(record(3))
    reader.go_on()
    assert function.calls[-1][-1] == "3"
    assert [number for call in function.calls for number in call].count("2") == is_begun


def test_application_has_the_reader() -> None:
    """It is named as in the application."""
    assert READER in {function.name for function in app.pure_lambda_functions}


def test_failure_of_the_function_ends_nothing() -> None:
    """The next call gets the records again. An application without the function is left alone."""
    streams, ended = FakeStreams(), threading.Event()
    calls: list[int] = []
    small = Chalice("small")
    small.lambda_function(name="other")(lambda _event, _context: None)
    follow_stream(small, streams, "tokens")

    def work(event: Mapping[str, Any], _: Any) -> Mapping[str, Any]:
        calls.append(len(event["Records"]))
        if len(calls) < 3:
            raise ValueError
        ended.set()
        return {"batchItemFailures": []}

    def sleep(seconds: float) -> None:
        assert seconds == 1.0
        streams.records += [record(2)] if len(streams.records) == 1 else []
        if ended.is_set():
            # The thread stays here.
            threading.Event().wait()

    small.lambda_function(name=READER)(work)
    follow_stream(small, streams, "tokens", sleep)
    assert ended.wait(30)
    assert calls == [1, 1, 1]


def test_events_are_lines_of_a_file(tmp_path: Path) -> None:
    """As their receivers get them."""
    bus, events = FileBus(tmp_path / "events.jsonl"), [an_event(), an_event()]
    assert [bus.send([event]) for event in events] == [[], []]
    lines = (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [event.id for event in events]


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """Return the whole local stack, with a bus."""
    with LocalStack({"EVENT_BUS_NAME": "default"}) as running:
        yield running


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.e2e
def test_mails_and_events_land_in_the_state_folder(stack: LocalStack) -> None:
    """An exposed token and a reused one, a few seconds after the calls."""
    api, settings = Client(stack.settings.port), stack.settings
    as_json = {"Content_Type": "application/json"}
    person = {**as_json, "Authorization": f"Bearer {sign_in(settings, 'user@example.com')}"}
    made = [api.send("POST", "/v1/tokens", b"{}", **person).document for _ in range(2)]
    exposed, rotated = made
    report = json.dumps({"tokens": [exposed["token"]]}).encode()
    assert api.send("POST", "/v1/exposed", report, **as_json).status == 202
    assert api.send("POST", f"/v1/tokens/{rotated['id']}/rotate", b"{}", **person).status == 201
    assert api.send("GET", "/api/whoami", Authorization=f"Bearer {rotated['token']}").status == 401

    def told() -> set[str]:
        if not settings.events.exists():
            return set()
        lines = [json.loads(line) for line in settings.events.read_text().splitlines()]
        return {line["type"] for line in lines if line.get("token_id") in {each["id"] for each in made}}

    wait_until(lambda: {"token.exposed", "token.reused", "token.rotated"} <= told())

    def texts() -> str:
        files = settings.mails.glob("*.eml")
        mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
        return "\n".join(str(mail.get_body(("plain",)).get_content()) for mail in mails)  # type: ignore[union-attr]

    wait_until(lambda: f"{exposed['id']}: was reported as exposed" in texts())
    wait_until(lambda: f"{rotated['id']}: was used" in texts())
    assert made[0]["token"] not in texts()
