"""One alarm, fired on purpose. CloudWatch's history says if the topic took the message.

CloudWatch cannot publish to a topic if it may not use the topic's KMS key. The alarm is silent then
("Why didn't I receive an SNS notification for my CloudWatch alarm trigger?", AWS re:Post).
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from infra.aws.operate.verify.findings import Check, Finding, fails, holds, not_decidable
from infra.aws.operate.verify.site import Site

_ALARM = "AWS::CloudWatch::Alarm"
_REASON = "An operator of the API tokens service tests this alarm. No action is needed."
_WAIT_SECONDS = 60.0
_BATCH = 100
_DONE, _FAILED = "Successfully executed action", "Failed to execute action"
_KMS_HINT = "Let cloudwatch.amazonaws.com use the topic's KMS key: docs/operations.md, First deployment"


def fire(site: Site) -> Finding:
    """Set one alarm to ALARM, read the results of its actions, and set it back."""
    names = site.names_of(_ALARM)[:_BATCH]
    if not names:
        return (
            not_decidable("the emulator does not have alarms")
            if site.facts.emulated
            else fails("the stack does not have alarms")
        )
    cloudwatch = site.client("cloudwatch")
    alarms = cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
    loud = [alarm for alarm in alarms if alarm.get("AlarmActions") and alarm.get("ActionsEnabled", True)]
    if not loud:
        return not_decidable("no alarm has an action: AlarmTopicArn is empty")
    calm = [alarm for alarm in loud if alarm["StateValue"] != "ALARM"]
    if not calm:
        return not_decidable("every alarm is in ALARM already")
    return _fired(site, cloudwatch, calm[0])


def _fired(site: Site, cloudwatch: Any, alarm: Any) -> Finding:
    name, topics = alarm["AlarmName"], alarm["AlarmActions"]
    begun = site.time.now()
    # The next evaluation would set it back too. Its OK action says that the test is over.
    step = site.undo.add(f"the alarm {name} in state ALARM", partial(_calm, cloudwatch, name))
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=_REASON)
    told: list[str] = []

    def finished() -> bool:
        told[:] = _history(cloudwatch, name, begun)
        return len(told) >= len(topics)

    site.wait_for(_WAIT_SECONDS, finished)
    site.undo.done(step)
    if failed := [each for each in told if _FAILED in each]:
        hint = f". {_KMS_HINT}" if any(_is_about_keys(each) for each in failed) else ""
        return fails(f"{name}: {failed[0]}{hint}")
    if len(told) < len(topics):
        return fails(f"{name}: {len(told)} of {len(topics)} actions were taken in {_WAIT_SECONDS:g} s")
    return _received(site, name, topics)


def _history(cloudwatch: Any, name: str, begun: datetime) -> list[str]:
    """Return the summary of each action since the test began, with its error if there is one."""
    asked = {"AlarmName": name, "HistoryItemType": "Action", "StartDate": begun}
    items = cloudwatch.describe_alarm_history(**asked)["AlarmHistoryItems"]
    return [told for item in items if (told := _summary(item))]


def _summary(item: Any) -> str:
    """Return the result of an action, or an empty text for another entry.

    CloudWatch cuts the summary at 255 characters. The error may be in the data of the entry only.
    """
    summary = str(item.get("HistorySummary", ""))
    if _DONE in summary:
        return summary
    if _FAILED not in summary:
        return ""
    about_keys = _is_about_keys(summary) or not _is_about_keys(str(item.get("HistoryData", "")))
    return summary if about_keys else f"{summary} KMS refused the key."


def _is_about_keys(summary: str) -> bool:
    return "KMS" in summary or "encryption key" in summary


def _received(site: Site, name: str, topics: list[str]) -> Finding:
    """Return the number of subscriptions of the topics. Without a subscription, the message is lost."""
    try:
        confirmed = sum(_subscribers(site, topic) for topic in topics if ":sns:" in topic)
    except ClientError:
        return holds(
            f"{name}: published. Check that it arrived, because you may not list the subscriptions"
        )
    if not confirmed:
        return fails(f"{name}: published, but no subscription of the topic is confirmed")
    return holds(f"{name}: published for {confirmed} subscriptions. Check that it arrived")


def _subscribers(site: Site, topic: str) -> int:
    pages = site.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    arns = [each["SubscriptionArn"] for page in pages for each in page["Subscriptions"]]
    # The others are "PendingConfirmation" or "Deleted".
    return sum(arn.startswith("arn:") for arn in arns)


def _calm(cloudwatch: Any, name: str) -> None:
    found = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    if found and found[0]["StateValue"] == "ALARM":
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason=_REASON)


CHECKS = (Check("An alarm reaches its topic", fire),)
