"""The lines that API Gateway logs, one for each request, if a deployment asks for them.

A line never holds a credential. It has the route and not the path, because a caller may write a token into
a path. It has no query, no header but the user agent, and nothing of an authorizer but two ids. The names
are those of "Variables for access logging for API Gateway" (API Gateway Developer Guide).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from infra.aws.errors import DeploymentError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef


class Gateway(Protocol):
    """The SDK's client of ``apigateway``, as far as it is used here."""

    def get_account(self) -> Mapping[str, Any]:
        """Return what all APIs of the account and region share."""
        ...


FIELDS = {
    # First: a user agent with quotation marks in it must not override the members that follow.
    "user_agent": "$context.identity.userAgent",
    "time": "$context.requestTime",
    "request_id": "$context.requestId",
    # A caller can choose the other one.
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
    """Return ``AccessLogSetting`` of the stage: nothing unless the parameter AccessLogs is true."""
    given = {"DestinationArn": {"Fn::Sub": _GROUP}, "Format": json.dumps(FIELDS, separators=(",", ":"))}
    return {"Fn::If": ["AccessLogsWanted", given, {"Ref": "AWS::NoValue"}]}


def refuse_without_role(gateway: Gateway, stack: StackTypeDef | None, given: Mapping[str, str]) -> None:
    """Raise DeploymentError if access logs are wanted in a region whose logging role is missing.

    CloudFormation would find out after everything else is made. Raises ClientError and BotoCoreError.
    """
    before = {p["ParameterKey"]: p["ParameterValue"] for p in stack.get("Parameters", [])} if stack else {}
    values = {**before, **given}
    if values.get(_WANTED) != "true" or values.get(_ROLE_MADE) == "true":
        return
    if not gateway.get_account().get("cloudwatchRoleArn"):
        raise DeploymentError(
            f"{_WANTED} needs the role by which API Gateway logs in this region (CloudWatch log role ARN), "
            f"and the account has none. {_ROLE_MADE}=true lets this stack make it, for all APIs of the "
            "region. Or set it: aws apigateway update-account --patch-operations "
            "op=replace,path=/cloudwatchRoleArn,value=ARN"
        )
