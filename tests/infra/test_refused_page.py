"""docs/refused.md explains every code and every reason of the code, and no other."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import chalicelib
from chalicelib.domain.errors import ApiTokensError, InvalidToken
from chalicelib.domain.reasons import LoginReason, ProviderReason, SignInReason
from chalicelib.domain.seen_networks import RefusedReason
from chalicelib.domain.token_checks import _RECORDED
from chalicelib.handlers.http.problems import INTERNAL_ERROR, status_of_kind
from chalicelib.handlers.oauth.errors import _MEANINGS, _SERVER_ERROR
from infra.local.template import PROJECT_ROOT, read_template

PAGE = (PROJECT_ROOT / "docs" / "refused.md").read_text(encoding="utf-8")
LOG_ONLY = "log only"
# These end no call: the flush and the mails run behind the stream.
LOGGED = {"stage_not_flushable", "mail_refused"}
PROBLEM = re.compile(r'"status": (\d+), "code": "(\w+)"|"code": "(\w+)"')


def rows(heading: str, column: str) -> dict[str, list[str]]:
    """Return the rows of the first table with this column under a heading, by their first cell's words."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = section.partition(f"\n| {column} |")[2].partition("\n\n")[0].splitlines()[2:]
    cells = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    found: dict[str, list[str]] = {}
    for first, *others in cells:
        for word in re.findall(r"`(\w+)`", first):
            assert word not in found, f"{word} has two rows"
            found[word] = others
    return found


def kinds(base: type[Any]) -> Iterator[type[Any]]:
    """Return all classes below one, in every module of the service."""
    for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        importlib.import_module(module.name)
    waiting = [base]
    while waiting:
        kind = waiting.pop()
        yield kind
        waiting += kind.__subclasses__()


def ours(base: type[Any]) -> list[type[Any]]:
    """Return the classes below one that the service defines, without those of tests."""
    return [kind for kind in kinds(base) if kind.__module__.startswith("chalicelib.")]


def gateways_codes() -> dict[str, str]:
    """Return the codes of API Gateway's own responses, with their statuses or "" for many."""
    responses = [r for r in read_template()["Resources"].values() if "GatewayResponse" in r["Type"]]
    texts = [r["Properties"]["ResponseTemplates"]["application/json"] for r in responses]
    assert len(texts) > 5
    return {one or two: status for text in texts for status, one, two in PROBLEM.findall(text)}


def test_every_code_is_explained_and_no_other() -> None:
    """Codes of errors, of unexpected faults and of API Gateway, each in one row."""
    codes = {kind.code for kind in ours(ApiTokensError) if kind is not ApiTokensError}
    expected = codes | {INTERNAL_ERROR} | gateways_codes().keys()
    assert rows("The code of a response", "`code`").keys() == expected


def test_codes_have_their_statuses() -> None:
    """A code without a row in the table of statuses reaches no caller."""
    table = rows("The code of a response", "`code`")
    for kind in ours(ApiTokensError):
        if kind is not ApiTokensError and kind not in ours(InvalidToken):
            wanted = LOG_ONLY if kind.code in LOGGED else str(status_of_kind(kind).value)
            assert table[kind.code][0] == wanted, kind.code
    for code, status in gateways_codes().items():
        assert not status or table[code][0] == status, code
    assert table["invalid_token"][0] == "401"


def test_every_word_of_oauth_is_explained() -> None:
    """With every status that it may have."""
    table = rows("The error of an OAuth call", "`error`")
    statuses: dict[str, set[str]] = {_SERVER_ERROR: {"500"}}
    for word, status in _MEANINGS.values():
        statuses.setdefault(word, set()).add(str(status.value))
    assert {word: set(row[0].split(", ")) for word, row in table.items()} == statuses


def test_every_reason_of_a_refused_token_is_explained_and_no_other() -> None:
    """Those of the errors, and those that a line of code writes itself."""
    reasons = {kind.reason for kind in ours(InvalidToken) if kind is not InvalidToken}
    assert rows("The reason of a refused API token", "`reason`").keys() == reasons | written_reasons()


def written_reasons() -> set[str]:
    """Return the literal reasons that modules put into the log's line."""
    found = set()
    for path in (PROJECT_ROOT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                values = [word.value for word in node.keywords if word.arg == "reason"]
                found |= {
                    v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)
                }
    return found


def test_owners_reasons_are_translated() -> None:
    """``last_reason`` of a token, with the log's reason of the same refusal."""
    table = rows("The reason of a refused API token", "`last_reason`")
    assert table.keys() == {reason.value for reason in RefusedReason}
    for kind, recorded in _RECORDED.items():
        assert f"`{kind.reason}`" in table[recorded.value][0]


def test_every_reason_of_a_sign_in_is_explained_and_no_other() -> None:
    """JWTs, the page and the provider have a table each."""
    heading = "Why a sign-in is refused"
    for column, kind in (
        ("`reason` of a JWT", SignInReason),
        ("`reason` at the page", LoginReason),
        ("`reason` of the provider (503)", ProviderReason),
    ):
        assert rows(heading, column).keys() == {reason.value for reason in kind}, column
