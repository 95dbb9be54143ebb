"""The deployment's template, so that local and deployed stacks have one description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

PROJECT_ROOT = Path(__file__).resolve().parents[2]
TEMPLATE_PATH = PROJECT_ROOT / "infra" / "aws" / "package" / "template.yaml"
STATE_TYPES = frozenset({"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::KMS::Alias"})

Template = Mapping[str, Any]


def read_template(path: Path = TEMPLATE_PATH) -> Template:
    """Return the template of the deployment."""
    template: Template = yaml.safe_load(path.read_text(encoding="utf-8"))
    return template


def state_part(template: Template) -> dict[str, Any]:
    """Return a template of the resources that keep state, and of the parts that they refer to."""
    resources = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource.get("Type") in STATE_TYPES
    }
    conditions = _picked(template, "Conditions", _named(resources))
    wanted = _named(resources) | _named(conditions)
    outputs = {
        name: output
        for name, output in template.get("Outputs", {}).items()
        if _named(output) <= resources.keys()
    }
    return {
        "Parameters": _picked(template, "Parameters", wanted),
        "Conditions": conditions,
        "Resources": resources,
        "Outputs": outputs,
    }


def ttl_attributes(template: Template) -> dict[str, str]:
    """Return the TTL attribute of each table that has one, by logical id."""
    return {
        name: resource["Properties"]["TimeToLiveSpecification"]["AttributeName"]
        for name, resource in template["Resources"].items()
        if "TimeToLiveSpecification" in resource.get("Properties", {})
    }


def gateway_responses(template: Template) -> Iterator[Mapping[str, Any]]:
    """Yield the properties of each response that the gateway itself sends."""
    for resource in template["Resources"].values():
        if resource.get("Type") == "AWS::ApiGateway::GatewayResponse":
            yield resource["Properties"]


def _picked(template: Template, section: str, wanted: set[str]) -> dict[str, Any]:
    return {name: value for name, value in template.get(section, {}).items() if name in wanted}


def _named(node: object) -> set[str]:
    """Return every name that a part of a template refers to."""
    if isinstance(node, Mapping):
        found = set[str]().union(*map(_named, node.values()))
        for intrinsic in ("Ref", "Fn::GetAtt", "Fn::If"):
            if intrinsic in node:
                target = node[intrinsic]
                found.add(target if isinstance(target, str) else target[0])
        return found
    if isinstance(node, list):
        return set[str]().union(*map(_named, node))
    return set()
