"""The page, and what every authorizer on it must keep to, whichever tool it is written for."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from infra.local.template import PROJECT_ROOT, read_template
from tests.support.headers import TOKEN_HEADER

PAGE = (PROJECT_ROOT / "docs" / "attach.md").read_text(encoding="utf-8")
OUTPUTS: dict[str, Any] = read_template()["Outputs"]
EXPORTS = {
    output["Export"]["Name"]["Fn::Sub"].replace("${AWS::StackName}", "TokenStack"): name
    for name, output in OUTPUTS.items()
    if "Export" in output
}
_PARTS = re.compile(r"^(##|###) ([^\n]*)$|^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
GATEWAY = "apigateway.amazonaws.com"
APPSYNC = "appsync.amazonaws.com"


@dataclass(frozen=True)
class Authorizer:
    """What a gateway is told; a cache that it does not have has a TTL of 0."""

    kind: str
    identity: Sequence[str]
    ttl: int
    expression: str | None = None
    payload: str | None = None
    simple: bool = False

    def check(self) -> None:
        """Fail where strangers cost money, or a remembered answer serves another caller or request."""
        sources = {source.rpartition(".")[2] for source in self.identity}
        if self.kind == "TOKEN":
            assert (self.expression, sources) == (TOKEN_HEADER, {"Authorization"})
        elif self.ttl:
            assert sources == {"Authorization", "sourceIp"}
        if self.simple:
            assert (self.payload, self.ttl) == ("2.0", 0)


def examples(language: str) -> dict[str, str]:
    """Return the code blocks of the page in one language, by the headings that they follow."""
    found: dict[str, str] = {}
    chapter = section = ""
    for heading, name, tongue, code in _PARTS.findall(PAGE):
        if heading:
            chapter, section = (name, "") if heading == "##" else (chapter, name)
        elif tongue == language:
            headings = f"{chapter} / {section}" if section else chapter
            found[headings] = found.get(headings, "") + code
    return found


def table(chapter: str) -> list[list[str]]:
    """Return the first table of a chapter, cell by cell, without its head."""
    text = PAGE.partition(f"\n## {chapter}\n")[2].partition("\n|")[2]
    lines = text.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def values_of(tree: Any, key: str) -> Iterator[Any]:
    """Return what stands under a key anywhere in a tree."""
    if isinstance(tree, dict):
        if key in tree:
            yield tree[key]
        tree = list(tree.values())
    if isinstance(tree, list):
        for branch in tree:
            yield from values_of(branch, key)


def imported(tree: Any) -> set[str]:
    """Return which outputs of the token service's stack a template imports."""
    return {EXPORTS[name] for name in values_of(tree, "Fn::ImportValue")}


def of_type(template: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the properties of a template's resources of one type."""
    return [r["Properties"] for r in template["Resources"].values() if r["Type"] == kind]


def asking(template: dict[str, Any]) -> list[tuple[str, set[str], str]]:
    """Return who may ask which of our functions, and the ARN that this is bound to."""
    return [
        (permission["Principal"], imported(permission), _text(permission["SourceArn"]))
        for permission in of_type(template, "AWS::Lambda::Permission")
        if imported(permission)
    ]


def _text(arn: Any) -> str:
    """Return what can be read of an ARN that CloudFormation will put together."""
    if isinstance(arn, dict):
        return "".join(_text(each) for each in arn.values())
    if isinstance(arn, list):
        return ".".join(_text(each) for each in arn)
    return str(arn)
