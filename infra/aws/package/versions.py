"""A version of each authorizer for each change, and the alias that callers invoke.

SAM's ``AutoPublishAlias`` does not consider the values of parameters. After a deployment of parameters
alone, its alias would still point to the old version.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from infra.aws.errors import PackagingError
from infra.aws.package.functions import Resource, Template, authorizers_in

if TYPE_CHECKING:
    from infra.aws.stacks import Stack

ALIAS = "live"
"""The alias's name. Its ARN is exported, and an export that is imported cannot change."""

KEPT = 3
"""Versions of each function that a stack holds."""

_VERSION = "AWS::Lambda::Version"
_PRESENT = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_ALIAS = "AWS::Lambda::Alias"
_PERMISSION = "AWS::Lambda::Permission"
# A version does not hold these: they belong to the function, or the hash has them by other means.
_NOT_IN_A_VERSION = frozenset({"CodeUri", "Description", "ReservedConcurrentExecutions", "Tags"})
_SUBSTITUTED = re.compile(r"\$\{([^}.!]+)")
# AppSync invokes with its own principal and the ARN of the API.
_NOT_FOR_API_GATEWAY = frozenset({"AppsyncAuthorizer"})


def with_versions(
    template: Template, code: bytes, values: Mapping[str, str], present: Mapping[str, int]
) -> Template:
    """Return the template with a version of each authorizer and an alias that points to it.

    ``values`` are the parameters that will be deployed, and ``present`` the `published` versions. The
    newest of these stay in the template. CloudFormation deletes the others. Packaging names versions by the
    defaults of the parameters, and the deployment replaces these names. Raises PackagingError if an
    authorizer gets a value that cannot be read here.
    """
    resources = {name: each for name, each in template["Resources"].items() if each["Type"] != _VERSION}
    for name in authorizers_in(resources):
        own = _newest_first(name, present)
        version = _named(name, fingerprint(template, name, code, values), own, present)
        resources[name] = _described(resources[name], version)
        kept = [version, *(each for each in own if each != version)][:KEPT]
        resources |= {each: _version(name) for each in kept}
        resources[alias_of(name)] = _alias(name, version)
    return {**template, "Resources": resources}


def with_callers_of_aliases(template: Template) -> Template:
    """Return the template with the aliases in its API, and with permissions for all APIs (AnyApiMayAsk)."""
    resources = dict(template["Resources"])
    for name in authorizers_in(resources):
        resources["RestAPI"] = _with_alias(resources["RestAPI"], name)
        own = f"{name}InvokePermission"
        if own in resources:
            asked = {**resources[own]["Properties"], "FunctionName": {"Ref": alias_of(name)}}
            resources[own] = {**resources[own], "Properties": asked}
        if name not in _NOT_FOR_API_GATEWAY:
            resources[f"{name}AnyApiPermission"] = _permission_for_any_api(name)
    return {**template, "Resources": resources}


def parameter_defaults(template: Mapping[str, Any]) -> dict[str, str]:
    """Return the default of each parameter of a template, or an empty text if it has none."""
    return {name: str(each.get("Default", "")) for name, each in template.get("Parameters", {}).items()}


def alias_of(function: str) -> str:
    """Return the logical id of a function's alias."""
    return f"{function}Alias"


def fingerprint(template: Template, function: str, code: bytes, values: Mapping[str, str]) -> str:
    """Return a hash of everything that a version of the function would hold.

    It includes the code, the function's properties, and the values that these refer to: parameters,
    conditions, and names of resources. Other parameters are not included. Raises PackagingError.
    """
    properties = template["Resources"][function]["Properties"]
    held = {name: each for name, each in properties.items() if name not in _NOT_IN_A_VERSION}
    parts = [held, template.get("Globals", {})]
    reached: dict[str, object] = {}
    _follow(template, function, _named_in(parts), values, reached)
    text = json.dumps([hashlib.sha256(code).hexdigest(), parts, reached], sort_keys=True)
    if "{{resolve:" in text:
        raise PackagingError(
            f"{function} gets a value by a dynamic reference. It may change without a deployment, and the "
            "alias would keep the old one. Use a parameter."
        )
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def published(stack: Stack) -> dict[str, int]:
    """Return the number of each version in a stack, by logical id."""
    if not stack.exists():
        return {}
    pages = stack.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.name)
    numbers = {
        each["LogicalResourceId"]: each.get("PhysicalResourceId", "").rpartition(":")[2]
        for page in pages
        for each in page["StackResourceSummaries"]
        # CloudFormation also lists deleted versions. If one stayed in the template, it would be published
        # again.
        if each["ResourceType"] == _VERSION and each["ResourceStatus"] in _PRESENT
    }
    return {name: int(number) for name, number in numbers.items() if number.isdecimal()}


def _newest_first(function: str, present: Mapping[str, int]) -> list[str]:
    """Return the versions of one function."""
    own = [name for name in present if re.fullmatch(f"{function}Version[0-9a-f]{{12}}(After[0-9]+)?", name)]
    return sorted(own, key=present.__getitem__, reverse=True)


def _named(function: str, stamp: str, own: Sequence[str], present: Mapping[str, int]) -> str:
    """Return the logical id of the version for the alias: the newest with this hash, or a new one.

    An older version with the same hash is not used again. It may hold the names of roles and log groups
    that were replaced since.
    """
    plain = f"{function}Version{stamp}"
    if own and own[0].startswith(plain):
        return own[0]
    taken = any(each.startswith(plain) for each in own)
    return f"{plain}After{present[own[0]]}" if taken else plain


def _follow(
    template: Template,
    function: str,
    names: Iterable[str],
    values: Mapping[str, str],
    reached: dict[str, object],
) -> None:
    """Collect the values of the names, and of the names in these values."""
    for name in set(names) - reached.keys():
        if name in template.get("Parameters", {}):
            _refuse_hidden(template["Parameters"][name], name, function)
            reached[name] = values.get(name, "")
        elif name in template["Resources"]:
            reached[name] = template["Resources"][name]
            _follow(template, function, _named_in(_naming(template["Resources"][name])), values, reached)
        else:
            # A condition or a mapping. Any other name is one of AWS.
            reached[name] = [template.get(kind, {}).get(name) for kind in ("Conditions", "Mappings")]
            _follow(template, function, _named_in(reached[name]), values, reached)


def _refuse_hidden(parameter: Mapping[str, Any], name: str, function: str) -> None:
    # The hash must not depend on a secret, and must not miss a value that changes elsewhere.
    if str(parameter.get("NoEcho", False)).lower() == "true" or parameter["Type"].startswith("AWS::SSM::"):
        raise PackagingError(
            f"{function} gets the parameter {name}, whose value a deployment cannot read. Its alias would "
            "keep an old value."
        )


def _naming(resource: Resource) -> list[object]:
    """Return the properties that name a resource. Other changes do not change references to it."""
    properties = resource.get("Properties", {})
    return [each for name, each in properties.items() if name.endswith("Name") or name == "Path"]


def _named_in(node: object) -> set[str]:
    """Return every name that a part of a template refers to."""
    if isinstance(node, list):
        return set[str]().union(*map(_named_in, node))
    if not isinstance(node, dict):
        return set()
    found = set[str]().union(*map(_named_in, node.values()))
    for intrinsic in ("Ref", "Condition", "Fn::GetAtt", "Fn::If", "Fn::FindInMap"):
        target = node.get(intrinsic)
        if isinstance(target, list):
            target = target[0]
        if isinstance(target, str):
            found.add(target.partition(".")[0])
    text = node.get("Fn::Sub")
    found.update(_SUBSTITUTED.findall(text[0] if isinstance(text, list) else text or ""))
    return found


def _described(function: Resource, version: str) -> Resource:
    """Return the function with the name of its version in its description.

    Lambda does not publish a version of an unchanged function, and CloudFormation then fails. With the name
    in its description, the function changes whenever the name of its version changes.
    """
    return {**function, "Properties": {**function["Properties"], "Description": version}}


def _version(function: str) -> Resource:
    return {"Type": _VERSION, "Properties": {"FunctionName": {"Ref": function}}}


def _alias(function: str, version: str) -> Resource:
    kept_warm = {"ProvisionedConcurrentExecutions": {"Ref": f"{function}Provisioned"}}
    return {
        "Type": _ALIAS,
        "Properties": {
            "Name": ALIAS,
            "FunctionName": {"Ref": function},
            "FunctionVersion": {"Fn::GetAtt": [version, "Version"]},
            "ProvisionedConcurrencyConfig": {
                "Fn::If": [f"{function}IsKeptWarm", kept_warm, {"Ref": "AWS::NoValue"}]
            },
        },
    }


def _with_alias(api: Resource, function: str) -> Resource:
    definition = api["Properties"]["DefinitionBody"]
    schemes = json.dumps(definition.get("securityDefinitions", {}))
    led = json.loads(schemes.replace(f"${{{function}.Arn}}", f"${{{alias_of(function)}}}"))
    changed = {**definition, "securityDefinitions": led} if led else definition
    return {**api, "Properties": {**api["Properties"], "DefinitionBody": changed}}


def _permission_for_any_api(function: str) -> Resource:
    """Return a permission for each API Gateway API of this account and region.

    The policy of a function may have 20 KB, which is about 52 permissions for one API each.
    """
    any_authorizer = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:*/authorizers/*"
    return {
        "Type": _PERMISSION,
        "Condition": "AnyApiIsAllowed",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": alias_of(function)},
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": {"Fn::Sub": any_authorizer},
        },
    }
