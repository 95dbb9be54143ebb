"""The page about providers and the profiles agree."""

import json
import re
from typing import Any

import pytest

from chalicelib.settings import Settings
from tests.packaging.fresh import ROOT
from tests.providers.profile import ProviderProfile
from tests.providers.profiles import PROFILES
from tests.support.service import ENVIRON

PAGE = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
SECTIONS = {text.partition("\n")[0]: text for text in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]}
# These addresses differ between the loopback provider and a tenant.
_ADDRESSES = {"OIDC_ISSUER", "OIDC_DISCOVERY_URL"}
_GLANCE = ("SUBJECT_CLAIM", "ADMIN_CLAIM", "ADMIN_CLAIM_IN")


def blocks(section: str) -> list[dict[str, str]]:
    """Return the settings that a section offers to paste."""
    found: list[dict[str, str]] = [
        json.loads(block) for block in re.findall(r"```json\n(.*?)```", SECTIONS[section], re.DOTALL)
    ]
    return found


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def row(section: str) -> list[str]:
    """Return the cells of the provider's row in the table of settings."""
    (line,) = re.findall(rf"^\| \[.*\]\(#{slug(section)}\).*$", PAGE, re.MULTILINE)
    return [cell.strip().strip("`") for cell in line.strip("|").split(" | ")]


@pytest.mark.parametrize("profile", PROFILES, ids=str)
def test_settings_of_the_page_are_those_of_the_tests(profile: ProviderProfile) -> None:
    """The settings to paste are exactly the settings of the tests."""
    offered: list[dict[str, Any]] = [
        {name: value for name, value in block.items() if name not in _ADDRESSES}
        for block in blocks(profile.section)
    ]

    assert profile.settings in offered


@pytest.mark.parametrize("section", sorted({profile.section for profile in PROFILES}))
def test_settings_of_the_page_are_valid(section: str) -> None:
    """The service starts with the settings of the page."""
    found = blocks(section)
    assert found

    for block in found:
        assert Settings.from_environ({**ENVIRON, "ADMIN_SUBJECTS": "", **block})


@pytest.mark.parametrize("profile", PROFILES, ids=str)
def test_page_cites_the_documents_of_the_profile(profile: ProviderProfile) -> None:
    """A provider's section links every document that its profile is taken from."""
    assert [each for each in profile.documents if f"({each})" not in SECTIONS[profile.section]] == []


@pytest.mark.parametrize("profile", PROFILES, ids=str)
def test_table_of_settings_agrees_with_the_sections(profile: ProviderProfile) -> None:
    """The table at the top names the same settings as the section to which it links."""
    (names,) = re.findall(r"^\| provider (\| `OIDC_ISSUER`.*) \|$", PAGE, re.MULTILINE)
    columns = ["provider", *(name.strip("`") for name in names.strip("| ").split(" | "))]
    shown = dict(zip(columns, row(profile.section), strict=True))

    expected = {name: profile.settings.get(name, "-") for name in _GLANCE}
    assert {name: shown[name].strip("`") for name in _GLANCE} == expected
    assert (shown["OIDC_SCOPES"] == "-") == ("OIDC_SCOPES" not in profile.settings)
    assert (shown["OIDC_DISCOVERY_URL"] == "yes") == bool(profile.discovery_path)


def test_links_within_the_page_lead_somewhere() -> None:
    """Each link within the page leads to a heading."""
    targets = set(re.findall(r"\]\(#([^)]*)\)", PAGE))

    assert targets <= {slug(heading) for heading in SECTIONS}
