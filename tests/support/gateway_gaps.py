"""The parts of a template that the emulator ignores, done through its API instead.

AWS does all of this when it gets the template.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.local.errors import LocalStackError

# Alarms over several metrics.
_NOT_MADE = frozenset({"AWS::CloudWatch::Alarm"})


def without_what_is_not_made(template: Path) -> None:
    """Remove the resources that the emulator refuses from a packaged template. No caller needs them."""
    read = json.loads(template.read_text(encoding="utf-8"))
    kept = {name: each for name, each in read["Resources"].items() if each["Type"] not in _NOT_MADE}
    template.write_text(json.dumps({**read, "Resources": kept}), encoding="utf-8")


def take_gateway_responses(template: Path, gateway: Any, api_id: str, stage: str) -> None:
    """Give the API the gateway responses of its definition, which the emulator does not import."""
    for kind, response in _responses(template).items():
        gateway.put_gateway_response(restApiId=api_id, responseType=kind, **response)
    # They take effect with the next deployment, as on AWS.
    gateway.create_deployment(restApiId=api_id, stageName=stage)


def keep_decisions_by_token_alone(template: Path) -> None:
    """Remove the context's identity sources from a packaged template.

    The emulator takes each of them for missing, and then refuses every caller. Its own address of a caller
    is what ``X-Forwarded-For`` says, so tests about addresses run against our own gateway.
    """
    read = json.loads(template.read_text(encoding="utf-8"))
    definition = read["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    for scheme in definition.get("securityDefinitions", {}).values():
        authorizer = scheme["x-amazon-apigateway-authorizer"]
        if authorizer["type"] == "request":
            sources = authorizer["identitySource"].split(", ")
            kept = [source for source in sources if not source.startswith("context.")]
            authorizer["identitySource"] = ", ".join(kept)
    template.write_text(json.dumps(read), encoding="utf-8")


def forget_decisions(gateway: Any, api_id: str) -> None:
    """Do what FlushStageAuthorizersCache does, which the emulator lacks.

    The emulator remembers decisions under the authorizer's id, so an equal authorizer with a new id has
    none. Everything else of the API stays.
    """
    for authorizer in gateway.get_authorizers(restApiId=api_id)["items"]:
        replacement = gateway.create_authorizer(
            restApiId=api_id, **{name: authorizer[name] for name in _MAKING if name in authorizer}
        )
        _attach(gateway, api_id, authorizer["id"], replacement["id"])
        gateway.delete_authorizer(restApiId=api_id, authorizerId=authorizer["id"])


def remember_decisions(gateway: Any, api_id: str, seconds: int) -> None:
    """Set how long the gateway remembers decisions, forgetting those that it has."""
    for authorizer in gateway.get_authorizers(restApiId=api_id)["items"]:
        change = {"op": "replace", "path": "/authorizerResultTtlInSeconds", "value": str(seconds)}
        gateway.update_authorizer(restApiId=api_id, authorizerId=authorizer["id"], patchOperations=[change])
    forget_decisions(gateway, api_id)


_MAKING = (
    "name",
    "type",
    "authorizerUri",
    "identitySource",
    "identityValidationExpression",
    "authorizerResultTtlInSeconds",
)


def _attach(gateway: Any, api_id: str, before: str, after: str) -> None:
    change = {"op": "replace", "path": "/authorizerId", "value": after}
    for resource in gateway.get_resources(restApiId=api_id, limit=500)["items"]:
        for verb, method in resource.get("resourceMethods", {}).items():
            if method.get("authorizerId") == before:
                gateway.update_method(
                    restApiId=api_id, resourceId=resource["id"], httpMethod=verb, patchOperations=[change]
                )


def _responses(template: Path) -> Mapping[str, Any]:
    resources = json.loads(template.read_text(encoding="utf-8"))["Resources"]
    definition = resources["RestAPI"]["Properties"]["DefinitionBody"]
    try:
        answers: Mapping[str, Any] = definition["x-amazon-apigateway-gateway-responses"]
    except KeyError:
        raise LocalStackError("The packaged API has no gateway responses.") from None
    return answers
