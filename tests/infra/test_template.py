"""The deployment's template, and the parts of it that the local stack uses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.local.responses import GatewayResponses
from infra.local.template import gateway_responses, read_template, state_part, ttl_attributes
from tests.support import contract


def test_the_state_part_is_table_keys_and_aliases_only() -> None:
    """An emulator without API Gateway can create all of it."""
    part = state_part(read_template())
    assert set(part["Resources"]) == {
        "TokenTable",
        "SigningKey",
        "SigningKeyAlias",
        "AccessTokenKey",
        "AccessTokenKeyAlias",
    }
    assert set(part["Outputs"]) == {"TableName", "SigningKeyArn", "AccessTokenKeyArn"}


def test_the_state_part_leaves_nothing_it_refers_to_behind() -> None:
    """Parameters and conditions come along, even those that only conditions use."""
    part = state_part(read_template())
    assert set(part["Parameters"]) == {
        "TableName",
        "DeletionProtection",
    }
    assert set(part["Conditions"]) == {"TableNameGiven", "TableIsProtected"}


def test_what_others_add_to_the_template_is_not_picked() -> None:
    """Later features may add parameters, resources and outputs of their own."""
    template: dict[str, Any] = {
        "Parameters": {"AlarmEmail": {}, "TableName": {}},
        "Conditions": {"WithAlarms": {"Fn::Not": [{"Ref": "AlarmEmail"}]}},
        "Resources": {
            "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"Name": {"Ref": "TableName"}}},
            "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Condition": "WithAlarms"},
            "RestAPI": {"Properties": {"MinimumCompressionSize": 0}},
        },
        "Outputs": {"Table": {"Value": {"Ref": "Table"}}, "Alarm": {"Value": {"Ref": "Alarm"}}},
    }
    assert state_part(template) == {
        "Parameters": {"TableName": {}},
        "Conditions": {},
        "Resources": {"Table": template["Resources"]["Table"]},
        "Outputs": {"Table": {"Value": {"Ref": "Table"}}},
    }


def test_both_keys_are_protected_alike() -> None:
    """What nobody may do with the one nobody may do with the other."""
    resources = read_template()["Resources"]
    one, other = (dict(resources[name]["Properties"]) for name in ("SigningKey", "AccessTokenKey"))
    for own in ("Description", "Tags"):
        assert one.pop(own) != other.pop(own)
    assert one == other


def test_tokens_and_keys_outlive_the_stack() -> None:
    """Deleting the stack by mistake must not revoke every token there is."""
    resources = read_template()["Resources"]
    kept = {
        n: (r["DeletionPolicy"], r["UpdateReplacePolicy"])
        for n, r in resources.items()
        if "DeletionPolicy" in r
    }
    assert kept == {
        "TokenTable": ("Retain", "Retain"),
        "SigningKey": ("RetainExceptOnCreate", "Retain"),
        "AccessTokenKey": ("RetainExceptOnCreate", "Retain"),
    }
    assert ttl_attributes(read_template()) == {"TokenTable": "purge_at"}


@pytest.mark.parametrize(
    ("response_type", "status", "code"),
    [
        ("UNAUTHORIZED", 401, "invalid_token"),
        ("ACCESS_DENIED", 403, "forbidden"),
        ("MISSING_AUTHENTICATION_TOKEN", 404, "not_found"),
        ("THROTTLED", 429, "too_many_requests"),
        ("WAF_FILTERED", 429, "too_many_requests"),
        ("AUTHORIZER_FAILURE", 503, "unavailable"),
        ("AUTHORIZER_CONFIGURATION_ERROR", 503, "unavailable"),
        ("DEFAULT_4XX", 400, "bad_request"),
        ("DEFAULT_5XX", 500, "internal_error"),
    ],
)
def test_each_gateway_response_is_a_problem_document(response_type: str, status: int, code: str) -> None:
    """The gateway speaks like the application does."""
    answer = GatewayResponses(read_template()).named(response_type)
    document = json.loads(answer.body)
    assert (answer.status, document["code"]) == (status, code)
    assert {"type", "title", "detail"} <= document.keys()
    assert answer.headers["Content-Type"] == "application/problem+json"
    contract.check_headers(response_type, answer.headers, over_tls=False)
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("Retry-After" in answer.headers) == (status in {429, 503})


def test_no_gateway_response_repeats_anything_of_the_request() -> None:
    """Every value is static: no $context variable, no mapped request header."""
    for properties in gateway_responses(read_template()):
        assert "$" not in properties["ResponseTemplates"]["application/json"]
        for value in properties["ResponseParameters"].values():
            assert value.startswith("'")
            assert value.endswith("'")
