"""Alarms and the dashboard. Functions are found in the template, so a new function is watched too.

Alarms count failures that callers saw. DynamoDB's throttles are on the dashboard only, because a throttled
call is repeated. If the last attempt fails, ``AuthorizerErrors`` or ``ApiFailures`` counts it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chalicelib.adapters.dynamodb.items import GENERIC_INDEX, USERS_INDEX
from chalicelib.domain.flush_budget import FlushLimits
from infra.aws.package.flushing import FLUSHER, GIVEN_UP, limits_of
from infra.aws.package.functions import API, Resource, Template, authorizers_in, functions_in, log_group_of

Metric = dict[str, Any]

NAMESPACE = {"Fn::Sub": "BodhiApiTokens/${AWS::StackName}"}
UNDECIDED, UNSIGNED, UNFLUSHED = "UndecidedAuthorizations", "FailedSignatures", "FailedFlushes"
FLUSH_CALLS, WIDEST = "FlushCalls", "WidestFlushSpacing"

# An authorizer refuses by raising, so Lambda's own count of errors includes refusals. These patterns match
# the errors alone: our log line, and Lambda's lines about a function that ended before it could write ours.
# INIT_REPORT is about a start that failed. With SnapStart, which we do not use, it is about every start.
_ERROR_LINE = '{ $.event = "authorize" && $.outcome = "error" }'
_NO_LINE = '?"Task timed out" ?"Runtime.ExitError" ?"Runtime.ImportModuleError" ?INIT_REPORT'
_FLUSH_LINE = '{ $.event = "flush" && $.outcome = "error" }'
_FLUSHES_LINE = '{ $.event = "flush" }'
_WIDEST_LINE = '{ $.event = "flush" && $.pace = "widest" }'
_SIGNING_LINE = '{ $.error = "SigningUnavailable" }'
_PERIOD = 300
# A few refusals raise no alarm, because API Gateway and people try again.
_SOME = 5


def with_alarms(template: Template) -> Template:
    """Return the template with its alarms, their metrics, and one dashboard."""
    resources = template["Resources"]
    functions = functions_in(resources)
    authorizers = authorizers_in(resources)
    added = {
        **_filters(authorizers),
        **_alarms(functions, authorizers),
        **_flush_alarms(limits_of(resources)),
        "Dashboard": _dashboard(functions, authorizers),
    }
    return {**template, "Resources": {**resources, **added}}


def _filters(authorizers: Sequence[str]) -> dict[str, Resource]:
    found = {f"{API}SigningFailures": _filter(log_group_of(API), _SIGNING_LINE, UNSIGNED)}
    watched = [(name, _ERROR_LINE, UNDECIDED) for name in authorizers]
    for name, line, metric in [*watched, (FLUSHER, _FLUSH_LINE, UNFLUSHED)]:
        group = log_group_of(name)
        found[f"{name}Errors"] = _filter(group, line, metric)
        found[f"{name}Crashes"] = _filter(group, _NO_LINE, metric)
    group = log_group_of(FLUSHER)
    found[FLUSH_CALLS] = _filter(group, _FLUSHES_LINE, FLUSH_CALLS, "$.calls")
    found[WIDEST] = _filter(group, _WIDEST_LINE, WIDEST)
    return found


def _filter(group: str, pattern: str, metric: str, value: str = "1") -> Resource:
    counted = {"MetricNamespace": NAMESPACE, "MetricName": metric, "MetricValue": value}
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": group},
            "FilterPattern": pattern,
            "MetricTransformations": [counted],
        },
    }


def _alarms(functions: Sequence[str], authorizers: Sequence[str]) -> dict[str, Resource]:
    failures = [_metric("AWS/ApiGateway", "5XXError", "Sum", {"ApiName": {"Ref": "AWS::StackName"}})]
    # Callers do not wait for the flusher. If its throttles delay a flush, FlushesLate is raised.
    throttled = [_lambda_metric(name, "Throttles", "Sum") for name in functions if name != FLUSHER]
    slowness = [_lambda_metric(name, "Duration", "p99") for name in authorizers]
    undecided, unsigned = ([_metric(NAMESPACE, name, "Sum", {})] for name in (UNDECIDED, UNSIGNED))
    return {
        "ApiFailures": _alarm("The API returned 5XX more than 5 times in 5 minutes.", failures, _SOME),
        "AuthorizerErrors": _alarm("An authorizer could not decide about a token.", undecided, 0),
        "AuthorizerSlowness": _alarm(
            "The slowest 1% of decisions took more than 2 seconds each, for 15 minutes.",
            slowness,
            2000,
            combined="MAX",
            periods=3,
        ),
        "FunctionThrottles": _alarm(
            "Lambda throttled functions that callers wait for more than 5 times in 5 minutes.",
            throttled,
            _SOME,
        ),
        "SigningFailures": _alarm("KMS could not sign a token.", unsigned, 0),
    }


def _flush_alarms(limits: FlushLimits) -> dict[str, Resource]:
    queue = {"QueueName": {"Fn::GetAtt": [GIVEN_UP, "QueueName"]}}
    given_up = [_metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", queue)]
    late = [_lambda_metric(FLUSHER, "IteratorAge", "Maximum")]
    failed, calls, widest = (
        [_metric(NAMESPACE, name, "Sum", {})] for name in (UNFLUSHED, FLUSH_CALLS, WIDEST)
    )
    quarter = limits.calls_per_second * _PERIOD // 4
    # A change waits for its round for up to the widest spacing. Later changes wait behind it.
    latest = int(limits.widest.total_seconds()) + 60
    return {
        "FlushFailures": _alarm("A cache of decisions could not be flushed.", failed, 0),
        "FlushesGivenUp": _alarm(
            "Lambda gave up on changes. Cached decisions last until the TTL.", given_up, 0
        ),
        "FlushesLate": _alarm(
            f"A change waited more than {latest} seconds for its flush.", late, latest * 1000
        ),
        "FlushRate": _alarm(
            f"Caches were flushed by more than {quarter} calls in 5 minutes, a quarter of the budget.",
            calls,
            quarter,
        ),
        "FlushSpacing": _alarm("Changes are so frequent that flushes have the widest spacing.", widest, 0),
    }


def _alarm(
    text: str, metrics: Sequence[Metric], above: int, *, combined: str = "SUM", periods: int = 1
) -> Resource:
    queries = [
        {"Id": f"m{number}", "MetricStat": each, "ReturnData": False} for number, each in enumerate(metrics)
    ]
    whole = {"Id": "all", "Expression": f"{combined}(METRICS())", "Label": text, "ReturnData": True}
    topic = {"Fn::If": ["AlarmTopicGiven", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": text,
            "Metrics": [whole, *queries],
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": above,
            "EvaluationPeriods": periods,
            "TreatMissingData": "notBreaching",
            "AlarmActions": topic,
            "OKActions": topic,
        },
    }


def _metric(namespace: object, name: str, statistic: str, dimensions: Mapping[str, object]) -> Metric:
    return {
        "Metric": {
            "Namespace": namespace,
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        },
        "Period": _PERIOD,
        "Stat": statistic,
    }


def _lambda_metric(function: str, name: str, statistic: str) -> Metric:
    return _metric("AWS/Lambda", name, statistic, {"FunctionName": {"Ref": function}})


def _dashboard(functions: Sequence[str], authorizers: Sequence[str]) -> Resource:
    api = ["AWS/ApiGateway", "Count", "ApiName", "${AWS::StackName}"]
    table = ["AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", "${TokenTable}"]
    own = "BodhiApiTokens/${AWS::StackName}"
    graphs = [
        _graph("Requests", [api, _same(api, "4XXError"), _same(api, "5XXError")], "Sum"),
        _graph("API latency, p99 (ms)", [_same(api, "Latency")], "p99"),
        _graph("Decisions, p50 (ms)", _each(authorizers, "Duration"), "p50"),
        _graph("Decisions, p99 (ms)", _each(authorizers, "Duration"), "p99"),
        _graph("Could not decide, could not sign", [[own, UNDECIDED], [own, UNSIGNED]], "Sum"),
        _graph("Throttles by Lambda", _each(functions, "Throttles"), "Sum"),
        _graph("Flushes", [*_each([FLUSHER], "Invocations"), [own, FLUSH_CALLS], [own, UNFLUSHED]], "Sum"),
        _graph("Age of the oldest change without a flush (ms)", _each([FLUSHER], "IteratorAge"), "Maximum"),
        _graph("Capacity units", [table, _same(table, "ConsumedWriteCapacityUnits")], "Sum"),
        _graph("Throttles by DynamoDB", _throttles(table), "Sum"),
    ]
    placed = [graph | {"x": 12 * (i % 2), "y": 6 * (i // 2)} for i, graph in enumerate(graphs)]
    body = json.dumps({"widgets": placed})
    return {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": {"Fn::Sub": body}}}


def _graph(title: str, metrics: Sequence[Sequence[str]], statistic: str) -> dict[str, Any]:
    shown = {"title": title, "metrics": metrics, "stat": statistic, "period": 300, "view": "timeSeries"}
    return {
        "type": "metric",
        "width": 12,
        "height": 6,
        "properties": {**shown, "region": "${AWS::Region}"},
    }


def _same(metric: Sequence[str], name: str) -> list[str]:
    """Return another metric with the same dimensions."""
    return [metric[0], name, *metric[2:]]


def _throttles(table: Sequence[str]) -> list[list[str]]:
    kinds = [_same(table, f"{kind}ThrottleEvents") for kind in ("Read", "Write")]
    indexed = (
        [*kind, "GlobalSecondaryIndexName", index]
        for index in (USERS_INDEX, GENERIC_INDEX)
        for kind in kinds
    )
    return [*kinds, *indexed]


def _each(functions: Iterable[str], name: str) -> list[list[str]]:
    return [["AWS/Lambda", name, "FunctionName", f"${{{function}}}"] for function in functions]
