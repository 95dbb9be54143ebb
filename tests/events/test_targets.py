"""The rules of docs/events.md: CloudFormation takes them, and they choose events that are sent."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.event_detail import DETAIL, SOURCE
from chalicelib.domain.events import EventType
from infra.event_catalogue import PAGE
from tests.attach.cloudformation import read

_BLOCK = re.compile(r"^### ([^\n]*)\n(?:(?!^#).)*?^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TEMPLATES = dict(_BLOCK.findall(PAGE.read_text(encoding="utf-8")))


def of_type(template: str, kind: str) -> list[dict[str, Any]]:
    """Return the properties of the resources of a type."""
    resources = read(template)["Resources"].values()
    return [each["Properties"] for each in resources if each["Type"] == f"AWS::{kind}"]


def test_there_are_three_targets() -> None:
    """Mail, a queue, and everything that speaks HTTPS."""
    assert list(TEMPLATES) == ["Mail by SNS", "A queue", "A SIEM or a webhook"]


def test_templates_are_clean(tmp_path: Path) -> None:
    """Each stands alone, and cfn-lint has nothing to say."""
    files = [tmp_path / f"{number}.yaml" for number, _ in enumerate(TEMPLATES)]
    for file, template in zip(files, TEMPLATES.values(), strict=True):
        file.write_text(template)
    command = [Path(sys.executable).with_name("cfn-lint"), *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("name", TEMPLATES)
def test_rule_chooses_events_that_are_sent(name: str) -> None:
    """The source and the types are those of the code, on the bus of the parameter."""
    (rule,) = of_type(TEMPLATES[name], "Events::Rule")
    assert rule["EventBusName"] == {"Ref": "BusName"}
    assert rule["EventPattern"]["source"] == [SOURCE]
    assert set(rule["EventPattern"].get("detail-type", [])) <= {kind.value for kind in EventType}
    (target,) = rule["Targets"]
    paths = target.get("InputTransformer", {}).get("InputPathsMap", {}).values()
    assert {path.removeprefix("$.detail.") for path in paths} <= {member.name for member in DETAIL}


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_other_rule_may_use_a_target(name: str) -> None:
    """EventBridge acts for every account, so each policy names the rule."""
    template = TEMPLATES[name]
    policies = [*of_type(template, "SNS::TopicPolicy"), *of_type(template, "SQS::QueuePolicy")]
    statements = [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]
    assert statements
    for statement in statements:
        ((resource, attribute),) = [statement["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::GetAtt"]]
        assert read(template)["Resources"][resource]["Type"] == "AWS::Events::Rule"
        assert attribute == "Arn"
