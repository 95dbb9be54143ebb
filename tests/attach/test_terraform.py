"""The Terraform examples parse, read outputs that there are, and protect the routes that they show."""

import json
import re
from collections.abc import Iterator
from typing import Any

import hcl2
import pytest

from tests.attach.page import GATEWAY, OUTPUTS, Authorizer, examples

TEXT = "\n".join(examples("hcl").values())
# What a backend team has already; the page says so before each example.
YOURS = {
    "aws_api_gateway_rest_api.orders",
    "aws_api_gateway_resource.orders",
    "aws_api_gateway_integration.list_orders",
    "aws_apigatewayv2_api.orders",
    "aws_apigatewayv2_integration.orders",
}
AUTHORIZERS = {
    "rest": "aws_api_gateway_authorizer.api_token",
    "http": "aws_apigatewayv2_authorizer.api_token",
}


@pytest.fixture(scope="module")
def parsed() -> dict[str, Any]:
    """Return both examples as one configuration, as a team with both kinds of API has them."""
    configuration: dict[str, Any] = _unquoted(hcl2.loads(TEXT))
    return configuration


def _unquoted(tree: Any) -> Any:
    """Return the tree with strings as Terraform reads them; the parser leaves their quotes on."""
    if isinstance(tree, dict):
        return {_unquoted(key): _unquoted(value) for key, value in tree.items() if key != "__is_block__"}
    if isinstance(tree, list):
        return [_unquoted(each) for each in tree]
    quoted = isinstance(tree, str) and tree.startswith('"')
    return json.loads(tree) if quoted else tree


def _blocks(parsed: dict[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the resources or data sources by their addresses."""
    for block in parsed[kind]:
        for resource, named in block.items():
            for name, body in named.items():
                yield f"{resource}.{name}", body


def _resources(parsed: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [body for address, body in _blocks(parsed, "resource") if address.startswith(f"{kind}.")]


def _local(parsed: dict[str, Any], name: str) -> str:
    (value,) = (block[name] for block in parsed["locals"] if name in block)
    return str(value)


def test_provider_is_one_that_has_what_is_used(parsed: dict[str, Any]) -> None:
    """The attribute region of data.aws_region is there since 6.0."""
    (terraform,) = parsed["terraform"]
    (required,) = terraform["required_providers"]
    assert required == {"aws": {"source": "hashicorp/aws", "version": ">= 6.0"}}


def test_nothing_is_mentioned_that_is_not_there(parsed: dict[str, Any]) -> None:
    """Every reference is to something in the examples, or to something that the page calls yours."""
    mentioned = set(re.findall(r"(?<![\w.])(aws_\w+\.\w+)\.", TEXT))
    mentioned |= set(re.findall(r"^ +(aws_\w+\.\w+),$", TEXT, re.MULTILINE))
    sources = set(re.findall(r"\bdata\.(aws_\w+\.\w+)", TEXT))
    assert YOURS <= mentioned <= YOURS | {address for address, _ in _blocks(parsed, "resource")}
    assert sources == {address for address, _ in _blocks(parsed, "data")}


def test_no_partition_is_taken_for_granted() -> None:
    """ARNs in China and GovCloud begin otherwise."""
    assert "arn:aws" not in TEXT


@pytest.mark.parametrize(
    ("door", "output"), [("rest", "RestRequestAuthorizerAliasArn"), ("http", "HttpApiAuthorizerAliasArn")]
)
def test_function_is_an_output_and_the_one_that_is_asked(
    parsed: dict[str, Any], door: str, output: str
) -> None:
    """The same ARN is read from the stack, put into the address and given the permission."""
    assert output in OUTPUTS
    assert _local(parsed, f"{door}_authorizer").endswith(f'.tokens.outputs["{output}"]}}')
    authorizer = dict(_blocks(parsed, "resource"))[AUTHORIZERS[door]]
    assert f"/functions/${{local.{door}_authorizer}}/invocations" in authorizer["authorizer_uri"]


@pytest.mark.parametrize("door", ["rest", "http"])
def test_the_api_and_nobody_else_may_ask(parsed: dict[str, Any], door: str) -> None:
    """One permission, bound to the authorizer of this API."""
    resources = dict(_blocks(parsed, "resource"))
    permission = resources[f"aws_lambda_permission.{door}_authorizer"]
    api = "aws_api_gateway_rest_api" if door == "rest" else "aws_apigatewayv2_api"
    assert permission == {
        "action": "lambda:InvokeFunction",
        # By the ARN of an alias each plan would replace it (hashicorp/terraform-provider-aws#38558).
        "function_name": f'${{split(":", local.{door}_authorizer)[6]}}',
        "qualifier": f'${{split(":", local.{door}_authorizer)[7]}}',
        "principal": GATEWAY,
        "source_arn": f"${{{api}.orders.execution_arn}}/authorizers/${{{AUTHORIZERS[door]}.id}}",
    }


def test_nobody_gets_the_answer_to_another_question(parsed: dict[str, Any]) -> None:
    """A cache by token and address; format 2.0, simple responses and no cache for the other."""
    (rest,) = _resources(parsed, "aws_api_gateway_authorizer")
    (http,) = _resources(parsed, "aws_apigatewayv2_authorizer")
    policy = Authorizer(
        kind=rest["type"],
        identity=rest["identity_source"].split(", "),
        ttl=rest["authorizer_result_ttl_in_seconds"],
    )
    simple = Authorizer(
        kind=http["authorizer_type"],
        identity=http["identity_sources"],
        ttl=http["authorizer_result_ttl_in_seconds"],
        payload=http["authorizer_payload_format_version"],
        simple=http["enable_simple_responses"],
    )
    policy.check()
    simple.check()
    assert (policy.kind, simple.kind, simple.simple) == ("REQUEST", "REQUEST", True)
    assert simple.identity == ["$request.header.Authorization"]


def test_no_method_or_route_is_open(parsed: dict[str, Any]) -> None:
    """An authorizer that no method names protects nothing."""
    (method,) = _resources(parsed, "aws_api_gateway_method")
    (route,) = _resources(parsed, "aws_apigatewayv2_route")
    assert (method["authorization"], method["authorizer_id"]) == (
        "CUSTOM",
        f"${{{AUTHORIZERS['rest']}.id}}",
    )
    assert (route["authorization_type"], route["authorizer_id"]) == (
        "CUSTOM",
        f"${{{AUTHORIZERS['http']}.id}}",
    )


def test_rest_api_is_deployed_again(parsed: dict[str, Any]) -> None:
    """Until then the stage serves the open methods that it had."""
    (deployment,) = _resources(parsed, "aws_api_gateway_deployment")
    for part in (AUTHORIZERS["rest"], "aws_api_gateway_method.list_orders"):
        assert part in deployment["triggers"]["redeployment"]
    assert deployment["lifecycle"] == [{"create_before_destroy": True}]
