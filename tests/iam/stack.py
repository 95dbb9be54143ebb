"""The policies of the deployed functions as CloudFormation resolves them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from infra.aws.package.flushing import FLUSHER, MAPPING, with_flushing
from infra.aws.package.functions import API, API_ROLE, PAGE, _signing_for_the_api_only
from infra.aws.package.publishing import MAPPING as EVENTS_OUT
from infra.aws.package.publishing import PUBLISHER, with_publishing
from infra.aws.package.sweeping import SCHEDULE, SWEEPER, with_sweeping
from infra.local.template import read_template
from tests.iam.policy import Request, Statement, listed

ROOT = Path(__file__).resolve().parents[2]
STACK = "bodhi-prod"
REGION, ACCOUNT = "us-east-1", "123456789012"
TABLE = "tokens"
TABLE_ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}"
STREAM_ARN = f"{TABLE_ARN}/stream/2026-01-15T12:00:00.000"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:unflushed"
UNSENT_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:unsent"
BUS = "company"
BUS_ARN = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{BUS}"
SENDER = "api-tokens@example.com"
SES_IDENTITIES_ARN = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/*"
SES_IDENTITY_ARN = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com"
# Of the stack, and of the operator: a secret or a parameter. A stack has one of the three.
CLIENT_SECRET_ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ClientSecret-a1B2c3"
NAMED_SECRET_ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:named-a1B2c3"
NAMED_PARAMETER_ARN = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/named"
GATEWAY_ARN = f"arn:aws:apigateway:{REGION}::"
API_ID, OTHER_API_ID = "abcdef123", "fedcba321"
OTHER_STAGE = f"apis/{OTHER_API_ID}/$default"
STREAM_READS = ("DescribeStream", "GetRecords", "GetShardIterator")
# ListStreams has no resource: IAM is asked about all of them.
FINDS_STREAMS = Request.of("dynamodb:ListStreams", "*", {})
API_ROLE_ARN, OTHER_ROLE_ARN = (
    f"arn:aws:iam::{ACCOUNT}:role/{STACK}-{name}-1" for name in (API_ROLE, "OtherRole")
)
STAGES = f"restapis/{API_ID}/v1,{OTHER_STAGE}"

QUEUES = {FLUSHER: QUEUE_ARN, PUBLISHER: UNSENT_ARN}
"""The readers of the stream, and the queue of each."""

_NOTHING = object()
_SECRETS = ("ClientSecretGiven", "ClientSecretNamed")
_KEEPERS = frozenset({"secretsmanager", "ssm"})
_PLACE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class Stack:
    """A stack whose parameters and resources have these values; what is not named is an error."""

    conditions: Mapping[str, bool]
    values: Mapping[str, str] = field(
        default_factory=lambda: {
            "AWS::Partition": "aws",
            "AWS::Region": REGION,
            "AWS::AccountId": ACCOUNT,
            "AWS::StackName": STACK,
            "TokenTable.Arn": TABLE_ARN,
            "TokenTable.StreamArn": STREAM_ARN,
            "UnflushedChanges.Arn": QUEUE_ARN,
            "UnsentEvents.Arn": UNSENT_ARN,
            "RestAPI": API_ID,
            "ClientSecret.Id": CLIENT_SECRET_ARN,
            "OidcClientSecretArn": NAMED_SECRET_ARN,
            f"{API_ROLE}.Arn": API_ROLE_ARN,
        }
    )

    def resolved(self, value: Any) -> Any:
        """Return a part of a template with the values in place. Raises KeyError."""
        if isinstance(value, list):
            parts = [self.resolved(part) for part in value]
            return [part for part in parts if part is not _NOTHING]
        if not isinstance(value, dict):
            return value
        match value:
            case {"Ref": "AWS::NoValue"}:
                return _NOTHING
            case {"Ref": name}:
                return self.values[name]
            case {"Fn::GetAtt": [name, attribute]}:
                return self.values[f"{name}.{attribute}"]
            case {"Fn::Sub": str(text)}:
                return _PLACE.sub(lambda place: self.values[place[1]], text)
            case {"Fn::If": [condition, one, other]}:
                return self.resolved(one if self.conditions[condition] else other)
        members = {name: self.resolved(part) for name, part in value.items()}
        return {name: part for name, part in members.items() if part is not _NOTHING}


def policy_files() -> dict[str, str]:
    """Return the file of each deployed function's policy, by logical id, as packaging finds it.

    Those that Chalice makes are in its configuration; the page's is added to the template.
    """
    config = configuration()
    functions = {
        "".join(word.capitalize() for word in name.split("_")): function["iam_policy_file"]
        for name, function in config["lambda_functions"].items()
    }
    return {API: config["iam_policy_file"], PAGE: "policy-page.json", **functions}


def role_arn(function: str) -> str:
    """Return the ARN of a function's role: keys know the API's, all others are alike to them."""
    return API_ROLE_ARN if function == API else OTHER_ROLE_ARN


def configuration() -> Mapping[str, Any]:
    """Return Chalice's configuration."""
    return document("config.json")


def document(file: str) -> Mapping[str, Any]:
    """Return a file of Chalice's as it is committed."""
    read: dict[str, Any] = json.loads((ROOT / ".chalice" / file).read_text(encoding="utf-8"))
    return read


@cache
def statements(function: str, *, families_are_revoked: bool, null_checks: bool = True) -> list[Statement]:
    """Return what a function's policy says in a stack with these settings, but for its log group."""
    conditions = {"FamiliesAreRevoked": families_are_revoked, "NullChecksAreOn": null_checks}
    stack = Stack({**conditions, **dict.fromkeys(_SECRETS, True)})
    committed = document(policy_files()[function])
    completed = _COMPLETED[function](committed) if function in _COMPLETED else committed
    resolved = stack.resolved(completed)
    return [each for statement in resolved["Statement"] for each in _by_keeper(statement)]


def _by_keeper(statement: Statement) -> Iterator[Statement]:
    """Yield what the statement about the operator's secret says of a secret, and of a parameter.

    A deployment names one of the two. The action of the other service never applies to it.
    """
    if statement["Resource"] != NAMED_SECRET_ARN:
        yield statement
        return
    for arn in (NAMED_SECRET_ARN, NAMED_PARAMETER_ARN):
        others = _KEEPERS - {arn.split(":")[2]}
        actions = [each for each in listed(statement["Action"]) if each.partition(":")[0] not in others]
        yield {**statement, "Action": actions, "Resource": arn}


@cache
def signing_key_policy() -> Mapping[str, Any]:
    """Return the policy of a key that signs API tokens, as packaging completes it."""
    key = _signing_for_the_api_only(read_template()["Resources"]["SigningKey"])
    policy: Mapping[str, Any] = Stack({}).resolved(key["Properties"]["KeyPolicy"])
    return policy


def asked_by_lambda(function: str) -> list[Request]:
    """Return what Lambda itself asks for in a function's name, which no recorder sees.

    Lambda Developer Guide, "Process DynamoDB records with Lambda": the permissions of the execution role,
    and those of a destination for what was given up on.
    """
    if function not in QUEUES:
        return []
    reads = [Request.of(f"dynamodb:{name}", STREAM_ARN, {}) for name in STREAM_READS]
    return [*reads, FINDS_STREAMS, Request.of("sqs:SendMessage", QUEUES[function], {})]


def _with_stages(committed: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the policy as packaging completes it with the stages that may be flushed."""
    role = {"Properties": {"Policies": [{"PolicyDocument": committed}]}}
    variables = {"AUTHORIZER_CACHE_STAGES": OTHER_STAGE}
    function = {"Environment": {"Variables": variables}, "Role": {"Fn::GetAtt": ["Role", "Arn"]}}
    resources = {
        "RestAPI": {"Properties": {"StageName": "v1"}},
        FLUSHER: {"Properties": function},
        MAPPING: {"Properties": {}},
        "Role": role,
    }
    (policy,) = with_flushing({"Resources": resources})["Resources"]["Role"]["Properties"]["Policies"]
    document: Mapping[str, Any] = policy["PolicyDocument"]
    return document


def _with_bus_and_sender(committed: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the policy as packaging completes it with the bus and the sender of mails."""
    function = {
        "Environment": {"Variables": {"EVENT_BUS_NAME": BUS, "NOTICES_FROM": SENDER}},
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
    }
    resources = {
        PUBLISHER: {"Properties": function},
        EVENTS_OUT: {"Properties": {}},
        "Role": {"Properties": {"Policies": [{"PolicyDocument": committed}]}},
    }
    (policy,) = with_publishing({"Resources": resources})["Resources"]["Role"]["Properties"]["Policies"]
    document: Mapping[str, Any] = policy["PolicyDocument"]
    return document


def _with_sender(committed: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the policy of the sweep as packaging completes it with the sender of mails."""
    function = {
        "Environment": {"Variables": {"NOTICES_FROM": SENDER}},
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
    }
    resources = {
        SWEEPER: {"Properties": function},
        SCHEDULE: {"Properties": {}},
        "Role": {"Properties": {"Policies": [{"PolicyDocument": committed}]}},
    }
    (policy,) = with_sweeping({"Resources": resources})["Resources"]["Role"]["Properties"]["Policies"]
    document: Mapping[str, Any] = policy["PolicyDocument"]
    return document


_COMPLETED = {FLUSHER: _with_stages, PUBLISHER: _with_bus_and_sender, SWEEPER: _with_sender}
