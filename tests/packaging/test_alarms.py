"""What is watched: that metric filters match the lines that functions write, and what raises an alarm."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import items
from chalicelib.domain.errors import SigningUnavailable, StoreUnavailable
from chalicelib.domain.users import User
from chalicelib.handlers import authorizer, front_doors
from chalicelib.handlers.flush import flush_authorizer_caches
from infra.aws.package.alarms import with_alarms
from infra.aws.package.flushing import FLUSHER
from infra.aws.package.functions import API, functions_in, log_group_of
from tests.support.api import Api, api_of
from tests.support.builders import a_token, a_user
from tests.support.clock import START
from tests.support.events import Context, appsync, http_api, rest_request, rest_token, websocket
from tests.support.keys import LocalSigningKey
from tests.support.memory import InMemoryStore
from tests.support.service import MemoryService
from tests.support.stream import a_record
from tests.unit.services.log_lines import written

TERM = re.compile(r'\$\.(\w+) = "(\w+)"')


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


def matches(pattern: str, line: Mapping[str, Any]) -> bool:
    """Whether a metric filter's JSON pattern matches a line: equalities that all hold."""
    inner = re.fullmatch(r"\{ (.+) \}", pattern)
    assert inner, pattern
    terms = [TERM.fullmatch(term) for term in inner[1].split(" && ")]
    assert all(terms), pattern
    return all(line.get(term[1]) == term[2] for term in terms if term)


def patterns_of(resources: Mapping[str, Any], function: str, metric: str) -> list[str]:
    """Return the JSON patterns that count a function's lines as a metric."""
    found = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::Logs::MetricFilter"]
    return [
        each["FilterPattern"]
        for each in found
        if each["LogGroupName"] == {"Ref": log_group_of(function)}
        and each["MetricTransformations"][0]["MetricName"] == metric
        and each["FilterPattern"].startswith("{")
    ]


@pytest.fixture
def service() -> MemoryService:
    """Return a service whose parts a test may break."""
    return MemoryService()


@pytest.fixture
def api(service: MemoryService) -> Iterator[Api]:
    """Call the app."""
    with api_of(service) as api:
        yield api


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


@pytest.mark.slow
@pytest.mark.parametrize("door", DOORS)
class TestDecisions:
    """An authorizer's line is counted when it could not decide, and only then."""

    def test_no_decision_is_counted(
        self, resources: dict[str, Any], service: MemoryService, api: Api, door: str
    ) -> None:
        """A broken dependency."""
        token = api.create_token(service.provider.sign_in("user@example.com"))["token"]
        service.__dict__.pop("verify", None)
        service.__dict__["authorization"] = BrokenStore()
        with written() as lines, pytest.raises(StoreUnavailable):
            ask(door, f"Bearer {token}")
        (pattern,) = patterns_of(resources, door, "UndecidedAuthorizations")
        assert [matches(pattern, line) for line in lines].count(True) == 1

    def test_event_of_another_door_is_counted(
        self, resources: dict[str, Any], service: MemoryService, api: Api, door: str
    ) -> None:
        """The wrong function, or the wrong payload format: each caller gets a 5xx."""
        token = api.create_token(service.provider.sign_in("user@example.com"))["token"]
        handler, _ = DOORS[door]
        with written() as lines, pytest.raises(KeyError):
            handler({"headers": {"authorization": f"Bearer {token}"}}, Context())
        (pattern,) = patterns_of(resources, door, "UndecidedAuthorizations")
        assert [matches(pattern, line) for line in lines] == [True]

    def test_decisions_are_not_counted(
        self, resources: dict[str, Any], service: MemoryService, api: Api, door: str
    ) -> None:
        """Neither an admission nor a refusal, whichever way it is told."""
        token = api.create_token(service.provider.sign_in("user@example.com"))["token"]
        (pattern,) = patterns_of(resources, door, "UndecidedAuthorizations")
        with written() as lines:
            ask(door, f"Bearer {token}")
            with contextlib.suppress(Exception):  # how some of them refuse
                ask(door, f"Bearer {token[:-1]}x")
        assert {line["outcome"] for line in lines} == {"allowed", "refused"}
        assert not any(matches(pattern, line) for line in lines)


@pytest.mark.slow
def test_signature_that_fails_is_counted(
    resources: dict[str, Any], service: MemoryService, api: Api
) -> None:
    """Once; a token that is made is not."""
    (pattern,) = patterns_of(resources, API, "FailedSignatures")
    jwt = service.provider.sign_in("user@example.com")
    with written() as lines:
        api.create_token(jwt)
    assert not any(matches(pattern, line) for line in lines)
    service.__dict__.pop("issue", None)
    service.__dict__["signing_key"] = BrokenKey()
    with written() as lines:
        answer = api.call("POST", "/v1/tokens", jwt, {"name": "ci"})
    assert answer.status == 503
    assert [matches(pattern, line) for line in lines].count(True) == 1


@pytest.mark.slow
def test_flushes_are_counted_by_their_calls_and_the_widest_spacing(resources: dict[str, Any]) -> None:
    """The first lines are fast; under pressure they come to the widest spacing."""
    stage = {"AUTHORIZER_CACHE_STAGES": "restapis/a1/v1"}
    token = a_token(a_user())
    pause = a_record(items.TOKEN.item(token), items.TOKEN.item(token.paused(START)))
    with api_of(MemoryService(stage)), written() as lines:
        for _ in range(16):
            flush_authorizer_caches({"Records": [pause]}, Context())
    (counted,) = patterns_of(resources, FLUSHER, "FlushCalls")
    (widest,) = patterns_of(resources, FLUSHER, "WidestFlushSpacing")
    assert [line["calls"] for line in lines if matches(counted, line)] == [1] * 16
    assert [matches(widest, line) for line in lines] == [False] * 14 + [True] * 2
    (metric,) = resources["FlushCalls"]["Properties"]["MetricTransformations"]
    assert metric["MetricValue"] == "$.calls"


@pytest.mark.slow
def test_every_authorizer_is_watched_for_what_ends_it_without_a_line(resources: dict[str, Any]) -> None:
    """A time-out, a killed process, a module that does not load."""
    for door in DOORS:
        crashes = resources[f"{door}Crashes"]["Properties"]
        assert crashes["LogGroupName"] == {"Ref": log_group_of(door)}
        for text in ("Task timed out", "Runtime.ExitError", "Runtime.ImportModuleError", "INIT_REPORT"):
            assert text in crashes["FilterPattern"]
        (counted,) = crashes["MetricTransformations"]
        assert counted["MetricName"] == "UndecidedAuthorizations"


def metrics_of(alarm: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the metrics that an alarm looks at."""
    return [m["MetricStat"]["Metric"] for m in alarm["Properties"]["Metrics"] if "MetricStat" in m]


def watched_by(resources: Mapping[str, Any], alarm: str) -> set[str]:
    """Return the functions whose metrics an alarm looks at."""
    dimensions = [d for m in metrics_of(resources[alarm]) for d in m["Dimensions"]]
    return {d["Value"]["Ref"] for d in dimensions if d["Name"] == "FunctionName"}


OWN = str({"Fn::Sub": "BodhiApiTokens/${AWS::StackName}"})
QUEUE = {"QueueName": {"Fn::GetAtt": ["UnflushedChanges", "QueueName"]}}
EXPECTED: dict[str, dict[str, Any]] = {
    "ApiFailures": {
        "metrics": {("AWS/ApiGateway", "5XXError")},
        "dimensions": {"ApiName": {"Ref": "AWS::StackName"}},
        "statistics": {"Sum"},
        "above": 5,
    },
    "AuthorizerErrors": {
        "metrics": {(OWN, "UndecidedAuthorizations")},
        "dimensions": {},
        "statistics": {"Sum"},
        "above": 0,
    },
    "AuthorizerSlowness": {
        "metrics": {("AWS/Lambda", "Duration")},
        "dimensions": {},
        "statistics": {"p99"},
        "combined": "MAX(METRICS())",
        "above": 2000,
        "periods": 3,
    },
    "FunctionThrottles": {
        "metrics": {("AWS/Lambda", "Throttles")},
        "dimensions": {},
        "statistics": {"Sum"},
        "above": 5,
    },
    "SigningFailures": {
        "metrics": {(OWN, "FailedSignatures")},
        "dimensions": {},
        "statistics": {"Sum"},
        "above": 0,
    },
    "FlushFailures": {
        "metrics": {(OWN, "FailedFlushes")},
        "dimensions": {},
        "statistics": {"Sum"},
        "above": 0,
    },
    "FlushesGivenUp": {
        "metrics": {("AWS/SQS", "ApproximateNumberOfMessagesVisible")},
        "dimensions": QUEUE,
        "statistics": {"Maximum"},
        "above": 0,
    },
    "FlushesLate": {
        "metrics": {("AWS/Lambda", "IteratorAge")},
        "dimensions": {},
        "statistics": {"Maximum"},
        "above": 90_000,
    },
    "FlushRate": {
        "metrics": {(OWN, "FlushCalls")},
        "dimensions": {},
        "statistics": {"Sum"},
        "above": 150,
    },
    "FlushSpacing": {
        "metrics": {(OWN, "WidestFlushSpacing")},
        "dimensions": {},
        "statistics": {"Sum"},
        "above": 0,
    },
}


@pytest.mark.slow
class TestAlarms:
    """Each says what it is about and goes to the topic, if there is one."""

    @pytest.mark.parametrize(("alarm", "expected"), EXPECTED.items())
    def test_alarm_is_raised_by_what_it_says(
        self, resources: dict[str, Any], alarm: str, expected: Mapping[str, Any]
    ) -> None:
        """The metric, of what, how it is summed up, for how long and beyond what."""
        properties = resources[alarm]["Properties"]
        (whole,) = [m["Expression"] for m in properties["Metrics"] if "Expression" in m]
        found = {
            "metrics": {(str(m["Namespace"]), m["MetricName"]) for m in metrics_of(resources[alarm])},
            "dimensions": {
                d["Name"]: d["Value"] for m in metrics_of(resources[alarm]) for d in m["Dimensions"]
            },
            "statistics": {m["MetricStat"]["Stat"] for m in properties["Metrics"] if "MetricStat" in m},
            "combined": whole,
            "above": properties["Threshold"],
            "periods": properties["EvaluationPeriods"],
        }
        if "FunctionName" in found["dimensions"]:
            del found["dimensions"]["FunctionName"]  # which ones is another test's
        assert found == {"combined": "SUM(METRICS())", "periods": 1, **expected}
        assert properties["ComparisonOperator"] == "GreaterThanThreshold"
        seconds = {m["MetricStat"]["Period"] for m in properties["Metrics"] if "MetricStat" in m}
        assert seconds == {300}

    def test_every_alarm_is_in_that_table(self, resources: dict[str, Any]) -> None:
        """A new one has to say there what raises it."""
        alarms = {n for n, r in resources.items() if r["Type"] == "AWS::CloudWatch::Alarm"}
        assert alarms == EXPECTED.keys()

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

    def test_every_function_that_callers_wait_for_is_watched_for_throttles(
        self, resources: dict[str, Any]
    ) -> None:
        """And every authorizer for its slowest percent. FlushesLate counts what the flusher's lead to."""
        assert watched_by(resources, "FunctionThrottles") == set(functions_in(resources)) - {FLUSHER}
        assert watched_by(resources, "AuthorizerSlowness") == DOORS.keys()

    def test_alarms_are_within_what_cloudwatch_takes(self, resources: dict[str, Any]) -> None:
        """At most ten metrics in an expression; exactly one result; silence is no alarm."""
        for resource in resources.values():
            if resource["Type"] == "AWS::CloudWatch::Alarm":
                alarm = resource["Properties"]
                assert 1 <= len(metrics_of(resource)) <= 10
                assert [m["ReturnData"] for m in alarm["Metrics"]].count(True) == 1
                assert alarm["TreatMissingData"] == "notBreaching"
                assert alarm["AlarmDescription"].endswith(".")
                assert alarm["AlarmActions"]["Fn::If"][:2] == [
                    "AlarmTopicGiven",
                    [{"Ref": "AlarmTopicArn"}],
                ]

    def test_no_single_throttle_raises_one(self, resources: dict[str, Any]) -> None:
        """DynamoDB counts throttles that callers never saw. Lambda's are counted from several on."""
        for name, resource in resources.items():
            if resource["Type"] != "AWS::CloudWatch::Alarm":
                continue
            counted = {(str(m["Namespace"]), m["MetricName"]) for m in metrics_of(resource)}
            assert not any(namespace == "AWS/DynamoDB" for namespace, _ in counted), name
            if any("Throttle" in metric for _, metric in counted):
                assert resource["Properties"]["Threshold"] >= 1, name

    def test_new_authorizer_is_watched_without_a_change_here(self, template: dict[str, Any]) -> None:
        """Functions are found, not listed."""
        another = template["Resources"]["AppsyncAuthorizer"]
        grown = with_alarms({"Resources": {**template["Resources"], "OneMoreAuthorizer": another}})[
            "Resources"
        ]
        assert "OneMoreAuthorizer" in watched_by(grown, "FunctionThrottles")
        assert "OneMoreAuthorizer" in watched_by(grown, "AuthorizerSlowness")
        assert "OneMoreAuthorizerErrors" in grown


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
