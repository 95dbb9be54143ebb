"""The reader of the table's stream that sends events and urgent mails: role, mapping, alarms, graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.settings import AuthMode, GatewaySettings
from infra.aws.package.functions import Resource, Template, log_group_of, role_of
from infra.aws.package.mailing import finds_recipients, sends_mails, with_rights
from infra.aws.package.metrics import (
    NO_LINE,
    alarm,
    graph,
    lambda_metric,
    metric,
    metric_filter,
    of_each,
    own_metric,
)

PUBLISHER = "PublishEvents"
MAPPING = "EventsOut"
GIVEN_UP = "UnsentEvents"

FAILED, TAMPERED, LOST_MAILS = "FailedPublishing", "TamperedEvents", "LostMails"
LATEST_SECONDS = 600

_ERROR_LINE = '{ $.event = "publish" && $.outcome = "error" }'
_MAILING_LINE = '{ $.event = "publish" && $.lost_mails > 0 }'
_TAMPERED_LINE = '{ $.event = "events.tampered" }'


def with_publishing(template: Template) -> Template:
    """Return the template with the bus and the sender of mails in the role of the reader.

    Without a bus the role may not send events. Without a sender it may neither read owners nor send mails.
    The mapping is off in open mode, which has no events. Raises SettingsError.
    """
    resources = template["Resources"]
    function = resources[PUBLISHER]
    variables = function["Properties"]["Environment"]["Variables"]
    given = {name: value for name, value in variables.items() if isinstance(value, str)}
    settings = GatewaySettings.from_environ(given)
    is_open = settings.auth_mode is AuthMode.NONE
    changed = {MAPPING: _changed(resources[MAPPING], {"Enabled": not is_open})}
    rights = [_sends_to(settings.event_bus_name)] if settings.event_bus_name else []
    if sender := given.get("NOTICES_FROM"):
        rights += [*finds_recipients(), sends_mails(sender)]
    if rights and not is_open:
        role = role_of(function)
        changed[role] = with_rights(resources[role], rights)
    return {**template, "Resources": {**resources, **changed}}


def publishing_filters() -> dict[str, Resource]:
    """Return the metrics of the reader's log lines."""
    group = log_group_of(PUBLISHER)
    return {
        f"{PUBLISHER}Errors": metric_filter(group, _ERROR_LINE, FAILED),
        f"{PUBLISHER}Crashes": metric_filter(group, NO_LINE, FAILED),
        TAMPERED: metric_filter(group, _TAMPERED_LINE, TAMPERED),
        LOST_MAILS: metric_filter(group, _MAILING_LINE, LOST_MAILS, "$.lost_mails"),
    }


def publishing_alarms() -> dict[str, Resource]:
    """Return the alarms of the reader."""
    queue = {"QueueName": {"Fn::GetAtt": [GIVEN_UP, "QueueName"]}}
    given_up = [metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", queue)]
    late = [lambda_metric(PUBLISHER, "IteratorAge", "Maximum")]
    failed, tampered, lost = ([own_metric(name)] for name in (FAILED, TAMPERED, LOST_MAILS))
    return {
        "EventsTampered": alarm("An event was changed, or deleted by another than TTL.", tampered, 0),
        "EventFailures": alarm("Events could not be sent, written or read.", failed, 0),
        "EventsGivenUp": alarm("Lambda gave up on events. Send those of the time again.", given_up, 0),
        "MailsLost": alarm("Owners did not get mails about tokens that may be in danger.", lost, 0),
        "EventsLate": alarm(
            f"An event waited more than {LATEST_SECONDS} seconds to be sent.", late, LATEST_SECONDS * 1000
        ),
    }


def publishing_graph(own: str) -> dict[str, Any]:
    """Return the reader's graph. ``own`` is our namespace."""
    metrics = [*of_each([PUBLISHER], "Invocations"), [own, FAILED], [own, TAMPERED], [own, LOST_MAILS]]
    return graph(
        "Events: invocations of their reader, failures, tampered events, lost mails", metrics, "Sum"
    )


def _sends_to(bus: str) -> Mapping[str, Any]:
    arn = f"arn:${{AWS::Partition}}:events:${{AWS::Region}}:${{AWS::AccountId}}:event-bus/{bus}"
    return {
        "Sid": "SendToThisBus",
        "Effect": "Allow",
        "Action": ["events:PutEvents"],
        "Resource": {"Fn::Sub": arn},
    }


def _changed(resource: Resource, properties: Mapping[str, Any]) -> Resource:
    return {**resource, "Properties": {**resource["Properties"], **properties}}
