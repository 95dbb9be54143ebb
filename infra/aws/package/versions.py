"""A version of each authorizer for each change, and the alias that callers ask.

SAM's ``AutoPublishAlias`` does not see values of parameters. A deployment of parameters alone would leave
its alias at the old version.
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
# AppSync asks under its own principal, by the ARN of the API.
_NOT_FOR_API_GATEWAY = frozenset({"AppsyncAuthorizer"})


def with_versions(
    template: Template, code: bytes, values: Mapping[str, str], present: Mapping[str, int]
) -> Template:
    """Return the template with a version of each authorizer and an alias that leads to it.

    ``values`` are the parameters as they will be deployed, ``present`` the `published` versions. The newest
    of those stay in the template, so CloudFormation deletes the others. The versions that the template has
    are replaced: packaging names them by the defaults of the parameters, the deployment names them anew.
    Raises PackagingError if an authorizer gets a value that cannot be seen.
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
    """Return the template with the own API led to the aliases, and a permission for all APIs if wanted."""
    resources = dict(template["Resources"])
    for name in authorizers_in(resources):
        resources["RestAPI"] = _led_to_alias(resources["RestAPI"], name)
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

    That is the code, the function's settings, and the values that reach them: parameters, conditions, and
    the names of the resources that the settings refer to. A parameter that does not reach the function does
    not count. Raises PackagingError.
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
    """Return the versions that a stack holds: their numbers by their logical ids."""
    if not stack.exists():
        return {}
    pages = stack.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.name)
    numbers = {
        each["LogicalResourceId"]: each.get("PhysicalResourceId", "").rpartition(":")[2]
        for page in pages
        for each in page["StackResourceSummaries"]
        # CloudFormation lists what is deleted too. To keep that would be to publish it again.
        if each["ResourceType"] == _VERSION and each["ResourceStatus"] in _PRESENT
    }
    return {name: int(number) for name, number in numbers.items() if number.isdecimal()}


def _newest_first(function: str, present: Mapping[str, int]) -> list[str]:
    """Return the versions of one function."""
    own = [name for name in present if re.fullmatch(f"{function}Version[0-9a-f]{{12}}(After[0-9]+)?", name)]
    return sorted(own, key=present.__getitem__, reverse=True)


def _named(function: str, stamp: str, own: Sequence[str], present: Mapping[str, int]) -> str:
    """Return the logical id of the version to lead to: the newest if it holds the same, else a new one.

    An older version with the same hash is not taken up again. Roles and log groups may have been made anew
    since, and it would hold the names of those that are gone.
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
    """Collect what the names stand for, and what that refers to in turn."""
    for name in set(names) - reached.keys():
        if name in template.get("Parameters", {}):
            _refuse_hidden(template["Parameters"][name], name, function)
            reached[name] = values.get(name, "")
        elif name in template["Resources"]:
            reached[name] = template["Resources"][name]
            _follow(template, function, _named_in(_naming(template["Resources"][name])), values, reached)
        else:
            # A condition or a mapping; any other name is AWS's own.
            reached[name] = [template.get(kind, {}).get(name) for kind in ("Conditions", "Mappings")]
            _follow(template, function, _named_in(reached[name]), values, reached)


def _refuse_hidden(parameter: Mapping[str, Any], name: str, function: str) -> None:
    """A version must not be named after a secret, nor miss a value that changes elsewhere."""
    if str(parameter.get("NoEcho", False)).lower() == "true" or parameter["Type"].startswith("AWS::SSM::"):
        raise PackagingError(
            f"{function} gets the parameter {name}, whose value a deployment cannot see. Its alias would "
            "keep an old one."
        )


def _naming(resource: Resource) -> list[object]:
    """Return the properties that give a resource its name: other changes leave references as they are."""
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

    Lambda publishes nothing for a function that is as its newest version is, and CloudFormation then fails.
    With the name in it, the function changes whenever its version gets another name.
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


def _led_to_alias(api: Resource, function: str) -> Resource:
    definition = api["Properties"]["DefinitionBody"]
    schemes = json.dumps(definition.get("securityDefinitions", {}))
    led = json.loads(schemes.replace(f"${{{function}.Arn}}", f"${{{alias_of(function)}}}"))
    changed = {**definition, "securityDefinitions": led} if led else definition
    return {**api, "Properties": {**api["Properties"], "DefinitionBody": changed}}


def _permission_for_any_api(function: str) -> Resource:
    """Return a permission for each API Gateway API of this account and region.

    A function's policy holds 20 KB, which is about 52 permissions of one API each.
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
