"""The sweep's schedule, and its right to send mails."""

from typing import Any

import pytest
import yaml

from infra.aws.package.pieces import FOLDER
from infra.aws.package.sweeping import SCHEDULE, SWEEPER, with_sweeping
from tests.iam.policy import Request, allows
from tests.iam.stack import Stack

STATEMENT = {"Sid": "ReadTheCheckpoint"}
IDENTITY = "arn:aws:ses:us-east-1:123456789012:identity/example.com"
SENDER = "api-tokens@example.com"


def resources_with(**variables: str) -> dict[str, Any]:
    """Return what packaging makes of the sweep under these settings."""
    policy = {"PolicyDocument": {"Statement": [STATEMENT]}}
    template = {
        "Resources": {
            **yaml.safe_load((FOLDER / "sweep.yaml").read_text())["Resources"],
            SWEEPER: {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "Environment": {"Variables": {"STAGE": "dev", **variables}},
                    "Role": {"Fn::GetAtt": ["SweeperRole", "Arn"]},
                },
            },
            "SweeperRole": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [policy]}},
        }
    }
    resources: dict[str, Any] = with_sweeping(template)["Resources"]
    return resources


def added(resources: dict[str, Any]) -> list[Any]:
    """Return the statements that packaging adds to the role."""
    (policy,) = resources["SweeperRole"]["Properties"]["Policies"]
    first, *others = policy["PolicyDocument"]["Statement"]
    assert first == STATEMENT
    return [Stack({}).resolved(other) for other in others]


@pytest.mark.parametrize(("mode", "state"), [("oidc", "ENABLED"), ("none", "DISABLED")])
def test_schedule_is_off_in_open_mode(mode: str, state: str) -> None:
    """There are no tokens to walk through."""
    assert resources_with(AUTH_MODE=mode)[SCHEDULE]["Properties"]["State"] == state


def test_rule_may_invoke_the_function_and_no_other_rule_may() -> None:
    """Every 5 minutes. The permission names the rule."""
    resources = resources_with()
    rule, permission = (resources[name]["Properties"] for name in (SCHEDULE, "SweepPermission"))
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    assert [target["Arn"] for target in rule["Targets"]] == [{"Fn::GetAtt": [SWEEPER, "Arn"]}]
    assert permission["SourceArn"] == {"Fn::GetAtt": [SCHEDULE, "Arn"]}
    assert (permission["FunctionName"], permission["Principal"]) == (
        {"Ref": SWEEPER},
        "events.amazonaws.com",
    )


def test_without_a_sender_no_mail_may_be_sent() -> None:
    """The policy stays as it is."""
    assert added(resources_with()) == []


def test_mails_may_be_sent_from_one_address_only() -> None:
    """By no other action, and from no other address."""
    statements = added(resources_with(NOTICES_FROM=SENDER))

    def asked(action: str, sender: str) -> Request:
        return Request.of(f"ses:{action}", IDENTITY, {"ses:FromAddress": [sender]})

    assert allows(statements, asked("SendEmail", SENDER))
    assert not allows(statements, asked("SendEmail", "other@example.com"))
    assert not allows(statements, asked("SendRawEmail", SENDER))
    assert not allows(statements, Request.of("ses:SendEmail", IDENTITY, {}))
