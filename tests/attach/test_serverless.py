"""The examples for the Serverless Framework, packaged by osls, which continues version 3.

The Serverless Framework 4 needs a login, so it is not run.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.attach import cloudformation
from tests.attach.files import FILES
from tests.attach.page import GATEWAY, Authorizer, asking, imported, of_type
from tests.support.node import node_with_packages

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / "serverless"
REST, HTTP = "serverless-rest.yml", "serverless-http.yml"
FUNCTIONS = {REST: "RestRequestAuthorizerAliasArn", HTTP: "HttpApiAuthorizerAliasArn"}
# It never gets to AWS, and must not look for credentials in the network.
ENVIRON = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return the template of each example."""
    node = node_with_packages(HERE)
    return {name: packaged(node, name, tmp_path_factory.mktemp("serverless")) for name in FUNCTIONS}


def packaged(node: str, name: str, folder: Path) -> dict[str, Any]:
    """Return what would be deployed."""
    (folder / "serverless.yml").write_text(FILES[name])
    (folder / "orders.py").write_text("def handler(event, context): ...\n")
    command = [node, str(HERE / "node_modules" / "osls" / "bin" / "serverless.js"), "package"]
    path = str(Path(shutil.which("node") or node).parent)
    environ = {**ENVIRON, "PATH": path, "HOME": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    built = folder / ".serverless" / "cloudformation-template-update-stack.json"
    template: dict[str, Any] = json.loads(built.read_text())
    return template


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_alias_is_asked_and_allowed(templates: dict[str, dict[str, Any]], name: str) -> None:
    """The framework writes one permission for it, bound to this API."""
    assert imported(templates[name]) == {FUNCTIONS[name]}
    ((principal, functions, source),) = asking(templates[name])
    assert (principal, functions) == (GATEWAY, {FUNCTIONS[name]})
    assert ":execute-api:" in source


def test_rest_api_keeps_decisions_by_token_and_address(templates: dict[str, dict[str, Any]]) -> None:
    """A REQUEST authorizer, and a method that needs it."""
    (asked,) = of_type(templates[REST], "AWS::ApiGateway::Authorizer")
    (method,) = of_type(templates[REST], "AWS::ApiGateway::Method")
    sources = re.split(r", ?", asked["IdentitySource"])
    Authorizer(asked["Type"], sources, asked["AuthorizerResultTtlInSeconds"]).check()
    assert (asked["Type"], asked["AuthorizerResultTtlInSeconds"]) == ("REQUEST", 30)
    assert method["AuthorizationType"] == "CUSTOM"
    assert method["AuthorizerId"]["Ref"] in templates[REST]["Resources"]


def test_http_api_remembers_no_simple_response(templates: dict[str, dict[str, Any]]) -> None:
    """Payload format 2.0, and each request is a decision."""
    (authorizer,) = cloudformation.authorizers(templates[HTTP])
    (route,) = of_type(templates[HTTP], "AWS::ApiGatewayV2::Route")
    authorizer.check()
    assert (authorizer.simple, authorizer.payload, authorizer.ttl) == (True, "2.0", 0)
    assert authorizer.identity == ["$request.header.Authorization"]
    assert route["AuthorizationType"] == "CUSTOM"
    assert route["AuthorizerId"]["Ref"] in templates[HTTP]["Resources"]
