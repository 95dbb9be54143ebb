"""The Pulumi examples, run with stand-ins for Pulumi's modules: what they declare protects the API.

Pulumi itself downloads plugins, so it is not run.
"""

import json
import runpy
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.attach.files import FOLDER
from tests.attach.page import GATEWAY, OUTPUTS, Authorizer

ALIAS = "arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:tokens-{}:live"


@dataclass
class Declared:
    """A resource by the names that the program gives. Its outputs are named after it."""

    kind: str
    name: str
    arguments: dict[str, Any]

    def __getattr__(self, output: str) -> str:
        """Return the place of an output."""
        return self.arguments.get(output) or f"<{self.kind}.{self.name}.{output}>"


@dataclass
class Program:
    """A program that was run."""

    resources: list[Declared] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)

    def only(self, kind: str) -> Declared:
        """Return the one resource of a kind."""
        (found,) = (each for each in self.resources if each.kind == kind)
        return found

    def namespace(self, area: str) -> Any:
        """Return a module of pulumi_aws, whose classes note what is made."""

        def declaring(kind: str) -> Callable[..., Declared]:
            def declare(name: str, /, **arguments: Any) -> Declared:
                self.resources.append(Declared(f"{area}.{kind}", name, arguments))
                return self.resources[-1]

            return declare

        kinds = "RestApi Resource Authorizer Permission Method Integration Deployment Stage Api Route"
        return SimpleNamespace(**{kind: declaring(kind) for kind in kinds.split()})

    def stack(self, name: str) -> Any:
        """Return the token service's stack."""
        assert name == "TokenStack"
        self.outputs.append(name)
        return SimpleNamespace(outputs={n: ALIAS.format(n.removesuffix("AliasArn")) for n in OUTPUTS})


def run(monkeypatch: pytest.MonkeyPatch, name: str) -> Program:
    """Run an example."""
    program = Program()
    pulumi, aws = ModuleType("pulumi"), ModuleType("pulumi_aws")
    pulumi.Output = SimpleNamespace(concat=lambda *p: "".join(p), json_dumps=json.dumps)  # type: ignore[attr-defined]
    pulumi.ResourceOptions = SimpleNamespace  # type: ignore[attr-defined]
    areas = {area: program.namespace(area) for area in ("apigateway", "apigatewayv2", "lambda_")}
    aws.__dict__.update(areas)
    aws.__dict__["cloudformation"] = SimpleNamespace(get_stack=program.stack)
    aws.__dict__["get_partition"] = lambda: SimpleNamespace(partition="aws-us-gov")
    aws.__dict__["get_region"] = lambda: SimpleNamespace(region="us-gov-west-1")
    monkeypatch.setitem(sys.modules, "pulumi", pulumi)
    monkeypatch.setitem(sys.modules, "pulumi_aws", aws)
    runpy.run_path(str(FOLDER / name))
    return program


@pytest.mark.parametrize(
    ("example", "function", "authorizer", "api"),
    [
        ("pulumi_rest.py", "RestRequestAuthorizer", "apigateway.Authorizer", "apigateway.RestApi"),
        ("pulumi_http.py", "HttpApiAuthorizer", "apigatewayv2.Authorizer", "apigatewayv2.Api"),
    ],
)
def test_the_api_and_nobody_else_may_ask(
    monkeypatch: pytest.MonkeyPatch, example: str, function: str, authorizer: str, api: str
) -> None:
    """The same alias is asked and allowed. The permission is bound to this authorizer."""
    program = run(monkeypatch, example)
    asked = program.only(authorizer).authorizer_uri
    alias = ALIAS.format(function)
    assert asked.startswith("arn:aws-us-gov:apigateway:us-gov-west-1:lambda:path/2015-03-31/functions/")
    assert asked.endswith(f"/functions/{alias}/invocations")
    assert program.only("lambda_.Permission").arguments == {
        "action": "lambda:InvokeFunction",
        "function": f"tokens-{function}",
        "qualifier": "live",
        "principal": GATEWAY,
        "source_arn": f"<{api}.orders.execution_arn>/authorizers/<{authorizer}.api-token.id>",
    }


def test_rest_api_keeps_decisions_by_token_and_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A REQUEST authorizer, a method that needs it, and a deployment after both."""
    program = run(monkeypatch, "pulumi_rest.py")
    asked, method = program.only("apigateway.Authorizer"), program.only("apigateway.Method")
    sources = asked.identity_source.split(", ")
    Authorizer(asked.type, sources, asked.arguments["authorizer_result_ttl_in_seconds"]).check()
    assert (asked.type, asked.arguments["authorizer_result_ttl_in_seconds"]) == ("REQUEST", 30)
    assert (method.authorization, method.authorizer_id) == ("CUSTOM", asked.id)
    deployment = program.only("apigateway.Deployment")
    assert method in deployment.arguments["opts"].depends_on
    assert asked.id in deployment.arguments["triggers"]["method"]


def test_http_api_remembers_no_simple_response(monkeypatch: pytest.MonkeyPatch) -> None:
    """Payload format 2.0, and each request is a decision."""
    program = run(monkeypatch, "pulumi_http.py")
    given, route = program.only("apigatewayv2.Authorizer").arguments, program.only("apigatewayv2.Route")
    Authorizer(
        kind=given["authorizer_type"],
        identity=given["identity_sources"],
        ttl=given["authorizer_result_ttl_in_seconds"],
        payload=given["authorizer_payload_format_version"],
        simple=given["enable_simple_responses"],
    ).check()
    assert given["enable_simple_responses"] is True
    assert given["identity_sources"] == ["$request.header.Authorization"]
    assert route.authorization_type == "CUSTOM"
    assert route.authorizer_id == program.only("apigatewayv2.Authorizer").id
