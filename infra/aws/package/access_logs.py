"""The access logs of API Gateway, with one line for each request, if AccessLogs is true.

A line never holds a credential. It has the route and not the path, because a caller may write a token into
a path. Its only header is the user agent. Its only values of an authorizer are two ids. It has the caller's
full address whatever RECORD_NETWORKS is, because API Gateway cannot shorten a variable. The names are those
of "Variables for access logging for API Gateway" (API Gateway Developer Guide).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from infra.aws.errors import DeploymentError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef


class Gateway(Protocol):
    """The methods of the SDK's client of ``apigateway`` that are used here."""

    def get_account(self) -> Mapping[str, Any]:
        """Return the settings that all APIs of the account and region share."""
        ...


FIELDS = {
    # This one is first, because a user agent with quotation marks must not override the other members.
    "user_agent": "$context.identity.userAgent",
    "time": "$context.requestTime",
    "request_id": "$context.requestId",
    # A caller can choose the request id, but not this one.
    "extended_request_id": "$context.extendedRequestId",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "refusal": "$context.error.responseType",
    "token_id": "$context.authorizer.token_id",
    "user_id": "$context.authorizer.user_id",
    "latency_ms": "$context.responseLatency",
    "integration_latency_ms": "$context.integrationLatency",
}

_GROUP = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${AccessLogLines}"
_WANTED, _ROLE_MADE = "AccessLogs", "GatewayLoggingRole"


def setting() -> dict[str, Any]:
    """Return the property ``AccessLogSetting`` of the stage, which depends on the parameter AccessLogs."""
    given = {"DestinationArn": {"Fn::Sub": _GROUP}, "Format": json.dumps(FIELDS, separators=(",", ":"))}
    return {"Fn::If": ["AccessLogsWanted", given, {"Ref": "AWS::NoValue"}]}


def refuse_without_role(gateway: Gateway, stack: StackTypeDef | None, given: Mapping[str, str]) -> None:
    """Raise DeploymentError if AccessLogs is true and the logging role of the region is missing.

    CloudFormation would only fail after it made everything else. Raises ClientError, BotoCoreError.
    """
    before = {p["ParameterKey"]: p["ParameterValue"] for p in stack.get("Parameters", [])} if stack else {}
    values = {**before, **given}
    if values.get(_WANTED) != "true" or values.get(_ROLE_MADE) == "true":
        return
    if not gateway.get_account().get("cloudwatchRoleArn"):
        raise DeploymentError(
            f"{_WANTED} needs the role with which API Gateway logs in this region, and the account has "
            f"none (CloudWatch log role ARN). With {_ROLE_MADE}=true this stack makes it, for all APIs of "
            "the region. Or set a role of yours: aws apigateway update-account --patch-operations "
            "op=replace,path=/cloudwatchRoleArn,value=ARN"
        )
