"""Corrections to the template that Chalice writes. A test shows each fault.

Additional resources are in ``template.yaml``, which Chalice merges itself.
"""

from __future__ import annotations

from typing import Any

Template = dict[str, Any]

_GATEWAY_RESPONSE = "AWS::ApiGateway::GatewayResponse"
_AUTHORIZER = "x-amazon-apigateway-authorizer"
# API Gateway invokes the authorizer only if the whole header matches. HTTP allows any case of the scheme,
# white space around the header, and several spaces after the scheme (RFC 9110 sections 5.5, 11.1 and
# 11.6.2).
TOKEN_HEADER = (
    r"[ \t]*[Bb][Ee][Aa][Rr][Ee][Rr] +bodhi_[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw][ \t]*"
)


def corrected(template: Template) -> Template:
    """Return the template with the corrections."""
    resources = dict(template["Resources"])
    definition = dict(resources["RestAPI"]["Properties"]["DefinitionBody"])
    definition |= _refuse_other_strings(definition)
    # Metrics have this name. Two stacks of an account must not share it.
    definition["info"] = {**definition["info"], "title": {"Ref": "AWS::StackName"}}
    responses = {name: r for name, r in resources.items() if r["Type"] == _GATEWAY_RESPONSE}
    definition["x-amazon-apigateway-gateway-responses"] = _in_definition(responses)
    for name in responses:
        del resources[name]
    api = resources["RestAPI"]
    resources["RestAPI"] = {**api, "Properties": {**api["Properties"], "DefinitionBody": definition}}
    return {**template, "Resources": resources}


def _in_definition(responses: dict[str, Any]) -> dict[str, Any]:
    """Return the gateway responses as part of the API's definition.

    As resources of their own, CloudFormation makes them after SAM's deployment, so the stage would only
    get them with the next deployment.
    """
    properties = (response["Properties"] for response in responses.values())
    return {each["ResponseType"]: _one_response(each) for each in properties}


def _one_response(properties: dict[str, Any]) -> dict[str, Any]:
    response = {
        "responseParameters": properties["ResponseParameters"],
        "responseTemplates": properties["ResponseTemplates"],
    }
    if "StatusCode" in properties:
        response["statusCode"] = properties["StatusCode"]
    return response


def _refuse_other_strings(definition: dict[str, Any]) -> dict[str, Any]:
    """Return the authorizers. API Gateway invokes them only for strings that could be tokens."""
    asked = {"identityValidationExpression": TOKEN_HEADER}
    return {
        "securityDefinitions": {
            name: {**scheme, _AUTHORIZER: {**scheme[_AUTHORIZER], **asked}}
            for name, scheme in definition.get("securityDefinitions", {}).items()
        }
    }
