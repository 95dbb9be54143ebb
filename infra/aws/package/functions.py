"""Changes of functions that Chalice cannot write: the page's function, log groups, the right to sign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Template = dict[str, Any]
Resource = dict[str, Any]

API, PAGE = "APIHandler", "PageHandler"
API_ROLE, PAGE_ROLE = "ApiHandlerRole", "PageHandlerRole"
# The paths of chalicelib.handlers.page.routes: the sign-in and the page.
PAGE_PATHS = frozenset(
    {
        "/",
        "/assets/{version}/{name}",
        "/login",
        "/login/callback",
        "/logout",
        "/settings/api-tokens",
        "/signed-out",
    }
)

# A sign-in may wait 5 s for the provider's endpoints, 5 s for its keys and 6 s for the client's secret.
# Then it must still show a page.
_PAGE_SECONDS = 20

_FUNCTION = "AWS::Serverless::Function"
_AUTHORIZERS = ("chalicelib.handlers.authorizer.", "chalicelib.handlers.front_doors.")
_INTEGRATION = "x-amazon-apigateway-integration"


def with_functions(template: Template, page_policy: Mapping[str, Any]) -> Template:
    """Return the template with a function for the page, log groups, and keys that only the API may use."""
    resources = dict(template["Resources"])
    resources |= _page_function(resources, page_policy)
    resources["RestAPI"] = _routed(resources["RestAPI"])
    for name in functions_in(resources):
        resources |= _logging(resources, name)
    for name in ("SigningKey", "AccessTokenKey"):
        resources[name] = _signing_for_the_api_only(resources[name])
    return {**template, "Resources": resources}


def functions_in(resources: Mapping[str, Resource]) -> list[str]:
    """Return the logical ids of all functions."""
    return sorted(name for name, each in resources.items() if each["Type"] == _FUNCTION)


def authorizers_in(resources: Mapping[str, Resource]) -> list[str]:
    """Return the logical ids of the functions that decide about tokens."""
    return [
        n for n in functions_in(resources) if resources[n]["Properties"]["Handler"].startswith(_AUTHORIZERS)
    ]


def log_group_of(function: str) -> str:
    """Return the logical id of a function's log group."""
    return f"{function}Logs"


def role_of(function: Resource) -> str:
    """Return the logical id of a function's role."""
    role: str = function["Properties"]["Role"]["Fn::GetAtt"][0]
    return role


def _page_function(resources: Mapping[str, Resource], policy: Mapping[str, Any]) -> dict[str, Resource]:
    """Return a function with the same code that may neither read keys nor sign."""
    made, named = {"Fn::GetAtt": ["ClientSecret", "Id"]}, {"Ref": "OidcClientSecretArn"}
    secret = {"OIDC_CLIENT_SECRET_ARN": {"Fn::If": ["ClientSecretGiven", made, named]}}
    variables = resources[API]["Properties"]["Environment"]["Variables"] | secret
    own = {
        "Environment": {"Variables": variables},
        "Role": {"Fn::GetAtt": [PAGE_ROLE, "Arn"]},
        "Timeout": _PAGE_SECONDS,
    }
    permission = resources["APIHandlerInvokePermission"]
    role = resources[API_ROLE]
    inline = {"PolicyName": f"{PAGE_ROLE}Policy", "PolicyDocument": dict(policy)}
    return {
        PAGE: _changed(resources[API], own),
        PAGE_ROLE: _changed(role, {"Policies": [inline]}),
        f"{PAGE}InvokePermission": _changed(permission, {"FunctionName": {"Ref": PAGE}}),
    }


def _routed(api: Resource) -> Resource:
    """Return the API with the page's function behind the page's paths."""
    definition = api["Properties"]["DefinitionBody"]
    uri = {
        "Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
        f"${{{PAGE}.Arn}}/invocations"
    }
    paths = {
        path: {
            name: {**method, _INTEGRATION: {**method[_INTEGRATION], "uri": uri}}
            for name, method in methods.items()
        }
        if path in PAGE_PATHS
        else methods
        for path, methods in definition["paths"].items()
    }
    return _changed(api, {"DefinitionBody": {**definition, "paths": paths}})


def _logging(resources: Mapping[str, Resource], function: str) -> dict[str, Resource]:
    """Return a function with a log group, and with a role that writes to this group only.

    A group that Lambda makes would keep all lines for ever.
    """
    group, role = log_group_of(function), role_of(resources[function])
    (policy,) = resources[role]["Properties"]["Policies"]
    document = policy["PolicyDocument"]
    writes = {
        "Sid": "WriteLogs",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": {"Fn::GetAtt": [group, "Arn"]},
    }
    documented = {**document, "Statement": [*document["Statement"], writes]}
    return {
        group: {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"RetentionInDays": {"Ref": "LogRetentionDays"}},
        },
        function: _changed(resources[function], {"LoggingConfig": {"LogGroup": {"Ref": group}}}),
        role: _changed(resources[role], {"Policies": [{**policy, "PolicyDocument": documented}]}),
    }


def _signing_for_the_api_only(key: Resource) -> Resource:
    """Return a key that signs for one role only. Other policies of the account cannot change this.

    A rollover copies the policy to the new key.
    """
    policy = key["Properties"]["KeyPolicy"]
    refusal = {
        "Sid": "OnlyTheApiSigns",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "kms:Sign",
        "Resource": "*",
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": {"Fn::GetAtt": [API_ROLE, "Arn"]}}},
    }
    return _changed(key, {"KeyPolicy": {**policy, "Statement": [*policy["Statement"], refusal]}})


def _changed(resource: Resource, properties: Mapping[str, Any]) -> Resource:
    return {**resource, "Properties": {**resource["Properties"], **properties}}
