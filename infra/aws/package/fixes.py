"""Corrections to the template that Chalice writes. A test shows each fault.

Additional resources are in ``template.yaml``, which Chalice merges itself.
"""

from __future__ import annotations

from typing import Any

Template = dict[str, Any]

_GATEWAY_RESPONSE = "AWS::ApiGateway::GatewayResponse"
_AUTHORIZER = "x-amazon-apigateway-authorizer"
# API Gateway responds 401 by itself if one of them is missing or empty. Together they are the key of its
# cache (API Gateway API Reference, "CreateAuthorizer").
IDENTITY_SOURCES = ("method.request.header.Authorization", "context.identity.sourceIp")


def corrected(template: Template) -> Template:
    """Return the template with the corrections."""
    resources = dict(template["Resources"])
    definition = dict(resources["RestAPI"]["Properties"]["DefinitionBody"])
    definition |= _ask_about_requests(definition)
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


def _ask_about_requests(definition: dict[str, Any]) -> dict[str, Any]:
    """Return the authorizers with the type REQUEST. The event of a TOKEN authorizer has no address."""
    asked = {"type": "request", "identitySource": ", ".join(IDENTITY_SOURCES)}
    return {
        "securityDefinitions": {
            name: {**scheme, _AUTHORIZER: {**scheme[_AUTHORIZER], **asked}}
            for name, scheme in definition.get("securityDefinitions", {}).items()
        }
    }
