"""The pages below docs/attach: other accounts, several authorizers, CORS, OpenAPI, the console."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from tests.attach import cloudformation
from tests.attach.cloudformation import Template, read, transformed
from tests.attach.files import FILES, PAGES
from tests.attach.page import APPSYNC, EXPORTS, GATEWAY, Authorizer, asking, of_type, values_of

ACCOUNTS = {
    "another-account-permission.yaml",
    "another-account-api.yaml",
    "another-account-role-permission.yaml",
    "another-account-role-api.yaml",
}
MIXED = {"mixed-http.yaml": ("2.0", 0), "mixed-rest.yaml": (None, 30)}
CORS = {"cors-rest.yaml", "cors-http.yaml"}
NAMES = sorted(ACCOUNTS | MIXED.keys() | CORS)
ORIGIN = "'https://app.example.com'"


def translated(name: str) -> Template:
    """Return an example after SAM, with a function behind an API that has none."""
    template = read(FILES[name])
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    if "AWS::Serverless::Function" in kinds or not any("Serverless" in kind for kind in kinds):
        return transformed({"Transform": "AWS::Serverless-2016-10-31", **template})
    resources = cloudformation.with_backends(template["Resources"])
    return transformed({"Transform": "AWS::Serverless-2016-10-31", **template, "Resources": resources})


@pytest.fixture(scope="module")
def templates() -> dict[str, Template]:
    """Return what CloudFormation gets."""
    return {name: translated(name) for name in NAMES}


def test_templates_are_clean(templates: dict[str, Template], tmp_path: Path) -> None:
    """After SAM, cfn-lint has nothing to say."""
    files = [tmp_path / f"{name}.json" for name in NAMES]
    for file, template in zip(files, templates.values(), strict=True):
        file.write_text(json.dumps(template))
    command = [Path(sys.executable).with_name("cfn-lint"), *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == ""


def asked(template: Template) -> Authorizer:
    """Return the one authorizer that asks the token service."""
    described = [
        each
        for each in values_of(template, "x-amazon-apigateway-authorizer")
        if "Lambda" in json.dumps(each) or ":lambda:" in json.dumps(each)
    ]
    (found,) = described
    return Authorizer(
        kind=found["type"].upper(),
        identity=found["identitySource"]
        if isinstance(found["identitySource"], list)
        else re.split(r", ?", found["identitySource"]),
        ttl=found["authorizerResultTtlInSeconds"],
        payload=found.get("authorizerPayloadFormatVersion"),
        simple=found.get("enableSimpleResponses", False),
    )


class TestAnotherAccount:
    """Exports and permissions end at the account's border."""

    @pytest.mark.parametrize("name", ["another-account-api.yaml", "another-account-role-api.yaml"])
    def test_api_asks_the_arn_that_it_is_given(self, templates: dict[str, Template], name: str) -> None:
        """It imports nothing, and makes no permission on a function of another account."""
        template = templates[name]
        authorizer = asked(template)
        authorizer.check()
        assert (authorizer.kind, authorizer.ttl) == ("REQUEST", 30)
        assert list(values_of(template, "Fn::ImportValue")) == []
        permissions = of_type(template, "AWS::Lambda::Permission")
        assert "AuthorizerArn" not in json.dumps(permissions)
        (described,) = values_of(template, "x-amazon-apigateway-authorizer")
        address, values = described["authorizerUri"]["Fn::Sub"]
        assert address.endswith("/functions/${__FunctionArn__}/invocations")
        assert values == {"__FunctionArn__": {"Ref": "AuthorizerArn"}}

    def test_operators_allow_one_api(self, templates: dict[str, Template]) -> None:
        """Of one account. Its authorizers have ids that the operators cannot know."""
        ((principal, functions, source),) = asking(templates["another-account-permission.yaml"])
        assert (principal, functions) == (GATEWAY, {"RestRequestAuthorizerAliasArn"})
        assert source.endswith(":${ApiAccount}:${ApiId}/authorizers/*")

    def test_operators_allow_one_role(self, templates: dict[str, Template]) -> None:
        """Not an account, and not API Gateway as a whole."""
        template = templates["another-account-role-permission.yaml"]
        (permission,) = of_type(template, "AWS::Lambda::Permission")
        assert permission["Principal"] == {"Ref": "RoleArn"}
        assert EXPORTS[permission["FunctionName"]["Fn::ImportValue"]] == "RestRequestAuthorizerAliasArn"

    def test_role_may_only_ask(self, templates: dict[str, Template]) -> None:
        """API Gateway takes it, and it opens one alias."""
        template = templates["another-account-role-api.yaml"]
        role = template["Resources"]["AskTokenService"]["Properties"]
        ((statement,),) = [policy["PolicyDocument"]["Statement"] for policy in role["Policies"]]
        assert (statement["Action"], statement["Resource"]) == (
            "lambda:InvokeFunction",
            {"Ref": "AuthorizerArn"},
        )
        (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trusted["Principal"] == {"Service": GATEWAY}
        (described,) = values_of(template, "x-amazon-apigateway-authorizer")
        assert described["authorizerCredentials"] == {"Fn::GetAtt": ["AskTokenService", "Arn"]}


@pytest.mark.parametrize("name", MIXED)
def test_each_path_has_one_authorizer(templates: dict[str, Template], name: str) -> None:
    """The default is that of people. Programs have a path of their own."""
    template = templates[name]
    authorizer = asked(template)
    authorizer.check()
    assert (authorizer.payload, authorizer.ttl) == MIXED[name]
    (paths,) = values_of(template, "paths")
    secured = {
        path: [list(scheme) for scheme in method["security"]]
        for path, methods in paths.items()
        for method in methods.values()
    }
    assert secured == {"/orders": [["People"]], "/programs/orders": [["ApiToken"]]}


class TestBrowsers:
    """A script may read each response, and a preflight request needs no token."""

    def test_rest_api(self, templates: dict[str, Template]) -> None:
        """All four kinds of response have the origin, and OPTIONS is open. Nothing else is."""
        template = templates["cors-rest.yaml"]
        asked(template).check()
        (responses,) = values_of(template, "x-amazon-apigateway-gateway-responses")
        assert responses.keys() == {"UNAUTHORIZED", "ACCESS_DENIED", "DEFAULT_4XX", "DEFAULT_5XX"}
        header = "gatewayresponse.header.Access-Control-Allow-Origin"
        assert {response["responseParameters"][header] for response in responses.values()} == {ORIGIN}
        assert [responses[kind]["statusCode"] for kind in ("UNAUTHORIZED", "ACCESS_DENIED")] == [
            "401",
            "403",
        ]
        (paths,) = values_of(template, "paths")
        (methods,) = paths.values()
        assert {name: method.get("security") for name, method in methods.items()} == {
            "get": [{"ApiToken": []}],
            "options": None,
        }

    def test_http_api(self, templates: dict[str, Template]) -> None:
        """API Gateway answers preflight requests. The token's header is allowed."""
        template = templates["cors-http.yaml"]
        asked(template).check()
        (cors,) = values_of(template, "x-amazon-apigateway-cors")
        assert cors["allowOrigins"] == [ORIGIN.strip("'")]
        assert "authorization" in cors["allowHeaders"]
        (paths,) = values_of(template, "paths")
        methods = [method for path in paths.values() for method in path.values()]
        assert [method["security"] for method in methods] == [[{"ApiToken": []}]]


@pytest.mark.parametrize(("name", "payload"), [("openapi-rest.json", None), ("openapi-http.json", "2.0")])
def test_document_is_valid_and_protects_each_operation(name: str, payload: str | None) -> None:
    """API Gateway ignores `security` at the top."""
    document: dict[str, Any] = json.loads(FILES[name])
    validate(document)
    authorizer = asked(document)
    authorizer.check()
    assert (authorizer.kind, authorizer.payload, authorizer.simple) == ("REQUEST", payload, bool(payload))
    (described,) = values_of(document, "x-amazon-apigateway-authorizer")
    function = "HttpApiAuthorizer" if payload else "RestRequestAuthorizer"
    assert described["authorizerUri"].endswith(f":function:tokens-{function}:live/invocations")
    assert "security" not in document
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert [operation["security"] for operation in operations] == [[{"ApiToken": []}]]


def forms() -> list[dict[str, str]]:
    """Return the forms of the console's page, field by field."""
    (page,) = (page.read_text(encoding="utf-8") for page in PAGES if page.name == "console.md")
    tables = re.findall(r"\| field \| value \|\n\|---\|---\|\n((?:\|.*\|\n)+)", page)
    return [
        dict([cell.strip(" `") for cell in line.strip("|").split("|")] for line in table.splitlines())
        for table in tables
    ]


def test_forms_of_the_console_make_the_same_authorizers() -> None:
    """REQUEST with both identity sources and 30 seconds; format 2.0, simple, and no cache."""
    rest, http = forms()
    sources = [rest["Identity source: Header"], rest["Identity source: Context"]]
    assert rest["Authorization caching"] == "on"
    policy = Authorizer(rest["Lambda event payload"].upper(), sources, int(rest["TTL"]))
    ttl = {"off": 0}[http["Authorizer caching"]]
    simple = Authorizer(
        "REQUEST",
        [http["Identity sources"]],
        ttl,
        payload=http["Payload format version"],
        simple=http["Response mode"] == "Simple",
    )
    policy.check()
    simple.check()
    assert (policy.kind, policy.ttl, simple.simple) == ("REQUEST", 30, True)
    assert all(":live" in form["Lambda function"] for form in (rest, http))
    assert APPSYNC not in str(forms())


def test_commands_allow_the_alias_and_one_api() -> None:
    """A permission on the function itself does not count for the alias."""
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    # Each command has three lines.
    commands = re.findall(r"^aws lambda add-permission.*\n.*\n.*$", text, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        assert "--qualifier live" in command
        assert f"--principal {GATEWAY}" in command
        assert re.search(r'--source-arn "arn:aws:execute-api:[\w-]+:\d{12}:\w+/authorizers/\*"', command)
