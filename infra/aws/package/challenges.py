"""The challenges of API Gateway's own 401 and 403, which depend on the settings of a stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.handlers.challenges import ApiChallenges
from chalicelib.settings import AuthMode, GatewaySettings, Settings
from infra.aws.package.stage_settings import complete

Template = dict[str, Any]

_GATEWAY_RESPONSE = "AWS::ApiGateway::GatewayResponse"
_HEADER = "gatewayresponse.header.WWW-Authenticate"


def with_challenges(template: Mapping[str, Any], environ: Mapping[str, str]) -> Template:
    """Return the template with a challenge in the responses that refuse a token (RFC 6750 section 3).

    Open mode refuses no token, so it has no challenge. Raises SettingsError.
    """
    if GatewaySettings.from_environ(environ).auth_mode is AuthMode.NONE:
        return dict(template)
    challenges = ApiChallenges.of(Settings.from_environ(complete(environ)))
    by_type = {"UNAUTHORIZED": challenges.invalid_token(), "ACCESS_DENIED": challenges.forbidden()}
    resources = {name: _challenging(each, by_type) for name, each in template["Resources"].items()}
    return {**template, "Resources": resources}


def _challenging(resource: Mapping[str, Any], by_type: Mapping[str, str]) -> Mapping[str, Any]:
    """Return a resource, with a challenge if it is a gateway response of one of these types."""
    properties = resource.get("Properties", {})
    challenge = by_type.get(properties.get("ResponseType", ""))
    if resource["Type"] != _GATEWAY_RESPONSE or challenge is None:
        return resource
    # A static value stands in single quotes, which no challenge contains.
    parameters = {**properties["ResponseParameters"], _HEADER: f"'{challenge}'"}
    return {**resource, "Properties": {**properties, "ResponseParameters": parameters}}
