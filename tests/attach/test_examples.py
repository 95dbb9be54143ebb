"""What a team pastes into its own stack is understood by its tool and leads to functions that exist."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml
from samtranslator.translator.transform import transform

from infra.aws.fixes import TOKEN_HEADER
from infra.local.template import PROJECT_ROOT, read_template
from tests.support.node import node_with_packages

HERE = Path(__file__).parent
PAGE = (PROJECT_ROOT / "docs" / "attach.md").read_text(encoding="utf-8")
OUTPUTS: dict[str, Any] = read_template()["Outputs"]
EXPORTS = {
    output["Export"]["Name"]["Fn::Sub"].replace("${AWS::StackName}", "TokenStack"): name
    for name, output in OUTPUTS.items()
    if "Export" in output
}


def examples(language: str) -> list[str]:
    """Return the code blocks of the page in one language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def values_of(tree: Any, key: str) -> Iterator[Any]:
    """Return what stands under a key anywhere in a tree."""
    if isinstance(tree, dict):
        if key in tree:
            yield tree[key]
        tree = list(tree.values())
    if isinstance(tree, list):
        for branch in tree:
            yield from values_of(branch, key)


class _Intrinsics(yaml.SafeLoader):
    """Reads CloudFormation's short forms."""


def _long_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    assert isinstance(node, yaml.ScalarNode)
    return {"Ref" if suffix == "Ref" else f"Fn::{suffix}": loader.construct_scalar(node)}


_Intrinsics.add_multi_constructor("!", _long_form)


class _NoManagedPolicies:
    """The examples name no managed policy."""

    def load(self) -> dict[str, str]:
        return {}


@pytest.fixture(scope="module")
def sam() -> dict[str, Any]:
    """Return what CloudFormation gets for the SAM examples, with a function behind each API."""
    resources: dict[str, Any] = {}
    for example in examples("yaml"):
        resources |= yaml.load(example, _Intrinsics)["Resources"]
    events = {
        "Rest": {"Type": "Api", "Properties": {"RestApiId": {"Ref": "OrdersApi"}}},
        "Http": {"Type": "HttpApi", "Properties": {"ApiId": {"Ref": "OrdersHttpApi"}}},
    }
    for event in events.values():
        event["Properties"] |= {"Path": "/orders", "Method": "GET"}  # type: ignore[operator]
    function = {"Runtime": "python3.13", "Handler": "orders.handler", "CodeUri": "s3://orders/code.zip"}
    resources["Orders"] = {
        "Type": "AWS::Serverless::Function",
        "Properties": {**function, "Events": events},
    }
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}
    translated: dict[str, Any] = transform(template, {}, _NoManagedPolicies())
    return translated


def test_sam_examples_are_clean(sam: dict[str, Any], tmp_path: Path) -> None:
    """They translate, and cfn-lint has nothing to say."""
    written = tmp_path / "template.json"
    written.write_text(json.dumps(sam))
    command = [Path(sys.executable).with_name("cfn-lint"), written]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""


def test_sam_examples_lead_to_exported_functions(sam: dict[str, Any]) -> None:
    """Each may be asked by its API, which asks about no string that cannot be a token."""
    imported = list(values_of(sam, "Fn::ImportValue"))
    assert {EXPORTS[name] for name in imported} == {"ApiTokenAuthorizerArn", "HttpApiAuthorizerArn"}
    permissions = [r for r in sam["Resources"].values() if r["Type"] == "AWS::Lambda::Permission"]
    asked = {name for p in permissions for name in values_of(p["Properties"], "Fn::ImportValue")}
    assert asked == set(imported)
    assert list(values_of(sam, "identityValidationExpression")) == [TOKEN_HEADER]


def test_every_export_is_on_the_page() -> None:
    """A function that is exported is also explained."""
    assert [name for name in EXPORTS.values() if name not in PAGE] == []


def test_terraform_example_leads_to_an_output() -> None:
    """It parses, reads an output that there is, and lets the gateway ask."""
    (example,) = examples("hcl")
    parsed: dict[str, Any] = hcl2.loads(example)
    text = json.dumps(parsed)
    assert set(re.findall(r'outputs\[\\*"(\w+)\\*"\]', text)) <= OUTPUTS.keys() != set()
    (expression,) = values_of(parsed, "identity_validation_expression")
    assert json.loads(expression) == TOKEN_HEADER
    assert "aws_lambda_permission" in text


@pytest.mark.slow
def test_cdk_example_makes_a_stack() -> None:
    """It synthesizes with the CDK itself to an authorizer of the exported function."""
    node = node_with_packages(HERE)
    (example,) = examples("typescript")
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
    stack = json.loads(done.stdout)
    assert list(values_of(stack, "IdentityValidationExpression")) == [TOKEN_HEADER]
    assert {EXPORTS[name] for name in values_of(stack, "Fn::ImportValue")} == {"ApiTokenAuthorizerArn"}
    methods = [
        r["Properties"] for r in stack["Resources"].values() if r["Type"] == "AWS::ApiGateway::Method"
    ]
    assert [method["AuthorizationType"] for method in methods] == ["CUSTOM"]
