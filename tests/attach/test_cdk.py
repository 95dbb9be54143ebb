"""The CDK examples synthesize, with the CDK itself, to stacks that protect their API."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.attach import cloudformation
from tests.attach.page import GATEWAY, Authorizer, asking, examples, imported, of_type
from tests.support.node import node_with_packages

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
REST = "REST API, REQUEST authorizer / CDK (TypeScript)"
HTTP = "HTTP API / CDK (TypeScript)"


@pytest.fixture(scope="module")
def stacks() -> dict[str, dict[str, Any]]:
    """Return the templates of the examples, each in a stack of its own."""
    node = node_with_packages(HERE)
    return {name: _synthesized(node, example) for name, example in examples("typescript").items()}


def _synthesized(node: str, example: str) -> dict[str, Any]:
    imports, rest = example.split("\n", 1)
    script = f"""
        import {{ App, Stack }} from 'aws-cdk-lib';
        {imports}
        class Orders extends Stack {{
          constructor(app) {{
            super(app, 'Orders');
            {rest}
          }}
        }}
        const app = new App();
        new Orders(app);
        console.log(JSON.stringify(app.synth().getStackByName('Orders').template));
    """
    command = [node, "--input-type=module", "-e", script]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    template: dict[str, Any] = json.loads(done.stdout)
    return template


def test_examples_lead_to_exported_functions(stacks: dict[str, dict[str, Any]]) -> None:
    """Each imports the one for its kind of API."""
    assert {name: imported(stack) for name, stack in stacks.items()} == {
        REST: {"RestRequestAuthorizerAliasArn"},
        HTTP: {"HttpApiAuthorizerAliasArn"},
    }


@pytest.mark.parametrize("name", [REST, HTTP])
def test_the_api_and_nobody_else_may_ask(stacks: dict[str, dict[str, Any]], name: str) -> None:
    """The CDK makes the permission, because it was told that the function is in the same account."""
    ((principal, functions, source),) = asking(stacks[name])
    assert (principal, functions) == (GATEWAY, imported(stacks[name]))
    assert ":execute-api:" in source
    assert "/authorizers/" in source


def test_rest_api_keeps_decisions_by_token_and_address(stacks: dict[str, dict[str, Any]]) -> None:
    """A REQUEST authorizer, and a method that needs it."""
    (asked,) = of_type(stacks[REST], "AWS::ApiGateway::Authorizer")
    (method,) = of_type(stacks[REST], "AWS::ApiGateway::Method")
    Authorizer(
        kind=asked["Type"],
        identity=re.split(r", ?", asked["IdentitySource"]),
        ttl=asked["AuthorizerResultTtlInSeconds"],
    ).check()
    assert asked["Type"] == "REQUEST"
    assert method["AuthorizationType"] == "CUSTOM"
    assert method["AuthorizerId"]["Ref"] in stacks[REST]["Resources"]


def test_http_api_remembers_no_simple_response(stacks: dict[str, dict[str, Any]]) -> None:
    """The CDK's own default would be five minutes, and a policy."""
    (authorizer,) = cloudformation.authorizers(stacks[HTTP])
    (route,) = of_type(stacks[HTTP], "AWS::ApiGatewayV2::Route")
    authorizer.check()
    assert (authorizer.simple, authorizer.ttl) == (True, 0)
    assert authorizer.identity == ["$request.header.Authorization"]
    assert route["AuthorizationType"] == "CUSTOM"
    assert route["AuthorizerId"]["Ref"] in stacks[HTTP]["Resources"]
