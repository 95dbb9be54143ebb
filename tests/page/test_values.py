"""The values that the page has for its scripts, besides the limits."""

import html
import json
from typing import Any

import pytest

import chalicelib
from chalicelib.handlers.page.values import _title
from tests.page.browser import Browser
from tests.support.api import Api, api_of
from tests.support.service import MemoryService

REPORTS = {
    "orders:read": {"description": "Read orders", "opens": ["GET /orders/*"], "title": "Look"},
    "orders:write": {"description": "Change orders", "opens": ["* /orders/*"]},
    "reports:export": {"description": "Export reports", "opens": ["POST /reports"]},
    "audit": {"description": "Read the audit log", "opens": ["GET /audit"], "roles": ["admin"]},
}


def value_of(api: Api, name: str, subject: str = "user@example.com") -> str:
    """Return a value of the page as the person's browser gets it."""
    browser = Browser(api)
    browser.sign_in(subject)
    return html.unescape(browser.page_data(name))


def scopes_of(api: Api, subject: str = "user@example.com") -> dict[str, Any]:
    """Return the scopes in a person's page."""
    read: dict[str, Any] = json.loads(value_of(api, "scopes", subject))
    return read


def test_usual_scopes_begin_with_reading(api: Api) -> None:
    """Without definitions reading is the lowest scope, and writing includes it."""
    assert scopes_of(api) == {
        "api:read": {
            "title": "Read",
            "description": "Read: GET, HEAD and OPTIONS",
            "default": True,
            "includes": [],
            "is_lowest": True,
        },
        "api:write": {
            "title": "Write",
            "description": "Read and write: all methods",
            "default": True,
            "includes": ["api:read"],
            "is_lowest": False,
        },
    }


def test_defined_scopes_have_titles_and_what_they_include() -> None:
    """A title is the operator's, or made of the name. Nobody sees a scope that the role may not give."""
    with api_of(MemoryService({"SCOPES": json.dumps(REPORTS)})) as api:
        scopes, admins = scopes_of(api), scopes_of(api, "admin@example.com")

    assert {name: scope["title"] for name, scope in scopes.items()} == {
        "orders:read": "Look",
        "orders:write": "Orders write",
        "reports:export": "Reports export",
    }
    assert scopes["orders:write"]["includes"] == ["orders:read"]
    assert [name for name, scope in scopes.items() if scope["is_lowest"]] == ["orders:read"]
    assert list(admins) == list(REPORTS)
    assert admins["audit"] == {
        "title": "Audit",
        "description": "Read the audit log",
        "default": False,
        "includes": [],
        "is_lowest": False,
    }
    assert [name for name, scope in admins.items() if scope["is_lowest"]] == ["orders:read"]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("api:read", "Read"),
        ("API/read", "Read"),
        ("reports:export", "Reports export"),
        ("billing.invoices_v2-read", "Billing invoices v2 read"),
        ("api", "Api"),
        ("audit", "Audit"),
        ("apiary:read", "Apiary read"),
        ("a:", "A"),
    ],
)
def test_title_is_made_of_the_words_of_the_name(name: str, title: str) -> None:
    """Separators become spaces, and the first letter a capital."""
    assert _title(name) == title


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("203.0.113.24", "203.0.113.24"),
        ("2001:DB8:0::24", "2001:db8::24"),
        ("::ffff:203.0.113.24", "203.0.113.24"),
        (None, ""),
        ("unknown", ""),
        ("203.0.113.24:443", ""),
        ('"><script>', ""),
    ],
)
def test_page_knows_the_address_of_the_caller(
    api: Api, monkeypatch: pytest.MonkeyPatch, source: object, shown: str
) -> None:
    """The address is that of the connection, as a list of networks would compare it, or unknown."""
    monkeypatch.setattr(
        "chalicelib.handlers.callers.connection", lambda context, member: {"sourceIp": source}
    )

    assert value_of(api, "address") == shown


def test_address_of_a_header_is_not_believed(api: Api) -> None:
    """A forwarded address is anything that the caller writes."""
    browser = Browser(api)
    browser.sign_in("user@example.com")

    page = browser.send("GET", "/settings/api-tokens", {"X-Forwarded-For": "203.0.113.24"})

    assert b"203.0.113.24" not in page.body


def test_page_knows_its_version_and_the_number_of_issuers(api: Api) -> None:
    """A deployment has one provider, and one version."""
    assert (value_of(api, "version"), value_of(api, "providers")) == (chalicelib.__version__, "1")
