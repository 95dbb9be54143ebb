"""Metric filters, alarms and graphs, as the template has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from infra.aws.package.functions import Resource

Metric = dict[str, Any]

NAMESPACE = {"Fn::Sub": "BodhiApiTokens/${AWS::StackName}"}
PERIOD = 300
"""The period of all metrics, in seconds."""

# Lambda's lines about a function that ended before it could write its own.
# INIT_REPORT is about a start that failed. With SnapStart, which we do not use, it is about every start.
NO_LINE = '?"Task timed out" ?"Runtime.ExitError" ?"Runtime.ImportModuleError" ?INIT_REPORT'


def metric_filter(group: str, pattern: str, metric: str, value: str = "1") -> Resource:
    """Return a filter that adds ``value`` to a metric of ours for each line that matches."""
    counted = {"MetricNamespace": NAMESPACE, "MetricName": metric, "MetricValue": value}
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": group},
            "FilterPattern": pattern,
            "MetricTransformations": [counted],
        },
    }


def alarm(
    text: str,
    metrics: Sequence[Metric],
    above: int,
    *,
    combined: str = "SUM",
    periods: int = 1,
    missing: str = "notBreaching",
) -> Resource:
    """Return an alarm that is raised if the metrics together are above a number in each of the periods.

    ``missing`` is ``breaching`` if a period without data counts as above.
    """
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
            "TreatMissingData": missing,
            "AlarmActions": topic,
            "OKActions": topic,
        },
    }


def metric(namespace: object, name: str, statistic: str, dimensions: Mapping[str, object]) -> Metric:
    """Return a metric of an alarm."""
    return {
        "Metric": {
            "Namespace": namespace,
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        },
        "Period": PERIOD,
        "Stat": statistic,
    }


def own_metric(name: str, statistic: str = "Sum") -> Metric:
    """Return a metric that one of our filters writes."""
    return metric(NAMESPACE, name, statistic, {})


def lambda_metric(function: str, name: str, statistic: str) -> Metric:
    """Return a metric of a function."""
    return metric("AWS/Lambda", name, statistic, {"FunctionName": {"Ref": function}})


def graph(title: str, metrics: Sequence[Sequence[str]], statistic: str) -> dict[str, Any]:
    """Return a graph of the dashboard."""
    shown = {"title": title, "metrics": metrics, "stat": statistic, "period": PERIOD, "view": "timeSeries"}
    return {
        "type": "metric",
        "width": 12,
        "height": 6,
        "properties": {**shown, "region": "${AWS::Region}"},
    }


def of_each(functions: Iterable[str], name: str) -> list[list[str]]:
    """Return a metric of each function, for a graph."""
    return [["AWS/Lambda", name, "FunctionName", f"${{{function}}}"] for function in functions]
