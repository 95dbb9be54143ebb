"""The caches of decisions that the flusher may flush. Its role names no other cache."""

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
"""A round flushes all stages within one invocation, with two calls a second."""

_STAGES = "AUTHORIZER_CACHE_STAGES"


def with_flushing(template: Template) -> Template:
    """Return the template with the stages in the settings of the flusher, and in its role.

    Raises PackagingError for too many stages.
    """
    # Only this function can refer to the API, because the API refers to the others.
    resources = template["Resources"]
    stages = _stages(resources)
    variables = resources[FLUSHER]["Properties"]["Environment"]["Variables"]
    named = {**variables, _STAGES: {"Fn::Sub": ",".join(stages)} if stages else ""}
    role = resources[FLUSHER]["Properties"]["Role"]["Fn::GetAtt"][0]
    changed = {
        FLUSHER: _changed(resources[FLUSHER], {"Environment": {"Variables": named}}),
        # Without a stage, no change needs an invocation.
        MAPPING: _changed(resources[MAPPING], {"Enabled": bool(stages)}),
    }
    if stages:
        changed[role] = _allowed(resources[role], stages)
    return {**template, "Resources": {**resources, **changed}}


def limits_of(resources: Mapping[str, Resource]) -> FlushLimits:
    """Return the limits of the flushes of a stack. Raises SettingsError."""
    settings = _settings(resources[FLUSHER]["Properties"]["Environment"]["Variables"])
    return FlushLimits(
        stages=len(settings.authorizer_cache_stages) + 1,
        calls_per_second=settings.flush_calls_per_second,
        burst=settings.flush_calls_burst,
        cache_ttl=timedelta(seconds=settings.authorizer_cache_seconds),
    )


def _stages(resources: Mapping[str, Resource]) -> list[str]:
    """Return the API's own stage, unless it caches nothing, and the stages in the settings."""
    settings = _settings(resources[FLUSHER]["Properties"]["Environment"]["Variables"])
    if settings.auth_mode is AuthMode.NONE:
        return []
    own = [f"restapis/${{RestAPI}}/{resources['RestAPI']['Properties']['StageName']}"]
    stages = [*(own if settings.authorizer_cache_seconds else []), *settings.authorizer_cache_stages]
    if len(stages) > MAX_STAGES:
        raise PackagingError(
            f"{_STAGES} names too many stages. At most {MAX_STAGES} are allowed, with that of this API."
        )
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
    """Return the ARNs of a stage's cache: for ``$default`` two, with the name as it is and escaped.

    The Service Authorization Reference shows the name as it is ("Actions, resources, and condition keys for
    Amazon API Gateway Management V2"). The path of the request has the escaped name.
    """
    kind, api, name = stage.split("/")
    return [
        "arn:${AWS::Partition}:apigateway:${AWS::Region}::"
        f"/{kind}/{api}/stages/{form}/cache/authorizers"
        for form in dict.fromkeys((name, quote(name, safe="")))
    ]


def _changed(resource: Resource, properties: Mapping[str, Any]) -> Resource:
    return {**resource, "Properties": {**resource["Properties"], **properties}}
