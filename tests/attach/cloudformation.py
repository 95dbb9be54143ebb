"""The SAM examples of the page, as CloudFormation gets them."""

import re
from typing import Any

import yaml
from samtranslator.translator.transform import transform

from tests.attach.page import Authorizer, examples, of_type, values_of

Template = dict[str, Any]

# What a backend team has already: a function behind each API that SAM writes.
_EVENTS = {
    "AWS::Serverless::Api": ("Api", "RestApiId"),
    "AWS::Serverless::HttpApi": ("HttpApi", "ApiId"),
}


class _Intrinsics(yaml.SafeLoader):
    """Reads CloudFormation's short forms."""


def _long_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.SequenceNode):
        value: Any = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.ScalarNode)
        value = loader.construct_scalar(node)
    if suffix == "GetAtt":
        value = value.split(".")
    return {"Ref" if suffix == "Ref" else f"Fn::{suffix}": value}


_Intrinsics.add_multi_constructor("!", _long_form)


class _NoManagedPolicies:
    """The examples name no managed policy."""

    def load(self) -> dict[str, str]:
        return {}


def translated() -> dict[str, Template]:
    """Return each example after SAM, alone, with a function behind its API."""
    return {name: translate(example) for name, example in examples("yaml").items()}


def translate(example: str) -> Template:
    """Return one example after SAM, with a function behind its API."""
    resources = read(example)["Resources"]
    return transformed({"Transform": "AWS::Serverless-2016-10-31", "Resources": with_backends(resources)})


def read(text: str) -> Template:
    """Return a template with the long forms of its intrinsic functions."""
    template: Template = yaml.load(text, _Intrinsics)
    return template


def transformed(template: Template) -> Template:
    """Return a template after SAM, which changes the one that it gets."""
    done: Template = transform(template, {}, _NoManagedPolicies())
    return done


def with_backends(resources: dict[str, Any]) -> dict[str, Any]:
    """Return the resources with a function behind each API."""
    function = {"Runtime": "python3.13", "Handler": "orders.handler", "CodeUri": "s3://orders/code.zip"}
    return resources | {
        f"{name}Backend": {
            "Type": "AWS::Serverless::Function",
            "Properties": {**function, "Events": {"Call": _event(api["Type"], name)}},
        }
        for name, api in resources.items()
        if api["Type"] in _EVENTS
    }


def _event(api_type: str, name: str) -> dict[str, Any]:
    kind, reference = _EVENTS[api_type]
    call = {"Path": "/orders", "Method": "GET", reference: {"Ref": name}}
    return {"Type": kind, "Properties": call}


def authorizers(template: Template) -> list[Authorizer]:
    """Return what the gateway is told about each authorizer: by definitions of APIs, or resources."""
    described = values_of(template, "x-amazon-apigateway-authorizer")
    resources = of_type(template, "AWS::ApiGatewayV2::Authorizer")
    headers = [scheme["name"] for scheme in values_of(template, "ApiToken") if "name" in scheme]
    return [*_described(list(described), headers), *map(_resource, resources)]


def _described(descriptions: list[dict[str, Any]], headers: list[str]) -> list[Authorizer]:
    return [
        Authorizer(
            kind=described["type"].upper(),
            identity=_identity(described, header),
            ttl=described.get("authorizerResultTtlInSeconds", 300),
            expression=described.get("identityValidationExpression"),
            payload=described.get("authorizerPayloadFormatVersion"),
            simple=described.get("enableSimpleResponses", False),
        )
        for described, header in zip(descriptions, headers, strict=True)
    ]


def _identity(described: dict[str, Any], header: str) -> list[str]:
    sources = described.get("identitySource", header)
    return sources if isinstance(sources, list) else re.split(r", ?", str(sources))


def _resource(properties: dict[str, Any]) -> Authorizer:
    return Authorizer(
        kind=properties["AuthorizerType"],
        identity=properties["IdentitySource"],
        # Without one, as for WebSocket APIs, which have no cache.
        ttl=properties.get("AuthorizerResultTtlInSeconds", 0),
        payload=properties.get("AuthorizerPayloadFormatVersion"),
        simple=properties.get("EnableSimpleResponses", False),
    )
