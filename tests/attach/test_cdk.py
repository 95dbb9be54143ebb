"""The CDK examples synthesize, with the CDK itself, to stacks that protect their API."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.attach import cloudformation
from tests.attach.files import FILES, FOLDER
from tests.attach.page import EXPORTS, GATEWAY, Authorizer, examples, of_type, values_of
from tests.support.node import node_with_packages

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
REST = "REST API, REQUEST authorizer / CDK (TypeScript)"
HTTP = "HTTP API / CDK (TypeScript)"
EXISTING_REST, EXISTING_HTTP = "cdk-existing-rest.ts", "cdk-existing-http.ts"
DOCUMENT = "cdk-openapi.ts"
MORE = (EXISTING_REST, EXISTING_HTTP, DOCUMENT)
ALL = (REST, HTTP, *MORE)


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return the templates of the examples, each in a stack of its own.

    Each example is a module. One process synthesizes all of them, because the CDK is slow to load.
    """
    node = node_with_packages(HERE)
    folder = tmp_path_factory.mktemp("cdk")
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    more = {name: FILES[name] for name in MORE}
    modules = {}
    for number, (name, example) in enumerate((examples("typescript") | more).items()):
        modules[name] = str(folder / f"example-{number}.mjs")
        Path(modules[name]).write_text(_module(example))
    script = f"""
        process.chdir({json.dumps(str(FOLDER))});
        const templates = {{}};
        for (const [name, module] of Object.entries({json.dumps(modules)})) {{
          templates[name] = (await import(module)).template;
        }}
        console.log(JSON.stringify(templates));
    """
    command = [node, "--input-type=module", "-e", script]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    templates: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return templates


def _module(example: str) -> str:
    imports, rest = example.split("\n\n", 1)
    return f"""
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
        export const template = app.synth().getStackByName('Orders').template;
    """


def test_examples_lead_to_exported_functions(stacks: dict[str, dict[str, Any]]) -> None:
    """Each imports the one for its kind of API. Two import the API too."""
    assert {name: _functions(stack) for name, stack in stacks.items()} == {
        REST: {"RestRequestAuthorizerAliasArn"},
        HTTP: {"HttpApiAuthorizerAliasArn"},
        EXISTING_REST: {"RestRequestAuthorizerAliasArn"},
        EXISTING_HTTP: {"HttpApiAuthorizerAliasArn"},
        DOCUMENT: {"RestRequestAuthorizerAliasArn"},
    }


def _functions(stack: dict[str, Any]) -> set[str]:
    """Return the outputs of the token service that a stack imports, without the team's own imports."""
    return {EXPORTS[name] for name in values_of(stack, "Fn::ImportValue") if name in EXPORTS}


@pytest.mark.parametrize("name", ALL)
def test_the_api_and_nobody_else_may_ask(stacks: dict[str, dict[str, Any]], name: str) -> None:
    """The CDK makes the permission, because it was told that the function is in the same account."""
    (permission,) = of_type(stacks[name], "AWS::Lambda::Permission")
    assert permission["Principal"] == GATEWAY
    assert EXPORTS[permission["FunctionName"]["Fn::ImportValue"]] in _functions(stacks[name])
    source = json.dumps(permission["SourceArn"])
    assert ":execute-api:" in source
    # It names an API of this stack, or the imported one.
    assert ("orders-ApiId" in source) == (name in {EXISTING_REST, EXISTING_HTTP})
    assert name in {EXISTING_REST, EXISTING_HTTP} or '"Ref": "Orders' in source
    assert "/authorizers/" in source


@pytest.mark.parametrize("name", [REST, EXISTING_REST])
def test_rest_api_keeps_decisions_by_token_and_address(
    stacks: dict[str, dict[str, Any]], name: str
) -> None:
    """A REQUEST authorizer, and a method that needs it."""
    (asked,) = of_type(stacks[name], "AWS::ApiGateway::Authorizer")
    (method,) = of_type(stacks[name], "AWS::ApiGateway::Method")
    Authorizer(
        kind=asked["Type"],
        identity=re.split(r", ?", asked["IdentitySource"]),
        ttl=asked["AuthorizerResultTtlInSeconds"],
    ).check()
    assert asked["Type"] == "REQUEST"
    assert method["AuthorizationType"] == "CUSTOM"
    assert method["AuthorizerId"]["Ref"] in stacks[name]["Resources"]


def test_deployment_of_an_existing_api_comes_after_its_method(stacks: dict[str, dict[str, Any]]) -> None:
    """A stage serves what was deployed last."""
    resources = stacks[EXISTING_REST]["Resources"]
    (method,) = (name for name, each in resources.items() if each["Type"] == "AWS::ApiGateway::Method")
    (deployment,) = (each for each in resources.values() if each["Type"] == "AWS::ApiGateway::Deployment")
    assert method in deployment["DependsOn"]
    assert deployment["Properties"]["StageName"] == "prod"


def test_document_keeps_its_authorizer(stacks: dict[str, dict[str, Any]]) -> None:
    """The CDK changes the address only, and to the alias."""
    (described,) = values_of(stacks[DOCUMENT], "x-amazon-apigateway-authorizer")
    (authorizer,) = cloudformation.authorizers(stacks[DOCUMENT])
    authorizer.check()
    assert (authorizer.kind, authorizer.ttl) == ("REQUEST", 30)
    assert "111122223333" not in json.dumps(described)
    assert "TokenStack-RestRequestAuthorizerAliasArn" in json.dumps(described["authorizerUri"])


@pytest.mark.parametrize("name", [HTTP, EXISTING_HTTP])
def test_http_api_remembers_no_simple_response(stacks: dict[str, dict[str, Any]], name: str) -> None:
    """The CDK's own default would be five minutes, and a policy."""
    (authorizer,) = cloudformation.authorizers(stacks[name])
    (route,) = of_type(stacks[name], "AWS::ApiGatewayV2::Route")
    authorizer.check()
    assert (authorizer.simple, authorizer.ttl) == (True, 0)
    assert authorizer.identity == ["$request.header.Authorization"]
    assert route["AuthorizationType"] == "CUSTOM"
    assert route["AuthorizerId"]["Ref"] in stacks[name]["Resources"]
