"""CloudWatch for tests: the metric filters and alarms of a template, over log lines and metrics.

Sources: "Filter pattern syntax for metric filters", "Evaluating an alarm", "Using metric math".
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infra.aws.package.functions import log_group_of

PERIOD_SECONDS = 300

Summary = Callable[[list[float]], float]

_EQUALITY = re.compile(r'\$\.(\w+) = "([\w.]+)"')
_COMPARISON = re.compile(r"\$\.(\w+) > (\d+)")
_COMBINED: dict[str, Summary] = {"SUM(METRICS())": sum, "MAX(METRICS())": max}
_STATISTICS: dict[str, Summary] = {"Sum": sum, "Maximum": max, "p99": max}
Line = Mapping[str, Any] | str


class CloudWatch:
    """Periods of metrics, and the alarms that are raised in the last one."""

    def __init__(self, resources: Mapping[str, Any]) -> None:
        self._resources = resources
        self._periods: list[dict[str, list[float]]] = [defaultdict(list)]

    def log(self, function: str, *lines: Line) -> None:
        """Count the lines that a function logs in this period."""
        for properties in self._of_type("AWS::Logs::MetricFilter"):
            if properties["LogGroupName"] != {"Ref": log_group_of(function)}:
                continue
            (transformation,) = properties["MetricTransformations"]
            value = transformation["MetricValue"]
            for line in lines:
                if matches(properties["FilterPattern"], line):
                    named = transformation["MetricNamespace"], transformation["MetricName"]
                    number = line[value[2:]] if value.startswith("$.") else value
                    self.measure(*named, float(number))

    def measure(self, namespace: object, metric: str, value: float, **dimensions: object) -> None:
        """Record a value of a metric in this period."""
        self._periods[-1][_key(namespace, metric, dimensions)].append(value)

    def go_on(self) -> None:
        """Begin the next period."""
        self._periods.append(defaultdict(list))

    @property
    def raised(self) -> set[str]:
        """The names of the alarms that are in the state ALARM."""
        alarms = {n: r for n, r in self._resources.items() if r["Type"] == "AWS::CloudWatch::Alarm"}
        return {name for name, alarm in alarms.items() if self._is_raised(alarm["Properties"])}

    def _is_raised(self, alarm: Mapping[str, Any]) -> bool:
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        # A period without data counts as above or below.
        silence = {"notBreaching": -math.inf, "breaching": math.inf}[alarm["TreatMissingData"]]
        count = alarm["EvaluationPeriods"]
        values = [next(_values(alarm, period), silence) for period in self._periods[-count:]]
        return sum(each > float(alarm["Threshold"]) for each in values) == int(count)

    def _of_type(self, kind: str) -> Iterator[Mapping[str, Any]]:
        return (each["Properties"] for each in self._resources.values() if each["Type"] == kind)


def matches(pattern: str, line: Line) -> bool:
    """Return whether a pattern matches a line: with all of its conditions, or with any of its terms."""
    if pattern.startswith("?"):
        text = line if isinstance(line, str) else json.dumps(line)
        terms = re.findall(r'\?(?:"([^"]+)"|(\S+))', pattern)
        return any((quoted or plain) in text for quoted, plain in terms)
    inner = re.fullmatch(r"\{ (.+) \}", pattern)
    assert inner, pattern
    return not isinstance(line, str) and all(_holds(term, line) for term in inner[1].split(" && "))


def _holds(condition: str, line: Mapping[str, Any]) -> bool:
    if comparison := _COMPARISON.fullmatch(condition):
        found = line.get(comparison[1])
        return isinstance(found, int | float) and found > int(comparison[2])
    equality = _EQUALITY.fullmatch(condition)
    assert equality, condition
    return line.get(equality[1]) == equality[2]


def _values(alarm: Mapping[str, Any], period: Mapping[str, list[float]]) -> Iterator[float]:
    """Yield the value of the alarm's expression in a period, or nothing if no metric has data."""
    (combined,) = (each["Expression"] for each in alarm["Metrics"] if "Expression" in each)
    found = []
    for each in alarm["Metrics"]:
        if stat := each.get("MetricStat"):
            assert stat["Period"] == PERIOD_SECONDS
            metric = stat["Metric"]
            dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
            data = period.get(_key(metric["Namespace"], metric["MetricName"], dimensions))
            found += [_STATISTICS[stat["Stat"]](data)] if data else []
    if found:
        yield _COMBINED[combined](found)


def _key(namespace: object, metric: str, dimensions: Mapping[str, object]) -> str:
    return json.dumps([namespace, metric, dimensions], sort_keys=True)
