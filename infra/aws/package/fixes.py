"""Corrections to the template that Chalice writes; each one for a fault that a test shows.

Everything that only adds resources is in ``template.yaml``, which Chalice merges itself.
"""

from __future__ import annotations

from typing import Any

Template = dict[str, Any]

_GATEWAY_RESPONSE = "AWS::ApiGateway::GatewayResponse"
_AUTHORIZER = "x-amazon-apigateway-authorizer"
# API Gateway matches the whole header, and asks Lambda only if it matches. HTTP allows any case of the
# scheme, white space around the header, and several spaces after the scheme (RFC 9110 sections 5.5, 11.1
# and 11.6.2).
TOKEN_HEADER = (
    r"[ \t]*[Bb][Ee][Aa][Rr][Ee][Rr] +bodhi_[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw][ \t]*"
)


def corrected(template: Template) -> Template:
    """Return the template as it must be deployed."""
    resources = dict(template["Resources"])
    definition = dict(resources["RestAPI"]["Properties"]["DefinitionBody"])
    definition |= _refuse_other_strings(definition)
    # The name that metrics are counted under: two stacks of an account must not share it.
    definition["info"] = {**definition["info"], "title": {"Ref": "AWS::StackName"}}
    answers = {name: r for name, r in resources.items() if r["Type"] == _GATEWAY_RESPONSE}
    definition["x-amazon-apigateway-gateway-responses"] = _in_definition(answers)
    for name in answers:
        del resources[name]
    resources["RestAPI"] = _with_definition(resources["RestAPI"], definition)
    return {**template, "Resources": resources}


def _in_definition(answers: dict[str, Any]) -> dict[str, Any]:
    """Return the gateway's own answers as part of the API's definition.

    As resources of their own they come after the deployment that SAM makes, so the stage would not
    have them until somebody deployed it again.
    """
    properties = (answer["Properties"] for answer in answers.values())
    return {answer["ResponseType"]: _one_answer(answer) for answer in properties}


def _one_answer(properties: dict[str, Any]) -> dict[str, Any]:
    answer = {
        "responseParameters": properties["ResponseParameters"],
        "responseTemplates": properties["ResponseTemplates"],
    }
    if "StatusCode" in properties:
        answer["statusCode"] = properties["StatusCode"]
    return answer


def _refuse_other_strings(definition: dict[str, Any]) -> dict[str, Any]:
    """Return the authorizers, each asked only about strings that could be tokens."""
    asked = {"identityValidationExpression": TOKEN_HEADER}
    return {
        "securityDefinitions": {
            name: {**scheme, _AUTHORIZER: {**scheme[_AUTHORIZER], **asked}}
            for name, scheme in definition.get("securityDefinitions", {}).items()
        }
    }


def _with_definition(api: dict[str, Any], definition: dict[str, Any]) -> dict[str, Any]:
    return {**api, "Properties": {**api["Properties"], "DefinitionBody": definition}}
