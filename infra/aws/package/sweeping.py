"""The sweep's schedule, alarms and graph. The schedule is off in open mode, which has no tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.settings import AuthMode, GatewaySettings
from infra.aws.package.functions import Resource, Template, log_group_of, role_of
from infra.aws.package.mailing import sends_mails, with_rights
from infra.aws.package.metrics import NO_LINE, PERIOD, alarm, graph, metric_filter, of_each, own_metric

SWEEPER = "SweepTokens"
SCHEDULE = "SweepSchedule"

FAILED, HOURS = "FailedSweeps", "HoursSinceSweep"
LATEST_HOURS = 36
"""A walk begins each day. With this age, one was not finished for half a day."""
LATE_PERIODS = 3600 // PERIOD
"""The function is scheduled. So an hour without its line is a fault too."""

_ERROR_LINE = '{ $.event = "sweep" && $.outcome = "error" }'
# A sweep that failed does not know the hours.
_OK_LINE = '{ $.event = "sweep" && $.outcome = "ok" }'


def with_sweeping(template: Template) -> Template:
    """Return the template with the schedule off in open mode, and with the right to send mails if any are.

    Raises SettingsError.
    """
    resources = template["Resources"]
    variables = resources[SWEEPER]["Properties"]["Environment"]["Variables"]
    given = {name: value for name, value in variables.items() if isinstance(value, str)}
    is_open = GatewaySettings.from_environ(given).auth_mode is AuthMode.NONE
    properties = resources[SCHEDULE]["Properties"] | {"State": "DISABLED" if is_open else "ENABLED"}
    changed = {SCHEDULE: {**resources[SCHEDULE], "Properties": properties}}
    if sender := given.get("NOTICES_FROM"):
        role = role_of(resources[SWEEPER])
        changed[role] = with_rights(resources[role], [sends_mails(sender)])
    return {**template, "Resources": {**resources, **changed}}


def sweep_filters() -> dict[str, Resource]:
    """Return the metrics of the sweep's log lines."""
    group = log_group_of(SWEEPER)
    return {
        f"{SWEEPER}Errors": metric_filter(group, _ERROR_LINE, FAILED),
        f"{SWEEPER}Crashes": metric_filter(group, NO_LINE, FAILED),
        HOURS: metric_filter(group, _OK_LINE, HOURS, "$.hours_since_walk"),
    }


def sweep_alarms(resources: Mapping[str, Resource]) -> dict[str, Resource]:
    """Return the alarms of the sweep. Silence is one, unless the schedule is off."""
    failed, hours = own_metric(FAILED), own_metric(HOURS, "Maximum")
    is_on = resources[SCHEDULE]["Properties"]["State"] == "ENABLED"
    return {
        "SweepFailures": alarm(
            "The walk through all tokens has failed for 15 minutes.", [failed], 0, periods=3
        ),
        "SweepLate": alarm(
            f"The walk through all tokens has not ended for {LATEST_HOURS} hours, or not run for an hour.",
            [hours],
            LATEST_HOURS,
            periods=LATE_PERIODS,
            missing="breaching" if is_on else "notBreaching",
        ),
    }


def sweep_graph(own: str) -> dict[str, Any]:
    """Return the sweep's graph. ``own`` is our namespace."""
    metrics = [*of_each([SWEEPER], "Duration"), [own, FAILED], [own, HOURS]]
    return graph("Sweep: duration (ms), failures, hours since the last walk", metrics, "Maximum")
