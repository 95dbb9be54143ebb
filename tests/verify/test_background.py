"""The checks of work that no request starts: each promise is broken here, and that is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters.dynamodb.sweep_store import WALK
from chalicelib.domain.walks import Walk
from infra.aws.operate.verify import background
from infra.aws.operate.verify.findings import Finding, Verdict
from infra.aws.operate.verify.wire import Reply
from tests.support.clock import START
from tests.verify.scene import Aws, Scene, measured, resources, scene_of

HOLDS, FAILS, OPEN = Verdict.HOLDS, Verdict.FAILS, Verdict.NOT_DECIDABLE
HISTORY, SWEEP, READERS, QUEUES, BUS, MAILS = background.CHECKS
HOUR = timedelta(hours=1)
KINDS = resources(
    SweepSchedule="AWS::Events::Rule",
    TokenTable="AWS::DynamoDB::Table",
    AuthorizerCacheFlushes="AWS::Lambda::EventSourceMapping",
    EventsOut="AWS::Lambda::EventSourceMapping",
    UnsentEvents="AWS::SQS::Queue",
    UnflushedChanges="AWS::SQS::Queue",
)


class Stub:
    """A client with fixed responses. A response may be an error, or a function of the request."""

    def __init__(self, **responses: Any) -> None:
        self._responses = responses

    def __getattr__(self, name: str) -> Any:
        """Return an operation."""
        response = self._responses[name]

        def operation(**request: Any) -> Any:
            found = response(request) if callable(response) else response
            if isinstance(found, Exception):
                raise found
            return found

        return operation


def no_such(code: str) -> ClientError:
    """Return an error of AWS."""
    return ClientError({"Error": {"Code": code, "Message": "none"}}, "Operation")


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Return the app."""
    with scene_of() as scene:
        yield scene


class TestHistory:
    """The event of a change."""

    def test_event_is_there(self, scene: Scene) -> None:
        """In both histories."""
        assert measured(HISTORY, scene.site()).verdict is HOLDS

    @pytest.mark.parametrize("path", ["/v1/tokens/", "/v1/me/events"])
    def test_missing_event_is_found(self, scene: Scene, path: str) -> None:
        """In either history."""

        def without(reply: Reply) -> Reply:
            return Reply(200, {}, b'{"events": []}') if b'"events"' in reply.body else reply

        scene.falsify("GET", path, without)
        finding = measured(HISTORY, scene.site())
        assert (finding.verdict, "no event of it" in finding.measured) == (FAILS, True)


def swept(scene: Scene, walk: Walk | None, state: str = "ENABLED", **changes: Any) -> Finding:
    """Check the sweep of a stack with this checkpoint."""
    row = {} if walk is None else {"Item": WALK.item(walk) | {"write_id": {"S": "x"}}}
    client = Aws(events=Stub(describe_rule={"State": state}), dynamodb=Stub(get_item=row))
    return measured(SWEEP, scene.site(client=client, resources=KINDS, **changes))


class TestSweep:
    """The schedule and the checkpoint."""

    def test_walk_of_today_holds(self, scene: Scene) -> None:
        """With its numbers."""
        finding = swept(scene, Walk(START - HOUR, users=3, tokens=7, ended_at=START))
        assert finding.verdict is HOLDS
        assert "7 tokens of 3 users" in finding.measured

    @pytest.mark.parametrize(
        ("walk", "verdict"),
        [
            (Walk(START - 20 * HOUR, ended_at=START - 19 * HOUR), HOLDS),
            (Walk(START - HOUR, last_ended_at=START - 30 * HOUR), HOLDS),
            (Walk(START - HOUR), HOLDS),
            (Walk(START - 50 * HOUR, ended_at=START - 37 * HOUR), FAILS),
            (Walk(START - HOUR, last_ended_at=START - 37 * HOUR), FAILS),
            (Walk(START - 37 * HOUR), FAILS),
        ],
    )
    def test_old_walk_is_found(self, scene: Scene, walk: Walk, verdict: Verdict) -> None:
        """A walk under way is not a fault. One that does not end is."""
        assert swept(scene, walk).verdict is verdict

    def test_schedule_that_is_off_is_found(self, scene: Scene) -> None:
        """Although the last walk has just ended."""
        assert swept(scene, Walk(START, ended_at=START), "DISABLED").verdict is FAILS

    @pytest.mark.parametrize(
        ("changes", "verdict"),
        [
            ({}, FAILS),
            ({"deployed_at": START - timedelta(minutes=14)}, OPEN),
            ({"emulated": True}, OPEN),
        ],
    )
    def test_missing_checkpoint_is_found(
        self, scene: Scene, changes: Mapping[str, Any], verdict: Verdict
    ) -> None:
        """Not in the first minutes of a stack. An emulator may have no schedules."""
        assert swept(scene, None, **changes).verdict is verdict


class TestReaders:
    """The event source mappings."""

    @pytest.mark.parametrize(
        ("second", "told"),
        [
            ({"State": "Disabled"}, "EventsOut is Disabled"),
            (
                {"State": "Enabled", "LastProcessingResult": "PROBLEM: Function call failed"},
                "EventsOut: PRO",
            ),
            ({"State": "Enabled", "LastProcessingResult": "No records processed"}, ""),
            ({"State": "Enabled"}, ""),
        ],
    )
    def test_reader_that_is_off_or_fails_is_found(
        self, scene: Scene, second: Mapping[str, str], told: str
    ) -> None:
        """By its name."""

        def mapping(request: Mapping[str, Any]) -> Mapping[str, str]:
            return second if request["UUID"] == "EventsOut-1" else {"State": "Enabled"}

        client = Aws(**{"lambda": Stub(get_event_source_mapping=mapping)})
        finding = measured(READERS, scene.site(client=client, resources=KINDS))
        assert finding.verdict is (FAILS if told else HOLDS)
        assert told in finding.measured

    def test_missing_reader_is_found(self, scene: Scene) -> None:
        """A stack of 0.1 has one reader."""
        kinds = {name: each for name, each in KINDS.items() if name != "EventsOut"}
        client = Aws(**{"lambda": Stub(get_event_source_mapping={"State": "Enabled"})})
        finding = measured(READERS, scene.site(client=client, resources=kinds))
        assert (finding.verdict, finding.measured) == (FAILS, "the stack lacks EventsOut")


class TestQueues:
    """The dead-letter queues."""

    @pytest.mark.parametrize(("messages", "verdict"), [("0", HOLDS), ("2", FAILS)])
    def test_message_is_found(self, scene: Scene, messages: str, verdict: Verdict) -> None:
        """In any queue."""

        def attributes(request: Mapping[str, Any]) -> Any:
            count = messages if request["QueueUrl"] == "UnsentEvents-1" else "0"
            return {"Attributes": {"ApproximateNumberOfMessages": count}}

        client = Aws(sqs=Stub(get_queue_attributes=attributes))
        finding = measured(QUEUES, scene.site(client=client, resources=KINDS))
        assert finding.verdict is verdict
        assert ("2 messages in UnsentEvents-1" in finding.measured) is (verdict is FAILS)

    def test_missing_queues_are_found(self, scene: Scene) -> None:
        """Records that are given up would be lost."""
        assert measured(QUEUES, scene.site()).verdict is FAILS


@pytest.mark.parametrize(
    ("settings", "response", "verdict"),
    [
        ({}, {}, OPEN),
        ({"EVENT_BUS_NAME": "tokens"}, {"Name": "tokens"}, HOLDS),
        ({"EVENT_BUS_NAME": "tokens"}, no_such("ResourceNotFoundException"), FAILS),
        ({"EVENT_BUS_NAME": "tokens"}, no_such("AccessDeniedException"), OPEN),
    ],
)
def test_missing_bus_is_found(
    scene: Scene, settings: Mapping[str, str], response: Any, verdict: Verdict
) -> None:
    """If the settings name one."""
    client = Aws(events=Stub(describe_event_bus=response))
    assert measured(BUS, scene.site(client=client, settings=settings)).verdict is verdict


GOOD_ACCOUNT = {"SendingEnabled": True, "ProductionAccessEnabled": True}


@pytest.mark.parametrize(
    ("verified", "account", "told"),
    [
        ({"tokens@example.com": True}, GOOD_ACCOUNT, ""),
        ({"example.com": True}, GOOD_ACCOUNT, ""),
        ({"tokens@example.com": False, "example.com": True}, GOOD_ACCOUNT, ""),
        ({}, GOOD_ACCOUNT, "verified identity"),
        ({"tokens@example.com": False}, GOOD_ACCOUNT, "verified identity"),
        ({"example.com": True}, GOOD_ACCOUNT | {"SendingEnabled": False}, "paused"),
        ({"example.com": True}, GOOD_ACCOUNT | {"ProductionAccessEnabled": False}, "sandbox"),
    ],
)
def test_address_that_cannot_send_is_found(
    scene: Scene, verified: Mapping[str, bool], account: Mapping[str, bool], told: str
) -> None:
    """The identity is the address or its domain."""

    def identity(request: Mapping[str, Any]) -> Any:
        name = request["EmailIdentity"]
        found = {"VerifiedForSendingStatus": verified[name]} if name in verified else None
        return found or no_such("NotFoundException")

    client = Aws(sesv2=Stub(get_email_identity=identity, get_account=account))
    settings = {"NOTICES_FROM": "tokens@example.com"}
    finding = measured(MAILS, scene.site(client=client, settings=settings))
    assert finding.verdict is (FAILS if told else HOLDS)
    assert told in finding.measured


def test_operator_who_may_not_ask_leaves_mails_open(scene: Scene) -> None:
    """So does a stack without mails."""
    denied = Aws(sesv2=Stub(get_email_identity=no_such("AccessDeniedException")))
    settings = {"NOTICES_FROM": "tokens@example.com"}
    assert measured(MAILS, scene.site(client=denied, settings=settings)).verdict is OPEN
    assert measured(MAILS, scene.site()).verdict is OPEN
