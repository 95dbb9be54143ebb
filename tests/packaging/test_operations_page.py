"""docs/operations.md speaks of what there is."""

import json
import re
from enum import Enum
from typing import Any

import pytest

from chalicelib.adapters.failures import CallFailed
from chalicelib.domain import errors
from chalicelib.domain.reasons import LoginReason, ProviderReason, SignInReason
from infra.__main__ import COMMANDS
from tests.packaging.fresh import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
REFUSED = (ROOT / "docs" / "refused.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_every_alarm_is_explained(resources: dict[str, Any]) -> None:
    """Whoever is woken up finds the name of the alarm, and no row is about one that is gone."""
    alarms = {name for name, each in resources.items() if each["Type"] == "AWS::CloudWatch::Alarm"}
    table = PAGE.partition("## Alarms")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == alarms


@pytest.mark.slow
def test_resources_that_it_names_are_deployed(template: dict[str, Any]) -> None:
    """Logical ids, parameters and outputs are spelled as in the template, errors as the log does."""
    known = template["Resources"].keys() | template["Parameters"].keys() | template["Outputs"].keys()
    known |= vars(errors).keys() | {CallFailed.__name__}
    named = re.findall(r"`([A-Z][a-z]+[A-Z]\w+)`", PAGE)
    for path in (ROOT / "infra" / "aws" / "operate").glob("policy-*.json"):
        policy = json.loads(path.read_text(encoding="utf-8"))
        known |= {statement["Sid"] for statement in policy["Statement"]}
    elsewhere = {"AccessDenied", "PutItem", "KeyError", "ValueError"}
    assert named
    assert set(named) - elsewhere - known == set()


def test_commands_that_it_names_exist() -> None:
    """Each command of the command line and each target of make."""
    commands = set(re.findall(r"python -m infra(\S* [a-z][a-z-]*|\.\S+)", PAGE))
    assert commands
    assert [name for name in commands if name.strip() not in COMMANDS] == []
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"`make\s+([a-z-]+)\b", PAGE))
    assert {"deploy", "package"} <= targets
    assert [name for name in targets if f"\n{name}:" not in makefile] == []


@pytest.mark.parametrize("kind", [SignInReason, LoginReason, ProviderReason])
def test_every_reason_is_explained(kind: type[Enum]) -> None:
    """The page explains every reason that a caller can get."""
    section = REFUSED.partition("## Why a sign-in is refused")[2].partition("\n## ")[0]
    explained = {
        reason for row in section.splitlines() for reason in re.findall(r"`(\w+)`", row.partition(" | ")[0])
    }
    assert {reason.value for reason in kind} <= explained


@pytest.mark.parametrize("heading", re.findall(r"\]\(#([\w-]+)\)", PAGE))
def test_links_within_it_lead_somewhere(heading: str) -> None:
    """Anchors are made of headings."""
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    assert heading in [re.sub(r"[^\w-]", "", h.lower().replace(" ", "-")) for h in headings]
