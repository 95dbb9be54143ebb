"""The SAM examples are understood by SAM and cfn-lint, and protect the API that they are put on."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.attach import cloudformation
from tests.attach.cloudformation import Template, authorizers
from tests.attach.page import APPSYNC, GATEWAY, PAGE, asking, examples, imported, of_type, values_of
from tests.support.challenges import parameters

TOKEN = "REST API, TOKEN authorizer"
REQUEST = "REST API, REQUEST authorizer / SAM"
SIMPLE = "HTTP API / SAM"
CACHED = "HTTP API / With a cache: payload format 1.0"
WEBSOCKET = "WebSocket API"
GRAPHQL = "AppSync"
FUNCTIONS = {
    TOKEN: "ApiTokenAuthorizerAliasArn",
    REQUEST: "RestRequestAuthorizerAliasArn",
    SIMPLE: "HttpApiAuthorizerAliasArn",
    CACHED: "RestRequestAuthorizerAliasArn",
    WEBSOCKET: "WebsocketAuthorizerAliasArn",
    GRAPHQL: "AppsyncAuthorizerAliasArn",
}


@pytest.fixture(scope="module")
def templates() -> dict[str, Template]:
    """Return what CloudFormation gets for each example."""
    return cloudformation.translated()


def test_every_front_door_has_an_example_of_its_function(templates: dict[str, Template]) -> None:
    """Five doors, one of them in two formats; each imports one function, the one of its row."""
    assert {name: imported(template) for name, template in templates.items()} == {
        name: {function} for name, function in FUNCTIONS.items()
    }


def test_examples_are_clean(templates: dict[str, Template], tmp_path: Path) -> None:
    """Each stands alone, and cfn-lint has nothing to say."""
    files = [tmp_path / f"{number}.json" for number, _ in enumerate(templates)]
    for file, template in zip(files, templates.values(), strict=True):
        file.write_text(json.dumps(template))
    command = [Path(sys.executable).with_name("cfn-lint"), *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("name", [TOKEN, REQUEST, SIMPLE, CACHED, WEBSOCKET])
def test_nobody_gets_the_answer_to_another_question(templates: dict[str, Template], name: str) -> None:
    """Caches have header and address as their key, simple responses no cache, TOKEN the expression."""
    (authorizer,) = authorizers(templates[name])
    authorizer.check()
    assert authorizer.kind == ("TOKEN" if name == TOKEN else "REQUEST")
    key = ["Authorization", "sourceIp"] if name in (REQUEST, CACHED) else ["Authorization"]
    assert [source.rpartition(".")[2] for source in authorizer.identity] == key


@pytest.mark.parametrize(("name", "payload", "simple"), [(SIMPLE, "2.0", True), (CACHED, "1.0", False)])
def test_http_api_says_what_it_sends_and_what_it_expects(
    templates: dict[str, Template], name: str, payload: str, simple: bool
) -> None:
    """HttpApiAuthorizer answers yes or no to 2.0, RestRequestAuthorizer a policy to 1.0."""
    (authorizer,) = authorizers(templates[name])
    assert (authorizer.payload, authorizer.simple) == (payload, simple)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_api_and_nobody_else_may_ask(templates: dict[str, Template], name: str) -> None:
    """One permission for the function that is asked, bound to this API."""
    ((principal, functions, source),) = asking(templates[name])
    assert functions == {FUNCTIONS[name]}
    if name == GRAPHQL:
        assert (principal, source) == (APPSYNC, "OrdersGraph.Arn")
    else:
        assert principal == GATEWAY
        assert ":execute-api:" in source
        assert "/authorizers/" in source


@pytest.mark.parametrize("name", [TOKEN, REQUEST, SIMPLE, CACHED])
def test_no_method_of_the_api_is_open(templates: dict[str, Template], name: str) -> None:
    """SAM puts the authorizer on the route of a function that does not name it."""
    (paths,) = values_of(templates[name], "paths")
    methods = [method for path in paths.values() for method in path.values()]
    assert [method["security"] for method in methods] == [[{"ApiToken": []}]]


@pytest.mark.parametrize("name", [TOKEN, REQUEST])
def test_rest_api_has_no_second_stage(templates: dict[str, Template], name: str) -> None:
    """One named Stage would have a cache that nobody flushes."""
    deployments = of_type(templates[name], "AWS::ApiGateway::Deployment")
    assert [deployment.get("StageName") for deployment in deployments] == [None]
    assert [stage["StageName"] for stage in of_type(templates[name], "AWS::ApiGateway::Stage")] == ["prod"]


def test_connecting_needs_the_authorizer(templates: dict[str, Template]) -> None:
    """WebSocket APIs ask at this route only."""
    (route,) = of_type(templates[WEBSOCKET], "AWS::ApiGatewayV2::Route")
    (authorizer,) = (
        name
        for name, resource in templates[WEBSOCKET]["Resources"].items()
        if resource["Type"] == "AWS::ApiGatewayV2::Authorizer"
    )
    asked = {"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": authorizer}}
    assert {"RouteKey": "$connect", **asked}.items() <= route.items()


def test_appsync_asks_each_time(templates: dict[str, Template]) -> None:
    """Its cache cannot be flushed, so the example has none, and no other way in."""
    (api,) = of_type(templates[GRAPHQL], "AWS::AppSync::GraphQLApi")
    config: dict[str, Any] = api["LambdaAuthorizerConfig"]
    assert api["AuthenticationType"] == "AWS_LAMBDA"
    assert "AdditionalAuthenticationProviders" not in api
    assert config["AuthorizerResultTtlInSeconds"] == 0


@pytest.mark.parametrize(
    ("name", "setting", "off"),
    [
        (TOKEN, "FunctionPayloadType: TOKEN", "DisableFunctionDefaultPermissions: true"),
        (SIMPLE, "EnableFunctionDefaultPermissions: true", "EnableFunctionDefaultPermissions: false"),
    ],
)
def test_permission_of_an_api_can_be_left_out(name: str, setting: str, off: str) -> None:
    """The token service may allow all APIs at once, and then 20 KB of one policy hold them all."""
    example = examples("yaml")[name]
    place = setting if setting in example else "Identity:"
    changed = example.replace(place, off if place == setting else f"{off}\n            {place}", 1)
    assert asking(cloudformation.translate(changed)) == []
    assert off.split(":")[0] in PAGE


def test_challenges_are_those_of_a_rest_api(tmp_path: Path) -> None:
    """The fragment belongs to the properties of a REST API, and its texts are static challenges."""
    (fragment,) = examples("yml").values()
    added = "".join(f"      {line}\n" for line in fragment.splitlines())
    whole = cloudformation.translate(examples("yaml")[REQUEST] + added)
    (responses,) = values_of(whole, "x-amazon-apigateway-gateway-responses")
    told = {kind: _challenge(response) for kind, response in responses.items()}
    metadata = {
        "resource_metadata": "https://tokens.example.com/.well-known/oauth-protected-resource/orders"
    }
    invalid = {"error": "invalid_token", "scope": "api:read api:write"}
    assert told == {"UNAUTHORIZED": invalid | metadata, "ACCESS_DENIED": metadata}
    file = tmp_path / "challenges.json"
    file.write_text(json.dumps(whole))
    command = [Path(sys.executable).with_name("cfn-lint"), file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""


def _challenge(response: dict[str, Any]) -> dict[str, str]:
    """Return the parameters of the challenge in a gateway response."""
    ((name, value),) = response["responseParameters"].items()
    assert name == "gatewayresponse.header.WWW-Authenticate"
    assert (value[0], value[-1]) == ("'", "'")
    assert "'" not in value[1:-1]
    return parameters(value[1:-1])
