"""Each example is a file that a page repeats. Its functions and numbers are the ones that we promise."""

import json
import re

import pytest

from tests.attach.files import FILES, PAGES, shown
from tests.attach.page import EXPORTS, OUTPUTS

CACHE_SECONDS = 30
TTL = re.compile(
    r"(?:ReauthorizeEvery|resultTtlInSeconds|result_ttl_in_seconds|resultsCacheTtl)"
    r"\W*(?:Duration\.seconds\()?(\d+)",
    re.IGNORECASE,
)


def test_pages_show_each_file_once() -> None:
    """An example on a page is what the tools get, to the last character."""
    repeated = [example for page in PAGES for example in shown(page)]
    assert sorted(repeated) == sorted(FILES.values())


@pytest.mark.parametrize("name", FILES)
def test_example_names_the_alias_of_a_function(name: str) -> None:
    """By an exported output of the stack. The function without a version is deprecated."""
    text = FILES[name]
    named = set(re.findall(r"TokenStack-(\w+)", text))
    named |= set(re.findall(r"""outputs\["(\w+)"\]""", text))
    assert named <= set(EXPORTS.values())
    assert named <= OUTPUTS.keys()
    assert all(output.endswith("AliasArn") for output in named)
    assert set(re.findall(r":function:[\w-]+(:\w+)?", text)) <= {":live"}


@pytest.mark.parametrize("name", ["another-account-api.yaml", "another-account-role-api.yaml"])
def test_api_in_another_account_imports_nothing(name: str) -> None:
    """Exports end at the account's border. The ARN is a parameter."""
    assert "ImportValue" not in FILES[name]
    assert "AuthorizerArn" in FILES[name]


@pytest.mark.parametrize("name", FILES)
def test_ttl_is_the_promised_one(name: str) -> None:
    """30 seconds, or none for simple responses and AppSync. AWS's default is 300."""
    found = TTL.findall(FILES[name])
    simple = re.search(r"(?i)simple_?responses|ResponseType\.SIMPLE", FILES[name])
    assert set(found) <= {"0" if simple or name == "appsync.yaml" else str(CACHE_SECONDS)}


def test_openapi_and_json_are_json() -> None:
    """With two spaces, as tools write it."""
    for name, text in FILES.items():
        if name.endswith(".json"):
            assert text == json.dumps(json.loads(text), indent=2) + "\n"
