"""The changelog: the version of the code is its newest, and each later version says how to upgrade."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from pathlib import Path

from chalicelib import __version__

CHANGELOG = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
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
