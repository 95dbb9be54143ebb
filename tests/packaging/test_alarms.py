"""Alarms: the incidents that raise them, from the lines that functions write to the state of the alarm."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.events import EVENT
from chalicelib.domain.errors import MailUnavailable, SigningUnavailable, StoreUnavailable
from chalicelib.domain.events import EventType
from chalicelib.domain.users import User
from chalicelib.domain.walks import Walk
from chalicelib.handlers import authorizer, front_doors
from chalicelib.handlers.events import publish_events
from chalicelib.handlers.flush import flush_authorizer_caches
from chalicelib.handlers.sweep import sweep_tokens
from infra.aws.package.alarms import with_alarms
from infra.aws.package.flushing import FLUSHER, limits_of
from infra.aws.package.functions import API, authorizers_in, functions_in
from infra.aws.package.publishing import LATEST_SECONDS, PUBLISHER
from infra.aws.package.sweeping import LATE_PERIODS, LATEST_HOURS, SCHEDULE, SWEEPER
from tests.packaging.cloudwatch import PERIOD_SECONDS, CloudWatch, Line
from tests.support.actors import an_event
from tests.support.api import Api, api_of
from tests.support.builders import a_token, a_user
from tests.support.clock import START, FixedClock
from tests.support.events import Context, appsync, http_api, rest_request, rest_token, websocket
from tests.support.keys import LocalSigningKey
from tests.support.mails import KeptMails
from tests.support.memory import InMemoryStore
from tests.support.service import MemoryService
from tests.support.stream import a_record
from tests.unit.services.log_lines import written


class BrokenStore(InMemoryStore):
    """A store that does not answer."""

    def find_for_authorization(self, user_id: str, token_id: str) -> tuple[None, User | None]:
        """Fail."""
        raise StoreUnavailable


class BrokenKey(LocalSigningKey):
    """A key that KMS will not use."""

    def sign(self, message: bytes) -> bytes:
        """Fail."""
        raise SigningUnavailable


def unavailable() -> None:
    """Fail as a mail service that is away."""
    raise MailUnavailable


@pytest.fixture
def service() -> MemoryService:
    """Return a service whose parts a test may break."""
    return MemoryService()


@pytest.fixture
def api(service: MemoryService) -> Iterator[Api]:
    """Call the app."""
    with api_of(service) as api:
        yield api


class OutOfTime(Context):
    """The context of a function that must end."""

    def get_remaining_time_in_millis(self) -> int:
        """Return 0."""
        return 0


Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]
DOORS: dict[str, tuple[Handler, Callable[[str], dict[str, Any]]]] = {
    "ApiTokenAuthorizer": (authorizer.api_token_authorizer, rest_token),
    "RestRequestAuthorizer": (front_doors.rest_request_authorizer, rest_request),
    "HttpApiAuthorizer": (front_doors.http_api_authorizer, http_api),
    "WebsocketAuthorizer": (front_doors.websocket_authorizer, websocket),
    "AppsyncAuthorizer": (front_doors.appsync_authorizer, appsync),
}


def ask(door: str, header: str) -> None:
    """Ask an authorizer as its front door would."""
    handler, event = DOORS[door]
    handler(event(header), Context())


def raised_by(resources: Mapping[str, Any], function: str, *lines: Line) -> set[str]:
    """Return the alarms that are raised if a function logs these lines."""
    watch = CloudWatch(resources)
    watch.log(function, *lines)
    return watch.raised


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS)
class TestDecisions:
    """An alarm is raised if an authorizer could not decide, and only then."""

    def test_missing_decision_raises_an_alarm(
        self, resources: dict[str, Any], service: MemoryService, api: Api, door: str
    ) -> None:
        """The store is broken."""
        token = api.create_token(service.provider.sign_in("user@example.com"))["token"]
        service.__dict__.pop("verify", None)
        service.__dict__["authorization"] = BrokenStore()
        with written() as lines, pytest.raises(StoreUnavailable):
            ask(door, f"Bearer {token}")
        assert raised_by(resources, door, *lines) == {"AuthorizerErrors"}
        assert [raised_by(resources, door, line) for line in lines].count({"AuthorizerErrors"}) == 1

    def test_event_of_another_door_raises_an_alarm(
        self, resources: dict[str, Any], service: MemoryService, api: Api, door: str
    ) -> None:
        """The wrong function or payload format gives each caller a 5XX."""
        token = api.create_token(service.provider.sign_in("user@example.com"))["token"]
        handler, _ = DOORS[door]
        with written() as lines, pytest.raises(KeyError):
            handler({"headers": {"authorization": f"Bearer {token}"}}, Context())
        assert [raised_by(resources, door, line) for line in lines] == [{"AuthorizerErrors"}]

    def test_decisions_raise_none(
        self, resources: dict[str, Any], service: MemoryService, api: Api, door: str
    ) -> None:
        """Allowed and refused tokens are decisions, however many there are."""
        token = api.create_token(service.provider.sign_in("user@example.com"))["token"]
        with written() as lines:
            ask(door, f"Bearer {token}")
            with contextlib.suppress(Exception):  # some doors refuse by raising
                ask(door, f"Bearer {token[:-1]}x")
        assert {line["outcome"] for line in lines} == {"allowed", "refused"}
        assert raised_by(resources, door, *lines * 100) == set()


@pytest.mark.slow
def test_failed_signature_raises_an_alarm(
    resources: dict[str, Any], service: MemoryService, api: Api
) -> None:
    """A token that is created raises none."""
    jwt = service.provider.sign_in("user@example.com")
    with written() as lines:
        api.create_token(jwt)
    assert raised_by(resources, API, *lines) == set()
    with api_of(MemoryService(signing_key=BrokenKey())) as broken, written() as lines:
        response = broken.call("POST", "/v1/tokens", jwt, {"name": "ci"})
    assert response.status == 503
    assert [raised_by(resources, API, line) for line in lines].count({"SigningFailures"}) == 1


@pytest.mark.slow
def test_flushes_under_pressure_raise_alarms(resources: dict[str, Any]) -> None:
    """The first flushes are quick. Then they have the widest spacing, and many use up the budget."""
    stage = {"AUTHORIZER_CACHE_STAGES": "restapis/a1/v1"}
    token = a_token(a_user())
    pause = a_record(items.TOKEN.item(token), items.TOKEN.item(token.paused(START)))
    with api_of(MemoryService(stage)), written() as lines:
        for _ in range(16):
            flush_authorizer_caches({"Records": [pause]}, Context())
    assert raised_by(resources, FLUSHER, *lines[:14]) == set()
    assert [raised_by(resources, FLUSHER, line) for line in lines[14:]] == [{"FlushSpacing"}] * 2
    quarter = limits_of(resources).calls_per_second * PERIOD_SECONDS // 4
    assert [line["calls"] for line in lines] == [1] * 16
    assert raised_by(resources, FLUSHER, *lines[:1] * quarter) == set()
    assert raised_by(resources, FLUSHER, *lines[:1] * (quarter + 1)) == {"FlushRate"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        "2026-01-15T12:00:00Z 1f3 Task timed out after 3.00 seconds",
        "RequestId: 1f3 Error: Runtime exited with error: exit status 137 Runtime.ExitError",
        "[ERROR] Runtime.ImportModuleError: Unable to import module 'app'",
        "INIT_REPORT Init Duration: 10000.00 ms Phase: init Status: timeout",
    ],
)
def test_function_that_ends_without_a_line_raises_an_alarm(resources: dict[str, Any], line: str) -> None:
    """Lambda's own lines say so, for each authorizer and for the flusher."""
    for door in authorizers_in(resources):
        assert raised_by(resources, door, line) == {"AuthorizerErrors"}
    assert raised_by(resources, FLUSHER, line) == {"FlushFailures"}


def metrics_of(alarm: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the metrics that an alarm looks at."""
    return [m["MetricStat"]["Metric"] for m in alarm["Properties"]["Metrics"] if "MetricStat" in m]


API_NAME = {"ApiName": {"Ref": "AWS::StackName"}}
UNSENT = {"QueueName": {"Fn::GetAtt": ["UnsentEvents", "QueueName"]}}
QUEUE = {"QueueName": {"Fn::GetAtt": ["UnflushedChanges", "QueueName"]}}


def of(function: str) -> dict[str, Any]:
    """Return the dimensions of a function's metrics."""
    return {"FunctionName": {"Ref": function}}


@pytest.mark.slow
class TestIncidents:
    """Each incident of docs/operations.md, "Alarms", raises its alarm and no other. Less raises none."""

    @pytest.fixture
    def watch(self, resources: dict[str, Any]) -> CloudWatch:
        """Return CloudWatch over a stack at rest."""
        watch = CloudWatch(resources)
        assert watch.raised == set()
        return watch

    def test_api_that_fails(self, watch: CloudWatch) -> None:
        """More than 5 responses with 5XX in 5 minutes."""
        watch.measure("AWS/ApiGateway", "5XXError", 5, **API_NAME)
        assert watch.raised == set()
        watch.measure("AWS/ApiGateway", "5XXError", 1, **API_NAME)
        assert watch.raised == {"ApiFailures"}
        watch.go_on()
        assert watch.raised == set()

    def test_slow_authorizer(self, resources: dict[str, Any]) -> None:
        """One of the authorizers takes more than 2 s for 15 minutes, while the others are quick."""
        doors = authorizers_in(resources)
        for slow in doors:
            watch = CloudWatch(resources)
            for _ in range(3):
                assert watch.raised == set()
                watch.go_on()
                for door in doors:
                    watch.measure("AWS/Lambda", "Duration", 2001 if door == slow else 20, **of(door))
            assert watch.raised == {"AuthorizerSlowness"}
        watch = CloudWatch(resources)
        for _ in range(3):
            watch.go_on()
            for door in doors:
                watch.measure("AWS/Lambda", "Duration", 2000, **of(door))
        assert watch.raised == set()

    def test_throttled_function(self, resources: dict[str, Any]) -> None:
        """Lambda throttles a function that callers wait for more than 5 times in 5 minutes."""
        for function in set(functions_in(resources)) - {FLUSHER, PUBLISHER, SWEEPER}:
            watch = CloudWatch(resources)
            watch.measure("AWS/Lambda", "Throttles", 5, **of(function))
            assert watch.raised == set()
            watch.measure("AWS/Lambda", "Throttles", 1, **of(function))
            assert watch.raised == {"FunctionThrottles"}

    def test_throttles_add_up(self, resources: dict[str, Any], watch: CloudWatch) -> None:
        """Each function is throttled once."""
        for function in set(functions_in(resources)) - {FLUSHER, PUBLISHER, SWEEPER}:
            watch.measure("AWS/Lambda", "Throttles", 1, **of(function))
        assert watch.raised == {"FunctionThrottles"}

    def test_late_flush(self, resources: dict[str, Any], watch: CloudWatch) -> None:
        """A change waits a minute longer than the widest spacing. Throttles alone delay no flush so far."""
        watch.measure("AWS/Lambda", "Throttles", 100, **of(FLUSHER))
        latest = limits_of(resources).widest.total_seconds() * 1000 + 60_000
        watch.measure("AWS/Lambda", "IteratorAge", latest, **of(FLUSHER))
        assert watch.raised == set()
        watch.measure("AWS/Lambda", "IteratorAge", latest + 1, **of(FLUSHER))
        assert watch.raised == {"FlushesLate"}

    def test_changes_without_a_flush(self, watch: CloudWatch) -> None:
        """One change in the queue is enough, and the alarm lasts until the queue is empty."""
        for _ in range(2):
            watch.measure("AWS/SQS", "ApproximateNumberOfMessagesVisible", 1, **QUEUE)
            assert watch.raised == {"FlushesGivenUp"}
            watch.go_on()
        watch.measure("AWS/SQS", "ApproximateNumberOfMessagesVisible", 0, **QUEUE)
        assert watch.raised == set()

    def test_tampered_event(self, resources: dict[str, Any], watch: CloudWatch) -> None:
        """One event was overwritten, and a person deleted another one."""
        row = EVENT.item(an_event())
        with api_of(MemoryService()), written() as lines:
            publish_events({"Records": [a_record(row, {**row, "type": {"S": "x"}})]}, Context())
            publish_events({"Records": [a_record(row, None)]}, Context())
        watch.log(PUBLISHER, *lines)
        assert watch.raised == {"EventsTampered"}
        assert [raised_by(resources, PUBLISHER, line) for line in lines].count(set()) == 2

    def test_events_that_cannot_be_sent(self, resources: dict[str, Any], watch: CloudWatch) -> None:
        """The bus is away, or Lambda ends the function. Events that are sent raise no alarm."""
        service = MemoryService({"EVENT_BUS_NAME": "default"})
        records = {"Records": [a_record(None, EVENT.item(an_event()))]}
        with api_of(service), written() as lines:
            publish_events(records, Context())
            watch.log(PUBLISHER, *lines)
            assert watch.raised == set()
            service.bus.failures = 3
            publish_events(records, Context())
        assert raised_by(resources, PUBLISHER, *lines) == {"EventFailures"}
        crash = "Task timed out after 60.00 seconds"
        assert raised_by(resources, PUBLISHER, crash) == {"EventFailures"}

    def test_mail_that_is_lost(self, watch: CloudWatch) -> None:
        """Nothing else tells an operator. A mail that was sent raises no alarm."""
        service = MemoryService({"NOTICES_FROM": "api-tokens@example.com"})
        owner = a_user(email_verified=True)
        service.store.add_user(owner, an_event())
        mailer = service.mailer = KeptMails()
        exposed = replace(an_event(owner.id, EventType.TOKEN_EXPOSED), token_id="tok_1")
        records = {"Records": [a_record(None, EVENT.item(exposed))]}
        with api_of(service), written() as lines:
            publish_events(records, Context())
            watch.log(PUBLISHER, *lines)
            assert watch.raised == set()
            mailer.before = unavailable
            later = replace(exposed, id="evt_2", token_id="tok_2")
            publish_events({"Records": [a_record(None, EVENT.item(later))]}, Context())
        watch.log(PUBLISHER, lines[-1])
        assert watch.raised == {"MailsLost"}

    def test_event_that_cannot_be_read(self, watch: CloudWatch) -> None:
        """It is not sent, and not tried again."""
        with api_of(MemoryService()), written() as lines:
            publish_events({"Records": [{"eventName": "INSERT", "dynamodb": {}}]}, Context())
        watch.log(PUBLISHER, *lines)
        assert watch.raised == {"EventFailures"}

    def test_late_event(self, watch: CloudWatch) -> None:
        """It waits longer than ten minutes."""
        watch.measure("AWS/Lambda", "Throttles", 100, **of(PUBLISHER))
        watch.measure("AWS/Lambda", "IteratorAge", LATEST_SECONDS * 1000, **of(PUBLISHER))
        assert watch.raised == set()
        watch.measure("AWS/Lambda", "IteratorAge", LATEST_SECONDS * 1000 + 1, **of(PUBLISHER))
        assert watch.raised == {"EventsLate"}

    def test_events_that_lambda_gave_up_on(self, watch: CloudWatch) -> None:
        """One position in the queue is enough, and the alarm lasts until the queue is empty."""
        for _ in range(2):
            watch.measure("AWS/SQS", "ApproximateNumberOfMessagesVisible", 1, **UNSENT)
            assert watch.raised == {"EventsGivenUp"}
            watch.go_on()
        watch.measure("AWS/SQS", "ApproximateNumberOfMessagesVisible", 0, **UNSENT)
        assert watch.raised == set()

    def test_sweep_that_fails(self, watch: CloudWatch) -> None:
        """It fails for 15 minutes, or Lambda ends it. A single failure raises no alarm."""
        for line in ({"event": "sweep", "outcome": "error"}, "Task timed out after 240.00 seconds"):
            for _ in range(3):
                assert watch.raised == set()
                watch.go_on()
                watch.log(SWEEPER, line)
            assert watch.raised == {"SweepFailures"}
            watch.go_on()

    def test_walk_that_does_not_end(self, watch: CloudWatch) -> None:
        """The lines of the sweep tell the hours since the last one."""
        store, clock = InMemoryStore(), FixedClock()
        with api_of(MemoryService(clock=clock, store=store)):
            for hours, alarms in ((1, set()), (LATEST_HOURS, {"SweepLate"})):
                walk = Walk(clock.now() - timedelta(hours=hours, minutes=30))
                store.save_walk(store.find_walk(), walk)
                with written() as lines:
                    sweep_tokens({}, OutOfTime())
                for _ in range(LATE_PERIODS):
                    assert watch.raised == set()
                    watch.go_on()
                    watch.log(SWEEPER, *lines)
                assert watch.raised == alarms

    def test_sweep_that_nothing_runs(self, watch: CloudWatch) -> None:
        """Its rule is off, or may not invoke it. No owner would be told of anything any more."""
        watch.log(SWEEPER, {"event": "sweep", "outcome": "ok", "hours_since_walk": 2})
        for _ in range(LATE_PERIODS):
            assert watch.raised == set()
            watch.go_on()
        assert watch.raised == {"SweepLate"}

    def test_sweep_of_open_mode_is_not_missed(self, template: dict[str, Any]) -> None:
        """It has no tokens, so its schedule is off."""
        resources = template["Resources"]
        schedule = resources[SCHEDULE]
        off = {**schedule, "Properties": {**schedule["Properties"], "State": "DISABLED"}}
        watch = CloudWatch(with_alarms({"Resources": {**resources, SCHEDULE: off}})["Resources"])
        for _ in range(2 * LATE_PERIODS):
            watch.go_on()
        assert watch.raised == set()

    def test_throttles_of_the_table(self, watch: CloudWatch) -> None:
        """The SDK repeats the call. Callers who see a failure are counted as such."""
        for kind in ("Read", "Write"):
            watch.measure("AWS/DynamoDB", f"{kind}ThrottleEvents", 100, TableName={"Ref": "TokenTable"})
        assert watch.raised == set()

    def test_every_alarm_has_an_incident(self, resources: dict[str, Any]) -> None:
        """An alarm that no test of this module raises would be untested."""
        alarms = {n for n, r in resources.items() if r["Type"] == "AWS::CloudWatch::Alarm"}
        tested = Path(__file__).read_text(encoding="utf-8")
        assert [name for name in alarms if f'{{"{name}"}}' not in tested] == []


@pytest.mark.slow
class TestAlarms:
    """Rules for all alarms."""

    def test_own_metrics_are_the_ones_that_filters_write(self, resources: dict[str, Any]) -> None:
        """No alarm waits for a metric that nobody writes."""
        written_metrics = {
            json.dumps([t["MetricNamespace"], t["MetricName"]])
            for r in resources.values()
            if r["Type"] == "AWS::Logs::MetricFilter"
            for t in r["Properties"]["MetricTransformations"]
        }
        looked_at = {
            json.dumps([m["Namespace"], m["MetricName"]])
            for r in resources.values()
            if r["Type"] == "AWS::CloudWatch::Alarm"
            for m in metrics_of(r)
            if isinstance(m["Namespace"], dict)
        }
        assert looked_at == written_metrics

    def test_alarms_are_within_what_cloudwatch_takes(self, resources: dict[str, Any]) -> None:
        """At most ten metrics in an expression, and exactly one result.

        Silence is an alarm of the scheduled function alone. The others run when they are called.
        """
        for name, resource in resources.items():
            if resource["Type"] == "AWS::CloudWatch::Alarm":
                alarm = resource["Properties"]
                assert 1 <= len(metrics_of(resource)) <= 10
                assert [m["ReturnData"] for m in alarm["Metrics"]].count(True) == 1
                assert alarm["TreatMissingData"] == ("breaching" if name == "SweepLate" else "notBreaching")
                assert alarm["AlarmDescription"].endswith(".")
                assert alarm["AlarmActions"]["Fn::If"][:2] == [
                    "AlarmTopicGiven",
                    [{"Ref": "AlarmTopicArn"}],
                ]

    def test_new_authorizer_is_watched_without_a_change_here(self, template: dict[str, Any]) -> None:
        """Functions are found, not listed."""
        another = template["Resources"]["AppsyncAuthorizer"]
        grown = with_alarms({"Resources": {**template["Resources"], "OneMoreAuthorizer": another}})[
            "Resources"
        ]
        watch = CloudWatch(grown)
        watch.log("OneMoreAuthorizer", {"event": "authorize", "outcome": "error"})
        watch.measure("AWS/Lambda", "Throttles", 6, **of("OneMoreAuthorizer"))
        assert watch.raised == {"AuthorizerErrors", "FunctionThrottles"}


@pytest.mark.slow
class TestDashboard:
    """One page of graphs."""

    @pytest.fixture
    def body(self, resources: dict[str, Any]) -> str:
        """Return its text before CloudFormation puts names in."""
        text: str = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
        return text

    def test_body_is_json_whatever_the_names_are(self, body: str) -> None:
        """Names of resources have no quotes."""
        widgets = json.loads(re.sub(r"\$\{[^}]+\}", "name", body))["widgets"]
        places = {(widget["x"], widget["y"]) for widget in widgets}
        assert len(places) == len(widgets) >= 8
        assert all(widget["properties"]["metrics"] for widget in widgets)

    def test_names_are_those_of_resources(self, body: str, resources: dict[str, Any]) -> None:
        """Every function is on it."""
        named = set(re.findall(r"\$\{([^}]+)\}", body))
        assert named - {"AWS::Region", "AWS::StackName"} <= resources.keys()
        assert set(functions_in(resources)) <= named
