"""The pages of reference: settings, permissions, limits and exit statuses are those of the code."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib.adapters.oidc.provider import LONGEST_BEARER, LONGEST_ID_TOKEN
from chalicelib.domain import (
    administrators,
    claims,
    ids,
    network_lists,
    revocation_jobs,
    scopes,
    seen_networks,
    sessions,
    text,
    token_rules,
)
from chalicelib.domain.ports.events import MAX_COUNTED
from chalicelib.handlers.http import requests
from chalicelib.handlers.oauth import forms
from chalicelib.services import issue, listing, revocation
from chalicelib.settings import client_definitions, scope_definitions
from chalicelib.settings.known import known_settings
from infra import reference
from infra.__main__ import EPILOG
from infra.aws.package import stage_settings

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LIMITS = {
    "API token, characters": ids.MAX_API_TOKEN_LENGTH,
    "JWT as bearer, bytes": LONGEST_BEARER,
    "ID token at the page, bytes": LONGEST_ID_TOKEN,
    "body as JSON, bytes": requests.MAX_BODY_BYTES,
    "body as JSON, depth": requests.MAX_DEPTH,
    "body as JSON, values": requests.MAX_VALUES,
    "body as a form, bytes": forms.MAX_BYTES,
    "path that scopes open, characters": scopes.MAX_PATH_LENGTH,
    "name of a token, characters": text.MAX_NAME_LENGTH,
    "description of a token, characters": text.MAX_DESCRIPTION_LENGTH,
    "text of a search, characters": text.MAX_SEARCH_LENGTH,
    "subject of a user, characters": text.MAX_SUBJECT_LENGTH,
    "scopes in `SCOPES`": scope_definitions.MAX_SCOPES,
    "bytes of an authorizer's result": scope_definitions.MAX_RESULT_BYTES,
    "resource servers in `RESOURCE_SERVERS`": client_definitions.MAX_SERVERS,
    "networks in a token's list": network_lists.MAX_NETWORKS,
    "networks of uses that a token keeps": seen_networks.MAX_SEEN_NETWORKS,
    "lifetime of a token, days": token_rules.MAX_LIFETIME / DAY,
    "overlap of a rotation, days": token_rules.MAX_OVERLAP / DAY,
    "access token, minutes": claims.ACCESS_TOKEN_LIFETIME / MINUTE,
    "page of a list, entries": listing.MAX_LIMIT,
    "page of a list without `limit`, entries": listing.DEFAULT_LIMIT,
    "tokens in a leak report": revocation.MAX_REPORTED,
    "token ids in a revocation job": revocation_jobs.MAX_TOKEN_IDS,
    "revocation jobs at a time": revocation_jobs.MAX_RUNNING_JOBS,
    "events that a summary counts": MAX_COUNTED,
    "idempotency key, hours": issue.IDEMPOTENCY_LIFETIME / HOUR,
    "session at the page, hours": sessions.SESSION_LIFETIME / HOUR,
    "session at the page without a call, hours": sessions.SESSION_IDLE_TIMEOUT / HOUR,
    "sign-in at the page, minutes": sessions.LOGIN_LIFETIME / MINUTE,
    "role by claim, hours": administrators.ROLE_LIFETIME / HOUR,
    "settings of a stage together, bytes": stage_settings._MAX_BYTES - stage_settings._ROOM_BYTES,
}


@pytest.mark.parametrize("page", reference.TABLES, ids=lambda page: page.name)
def test_tables_are_those_of_now(page: Path) -> None:
    """After a change, ``python -m infra draw-reference`` writes them anew."""
    assert page.read_text(encoding="utf-8") == reference.updated(page)


def test_every_setting_is_made_of_its_reader() -> None:
    """Each has a default, or is required, and values. A new one waits for its meaning."""
    assert reference.settings().keys() == known_settings()
    assert reference.settings()["MAX_TOKENS_PER_USER"] == ("100", "1 to 10000")
    assert reference.settings()["OIDC_ISSUER"] == ("required", "URL, such as `https://login.example.com`")
    assert reference.settings()["MAX_TOKEN_LIFETIME_DAYS"][0] == "none"
    page = reference.SETTINGS.read_text(encoding="utf-8")
    assert not re.findall(r"^\| `(\w+)` \|.*\|\s*\|$", page, re.MULTILINE)


def test_new_setting_gets_a_row_without_a_meaning() -> None:
    """The row of a setting that is gone is dropped."""
    rows = list(reference._settings("| `STAGE` | old | old | the name |\n| `GONE` | | | text |"))
    assert "| `STAGE` | `dev` | text, such as `dev` | the name |" in rows
    assert "| `LOG_LEVEL` | `INFO` | `DEBUG`, `INFO`, `WARNING`, `ERROR` |  |" in rows
    assert "GONE" not in "".join(rows)


def cells(page: str) -> dict[str, str]:
    """Return the rows of the page's table, by their first cell."""
    page_text = (reference.ROOT / "docs" / page).read_text(encoding="utf-8")
    return dict(re.findall(r"^\| ([^|-][^|]*) \| ([^|]*) \|$", page_text, re.MULTILINE)[1:])


def test_limits_are_those_of_the_code() -> None:
    """Each limit once, and no other."""
    assert cells("limits.md") == {name: f"{value:.0f}" for name, value in LIMITS.items()}


def test_exit_statuses_are_those_of_the_command_line() -> None:
    """``python -m infra --help`` prints the same."""
    printed = re.findall(r"^  (\d+) +(.*)$", EPILOG, re.MULTILINE)
    assert cells("exit-statuses.md") == dict(printed)


def test_readme_has_the_figures_of_the_cost_page() -> None:
    """Rounded to a dollar. `make cost` and its tests keep that page."""
    page = (reference.ROOT / "docs" / "cost.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| ([\d.,]+) \| ([\d,]+) \| (\d+%) \| ([\d.,]+) \| ([\d.,]+) \|$", page, re.MULTILINE
    )
    uses = {row[:3]: [f"${float(cell.replace(',', '')):.0f}" for cell in row[3:]] for row in rows}
    section = (reference.ROOT / "README.md").read_text(encoding="utf-8").partition("## What it costs")[2]
    said = re.findall(r"\$\d+", section.partition("\n## ")[0])
    assert said == [uses["0", "0", "0%"][0], *uses["10", "1,000", "90%"]]
