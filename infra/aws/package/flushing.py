"""Which caches of decisions may be flushed: known here, so that the function's role names no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from chalicelib.domain.flush_budget import FlushLimits
from chalicelib.settings import AuthMode, GatewaySettings
from infra.aws.errors import PackagingError
from infra.aws.package.functions import Resource, Template

FLUSHER = "FlushAuthorizerCaches"
MAPPING = "AuthorizerCacheFlushes"
GIVEN_UP = "UnflushedChanges"

MAX_STAGES = 20
"""A round flushes all of them within one invocation, by two calls a second."""

_STAGES = "AUTHORIZER_CACHE_STAGES"


def with_flushing(template: Template) -> Template:
    """Return the template with the stages named to the function, and in its role.

    Only this function knows the API that it flushes: the API itself refers to the others.
    """
    resources = template["Resources"]
    stages = _stages(resources)
    variables = resources[FLUSHER]["Properties"]["Environment"]["Variables"]
    named = {**variables, _STAGES: {"Fn::Sub": ",".join(stages)} if stages else ""}
    role = resources[FLUSHER]["Properties"]["Role"]["Fn::GetAtt"][0]
    changed = {
        FLUSHER: _changed(resources[FLUSHER], {"Environment": {"Variables": named}}),
        # Without a stage there is nothing to be invoked for.
        MAPPING: _changed(resources[MAPPING], {"Enabled": bool(stages)}),
    }
    if stages:
        changed[role] = _allowed(resources[role], stages)
    return {**template, "Resources": {**resources, **changed}}


def limits_of(resources: Mapping[str, Resource]) -> FlushLimits:
    """Return what bounds the flushes of a stack. Raises SettingsError."""
    settings = _settings(resources[FLUSHER]["Properties"]["Environment"]["Variables"])
    return FlushLimits(
        stages=len(settings.authorizer_cache_stages) + 1,
        calls_per_second=settings.flush_calls_per_second,
        burst=settings.flush_calls_burst,
        cache_ttl=timedelta(seconds=settings.authorizer_cache_seconds),
    )


def _stages(resources: Mapping[str, Resource]) -> list[str]:
    """Return the own stage, unless it caches nothing, and those that the settings name.

    Raises PackagingError for more than fit into one call.
    """
    settings = _settings(resources[FLUSHER]["Properties"]["Environment"]["Variables"])
    if settings.auth_mode is AuthMode.NONE:
        return []
    own = [f"restapis/${{RestAPI}}/{resources['RestAPI']['Properties']['StageName']}"]
    stages = [*(own if settings.authorizer_cache_seconds else []), *settings.authorizer_cache_stages]
    if len(stages) > MAX_STAGES:
        raise PackagingError(f"{_STAGES} names too many: at most {MAX_STAGES} with this API's own")
    return stages


def _settings(variables: Mapping[str, Any]) -> GatewaySettings:
    given = {name: value for name, value in variables.items() if isinstance(value, str)}
    return GatewaySettings.from_environ(given)


def _allowed(role: Resource, stages: Sequence[str]) -> Resource:
    (policy,) = role["Properties"]["Policies"]
    flushes = {
        "Sid": "FlushTheseCaches",
        "Effect": "Allow",
        "Action": ["apigateway:DELETE"],
        "Resource": [{"Fn::Sub": arn} for stage in stages for arn in _caches_of(stage)],
    }
    document = policy["PolicyDocument"]
    documented = {**document, "Statement": [*document["Statement"], flushes]}
    return _changed(role, {"Policies": [{**policy, "PolicyDocument": documented}]})


def _caches_of(stage: str) -> list[str]:
    """Return the ARN of a stage's cache, for the stage ``$default`` both as it is and escaped.

    The Service Authorization Reference ("Actions, resources, and condition keys for Amazon API Gateway
    Management V2") shows the name as it is; the path of the request holds the escaped one.
    """
    kind, api, name = stage.split("/")
    return [
        "arn:${AWS::Partition}:apigateway:${AWS::Region}::"
        f"/{kind}/{api}/stages/{form}/cache/authorizers"
        for form in dict.fromkeys((name, quote(name, safe="")))
    ]


def _changed(resource: Resource, properties: Mapping[str, Any]) -> Resource:
    return {**resource, "Properties": {**resource["Properties"], **properties}}
