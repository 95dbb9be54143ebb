"""The calls of `make verify` and `make test-alarm`, recorded while every check runs.

The API is the app in this process. AWS is answered for: clients are real, so that parameters are checked
and recorded, but nothing leaves them. An answer has what the checks need to go on to their last call.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.model import OperationModel
from botocore.session import Session
from urllib3 import HTTPResponse

from infra.aws.operate.verify import alarm, run
from infra.aws.operate.verify.background import READERS, SCHEDULE
from infra.aws.operate.verify.deployment import facts_of
from infra.aws.operate.verify.doors import DOORS
from infra.aws.operate.verify.findings import Check, Result
from infra.aws.operate.verify.site import Credentials, Site
from infra.aws.operate.verify.staleness import MAPPING
from tests.iam.operating import Record
from tests.iam.stack import ACCOUNT, API_ID, REGION, STACK, TABLE
from tests.support.clock import START
from tests.verify.scene import clocks, scene_of

READER = READERS[1]
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"
_CACHE_SECONDS = 30
_SETTINGS = {"EVENT_BUS_NAME": "default", "NOTICES_FROM": "tokens@example.com"}
_GROUP = f"{STACK}-ApiTokenAuthorizerLogs-1"
_RESOURCES = {
    "APIHandler": ("AWS::Lambda::Function", f"{STACK}-APIHandler-1"),
    "ApiFailures": ("AWS::CloudWatch::Alarm", f"{STACK}-ApiFailures-1"),
    "ApiTokenAuthorizer": ("AWS::Lambda::Function", f"{STACK}-ApiTokenAuthorizer-1"),
    "ApiTokenAuthorizerLogs": ("AWS::Logs::LogGroup", _GROUP),
    MAPPING: ("AWS::Lambda::EventSourceMapping", "f0000000-0000-4000-8000-000000000001"),
    READER: ("AWS::Lambda::EventSourceMapping", "f0000000-0000-4000-8000-000000000002"),
    SCHEDULE: ("AWS::Events::Rule", f"{STACK}-{SCHEDULE}-1"),
    "UnsentEvents": (
        "AWS::SQS::Queue",
        f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{STACK}-UnsentEvents-1",
    ),
    # Its name does not begin with that of the stack.
    "RateLimitLines": ("AWS::Logs::LogGroup", f"aws-waf-logs-{STACK}"),
    "TokenTable": ("AWS::DynamoDB::Table", TABLE),
}


class _Answers:
    """The answers of AWS, by operation. What is switched is remembered."""

    def __init__(self) -> None:
        self.mapping = "Enabled"
        self.alarm = "OK"

    def of(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to a call. Raises KeyError for a call that is not thought of."""
        given = json.loads(request["body"]) if operation == "UpdateEventSourceMapping" else {}
        if given:
            self.mapping = "Enabled" if given["Enabled"] else "Disabled"
        if operation == "SetAlarmState":
            self.alarm = "ALARM" if "ALARM" in str(request["body"]) else "OK"
        return {**_fixed(), **self._changing()}[operation]

    def _changing(self) -> dict[str, dict[str, Any]]:
        alarm = {"AlarmName": f"{STACK}-ApiFailures-1", "AlarmActions": [TOPIC], "StateValue": self.alarm}
        return {
            "DescribeAlarms": {"MetricAlarms": [alarm]},
            "GetEventSourceMapping": {"State": self.mapping},
            "Invoke": {"Payload": io.BytesIO(b"{}")},
            "SetAlarmState": {},
            "UpdateEventSourceMapping": {},
        }


def _fixed() -> dict[str, dict[str, Any]]:
    summaries = [
        {"LogicalResourceId": name, "ResourceType": kind, "PhysicalResourceId": physical}
        for name, (kind, physical) in _RESOURCES.items()
    ]
    outputs = {
        f"{door.output}AliasArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-{door.output}-1:live"
        for door in DOORS
    }
    outputs |= {"RestAPIId": API_ID}
    stack = {
        "StackName": STACK,
        "StackStatus": "UPDATE_COMPLETE",
        "CreationTime": START - timedelta(hours=1),
        "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()],
    }
    role = f"arn:aws:iam::{ACCOUNT}:role/bodhi-verify-run1"
    return {
        "AssumeRole": {
            "Credentials": {"AccessKeyId": "x", "SecretAccessKey": "x", "SessionToken": "x"},
        },
        "CreateRole": {"Role": {"Arn": role}},
        "DeleteRole": {},
        "DeleteRolePolicy": {},
        "DescribeAlarmHistory": {
            "AlarmHistoryItems": [{"HistorySummary": f"Successfully executed action {TOPIC}"}],
        },
        "DescribeEventBus": {"Name": "default"},
        "DescribeRule": {"State": "ENABLED"},
        "DescribeStacks": {"Stacks": [stack]},
        "DescribeTable": {"Table": {"TableArn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}"}},
        "FilterLogEvents": {"events": [{"message": "REPORT\tInit Duration: 400 ms\t"}]},
        "GetAuthorizers": {"items": [{"authorizerResultTtlInSeconds": _CACHE_SECONDS}]},
        "GetAccount": {"SendingEnabled": True, "ProductionAccessEnabled": True},
        "GetCallerIdentity": {"Account": ACCOUNT},
        "GetEmailIdentity": {"VerifiedForSendingStatus": True},
        "GetFunctionConfiguration": {"Environment": {"Variables": _SETTINGS}},
        "GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessages": "0"}},
        "ListStackResources": {"StackResourceSummaries": summaries},
        "ListSubscriptionsByTopic": {"Subscriptions": [{"SubscriptionArn": f"{TOPIC}:1"}]},
        "PutRolePolicy": {},
    }


class _Clients:
    """Clients of the operator, recorded; and those of the role of the probes, which are not."""

    def __init__(self, record: Record) -> None:
        self._record, self._answers = record, _Answers()
        self._session = Session()
        self._session.set_credentials("x", "x")
        self._probing: Any = self._made("dynamodb")

    def __call__(self, service: str, credentials: Mapping[str, str] | None = None) -> Any:
        """Return a client whose calls are answered here."""
        if credentials is not None:
            return self._probing
        client = self._made(service)
        self._record.watch(client)
        return client

    def _made(self, service: str) -> Any:
        client: Any = self._session.create_client(service, REGION)
        client.meta.events.register("before-call", self._answered)
        return client

    def _answered(
        self, model: OperationModel, params: Mapping[str, Any], **_: Any
    ) -> tuple[AWSResponse, dict[str, Any]]:
        response = AWSResponse("", 200, HTTPHeaders(), HTTPResponse(preload_content=False))
        # The role of the probes is refused nothing. The table has no checkpoint yet.
        probes = model.service_model.service_name == "dynamodb" and model.name != "DescribeTable"
        return response, {} if probes else self._answers.of(model.name, params)


def verify(record: Record) -> list[Result]:
    """Run every check of `make verify`, clean up, and return what was found."""
    return _run(record, run.CHECKS)


def fire_an_alarm(record: Record) -> list[Result]:
    """Do what `make test-alarm` does, and return what was found."""
    return _run(record, alarm.CHECKS)


def _run(record: Record, checks: Iterable[Check]) -> list[Result]:
    results: list[Result] = []
    with _site(record) as site:
        run.run_checks(site, checks, lambda _: None, results)
        assert site.undo.close() == []
    # A check that stumbles over an answer may not have come to its last call.
    assert [each for each in results if each.finding.measured.startswith("not measured")] == []
    return results


@contextmanager
def _site(record: Record) -> Iterator[Site]:
    clients = _Clients(record)
    facts = facts_of(clients, STACK, "dev")
    with scene_of(AUTHORIZER_CACHE_SECONDS=str(_CACHE_SECONDS)) as scene:
        credentials = Credentials(scene.admin, scene.second)
        yield Site(facts, scene.wire, clients, credentials, "run1", time=clocks(scene.service.clock))
