"""The checks of `make verify` that ask AWS, over stubs: each promise holds, fails, and is open."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.aws.operate.verify import alarm, conditions, doors, logs, parameters, speed, staleness
from infra.aws.operate.verify.findings import Check, Finding, Verdict
from infra.aws.operate.verify.site import WHOAMI, Site
from infra.aws.operate.verify.wire import Reply
from tests.support.clock import START
from tests.verify.scene import Aws, Scene, found, measured, resources, scene_of

HOLDS, FAILS, OPEN = Verdict.HOLDS, Verdict.FAILS, Verdict.NOT_DECIDABLE


@pytest.fixture
def scene() -> Iterator[Scene]:
    """Return the app."""
    with scene_of(AUTHORIZER_CACHE_SECONDS="30") as scene:
        yield scene


def aws_error(code: str, message: str = "") -> ClientError:
    """Return an error of AWS."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class Pages:
    """A paginator of fixed pages."""

    def __init__(self, pages: Callable[[Mapping[str, Any]], list[Any]]) -> None:
        self.pages = pages

    def paginate(self, **asked: Any) -> list[Any]:
        """Return the pages."""
        return self.pages(asked)


class TestParameters:
    """The Null checks of policies."""

    @pytest.mark.parametrize(
        ("given", "verdict"),
        [({"PolicyNullChecks": "true"}, HOLDS), ({"PolicyNullChecks": "false"}, FAILS), ({}, FAILS)],
    )
    def test_null_checks_are_demanded(self, scene: Scene, given: dict[str, str], verdict: Verdict) -> None:
        """Off, or a template that does not have them, fails."""
        assert measured(parameters.CHECKS[0], scene.site(parameters=given)).verdict is verdict


@dataclass
class Lambda:
    """Authorizers that ask the app, or answer as told."""

    scene: Scene
    answer: Callable[[bool], Any] | None = None
    error: dict[str, str] | None = None
    tail: Callable[[int], str] = lambda number: ""
    invoked: list[Any] = field(default_factory=list)

    def invoke(self, FunctionName: str, Payload: bytes, LogType: str = "None") -> Any:  # noqa: N803
        """Decide about the token in the event."""
        event = json.loads(Payload)
        self.invoked.append((FunctionName, event))
        token = self._token(event)
        good = self.scene.wire.api.get(WHOAMI, token).status == 200
        log = base64.b64encode(self.tail(len(self.invoked)).encode()).decode()
        if self.error:
            body, failed = self.error, {"FunctionError": "Unhandled"}
        elif self.answer:
            body, failed = self.answer(good), {}
        else:
            body, failed = self._genuine(event, good)
        return {"Payload": io.BytesIO(json.dumps(body).encode()), "LogResult": log, **failed}

    @staticmethod
    def _token(event: Any) -> str:
        headers = event.get("headers") or {}
        given = event.get("authorizationToken") or headers.get("Authorization") or headers["authorization"]
        return str(given).removeprefix("Bearer ")

    @staticmethod
    def _genuine(event: Any, good: bool) -> tuple[Any, dict[str, str]]:
        if "requestHeaders" in event or event.get("version") == "2.0":
            return {"isAuthorized": good}, {}
        if not good:
            return {"errorMessage": "Unauthorized", "errorType": "Exception"}, {
                "FunctionError": "Unhandled"
            }
        return {"policyDocument": {"Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke"}]}}, {}


ALLOW: Any = {"Statement": [{"Effect": "Allow"}]}
DENY: Any = {"Statement": [{"Effect": "Deny"}]}
OUTPUTS = {f"{door.output}Arn": f"arn:{door.output}" for door in doors.DOORS}
DOORS = doors.CHECKS[:-1]


class TestDoors:
    """The authorizers, invoked as AWS does."""

    @pytest.mark.parametrize("check", DOORS, ids=lambda check: check.promise)
    def test_every_door_holds(self, scene: Scene, check: Check) -> None:
        """A token, a revoked one and a made-up one."""
        client = Aws(**{"lambda": Lambda(scene)})
        assert measured(check, scene.site(client=client, outputs=OUTPUTS)).verdict is HOLDS

    @pytest.mark.parametrize("check", DOORS, ids=lambda check: check.promise)
    @pytest.mark.parametrize(
        ("stub", "told"),
        [
            ({"answer": lambda good: {"isAuthorized": True, "policyDocument": ALLOW}}, "lets in a revoked"),
            ({"answer": lambda good: {"isAuthorized": False, "policyDocument": DENY}}, "token is refused"),
            ({"error": {"errorType": "Runtime.ImportModuleError"}}, "Runtime.ImportModuleError"),
            ({"error": {"errorType": "Sandbox.Timedout", "errorMessage": "timeout"}}, "Sandbox.Timedout"),
        ],
        ids=["open", "closed", "broken", "slow"],
    )
    def test_every_door_can_fail(self, scene: Scene, check: Check, stub: Any, told: str) -> None:
        """A door that lets everybody in, nobody in, or cannot decide."""
        client = Aws(**{"lambda": Lambda(scene, **stub)})
        finding = measured(check, scene.site(client=client, outputs=OUTPUTS))
        assert finding.verdict is FAILS
        assert told in finding.measured

    def test_alias_is_preferred(self, scene: Scene) -> None:
        """Callers use the alias where the stack has one."""
        stub = Lambda(scene)
        outputs = {**OUTPUTS, "HttpApiAuthorizerAliasArn": "arn:alias"}
        check = next(each for each in DOORS if "HTTP API" in each.promise)
        measured(check, scene.site(client=Aws(**{"lambda": stub}), outputs=outputs))
        assert {name for name, _ in stub.invoked} == {"arn:alias"}

    def test_door_that_the_stack_lacks_is_open(self, scene: Scene) -> None:
        """Nothing is invoked."""
        assert measured(DOORS[0], scene.site()).verdict is OPEN

    def test_scopes_of_the_stage_leave_a_refusal_open(self, scene: Scene) -> None:
        """The call that is tried may be outside of them."""
        client = Aws(**{"lambda": Lambda(scene, answer=lambda good: {"isAuthorized": False})})
        site = scene.site(client=client, outputs=OUTPUTS, settings={"SCOPES": "{}"})
        assert measured(DOORS[4], site).verdict is OPEN


class Operation:
    """An operation of another API behind the authorizer."""

    def __init__(self, scene: Scene, answer: Callable[[str, int], int] | None = None) -> None:
        self.scene = scene
        self.answer = answer

    def send(self, method: str, path: str, credential: str | None = None, *_: Any, **__: Any) -> Reply:
        """Ask the app about the token, or answer as told."""
        status = self.scene.wire.api.get(WHOAMI, credential).status
        return Reply(self.answer(credential or "", status) if self.answer else status, {}, b"{}")


class TestAttached:
    """Operations of other APIs."""

    CHECK = doors.CHECKS[-1]

    def test_operation_that_refuses_in_time_holds(self, scene: Scene) -> None:
        """With the time that it took."""
        site = replace(scene.site(), doors=(Operation(scene), Operation(scene)))
        finding = measured(self.CHECK, site)
        assert (finding.verdict, finding.measured[:13]) == (HOLDS, "2 operations.")

    @pytest.mark.parametrize(
        ("answer", "told"),
        [
            (lambda token, status: 200, "lets in a made-up token"),
            (lambda token, status: 403, "responded to a new token with 403"),
            (lambda token, status: 502 if status == 200 else 401, "responded to a new token with 502"),
            (lambda token, status: 401 if "made-up" in token else 200, "accepts a revoked token"),
        ],
    )
    def test_operation_can_fail(self, scene: Scene, answer: Callable[[str, int], int], told: str) -> None:
        """An operation without the authorizer, with another one, broken, and one that never forgets."""
        site = replace(scene.site(), doors=(Operation(scene, answer),))
        finding = measured(self.CHECK, site)
        assert finding.verdict is FAILS
        assert told in finding.measured

    def test_without_a_name_it_is_open(self, scene: Scene) -> None:
        """The number of attached stages is told."""
        site = scene.site(settings={"AUTHORIZER_CACHE_STAGES": "apis/a/prod,apis/b/prod"})
        finding = measured(self.CHECK, site)
        assert (finding.verdict, "2 stages" in finding.measured) == (OPEN, True)


class Logs:
    """Log groups that hold lines."""

    def __init__(self, **groups: list[str]) -> None:
        self.groups = groups
        self.asked: list[Mapping[str, Any]] = []

    def get_paginator(self, _: str) -> Pages:
        """Return pages of the lines that contain the quoted term."""
        return Pages(self._pages)

    def _pages(self, asked: Mapping[str, Any]) -> list[Any]:
        self.asked.append(asked)
        term = asked["filterPattern"].strip('"')
        lines = self.groups.get(asked["logGroupName"], [])
        return [{"events": [{"message": line}]} for line in lines if term in line]


class TestLogs:
    """The search for AccessDenied."""

    CHECK = logs.CHECKS[0]
    GROUPS = resources(ApiLogs="AWS::Logs::LogGroup", PageLogs="AWS::Logs::LogGroup")

    def look(self, scene: Scene, *lines: str, made: str = "tok_1", **changes: Any) -> Finding:
        """Search two groups, of which one has the lines."""
        stub = Logs(**{"ApiLogs-1": ['{"token_id": "tok_1"}'], "PageLogs-1": list(lines)})
        site = scene.site(client=Aws(logs=stub), resources=self.GROUPS, **changes)
        site.made.append(made)
        return found(site, self.CHECK)

    @pytest.mark.parametrize(
        "line",
        [
            '{"cause": "ClientError: AccessDeniedException"}',
            '{"reason": "CallFailed: AccessDeniedException"}',
            "[ERROR] ClientError: An error occurred (AccessDenied) when calling",
            "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: dynamodb:GetItem",
        ],
    )
    def test_refusal_by_iam_fails(self, scene: Scene, line: str) -> None:
        """In a line of ours or of Lambda's own. The group is named, not the line."""
        finding = self.look(scene, line)
        assert (finding.verdict, "PageLogs-1" in finding.measured) == (FAILS, True)
        assert line not in finding.measured

    def test_none_holds(self, scene: Scene) -> None:
        """With the beginning of the search."""
        finding = self.look(scene, '{"event": "authorize", "outcome": "allowed"}')
        assert (finding.verdict, "2 groups since 2026-01-15 11:00" in finding.measured) == (HOLDS, True)

    def test_none_in_the_emulator_is_open(self, scene: Scene) -> None:
        """It checks no policy."""
        assert self.look(scene, emulated=True).verdict is OPEN

    def test_lines_that_do_not_arrive_leave_it_open(self, scene: Scene) -> None:
        """An empty log proves nothing."""
        finding = self.look(scene, made="tok_other")
        assert (finding.verdict, "did not arrive" in finding.measured) == (OPEN, True)

    def test_stack_without_groups_fails(self, scene: Scene) -> None:
        """There is nothing to search."""
        assert measured(self.CHECK, scene.site()).verdict is FAILS


class TestSpeed:
    """Warm decisions and cold starts."""

    WARM, COLD = speed.CHECKS
    REPORT = "START\nREPORT RequestId: 1\tDuration: {} ms\tBilled Duration: 9 ms\tMemory Size: 512 MB\t\n"

    def warm(self, scene: Scene, tail: Callable[[int], str], **changes: Any) -> Finding:
        """Invoke the authorizer with this report."""
        client = Aws(**{"lambda": Lambda(scene, tail=tail)})
        kinds = resources(ApiTokenAuthorizer="AWS::Serverless::Function")
        return measured(self.WARM, scene.site(client=client, resources=kinds, **changes))

    def test_fast_decisions_hold(self, scene: Scene) -> None:
        """The ten calls that warm the function up do not count."""
        finding = self.warm(scene, lambda n: self.REPORT.format("900.5" if n <= 10 else "5.25"))
        assert (finding.verdict, finding.measured[:24]) == (HOLDS, "p50 5.2 ms, p99 5.2 ms o")

    def test_slow_percent_fails(self, scene: Scene) -> None:
        """Two of a hundred are enough."""
        finding = self.warm(scene, lambda n: self.REPORT.format("500" if n > 108 else "5"))
        assert (finding.verdict, "p99 500.0 ms" in finding.measured) == (FAILS, True)

    def test_emulator_and_silence_are_open(self, scene: Scene) -> None:
        """Times of this machine are not Lambda's, and are shown all the same."""
        assert self.warm(scene, lambda n: self.REPORT.format("5"), emulated=True).verdict is OPEN
        assert self.warm(scene, lambda n: "").verdict is OPEN

    def test_refused_token_fails(self, scene: Scene) -> None:
        """Fast refusals are not decisions."""
        client = Aws(**{"lambda": Lambda(scene, error={"errorMessage": "Unauthorized"})})
        kinds = resources(ApiTokenAuthorizer="AWS::Serverless::Function")
        assert measured(self.WARM, scene.site(client=client, resources=kinds)).verdict is FAILS

    @pytest.mark.parametrize(
        ("starts", "verdict", "told"),
        [
            (["450.1", "900"], HOLDS, "2 starts, median 675 ms, slowest 900 ms"),
            (["450.1", "2400"], FAILS, "slowest 2400 ms"),
            ([], OPEN, "the log has no start"),
        ],
    )
    def test_cold_starts(self, scene: Scene, starts: list[str], verdict: Verdict, told: str) -> None:
        """By Lambda's own lines."""
        lines = [f"REPORT RequestId: 1\tDuration: 9 ms\tInit Duration: {each} ms\t" for each in starts]
        kinds = resources(ApiTokenAuthorizerLogs="AWS::Logs::LogGroup")
        client = Aws(logs=Logs(**{"ApiTokenAuthorizerLogs-1": lines}))
        finding = measured(self.COLD, scene.site(client=client, resources=kinds))
        assert (finding.verdict, told in finding.measured) == (verdict, True)


class Gateway:
    """A gateway that remembers decisions for ``ttl`` seconds, or until a flush ``after`` a revocation."""

    def __init__(self, scene: Scene, ttl: float, after: float | None) -> None:
        self.scene, self.ttl, self.after = scene, ttl, after
        self.state = "Enabled"
        self.switched: list[bool] = []
        self.let_in: dict[str, float] = {}
        self.revoked_at: float | None = None
        scene.wire.falsify = self._falsify

    def get_event_source_mapping(self, UUID: str) -> Any:  # noqa: N803
        """Return the state of the mapping."""
        return {"State": self.state}

    def update_event_source_mapping(self, UUID: str, Enabled: bool) -> None:  # noqa: N803
        """Switch it."""
        self.switched.append(Enabled)
        self.state = "Enabled" if Enabled else "Disabled"

    def _falsify(self, method: str, path: str, reply: Reply) -> Reply:
        now = (self.scene.service.clock.now() - START).total_seconds()
        if method == "DELETE":
            self.revoked_at = now
        if path != WHOAMI:
            return reply
        token = str(self.scene.wire.calls[-1][2])
        if reply.status == 200:
            self.let_in[token] = now
            return reply
        flush = self.after is not None and self.state == "Enabled" and self.revoked_at is not None
        flushed = flush and now >= self.revoked_at + self.after  # type: ignore[operator]
        remembered = token in self.let_in and now < self.let_in[token] + self.ttl and not flushed
        return Reply(200, reply.headers, b"{}") if remembered else reply


class TestStaleness:
    """The gateway's memory, with the flush and without it."""

    WITH, WITHOUT = staleness.CHECKS
    KINDS = resources(AuthorizerCacheFlushes="AWS::Lambda::EventSourceMapping")

    def site(self, scene: Scene, gateway: Gateway, **changes: Any) -> Site:
        """Return a site whose gateway remembers for 30 seconds."""
        usual = {"cache_seconds": 30, "resources": self.KINDS, **changes}
        return scene.site(client=Aws(**{"lambda": gateway}), **usual)

    def test_flush_in_time_holds(self, scene: Scene) -> None:
        """With the seconds that it took."""
        finding = measured(self.WITH, self.site(scene, Gateway(scene, 30, 2)))
        assert (finding.verdict, finding.measured[:19]) == (HOLDS, "refused after 2.0 s")

    def test_flush_without_effect_fails(self, scene: Scene) -> None:
        """The promise to the caller is kept by the TTL, but the flush does not work."""
        finding = measured(self.WITH, self.site(scene, Gateway(scene, 30, None)))
        assert (finding.verdict, "No flush had an effect" in finding.measured) == (FAILS, True)

    def test_memory_longer_than_promised_fails(self, scene: Scene) -> None:
        """Beyond Effective-By."""
        finding = measured(self.WITH, self.site(scene, Gateway(scene, 300, None)))
        assert (finding.verdict, "still accepted" in finding.measured) == (FAILS, True)

    @pytest.mark.parametrize("check", [WITH, WITHOUT], ids=["with", "without"])
    def test_mapping_that_is_off_fails(self, scene: Scene, check: Check) -> None:
        """An operator, or a run that was killed, left it so."""
        gateway = Gateway(scene, 30, 2)
        gateway.state = "Disabled"
        finding = measured(check, self.site(scene, gateway))
        assert (finding.verdict, "is Disabled" in finding.measured) == (FAILS, True)
        assert gateway.switched == []

    def test_ttl_bounds_what_no_flush_ends(self, scene: Scene) -> None:
        """The flush is off meanwhile, and on afterwards."""
        gateway = Gateway(scene, 30, 2)
        finding = measured(self.WITHOUT, self.site(scene, gateway))
        assert (finding.verdict, finding.measured[:20]) == (HOLDS, "refused after 30.0 s")
        assert (gateway.switched, gateway.state) == ([False, True], "Enabled")

    def test_memory_longer_than_the_ttl_fails(self, scene: Scene) -> None:
        """And the flush is on again."""
        gateway = Gateway(scene, 60, None)
        finding = measured(self.WITHOUT, self.site(scene, gateway))
        assert (finding.verdict, gateway.state) == (FAILS, "Enabled")

    def test_flush_is_on_again_after_an_interruption(self, scene: Scene) -> None:
        """Whatever stops the run."""
        gateway = Gateway(scene, 30, 2)
        site = self.site(scene, gateway)
        scene.falsify("DELETE", "/v1/tokens", interrupting)
        with pytest.raises(KeyboardInterrupt):
            found(site, self.WITHOUT)
        assert gateway.state == "Enabled"

    @pytest.mark.parametrize(
        ("check", "changes"),
        [
            (WITH, {"cache_seconds": 0}),
            (WITHOUT, {"cache_seconds": 0}),
            (WITHOUT, {"cache_seconds": 301}),
            (WITHOUT, {"stage": "prod"}),
        ],
    )
    def test_open_cases(self, scene: Scene, check: Check, changes: dict[str, Any]) -> None:
        """Nothing to measure, too long, or the stage of real people: the flush stays on."""
        gateway = Gateway(scene, 30, 2)
        assert measured(check, self.site(scene, gateway, **changes)).verdict is OPEN
        assert gateway.switched == []


def interrupting(_: Reply) -> Reply:
    """Stop the run as Ctrl-C does."""
    raise KeyboardInterrupt


class CloudWatch:
    """One alarm and its history."""

    def __init__(self, summaries: list[str], **alarm: Any) -> None:
        self.alarm = {
            "AlarmName": "A",
            "AlarmActions": ["arn:aws:sns:us-east-1:1:t"],
            "StateValue": "OK",
            **alarm,
        }
        self.summaries = summaries
        self.states: list[str] = []

    def describe_alarms(self, AlarmNames: list[str]) -> Any:  # noqa: N803
        """Return the alarm."""
        return {"MetricAlarms": [self.alarm]}

    def set_alarm_state(self, AlarmName: str, StateValue: str, StateReason: str) -> None:  # noqa: N803
        """Change its state."""
        self.states.append(StateValue)
        self.alarm["StateValue"] = StateValue

    def describe_alarm_history(self, **_: Any) -> Any:
        """Return the history."""
        return {"AlarmHistoryItems": [{"HistorySummary": each} for each in self.summaries]}


class Sns:
    """A topic with subscriptions, or one that may not be read."""

    def __init__(self, *arns: str, denied: bool = False) -> None:
        self.arns, self.denied = arns, denied

    def get_paginator(self, _: str) -> Pages:
        """Return the subscriptions."""
        if self.denied:
            raise aws_error("AuthorizationError")
        return Pages(lambda _: [{"Subscriptions": [{"SubscriptionArn": arn} for arn in self.arns]}])


PUBLISHED = "Successfully executed action arn:aws:sns:us-east-1:1:t"
NO_KEY = (
    "Failed to execute action arn:aws:sns:us-east-1:1:t. Received error: "
    '"CloudWatch Alarms does not have authorization to access the SNS topic encryption key."'
)
NO_TOPIC = "Failed to execute action arn:aws:sns:us-east-1:1:t. Received error: not authorized: SNS:Publish"


class TestAlarm:
    """An alarm that is fired on purpose."""

    CHECK = alarm.CHECKS[0]
    KINDS = resources(ApiFailures="AWS::CloudWatch::Alarm")

    def fire(self, scene: Scene, cloudwatch: CloudWatch, sns: Sns) -> Finding:
        """Fire the alarm."""
        client = Aws(cloudwatch=cloudwatch, sns=sns)
        return measured(self.CHECK, scene.site(client=client, resources=self.KINDS))

    @pytest.mark.parametrize(
        ("summaries", "sns", "verdict", "told"),
        [
            ([PUBLISHED], Sns("arn:aws:sns:1", "PendingConfirmation"), HOLDS, "for 1 subscriptions"),
            ([PUBLISHED], Sns(denied=True), HOLDS, "may not list the subscriptions"),
            ([PUBLISHED], Sns("PendingConfirmation"), FAILS, "no subscription of the topic is confirmed"),
            ([NO_KEY], Sns("arn:1"), FAILS, "KMS key: docs/operations.md"),
            ([NO_TOPIC], Sns("arn:1"), FAILS, "SNS:Publish"),
            ([], Sns("arn:1"), FAILS, "0 of 1 actions"),
            (["Alarm updated from OK to ALARM"], Sns("arn:1"), FAILS, "0 of 1 actions"),
        ],
        ids=["arrives", "unreadable", "nobody", "encrypted", "forbidden", "silent", "no action"],
    )
    def test_history_decides(
        self, scene: Scene, summaries: list[str], sns: Sns, verdict: Verdict, told: str
    ) -> None:
        """An encrypted topic is the case that is silent otherwise. The alarm is set back in each case."""
        cloudwatch = CloudWatch(summaries)
        finding = self.fire(scene, cloudwatch, sns)
        assert finding.verdict is verdict
        assert told in finding.measured
        assert cloudwatch.states == ["ALARM", "OK"]

    @pytest.mark.parametrize(
        "changes",
        [{"AlarmActions": []}, {"ActionsEnabled": False}, {"StateValue": "ALARM"}],
        ids=["no topic", "actions off", "alarmed already"],
    )
    def test_nothing_to_fire_is_open(self, scene: Scene, changes: dict[str, Any]) -> None:
        """No state is changed, because a real alarm must not be set to OK."""
        cloudwatch = CloudWatch([PUBLISHED], **changes)
        assert self.fire(scene, cloudwatch, Sns()).verdict is OPEN
        assert cloudwatch.states == []

    def test_stack_without_alarms(self, scene: Scene) -> None:
        """On AWS that is a fault; the emulator makes none."""
        assert measured(self.CHECK, scene.site()).verdict is FAILS
        assert measured(self.CHECK, scene.site(emulated=True)).verdict is OPEN

    def test_error_in_the_data_alone_is_read(self) -> None:
        """The summary has no room for a long error. Entries of other kinds are left out."""
        failed = {"HistorySummary": "Failed to execute action arn:t", "HistoryData": '{"error": "AWSKMS"}'}
        assert alarm._summary(failed) == "Failed to execute action arn:t KMS refused the key."
        assert alarm._summary({**failed, "HistoryData": "SNS:Publish"}) == "Failed to execute action arn:t"
        assert alarm._summary({"HistorySummary": "Alarm updated", "HistoryData": "KMS"}) == ""

    def test_real_alarm_is_not_set_back(self, scene: Scene) -> None:
        """An evaluation in between may have decided otherwise."""
        cloudwatch = CloudWatch([PUBLISHED])
        cloudwatch.alarm["StateValue"] = "INSUFFICIENT_DATA"
        alarm._calm(cloudwatch, "A")
        assert cloudwatch.states == []


class Iam:
    """A role that is made and deleted."""

    def __init__(self) -> None:
        self.roles: dict[str, bool] = {}

    def create_role(self, RoleName: str, AssumeRolePolicyDocument: str) -> Any:  # noqa: N803
        """Make it."""
        assert "sts:ExternalId" in AssumeRolePolicyDocument
        self.roles[RoleName] = False
        return {"Role": {"Arn": f"arn:aws:iam::1:role/{RoleName}"}}

    def put_role_policy(self, RoleName: str, PolicyName: str, PolicyDocument: str) -> None:  # noqa: N803
        """Give it a policy."""
        self.roles[RoleName] = True

    def delete_role_policy(self, RoleName: str, PolicyName: str) -> None:  # noqa: N803
        """Take the policy away."""
        if not self.roles.get(RoleName):
            raise aws_error("NoSuchEntity")
        self.roles[RoleName] = False

    def delete_role(self, RoleName: str) -> None:  # noqa: N803
        """Delete it."""
        assert not self.roles.pop(RoleName)


class Sts:
    """Sessions whose policy is their access key, for the stub of DynamoDB to read."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals

    def assume_role(self, Policy: str, **_: Any) -> Any:  # noqa: N803
        """Return a session, after as many refusals as IAM needs time."""
        if self.refusals:
            self.refusals -= 1
            raise aws_error("AccessDenied")
        return {"Credentials": {"AccessKeyId": Policy}}


OPERATIONS = {
    "get_item": "GetItem",
    "batch_get_item": "BatchGetItem",
    "query": "Query",
    "put_item": "PutItem",
    "update_item": "UpdateItem",
    "transact_write_items": "TransactWriteItems",
}


class Table:
    """DynamoDB that supplies condition keys by operation, and evaluates ``Null`` conditions."""

    def __init__(self, lacking: Callable[[str, str], bool], *, blind: bool = False) -> None:
        self.lacking, self.blind = lacking, blind
        self.written = 0

    def __call__(self, credentials: Mapping[str, str]) -> Any:
        """Return the client of a session."""
        (statement,) = json.loads(credentials["AccessKeyId"])["Statement"]
        return _Session(self, statement.get("Condition", {}).get("Null", {}))

    def describe_table(self, TableName: str) -> Any:  # noqa: N803
        """Return its ARN."""
        return {"Table": {"TableArn": f"arn:aws-us-gov:dynamodb:us-gov-west-1:1:table/{TableName}"}}


class _Session:
    def __init__(self, table: Table, null: Mapping[str, str]) -> None:
        self.table, self.null = table, null

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = OPERATIONS[name]

        def call(**request: Any) -> Any:
            if not self._allowed(operation):
                raise aws_error("AccessDeniedException")
            if operation == "TransactWriteItems":
                raise aws_error("TransactionCanceledException")
            if operation in ("PutItem", "UpdateItem"):
                if "ConditionExpression" not in request:
                    self.table.written += 1
                raise aws_error("ConditionalCheckFailedException")
            return {}

        return call

    def _allowed(self, operation: str) -> bool:
        if self.table.blind:
            return True
        usual = {
            "dynamodb:LeadingKeys": True,
            "dynamodb:Attributes": True,
            "dynamodb:EnclosingOperation": operation == "TransactWriteItems",
        }
        for key, null in self.null.items():
            supplied = usual[key] and not self.table.lacking(operation, key)
            if supplied is (null == "true"):
                return False
        return True


EXPECTED = [probe for probe in conditions.PROBES if probe.expected]


class TestConditions:
    """The keys that AWS supplies."""

    def probe(
        self, scene: Scene, check: Check, table: Table, sts: Sts | None = None
    ) -> tuple[Finding, Iam]:
        """Probe one key."""
        iam = Iam()
        client = Aws(iam=iam, sts=sts or Sts(), dynamodb=_Both(table))
        site = scene.site(client=client, resources=resources(TokenTable="AWS::DynamoDB::Table"))
        finding = measured(check, site)
        return finding, iam

    @pytest.mark.parametrize("check", conditions.CHECKS, ids=lambda check: check.promise)
    def test_keys_as_documented_hold(self, scene: Scene, check: Check) -> None:
        """The role is gone afterwards, and no probe can write."""
        table = Table(lambda operation, key: False)
        finding, iam = self.probe(scene, check, table)
        assert finding.verdict is HOLDS, finding
        assert (iam.roles, table.written) == ({}, 0)

    @pytest.mark.parametrize("probe", EXPECTED, ids=lambda probe: f"{probe.name} {probe.key}")
    def test_each_key_that_is_missing_fails(self, scene: Scene, probe: conditions.Probe) -> None:
        """For each request and key that AWS supplies today."""
        check = next(each for each in conditions.CHECKS if probe.key in each.promise)
        transaction = probe.name in ("ConditionCheck", "Update in a transaction")
        lacking = "TransactWriteItems" if transaction else probe.action
        table = Table(lambda operation, key: (operation, key) == (lacking, probe.key))
        finding, _ = self.probe(scene, check, table)
        assert finding.verdict is FAILS
        assert f"{probe.name}: not supplied" in finding.measured

    def test_key_that_is_there_unexpectedly_fails(self, scene: Scene) -> None:
        """A policy that demands that no transaction is made would refuse every write."""
        always = Table(lambda operation, key: False)
        real = _Session._allowed

        def allowed(session: _Session, operation: str) -> bool:
            return real(session, "TransactWriteItems")

        always_session = type("Session", (_Session,), {"_allowed": allowed})
        table = type("T", (Table,), {"__call__": lambda _, given: _opened(always_session, always, given)})
        finding, _ = self.probe(scene, conditions.CHECKS[2], table(lambda *_: False))
        assert (finding.verdict, "PutItem: supplied" in finding.measured) == (FAILS, True)

    def test_conditions_without_effect_are_open(self, scene: Scene) -> None:
        """The emulator allows everything."""
        finding, iam = self.probe(scene, conditions.CHECKS[0], Table(lambda *_: False, blind=True))
        assert (finding.verdict, iam.roles) == (OPEN, {})

    def test_role_is_waited_for(self, scene: Scene) -> None:
        """IAM takes seconds to spread a role."""
        finding, _ = self.probe(scene, conditions.CHECKS[0], Table(lambda *_: False), Sts(refusals=20))
        assert finding.verdict is HOLDS

    def test_role_that_never_works_fails_and_goes(self, scene: Scene) -> None:
        """Nothing is left of it."""
        table = Table(lambda *_: False)
        finding, iam = self.probe(scene, conditions.CHECKS[0], table, Sts(refusals=1000))
        assert (finding.verdict, iam.roles) == (FAILS, {})

    def test_one_role_serves_all_keys(self, scene: Scene) -> None:
        """IAM's time is waited for once."""
        iam = Iam()
        client = Aws(iam=iam, sts=Sts(), dynamodb=_Both(Table(lambda *_: False)))
        site = scene.site(client=client, resources=resources(TokenTable="AWS::DynamoDB::Table"))
        for check in conditions.CHECKS:
            assert found(site, check).verdict is HOLDS
        assert len(iam.roles) == 1
        assert site.undo.close() == []
        assert iam.roles == {}


def _opened(kind: Any, table: Table, given: Mapping[str, str]) -> Any:
    (statement,) = json.loads(given["AccessKeyId"])["Statement"]
    return kind(table, statement.get("Condition", {}).get("Null", {}))


class _Both:
    """The table for the operator, and for sessions."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.describe_table = table.describe_table

    def __call__(self, credentials: Mapping[str, str]) -> Any:
        """Return a session's client."""
        return self.table(credentials)


def test_waiting_ends(scene: Scene) -> None:
    """No check waits without end."""
    site = scene.site()
    begun = site.time.now()
    assert not site.wait_for(5, lambda: False)
    assert site.time.now() - begun < timedelta(seconds=7)
