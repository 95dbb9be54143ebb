"""The permissions boundary of every role. It limits all policies of the role."""

from __future__ import annotations

from typing import Any

Template = dict[str, Any]

_ROLE = "AWS::IAM::Role"
_BOUNDARY = {
    "Fn::If": ["PermissionsBoundaryGiven", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]
}


def with_boundary(template: Template) -> Template:
    """Return the template with the boundary on each role, also on roles that SAM would make."""
    resources = {name: _bounded(each) for name, each in template["Resources"].items()}
    shared = template.get("Globals", {})
    functions = {**shared.get("Function", {}), "PermissionsBoundary": _BOUNDARY}
    return {**template, "Globals": {**shared, "Function": functions}, "Resources": resources}


def _bounded(resource: dict[str, Any]) -> dict[str, Any]:
    if resource["Type"] != _ROLE:
        return resource
    return {**resource, "Properties": {**resource["Properties"], "PermissionsBoundary": _BOUNDARY}}
