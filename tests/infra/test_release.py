"""The changelog has the version of the code and says how to upgrade. The templates of issues are sound."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib import __version__

CHANGELOG = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
TEMPLATES = Path(__file__).parents[2] / ".github" / "ISSUE_TEMPLATE"
SECTIONS = re.findall(r"^## \[(.+?)\](?: - (\S+))?\n(.*?)(?=^## |\Z)", CHANGELOG, re.M | re.S)


def test_newest_version_is_that_of_the_code() -> None:
    """A section for changes that are not released yet may stand above it."""
    versions = [version for version, *_ in SECTIONS if version != "Unreleased"]
    assert versions[0] == __version__
    numbers = [tuple(map(int, version.split("."))) for version in versions]
    assert numbers == sorted(set(numbers), reverse=True)


def test_each_version_has_a_date() -> None:
    """It is the day of the release."""
    days = [date.fromisoformat(day) for version, day, _ in SECTIONS if version != "Unreleased"]
    assert days == sorted(days, reverse=True)


def test_each_later_version_says_how_to_upgrade() -> None:
    """Operators read these notes before they deploy, so they come first."""
    released = [section for section in SECTIONS if section[0] != "Unreleased"]
    for (_, _, text), (before, *_) in pairwise(released):
        minor = before.rpartition(".")[0]
        assert text.lstrip().startswith(f"### Upgrade from {minor}\n"), before


def template_of(name: str) -> dict[str, Any]:
    """Return a template of issues."""
    read: dict[str, Any] = yaml.safe_load((TEMPLATES / name).read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize("name", ["fault.yml", "request.yml"])
def test_template_of_issues_is_a_form(name: str) -> None:
    """GitHub shows no form if a member is missing, or if two fields have one id."""
    template = template_of(name)
    assert all(template[member] for member in ("name", "description", "body"))
    fields = [field for field in template["body"] if field["type"] != "markdown"]
    assert all(field["attributes"]["label"] for field in fields)
    ids = [field["id"] for field in fields]
    assert len(ids) == len(set(ids))
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_report_of_a_fault_warns_of_secrets_and_asks_for_the_version() -> None:
    """An issue is public, and a vulnerability is reported in private."""
    template = template_of("fault.yml")
    warning = template["body"][0]["attributes"]["value"]
    assert "API tokens" in warning
    assert "SECURITY.md" in warning
    assert template["body"][1]["attributes"]["placeholder"] == __version__
    assert template_of("config.yml") == {"blank_issues_enabled": False}
