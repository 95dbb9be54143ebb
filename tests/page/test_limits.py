"""Limits have one source. The page and the OpenAPI document follow the constants and the settings."""

import html
import json
import subprocess
import sys
from enum import Enum
from typing import Any, get_args

import pytest

from chalicelib.domain.network_lists import MAX_NETWORKS
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.text import MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH, MAX_SEARCH_LENGTH
from chalicelib.domain.token_rules import MAX_LIFETIME, MAX_OVERLAP
from chalicelib.domain.tokens import TokenStatus
from chalicelib.domain.unicode_table import WHITE_SPACE
from chalicelib.domain.users import Role, UserStatus
from chalicelib.services.list_orders import Sort
from infra.local.template import PROJECT_ROOT
from tests.packaging.fresh import result_of
from tests.page.browser import Browser
from tests.support.api import Api, api_of
from tests.support.node import node_or_skip
from tests.support.service import MemoryService

CHANGED = """
    import html, json
    from datetime import timedelta
    from chalicelib.domain import text, token_rules
    from chalicelib.services import listing
    text.MAX_NAME_LENGTH, text.MAX_DESCRIPTION_LENGTH, text.MAX_SEARCH_LENGTH = 7, 8, 9
    token_rules.MAX_LIFETIME, token_rules.MAX_OVERLAP = timedelta(days=110), timedelta(seconds=13)
    listing.MAX_LIMIT, listing.DEFAULT_LIMIT = 77, 22
    from tests.page.browser import Browser
    from tests.support.api import api_of
    from tests.support.service import MemoryService
    with api_of(MemoryService()) as api:
        browser = Browser(api)
        browser.sign_in("user@example.com")
        limits = json.loads(html.unescape(browser.page_data("limits")))
        print(json.dumps([limits, api.get("/openapi.json").json]))
"""
# Loads a module of the page as the browser does, without the browser.
LOADED = """
    globalThis.document = { body: { dataset: { limits: process.argv[3] } } };
    const module = await import(process.argv[1]);
    const given = JSON.parse(process.argv[2]);
"""
TABLES = """
    console.log(JSON.stringify(Object.fromEntries(given.map((name) => [name, Object.keys(module[name])]))));
"""
COLUMNS = """
    console.log(JSON.stringify(Object.keys(module.SORTS)));
"""
TRIMMED = """
    const isTrimmed = (point) => module.trimmed(String.fromCodePoint(point)) === '';
    console.log(JSON.stringify(Array.from({ length: given }, (_, point) => point).filter(isTrimmed)));
"""


def limits_of(api: Api) -> dict[str, Any]:
    """Return the limits in the page."""
    browser = Browser(api)
    browser.sign_in("user@example.com")
    read: dict[str, Any] = json.loads(html.unescape(browser.page_data("limits")))
    return read


def lifetimes_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the schemas of both members that are lifetimes."""
    schemas = document["components"]["schemas"]
    create = schemas["CreateToken"]["properties"]["expires_in_days"]["anyOf"]
    exchanges = [
        schema["properties"]["token_expires_in_days"]
        for schema in schemas.values()
        if "token_expires_in_days" in schema.get("properties", ())
    ]
    assert exchanges
    return [next(each for each in create if each["type"] == "integer"), *exchanges]


def run_in_node(module: str, script: str, given: Any) -> Any:
    """Return what a script prints about a module of the page."""
    place = (PROJECT_ROOT / "chalicelib" / "web" / module).as_uri()
    limits = json.dumps({"white_space": WHITE_SPACE})
    command = [node_or_skip(), "--input-type=module", "-e", LOADED + script]
    command += [place, json.dumps(given), limits]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_page_has_the_limits_of_the_server(api: Api) -> None:
    """Each limit in the page is the one that the server enforces."""
    assert limits_of(api) == {
        "name_length": MAX_NAME_LENGTH,
        "description_length": MAX_DESCRIPTION_LENGTH,
        "search_length": MAX_SEARCH_LENGTH,
        "white_space": WHITE_SPACE,
        "lifetime_days": MAX_LIFETIME.days,
        "must_expire": False,
        "overlap_seconds": MAX_OVERLAP.total_seconds(),
        "token_limit": 100,
        "idle_days": 30,
        "networks": MAX_NETWORKS,
        "audit_days": 400,
    }


@pytest.mark.parametrize(
    ("name", "value", "limit", "shown"),
    [
        ("MAX_TOKENS_PER_USER", "7", "token_limit", 7),
        ("AUDIT_RETENTION_DAYS", "9", "audit_days", 9),
        ("IDLE_TIMEOUT_SECONDS", "172800", "idle_days", 2),
        ("IDLE_TIMEOUT_SECONDS", "43200", "idle_days", 0.5),
        ("IDLE_TIMEOUT_SECONDS", "5", "idle_days", 5 / 86_400),
    ],
)
def test_page_follows_the_settings(name: str, value: str, limit: str, shown: float) -> None:
    """If an operator changes a limit, the page shows the new one. Idle days may be a fraction."""
    with api_of(MemoryService({name: value})) as api:
        assert limits_of(api)[limit] == shown


def test_page_and_document_follow_the_constants() -> None:
    """If a constant of the domain changes, nothing else needs a change."""
    limits, document = result_of(CHANGED)

    names = ("name_length", "description_length", "search_length", "lifetime_days", "overlap_seconds")
    assert [limits[name] for name in names] == [7, 8, 9, 110, 13]
    schemas = document["components"]["schemas"]
    assert "at most 7 characters" in schemas["TokenName"]["description"]
    assert "{0,7}" in schemas["TokenName"]["pattern"]
    assert "at most 8 characters" in schemas["TokenDescription"]["description"]
    assert "{0,8}" in schemas["TokenDescription"]["pattern"]
    parameters = document["paths"]["/v1/tokens"]["get"]["parameters"]
    (search,) = (each["schema"] for each in parameters if each["name"] == "q")
    assert search["maxLength"] == 9
    (limit,) = (each["schema"] for each in parameters if each["name"] == "limit")
    assert (limit["maximum"], limit["default"]) == (77, 22)
    assert schemas["TokenPage"]["properties"]["tokens"]["maxItems"] == 77
    assert {schema["maximum"] for schema in lifetimes_of(document)} == {110}
    assert schemas["RotateToken"]["properties"]["overlap_seconds"]["maximum"] == 13


@pytest.mark.parametrize(("days", "example"), [("45", 45), ("90", 90), ("1000", 90)])
def test_page_and_document_follow_the_longest_lifetime(days: str, example: int) -> None:
    """With MAX_TOKEN_LIFETIME_DAYS every token expires, and no token lives longer."""
    with api_of(MemoryService({"MAX_TOKEN_LIFETIME_DAYS": days})) as api:
        limits, document = limits_of(api), api.get("/openapi.json").json

    assert (limits["lifetime_days"], limits["must_expire"]) == (int(days), True)
    for schema in lifetimes_of(document):
        assert (schema["minimum"], schema["maximum"], schema["examples"]) == (1, int(days), [example])
        assert f"they are {days}." in schema["description"]
    assert document["paths"]["/v1/tokens"]["post"]["requestBody"]["content"]["application/json"]["example"][
        "expires_in_days"
    ] in range(1, int(days) + 1)


def test_document_has_no_mark_of_its_making(api: Api) -> None:
    """Without the setting a token may never expire, and the mark of lifetimes is gone too."""
    document = api.get("/openapi.json")

    assert "x-token-lifetime" not in document.text
    assert all("never expires" in schema["description"] for schema in lifetimes_of(document.json))


def test_page_has_words_for_each_value() -> None:
    """The tables of words have each status, role and reason of the API, and no other."""
    tables: dict[str, type[Enum]] = {
        "TOKEN_STATUSES": TokenStatus,
        "USER_STATUSES": UserStatus,
        "ROLES": Role,
        "REVOCATION_REASONS": RevocationReason,
    }
    words = run_in_node("words.js", TABLES, list(tables))
    assert {name: set(keys) for name, keys in words.items()} == {
        name: {each.value for each in kind} for name, kind in tables.items()
    }


def test_page_sorts_by_names_of_the_api() -> None:
    """Each column that orders the list has a name that the API accepts, ascending and descending."""
    columns = run_in_node("my-filters.js", COLUMNS, None)
    assert columns
    assert {f"{sign}{name}" for name in columns for sign in ("", "-")} <= set(get_args(Sort))


def test_page_trims_the_white_space_of_the_server() -> None:
    """Python and the page trim the same characters."""
    trimmed = run_in_node("text.js", TRIMMED, sys.maxunicode + 1)
    assert trimmed == [point for point in range(sys.maxunicode + 1) if not chr(point).strip()]
