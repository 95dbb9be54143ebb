"""From a change in the table by its stream to a queue behind the bus, on the deployed stack."""

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import primary_keys
from chalicelib.adapters.event_detail import SOURCE
from infra.aws.package.publishing import PUBLISHER
from infra.local.streaming import StreamReader
from tests.stack.calls import Caller
from tests.support.deployed import Deployed

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]

PATIENCE = 40.0
"""Seconds. AWS takes one; here the machine may be busy, and the function has to start."""

Detail = dict[str, Any]


@dataclass
class Receiver:
    """A queue behind a rule, and the details that it has got."""

    queue: Any
    url: str
    details: list[Detail] = field(default_factory=list)

    def got(self, kind: str, token_id: str) -> list[Detail]:
        """Return the details of one type about one token so far."""
        answer = self.queue.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            event = json.loads(message["Body"])
            assert (event["source"], event["detail-type"]) == (SOURCE, event["detail"]["type"])
            # At least once: the id tells a second delivery from another event.
            if event["detail"]["id"] not in {each["id"] for each in self.details}:
                self.details.append(event["detail"])
            self.queue.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return [each for each in self.details if (each["type"], each.get("token_id")) == (kind, token_id)]


@pytest.fixture
def receiver(stack: Deployed) -> Iterator[Receiver]:
    """Put a queue behind the bus, for all events of the service."""
    queue, bus, name = stack.client("sqs"), stack.client("events"), f"events-{uuid.uuid4().hex[:8]}"
    url = queue.create_queue(QueueName=name)["QueueUrl"]
    attributes = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    bus.put_rule(Name=name, EventPattern=json.dumps({"source": [SOURCE]}))
    bus.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": attributes["QueueArn"]}])
    yield Receiver(queue, url)
    bus.remove_targets(Rule=name, Ids=["1"])
    bus.delete_rule(Name=name)


@pytest.fixture
def delivery(stack: Deployed) -> Iterator[StreamReader]:
    """Deliver the stream's records with our reader instead of the emulator's mapping.

    That one takes all records of a batch for done, whichever the function says have failed. On a busy
    machine some do.
    """
    functions = stack.client("lambda")
    mapping = functions.list_event_source_mappings(FunctionName=stack.physical(PUBLISHER))
    (mapping_id,) = (each["UUID"] for each in mapping["EventSourceMappings"])
    functions.update_event_source_mapping(UUID=mapping_id, Enabled=False)

    def deliver(event: Any, _: object) -> Any:
        error, response = stack.invoke(PUBLISHER, as_lambda_has_it(event))
        first = event["Records"][0]["dynamodb"]["SequenceNumber"]
        # After a crash, Lambda delivers all records again.
        return {"batchItemFailures": [{"itemIdentifier": first}]} if error else response

    yield StreamReader(stack.client("dynamodbstreams"), stack.physical("TokenTable"), deliver)
    functions.update_event_source_mapping(UUID=mapping_id, Enabled=True)


def as_lambda_has_it(event: Any) -> Any:
    """Return an event whose times are numbers."""
    return json.loads(json.dumps(event, default=datetime.timestamp))


def eventually(
    found: Callable[[], list[Any]], do: Callable[[], object] = lambda: None, patience: float = PATIENCE
) -> list[Any]:
    """Return what is found in the end. ``do`` runs before each look. Raises TimeoutError."""
    started = time.monotonic()
    while True:
        do()
        if now := found():
            return now
        if time.monotonic() > started + patience:
            raise TimeoutError
        time.sleep(0.2)


def test_change_reaches_the_queue(caller: Caller, receiver: Receiver) -> None:
    """By the deployed mapping and its own ids, without anything that a person wrote."""
    person = caller.newcomer()
    details: list[Detail] = []
    # The emulator gives up records that met a busy machine. Then another change follows.
    for _ in range(4):
        created = caller.create(person)
        with contextlib.suppress(TimeoutError):
            details = eventually(partial(receiver.got, "token.created", created["id"]), patience=10)
            break
    (detail,) = details
    assert detail["actor_kind"] == "person"
    assert detail["actor_id"] == detail["user_id"] == caller.call("GET", "/v1/me", person).json["id"]
    assert detail["request_id"]


def test_event_waits_for_the_bus(caller: Caller, receiver: Receiver, delivery: StreamReader) -> None:
    """The function says which record failed, and from there it gets the records again."""
    person = caller.newcomer()
    with caller.stack.changed(PUBLISHER, AWS_ENDPOINT_URL_EVENTBRIDGE="http://127.0.0.1:9"):
        created = caller.create(person)
        delivery.go_on()
        assert receiver.got("token.created", created["id"]) == []
    (detail,) = eventually(lambda: receiver.got("token.created", created["id"]), delivery.go_on)
    assert detail["type"] == "token.created"


def test_reuse_is_derived_and_sent(caller: Caller, receiver: Receiver, delivery: StreamReader) -> None:
    """By the system, once: the row of the event comes back through the stream."""
    person = caller.newcomer()
    old = caller.create(person)
    caller.call("POST", f"/v1/tokens/{old['id']}/rotate", person)

    def use_and_deliver() -> None:
        # A use is recorded by one attempt, which a busy machine may lose.
        assert caller.whoami(old["token"]) == 401
        delivery.go_on()

    (detail,) = eventually(lambda: receiver.got("token.reused", old["id"]), use_and_deliver)
    assert (detail["actor_kind"], "actor_id" in detail) == ("system", False)


def test_tampering_is_in_the_log(caller: Caller, receiver: Receiver, delivery: StreamReader) -> None:
    """Whoever deletes an event, or puts another row over it."""
    person = caller.newcomer()
    created = caller.create(person)
    (detail,) = eventually(lambda: receiver.got("token.created", created["id"]), delivery.go_on)
    table, client = caller.stack.physical("TokenTable"), caller.stack.client("dynamodb")
    rows = client.query(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": primary_keys.EVENTS + detail["user_id"]}},
    )["Items"]
    (row,) = (row for row in rows if detail["id"] in row["sk"]["S"])
    client.put_item(TableName=table, Item=row | {"type": {"S": "token.paused"}})
    client.delete_item(TableName=table, Key={"pk": row["pk"], "sk": row["sk"]})

    def told() -> set[str]:
        lines = [json.loads(line) for line in caller.stack.log_lines(PUBLISHER) if line.startswith("{")]
        return {
            line["change"]
            for line in lines
            if (line.get("event"), line.get("position")) == ("events.tampered", row["sk"]["S"])
        }

    both = {"MODIFY", "REMOVE"}
    assert set(eventually(lambda: list(told() if told() == both else ()), delivery.go_on)) == both
