"""Reservations, kept-warm executions and the warm table in the packaged template."""

from collections.abc import Mapping
from typing import Any

import pytest

from infra.aws.package.functions import authorizers_in
from infra.local.template import read_template

pytestmark = pytest.mark.slow

NOTHING = {"Ref": "AWS::NoValue"}


def resolved(template: Mapping[str, Any], node: Any, given: Mapping[str, str]) -> Any:
    """Return a property as CloudFormation resolves it, or None if the property is left out."""
    if node == NOTHING:
        return None
    if isinstance(node, dict) and "Ref" in node:
        return given[node["Ref"]]
    if isinstance(node, dict) and "Fn::If" in node:
        name, yes, no = node["Fn::If"]
        (compared,) = template["Conditions"][name]["Fn::Not"]
        one, other = compared["Fn::Equals"]
        return resolved(template, yes if given[one["Ref"]] != other else no, given)
    if isinstance(node, dict):
        return {key: resolved(template, each, given) for key, each in node.items()}
    return node


def values(template: Mapping[str, Any], **given: str) -> dict[str, str]:
    """Return the defaults, with some values given."""
    defaults = {name: str(each.get("Default", "")) for name, each in template["Parameters"].items()}
    return {**defaults, **given}


def test_nothing_is_reserved_or_kept_warm_by_default(template: dict[str, Any]) -> None:
    """An upgrade changes no capacity."""
    usual, resources = values(template), template["Resources"]
    unattended = ("FlushAuthorizerCaches", "PublishEvents", "SweepTokens")
    for name, resource in resources.items():
        if name in unattended:
            assert "ReservedConcurrentExecutions" not in resource["Properties"]
        elif resource["Type"] == "AWS::Serverless::Function":
            reserved = resource["Properties"]["ReservedConcurrentExecutions"]
            assert resolved(template, reserved, usual) is None
        if resource["Type"] == "AWS::Lambda::Alias":
            warm = resource["Properties"]["ProvisionedConcurrencyConfig"]
            assert resolved(template, warm, usual) is None
    assert resolved(template, resources["TokenTable"]["Properties"]["WarmThroughput"], usual) is None


def test_each_authorizer_the_api_and_the_page_have_a_parameter(template: dict[str, Any]) -> None:
    """A new authorizer without one fails here; the flusher and the sweep share the account's executions."""
    names = {f"{door}Concurrency": door for door in authorizers_in(template["Resources"])}
    names |= {"ApiConcurrency": "APIHandler", "PageConcurrency": "PageHandler"}
    for parameter, function in names.items():
        reserved = template["Resources"][function]["Properties"]["ReservedConcurrentExecutions"]
        assert resolved(template, reserved, values(template, **{parameter: "7"})) == "7"


def test_alias_is_kept_warm_by_its_own_parameter(template: dict[str, Any]) -> None:
    """0 is none."""
    for door in authorizers_in(template["Resources"]):
        warm = template["Resources"][f"{door}Alias"]["Properties"]["ProvisionedConcurrencyConfig"]
        given = values(template, **{f"{door}Provisioned": "3"})
        assert resolved(template, warm, given) == {"ProvisionedConcurrentExecutions": "3"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"WarmReadUnits": "20000"}, {"ReadUnitsPerSecond": "20000"}),
        ({"WarmWriteUnits": "8000"}, {"WriteUnitsPerSecond": "8000"}),
        (
            {"WarmReadUnits": "20000", "WarmWriteUnits": "8000"},
            {"ReadUnitsPerSecond": "20000", "WriteUnitsPerSecond": "8000"},
        ),
    ],
)
def test_table_is_warmed_by_what_is_given(
    template: dict[str, Any], given: dict[str, str], expected: dict[str, str]
) -> None:
    """A unit that is not given stays out: DynamoDB refuses a value below what a table has grown to."""
    warm = template["Resources"]["TokenTable"]["Properties"]["WarmThroughput"]
    assert resolved(template, warm, values(template, **given)) == expected


def test_rest_of_the_table_is_the_one_of_the_template(template: dict[str, Any]) -> None:
    """Packaging adds nothing else to it: the table is never replaced."""
    packaged = dict(template["Resources"]["TokenTable"]["Properties"])
    del packaged["WarmThroughput"]
    assert packaged == read_template()["Resources"]["TokenTable"]["Properties"]
