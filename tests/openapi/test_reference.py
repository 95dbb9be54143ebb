"""The reference page, which is the document in another dress."""

import re
from collections import Counter

import pytest

from chalicelib import __version__
from chalicelib.handlers.docs import markup, reference
from tests.support.api import Answer, Api


@pytest.fixture
def page(api: Api) -> Answer:
    """Return the page."""
    return api.get("/docs")


def test_page_has_every_operation(api: Api, page: Answer) -> None:
    """Each operation has its heading, its call and an example; each definition its heading."""
    document = api.get("/openapi.json").json
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert f'<h3 id="{operation["operationId"]}">' in page.text
            assert f'aria-label="Example of {operation["operationId"]}"' in page.text
            assert f'<span class="method {method}">{method.upper()}</span>' in page.text, path
    for name in document["components"]["schemas"]:
        assert f'<h3 id="definition-{name.lower()}">' in page.text


def test_page_names_the_version(page: Answer) -> None:
    """It is the version of the code, as in the document."""
    assert f"Bodhi API Tokens {__version__}</p>" in page.text


def test_every_link_within_the_page_leads_somewhere(page: Answer) -> None:
    """No anchor is missing, and none is there twice."""
    anchors = Counter(re.findall(r'\bid="([^"]+)"', page.text))
    assert set(re.findall(r'href="#([^"]+)"', page.text)) <= set(anchors)
    assert {name: times for name, times in anchors.items() if times > 1} == {}


def test_page_needs_no_script_and_keeps_the_policy(page: Answer) -> None:
    """The page is markup and style alone, under the policy of all pages."""
    assert page.status == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert re.findall(r"<script|<style|\sstyle=|\son[a-z]+=", page.text) == []
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_page_is_kept_for_a_while(api: Api, page: Answer) -> None:
    """Who has the page already is told so."""
    again = api.get("/docs", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status, again.text) == (304, "")
    assert page.headers["Cache-Control"] == "public, max-age=300"


HOSTILE = "<script>alert(1)</script>"


def test_whatever_the_document_says_stays_text() -> None:
    """A scope's description, say, is configuration and no markup."""
    operation = {
        "operationId": "x",
        "tags": [HOSTILE],
        "summary": HOSTILE,
        "description": HOSTILE,
        "security": [],
        "parameters": [
            {"name": HOSTILE, "in": "query", "description": HOSTILE, "schema": {"enum": [HOSTILE]}}
        ],
        "requestBody": {
            "description": HOSTILE,
            "content": {HOSTILE: {"schema": {"$ref": HOSTILE}, "example": {HOSTILE: HOSTILE}}},
        },
        "responses": {"200": {"description": f"- {HOSTILE}", "headers": {HOSTILE: {}}}},
    }
    schema = {"description": HOSTILE, "properties": {HOSTILE: {"type": HOSTILE, "default": HOSTILE}}}
    document = {
        "info": {"title": HOSTILE, "version": HOSTILE, "description": HOSTILE},
        "servers": [{"url": f"https://api.example.com/{HOSTILE}"}],
        "tags": [{"name": HOSTILE, "description": HOSTILE}],
        "paths": {f"/{HOSTILE}": {"get": operation}},
        "components": {
            "schemas": {HOSTILE: schema, markup.name_of({"$ref": HOSTILE}): schema},
            "securitySchemes": {HOSTILE: {"type": "http", "scheme": HOSTILE, "description": HOSTILE}},
        },
    }
    written = "".join(reference.content(document).values())
    assert "<script" not in written
    assert "&lt;script&gt;" in written


def test_examples_name_the_site_and_no_secret(api: Api) -> None:
    """An example can be pasted as it is, with credentials from the environment."""
    text = api.get("/docs", headers={"Host": "attacker.example.net"}).text
    assert "attacker" not in text
    assert "--data &#x27;{\n" in text
    assert "https://api.example.com/v1/tokens" in text
    assert "Authorization: Bearer $JWT" in text
    assert "--user &quot;$CLIENT_ID:$CLIENT_SECRET&quot;" in text
    assert "grant_type=urn:ietf:params:oauth:grant-type:token-exchange" in text


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "date-time"}, "date-time"),
        ({"type": "string", "maxLength": 5}, "string; at most 5 characters"),
        (
            {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
            "integer; 1 to 9; default <code>3</code>",
        ),
        ({"type": "integer", "minimum": 0}, "integer; at least 0"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}, "integer or null"),
        ({"enum": ["a", "b"]}, "one of <code>a</code>, <code>b</code>"),
        ({"type": "array", "items": {"type": "string"}, "minItems": 1}, "list of strings; at least 1"),
        ({"$ref": "#/components/schemas/Token"}, '<a href="#definition-token">Token</a>'),
        ({"type": "string", "pattern": "^a+$"}, "string; matches <code>^a+$</code>"),
    ],
)
def test_types_are_said_in_words(schema: dict[str, object], words: str) -> None:
    """Constraints stand beside the type."""
    assert markup.kind(schema) == words
