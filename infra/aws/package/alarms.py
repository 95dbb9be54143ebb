"""Alarms and the dashboard. Functions are found in the template, so a new function is watched too.

Alarms count failures that callers saw. DynamoDB's throttles are on the dashboard only, because a throttled
call is repeated. If the last attempt fails, ``AuthorizerErrors`` or ``ApiFailures`` counts it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from chalicelib.adapters.dynamodb.items import GENERIC_INDEX, USERS_INDEX
from chalicelib.domain.flush_budget import FlushLimits
from infra.aws.package.flushing import FLUSHER, GIVEN_UP, limits_of
from infra.aws.package.functions import API, Resource, Template, authorizers_in, functions_in, log_group_of
from infra.aws.package.metrics import (
    NO_LINE,
    PERIOD,
    alarm,
    graph,
    lambda_metric,
    metric,
    metric_filter,
    of_each,
    own_metric,
)
from infra.aws.package.publishing import (
    PUBLISHER,
    publishing_alarms,
    publishing_filters,
    publishing_graph,
)
from infra.aws.package.sweeping import SWEEPER, sweep_alarms, sweep_filters, sweep_graph

UNDECIDED, UNSIGNED, UNFLUSHED = "UndecidedAuthorizations", "FailedSignatures", "FailedFlushes"
FLUSH_CALLS, WIDEST = "FlushCalls", "WidestFlushSpacing"

# An authorizer refuses by raising, so Lambda's own count of errors includes refusals. These patterns match
# the errors alone.
_ERROR_LINE = '{ $.event = "authorize" && $.outcome = "error" }'
_FLUSH_LINE = '{ $.event = "flush" && $.outcome = "error" }'
_FLUSHES_LINE = '{ $.event = "flush" }'
_WIDEST_LINE = '{ $.event = "flush" && $.pace = "widest" }'
_SIGNING_LINE = '{ $.error = "SigningUnavailable" }'
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
        **sweep_filters(),
        **sweep_alarms(resources),
        **publishing_filters(),
        **publishing_alarms(),
        "Dashboard": _dashboard(functions, authorizers),
    }
    return {**template, "Resources": {**resources, **added}}


def _filters(authorizers: Sequence[str]) -> dict[str, Resource]:
    found = {f"{API}SigningFailures": metric_filter(log_group_of(API), _SIGNING_LINE, UNSIGNED)}
    watched = [(name, _ERROR_LINE, UNDECIDED) for name in authorizers]
    for name, line, counted in [*watched, (FLUSHER, _FLUSH_LINE, UNFLUSHED)]:
        group = log_group_of(name)
        found[f"{name}Errors"] = metric_filter(group, line, counted)
        found[f"{name}Crashes"] = metric_filter(group, NO_LINE, counted)
    group = log_group_of(FLUSHER)
    found[FLUSH_CALLS] = metric_filter(group, _FLUSHES_LINE, FLUSH_CALLS, "$.calls")
    found[WIDEST] = metric_filter(group, _WIDEST_LINE, WIDEST)
    return found


def _alarms(functions: Sequence[str], authorizers: Sequence[str]) -> dict[str, Resource]:
    failures = [metric("AWS/ApiGateway", "5XXError", "Sum", {"ApiName": {"Ref": "AWS::StackName"}})]
    # Callers do not wait for these. If their throttles delay them for long, another alarm is raised.
    awaited = [name for name in functions if name not in {FLUSHER, PUBLISHER, SWEEPER}]
    throttled = [lambda_metric(name, "Throttles", "Sum") for name in awaited]
    slowness = [lambda_metric(name, "Duration", "p99") for name in authorizers]
    undecided, unsigned = ([own_metric(name)] for name in (UNDECIDED, UNSIGNED))
    return {
        "ApiFailures": alarm("The API returned 5XX more than 5 times in 5 minutes.", failures, _SOME),
        "AuthorizerErrors": alarm("An authorizer could not decide about a token.", undecided, 0),
        "AuthorizerSlowness": alarm(
            "The slowest 1% of decisions took more than 2 seconds each, for 15 minutes.",
            slowness,
            2000,
            combined="MAX",
            periods=3,
        ),
        "FunctionThrottles": alarm(
            "Lambda throttled functions that callers wait for more than 5 times in 5 minutes.",
            throttled,
            _SOME,
        ),
        "SigningFailures": alarm("KMS could not sign a token.", unsigned, 0),
    }


def _flush_alarms(limits: FlushLimits) -> dict[str, Resource]:
    queue = {"QueueName": {"Fn::GetAtt": [GIVEN_UP, "QueueName"]}}
    given_up = [metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", queue)]
    late = [lambda_metric(FLUSHER, "IteratorAge", "Maximum")]
    failed, calls, widest = ([own_metric(name)] for name in (UNFLUSHED, FLUSH_CALLS, WIDEST))
    quarter = limits.calls_per_second * PERIOD // 4
    # A change waits for its round for up to the widest spacing. Later changes wait behind it.
    latest = int(limits.widest.total_seconds()) + 60
    return {
        "FlushFailures": alarm("A cache of decisions could not be flushed.", failed, 0),
        "FlushesGivenUp": alarm(
            "Lambda gave up on changes. Cached decisions last until the TTL.", given_up, 0
        ),
        "FlushesLate": alarm(
            f"A change waited more than {latest} seconds for its flush.", late, latest * 1000
        ),
        "FlushRate": alarm(
            f"Caches were flushed by more than {quarter} calls in 5 minutes, a quarter of the budget.",
            calls,
            quarter,
        ),
        "FlushSpacing": alarm("Changes are so frequent that flushes have the widest spacing.", widest, 0),
    }


def _dashboard(functions: Sequence[str], authorizers: Sequence[str]) -> Resource:
    api = ["AWS/ApiGateway", "Count", "ApiName", "${AWS::StackName}"]
    table = ["AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", "${TokenTable}"]
    own = "BodhiApiTokens/${AWS::StackName}"
    graphs = [
        graph("Requests", [api, _same(api, "4XXError"), _same(api, "5XXError")], "Sum"),
        graph("API latency, p99 (ms)", [_same(api, "Latency")], "p99"),
        graph("Decisions, p50 (ms)", of_each(authorizers, "Duration"), "p50"),
        graph("Decisions, p99 (ms)", of_each(authorizers, "Duration"), "p99"),
        graph("Could not decide, could not sign", [[own, UNDECIDED], [own, UNSIGNED]], "Sum"),
        graph("Throttles by Lambda", of_each(functions, "Throttles"), "Sum"),
        graph("Flushes", [*of_each([FLUSHER], "Invocations"), [own, FLUSH_CALLS], [own, UNFLUSHED]], "Sum"),
        graph(
            "Age of the oldest change without a flush (ms)", of_each([FLUSHER], "IteratorAge"), "Maximum"
        ),
        sweep_graph(own),
        publishing_graph(own),
        graph("Capacity units", [table, _same(table, "ConsumedWriteCapacityUnits")], "Sum"),
        graph("Throttles by DynamoDB", _throttles(table), "Sum"),
    ]
    placed = [graph | {"x": 12 * (i % 2), "y": 6 * (i // 2)} for i, graph in enumerate(graphs)]
    body = json.dumps({"widgets": placed})
    return {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": {"Fn::Sub": body}}}


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
