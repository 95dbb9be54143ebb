"""Operators need exactly the permissions of the policies in infra/aws.

``policy-operators.json`` is for every deployment and for operating, ``policy-operators-options.json`` for
what parameters turn on, ``policy-verify.json`` for `make verify` and `make test-alarm`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from moto import mock_aws

from chalicelib.adapters.dynamodb.key_store import DynamoDBKeyStore
from chalicelib.adapters.dynamodb.token_store import DynamoDBTokenStore
from chalicelib.adapters.dynamodb.user_store import DynamoDBUserStore
from chalicelib.domain.keys import KeyUse
from chalicelib.domain.users import User
from infra.__main__ import main
from infra.aws import account
from infra.aws.account import Account
from infra.aws.deploy import stage as deploying
from infra.aws.deploy.artifacts import Bucket, default_bucket
from infra.aws.deploy.destroy import destroy
from infra.aws.deploy.stage import deploy
from infra.aws.errors import DeploymentError
from infra.aws.operate import events, restore_segments, users
from infra.aws.operate.key_rollover import Operator
from infra.aws.operate.operator_name import caller_of
from infra.aws.package import build as package
from infra.aws.package.access_logs import refuse_without_role
from infra.aws.package.python_runtime import host_python
from infra.aws.stacks import Stack
from tests.deployment.desk import a_package
from tests.iam.grants import refused, unused
from tests.iam.operating import TRANSFORM, Record, table_arn
from tests.iam.outside import FOLDER, Question, answers
from tests.iam.policy import Request, Statement, allows
from tests.iam.recorder import Recorder
from tests.iam.resource_calls import TYPES, optional_calls, resource_calls
from tests.iam.stack import ACCOUNT, BUS, REGION, ROOT, STACK, TABLE, TABLE_ARN, policy_files, statements
from tests.iam.test_functions import changes_of_events
from tests.iam.verifying import fire_an_alarm, verify
from tests.iam.walk import _cloud, _tags_of
from tests.support.actors import JOURNAL, an_event
from tests.support.builders import ISSUER, LIMITS, a_token, a_user
from tests.support.clock import FixedClock
from tests.support.dynamodb import Cloud, CloudService, dynamodb_client, new_table
from tests.support.node import node_with_packages
from tests.support.service import ENVIRON

INFRA = ROOT / "infra" / "aws"
OPERATORS, OPTIONS, VERIFY = "policy-operators.json", "policy-operators-options.json", "policy-verify.json"
EVENTS = "policy-operators-events.json"
# The kinds of work that each file is for. Options are deployed with both files of the operators.
WORK = {
    OPERATORS: ("CloudFormation", "users", "signing_keys", "restore", "deploy"),
    OPTIONS: ("options",),
    EVENTS: ("events",),
    VERIFY: ("verify",),
}
RESTORED = "restored"
LOOKS = ("ListUsers", "ReadUsersAndIdentities", "ReadOneRow")
OTHER = "https://other.example.com"
NAMES = {"REGION": REGION, "ACCOUNT": ACCOUNT, "TABLE": TABLE, "STACK": STACK, "RESTORED": RESTORED}
NAMES["BUS"] = BUS


def granted(file: str = OPERATORS) -> list[Statement]:
    """Return the statements of a file, with the names that an operator puts in."""
    text = (INFRA / "operate" / file).read_text(encoding="utf-8")
    for placeholder, value in NAMES.items():
        # Names stand between hyphens too, but never inside a word.
        text = re.sub(rf"(?<![A-Za-z_]){placeholder}(?![A-Za-z_])", value, text)
    found: list[Statement] = json.loads(text)["Statement"]
    return found


class Desk:
    """The command over moto. Each of its calls is recorded."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.client = dynamodb_client()
        new_table(self.client, TABLE)
        self.recorder = Recorder(lambda key_id: ("", {}))
        self.recorder.watch(self.client)
        for name, value in {**ENVIRON, "TABLE_NAME": TABLE}.items():
            patch.setenv(name, value)
        patch.setattr(users, "session_of_environment", lambda: self)

    def create_client(self, service: str, **_: Any) -> Any:
        """Return the recorded client of DynamoDB, or STS, for which each operator has the permission."""
        return self.client if service == "dynamodb" else Session().create_client(service, REGION)

    def run(self, *arguments: str) -> int:
        """Run the command and return its exit status."""
        with self.recorder.running("operator"):
            return main(["users", *arguments])

    @property
    def requests(self) -> list[Request]:
        """The requests that IAM has got so far."""
        return list(self.recorder.requests["operator"])


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Return a desk over an empty table."""
    with mock_aws():
        yield Desk(monkeypatch)


def has(desk: Desk, subject: str) -> User:
    """Keep a user with a token."""
    user = a_user(subject)
    assert DynamoDBUserStore(desk.client, TABLE).add_user(user, an_event())
    DynamoDBTokenStore(desk.client, TABLE).add_token(
        a_token(user), an_event(), limits=LIMITS, idempotency=None
    )
    return user


def manage_users(desk: Desk, folder: Path) -> None:
    """Run every command about users."""
    one, two = has(desk, "one"), has(desk, "two")
    file = folder / "moves.csv"
    file.write_text(f"{two.id},new-two\n", encoding="utf-8")
    for asked in (
        ("list",),
        ("show", one.id),
        ("check",),
        ("deactivate", one.id, "--yes"),
        ("activate", one.id, "--yes"),
        ("move", one.id, "--subject", "new-one", "--yes"),
        ("move", one.id, "--subject", "one", "--yes"),
        ("move", one.id, "--subject", "newest-one", "--yes"),
        ("move", "--from", str(file), "--yes"),
        ("move", "--issuer-from", ISSUER, "--issuer-to", OTHER, "--yes"),
        ("deactivate-issuer", OTHER, "--yes"),
        ("remove", two.id, "--yes"),
    ):
        assert desk.run(*asked) == 0


class RecordedSession(Session):
    """A session whose clients are recorded."""

    def __init__(self, record: Record) -> None:
        super().__init__()
        self.set_config_variable("region", REGION)
        self._record = record

    def create_client(self, service_name: str, *_: Any, **__: Any) -> Any:
        """Return a recorded client."""
        client = super().create_client(service_name)
        self._record.watch(client)
        return client


def roll_over_keys(record: Record, cloud: Cloud) -> None:
    """List both rings, let another key sign, and revoke the former one."""
    session, clock = RecordedSession(record), FixedClock()
    service = CloudService(cloud, clock)
    service.signing_key.active()
    service.access_token_key.active()
    for use in KeyUse:
        keys = DynamoDBKeyStore(session.create_client("dynamodb"), cloud.table, use)
        kms = session.create_client("kms")
        operator = Operator(use, keys, kms, clock, JOURNAL, caller_of(session), lambda _: None)
        operator.list()
        active = keys.load_keys().active
        assert active
        operator.roll_over("", timedelta(0))
        operator.revoke(active.kid, confirmed=True)


def restore_rows(record: Record, cloud: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Count what is missing, then bring it back: users, tokens, identities and keys."""
    client = cloud.dynamodb
    new_table(client, RESTORED)
    for row in cloud.rows():
        client.put_item(TableName=RESTORED, Item=row)
        client.delete_item(TableName=cloud.table, Key={"pk": row["pk"], "sk": row["sk"]})
    monkeypatch.setattr(restore_segments, "session_of_environment", lambda: RecordedSession(record))
    progress = str(folder / "progress.json")
    command = [
        "restore",
        "--from",
        RESTORED,
        "--to",
        cloud.table,
        "--segments",
        "2",
        "--progress",
        progress,
    ]
    assert main(command) == main([*command, "--yes"]) == 0


def deploy_and_destroy(record: Record, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deploy for the first time by the whole command, refuse a change, and remove the stack."""

    def session() -> RecordedSession:
        return RecordedSession(record)

    for module in (account, deploying):
        monkeypatch.setattr(module, "session_of_environment", session)
    monkeypatch.setattr(deploying, "build", lambda *_: a_package(folder, _template()))
    # The settings of the project itself are examples.
    monkeypatch.setattr(deploying, "refuse_examples", lambda *_, **__: None)
    assert main(["deploy", "--stage", "dev", "--stack-name", STACK, "--yes"]) == 0
    ours = Account.of_session(session())
    stack = Stack(ours.cloudformation, STACK, lambda _: None, lambda _: None)
    bucket = Bucket(ours, default_bucket(ours))
    with pytest.raises(DeploymentError, match="Nothing was changed"):
        deploy(a_package(folder, _template(Days="14")), stack, bucket, {}, lambda *_: False)
    destroy(ours, stack, "dev", lambda *_: True)


def send_events_again(record: Record, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send the event of a token again."""
    buses: Any = Session().create_client("events", REGION)
    buses.create_event_bus(Name=BUS)
    monkeypatch.setattr(events, "session_of_environment", lambda: RecordedSession(record))
    day = an_event().at.date().isoformat()
    command = ["events", "resend", "--table", cloud.table, "--bus", BUS, "--since", f"{day}T00:00Z"]
    assert main([*command, "--until", f"{day}T23:59Z", "--yes"]) == 0


def ask_for_access_logs(record: Record) -> None:
    """Deploy with access logs, in a region that has no role for them."""
    gateway: Any = RecordedSession(record).create_client("apigateway")
    with pytest.raises(DeploymentError, match="the account has none"):
        refuse_without_role(gateway, None, {"AccessLogs": "true"})


def _template(Days: str = "7") -> dict[str, Any]:  # noqa: N803
    key = {"KeyType": "HASH", "AttributeName": "pk"}
    table = {
        "BillingMode": "PAY_PER_REQUEST",
        "TableName": "deployed",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [key],
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "TokenTable": {"Type": "AWS::DynamoDB::Table", "Properties": table},
            "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": Days}},
        },
    }


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Request]]:
    """Return what IAM is asked for each kind of work."""
    folder, record = tmp_path_factory.mktemp("operated"), Record(STACK, _tags_of)
    found: dict[str, list[Request]] = {"CloudFormation": list(resource_calls())}
    with pytest.MonkeyPatch.context() as patch:
        with mock_aws():
            desk = Desk(patch)
            manage_users(desk, folder)
            found["users"] = desk.requests
        with mock_aws():
            cloud = _cloud()
            roll_over_keys(record, cloud)
            found["signing_keys"] = record.requests
            desk_of_backup(cloud)
            record = Record(STACK, _tags_of)
            send_events_again(record, cloud, patch)
            found["events"] = record.requests
            record = Record(STACK, _tags_of)
            restore_rows(record, cloud, folder, patch)
            found["restore"] = record.requests
        with mock_aws():
            record = Record(STACK, _tags_of)
            deploy_and_destroy(record, folder, patch)
            found["deploy"] = [_of_the_table(request) for request in record.requests]
            record = Record(STACK, _tags_of)
            ask_for_access_logs(record)
            found["options"] = [*optional_calls(), *record.requests]
    record = Record(STACK, _tags_of)
    verify(record)
    found["verify"] = record.requests
    return found


def desk_of_backup(cloud: Cloud) -> None:
    """Keep a user with a token, and an identity that leads to the user."""
    user = a_user("one")
    assert DynamoDBUserStore(cloud.dynamodb, cloud.table).add_user(user, an_event())
    tokens = DynamoDBTokenStore(cloud.dynamodb, cloud.table)
    tokens.add_token(a_token(user), an_event(), limits=LIMITS, idempotency=None)
    key = {"pk": {"S": f"I#{user.id}"}, "sk": {"S": "#"}}
    cloud.dynamodb.put_item(TableName=cloud.table, Item={**key, "user_id": {"S": user.id}})


def _of_the_table(request: Request) -> Request:
    named = request.resource.replace("table/deployed", f"table/{TABLE}")
    # The account of moto is the one of the policy.
    return Request(request.action, named, request.context)


@pytest.mark.parametrize(("file", "work"), [(file, work) for file in WORK for work in WORK[file]])
def test_operator_may_do_what_the_commands_do(
    operated: Mapping[str, list[Request]], file: str, work: str
) -> None:
    """Each call of the commands, and each one of CloudFormation, is allowed by the file for it."""
    assert operated[work]
    assert refused(granted(file), operated[work]) == []


@pytest.mark.parametrize("file", WORK)
def test_operator_may_do_nothing_else(operated: Mapping[str, list[Request]], file: str) -> None:
    """Take any action or leading key out of a file, and some command is refused."""
    assert unused(granted(file), _asked(operated, file)) == []


def _asked(operated: Mapping[str, list[Request]], file: str) -> list[Request]:
    return [request for work in WORK[file] for request in operated[work]]


def test_every_work_has_its_file(operated: Mapping[str, list[Request]]) -> None:
    """Each policy in the folder is compared with some work, and each work with a policy."""
    assert {path.name for path in (INFRA / "operate").glob("policy-*.json")} == set(WORK)
    assert {work for works in WORK.values() for work in works} == set(operated)


def test_options_ask_for_what_a_usual_deployment_does_not(operated: Mapping[str, list[Request]]) -> None:
    """Without any option the first file is enough, so the second one holds nothing of it."""
    assert [request for request in operated["options"] if allows(granted(), request)] == []


def test_alarm_is_fired_with_a_part_of_the_verifier(operated: Mapping[str, list[Request]]) -> None:
    """`make test-alarm` needs only what `make verify` needs too, and goes to its end."""
    record = Record(STACK, _tags_of)
    (result,) = fire_an_alarm(record)
    assert "published for 1 subscriptions" in result.finding.measured
    assert set(record.requests) < set(operated["verify"])


def test_rollover_needs_to_set_the_policy_of_its_key(operated: Mapping[str, list[Request]]) -> None:
    """KMS refuses a key policy that its maker could not change afterwards."""
    without = [statement for statement in granted() if "kms:PutKeyPolicy" not in statement["Action"]]
    actions = {request.action for request in refused(without, operated["signing_keys"])}
    assert "kms:PutKeyPolicy" in actions


@pytest.mark.slow
@pytest.mark.parametrize("file", WORK)
def test_other_evaluator_agrees(operated: Mapping[str, list[Request]], file: str) -> None:
    """The evaluator that is not ours allows each call too, and denies those of another stack."""
    policy = granted(file)
    requests = _asked(operated, file)
    others = [*map(_of_another_stack, requests), *out_of_reach()]
    asked = [request for request in [*requests, *others] if not _is_beyond_the_other(request)]
    judged = answers(node_with_packages(FOLDER), [Question(policy, request) for request in asked])
    for request, answer in zip(asked, judged, strict=True):
        assert not answer.error, f"{request} {answer}"
        assert answer.allowed is allows(policy, request), f"{request} {answer}"
    assert not [request for request in out_of_reach() if allows(policy, request)]


def _is_beyond_the_other(request: Request) -> bool:
    """Return whether the other evaluator cannot tell which kind of resource is meant.

    A transform is missing in its data. An alias of a function looks like a version.
    """
    return request.resource == TRANSFORM or request.action.endswith("ProvisionedConcurrencyConfig")


def _of_another_stack(request: Request) -> Request:
    context = {key: [v.replace(STACK, "other") for v in values] for key, values in request.context}
    resource = request.resource.replace(STACK, "other").replace(f"table/{TABLE}", "table/other")
    return Request.of(request.action, resource, context)


def out_of_reach() -> Iterator[Request]:
    """Yield what an operator may not do: sign, hand roles to other services, or read without keys."""
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
    ours, others = ({"aws:ResourceTag/bodhi-api-tokens:stack": [name]} for name in (STACK, "other"))
    yield Request.of("kms:Sign", key, ours)
    yield from (Request.of(f"kms:{action}", key, others) for action in ("PutKeyPolicy", "GetPublicKey"))
    role = f"arn:aws:iam::{ACCOUNT}:role/{STACK}-ApiHandlerRole-1"
    yield Request.of("iam:PassRole", role, {"iam:PassedToService": ["ec2.amazonaws.com"]})
    yield Request.of("iam:PassRole", role)
    yield Request.of("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/Administrator")
    for action in ("GetItem", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem", "Scan", "DeleteTable"):
        yield Request.of(f"dynamodb:{action}", TABLE_ARN)
    for action in ("PutItem", "DeleteItem", "UpdateItem"):
        yield Request.of(f"dynamodb:{action}", table_arn(RESTORED))


@pytest.mark.parametrize("file", WORK)
def test_no_operator_may_change_or_delete_an_event(file: str) -> None:
    """Neither alone nor in a transaction. IAM cannot forbid a PutItem over an event."""
    assert [request for request in changes_of_events() if allows(granted(file), request)] == []


def test_every_type_of_the_template_is_thought_of() -> None:
    """A new kind of resource, in the template, a piece or the code, needs its permissions in a file."""
    named = set(re.findall(r"AWS::\w+::\w+", _sources()))
    assert {"AWS::Lambda::Alias", "AWS::WAFv2::WebACL", "AWS::SecretsManager::Secret"} <= named
    assert _own(named) <= TYPES


def _own(types: set[str]) -> set[str]:
    return {name for name in types if not name.startswith("AWS::Serverless::")}


@pytest.mark.slow
def test_every_type_of_the_package_is_thought_of(tmp_path: Path) -> None:
    """Packaging adds no kind of resource that the sources do not name."""
    built = package.build(ROOT, "dev", tmp_path / "dev", python=host_python())
    resources = json.loads(built.template.read_text(encoding="utf-8"))["Resources"]
    assert _own({each["Type"] for each in resources.values()}) <= TYPES


def _sources() -> str:
    paths = [
        INFRA / "package" / "template.yaml",
        *sorted(INFRA.rglob("*.py")),
        *sorted((INFRA / "package" / "pieces").glob("*.yaml")),
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    # The deployment is made by SAM, and only its name is compared.
    return text.replace("AWS::ApiGateway::Deployment", "")


@pytest.mark.parametrize(
    ("file", "most"), [(OPERATORS, 9_500), (OPTIONS, 5_500), (EVENTS, 1_000), (VERIFY, 5_500)]
)
def test_policies_fit(file: str, most: int) -> None:
    """IAM counts characters without spaces.

    At most 10,240 are in a role's inline policies, and 6,144 in a managed policy (IAM User Guide, "IAM and
    AWS STS quotas").
    """
    document = json.loads((INFRA / "operate" / file).read_text(encoding="utf-8"))
    assert len(json.dumps(document, separators=(",", ":"))) < most


def test_looking_needs_no_permission_to_write(desk: Desk) -> None:
    """Without --yes a change needs only the permissions to read."""
    one = has(desk, "one")
    for asked in (
        ("list",),
        ("show", one.id),
        ("check",),
        *((command, one.id) for command in ("activate", "deactivate", "remove")),
        ("deactivate-issuer", ISSUER),
        ("move", one.id, "--subject", "new-one"),
        ("move", "--issuer-from", ISSUER, "--issuer-to", OTHER),
    ):
        desk.run(*asked)
    looks = [statement for statement in granted() if statement["Sid"] in LOOKS]
    assert refused(looks, desk.requests) == []


def test_operations_page_names_every_statement() -> None:
    """The page says which command needs which statement."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = page.partition("### Permissions of the operator")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.*?) \| .* \|$", section, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([A-Z]\w+)`", row)}
    sids = [statement["Sid"] for file in WORK for statement in granted(file)]
    assert len(sids) == len(set(sids))
    assert named == set(sids)
    assert all(f"(../infra/aws/operate/{file})" in section for file in WORK)
    assert set(NAMES) <= set(re.findall(r"`([A-Z]+)`", section))


@pytest.mark.parametrize("function", sorted(policy_files()))
@pytest.mark.parametrize("action", ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"])
@pytest.mark.parametrize("revokes", [False, True])
def test_no_function_writes_identity_rows(function: str, action: str, *, revokes: bool) -> None:
    """Even a compromised function cannot write identity rows."""
    policy = statements(function, families_are_revoked=revokes)
    for attributes in ([], ["pk", "sk"], ["pk", "sk", "user_id"]):
        for enclosing in ([], ["TransactWriteItems"]):
            context = {
                "dynamodb:LeadingKeys": ["I#usr_1"],
                "dynamodb:Attributes": attributes,
                "dynamodb:EnclosingOperation": enclosing,
            }
            assert not allows(policy, Request.of(f"dynamodb:{action}", TABLE_ARN, context))
