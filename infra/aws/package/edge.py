"""The stage of the API: its throttles, its access logs and its address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.aws.package import access_logs

Template = dict[str, Any]

_ENDPOINT = "x-amazon-apigateway-endpoint-configuration"
_DISABLED = {"Fn::If": ["ExecuteApiEndpointDisabled", True, False]}
# SAM does not make a new deployment for a parameter. API Gateway disables the endpoint when any setting of
# the stage changes ("Disable the default endpoint for REST APIs", API Gateway Developer Guide).
_CHANGED = {
    "Fn::If": ["ExecuteApiEndpointDisabled", {"defaultEndpoint": "disabled"}, {"Ref": "AWS::NoValue"}]
}


def with_edge(template: Template) -> Template:
    """Return the template with those settings of the stage that depend on the API's definition."""
    resources = template["Resources"]
    properties = resources["RestAPI"]["Properties"]
    definition = properties["DefinitionBody"]
    changed = {
        **properties,
        "AccessLogSetting": access_logs.setting(),
        "DefinitionBody": {**definition, _ENDPOINT: {"disableExecuteApiEndpoint": _DISABLED}},
        "MethodSettings": [*properties["MethodSettings"], *_public_throttles(definition)],
        "Variables": _CHANGED,
    }
    api = {**resources["RestAPI"], "Properties": changed}
    return {**template, "Resources": {**resources, "RestAPI": api}}


def public_methods(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield path and method of each operation without an authorizer."""
    for path, methods in definition["paths"].items():
        for method, operation in methods.items():
            if not operation.get("security"):
                yield path, method.upper()


def _public_throttles(definition: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a setting for each public method.

    A ``/`` within a path is written ``~1``. The setting of a method replaces that of all methods
    ("AWS::ApiGateway::Stage MethodSetting", CloudFormation Template Reference).
    """
    for path, method in public_methods(definition):
        yield {
            "ResourcePath": "/" + path.replace("~", "~0").replace("/", "~1") if path != "/" else path,
            "HttpMethod": method,
            "ThrottlingRateLimit": {"Ref": "PublicThrottleRate"},
            "ThrottlingBurstLimit": {"Ref": "PublicThrottleBurst"},
        }
