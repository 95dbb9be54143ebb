"""The calls of CloudFormation in the name of the person who deploys, for each type of a stack.

No recorder sees these calls, because AWS makes them. The list is written by hand. It follows the
permissions of the handlers in the schemas of AWS's resource types (CloudFormation Registry,
``handlers.*.permissions``) for the properties that the template sets. No test compares it with them.
A log group needs more if AWS WAF logs to it. Source: AWS WAF Developer Guide, "Sending protection pack (web
ACL) traffic logs to an Amazon CloudWatch Logs log group".
"""

from collections.abc import Iterator, Mapping

from tests.iam.operating import NEW_KEY, table_arn
from tests.iam.policy import Request
from tests.iam.stack import ACCOUNT, REGION, STACK, TABLE

_STACK_TAG = "bodhi-api-tokens:stack"
_FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-Name-1"
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/{STACK}-Name-1"
_LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{STACK}-Name-1"
_LIVE = f"{_FUNCTION}:live"
_LOGGING_ROLE = f"arn:aws:iam::{ACCOUNT}:role/{STACK}-GatewayLogWriter-1"
_WAF_LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:aws-waf-logs-{STACK}"
_WEB_ACL = f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/RateLimits-1/1"
# Named by CloudFormation after the logical id, without the stack.
_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ClientSecret-1-a1B2c3"
_ALIAS = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/{STACK}"
_ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{STACK}-Name-1"
_DASHBOARD = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/Name"
_RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{STACK}-Name-1"
_QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{STACK}-Name-1"
_API = f"arn:aws:apigateway:{REGION}::"

# Actions of each type, by the ARN that they are about; "create, read, update, delete" in this order.
_CALLS: Mapping[str, Mapping[str, str]] = {
    "AWS::ApiGateway::BasePathMapping": {
        f"{_API}/domainnames/x/basepathmappings": "apigateway:POST",
        f"{_API}/domainnames/x/basepathmappings/y": "apigateway:GET apigateway:PATCH apigateway:DELETE",
    },
    "AWS::ApiGateway::DomainName": {
        f"{_API}/domainnames": "apigateway:POST",
        f"{_API}/domainnames/x": "apigateway:GET apigateway:PATCH apigateway:DELETE",
    },
    "AWS::ApiGateway::GatewayResponse": {
        f"{_API}/restapis/x/gatewayresponses/Y": "apigateway:PUT apigateway:GET apigateway:DELETE",
    },
    "AWS::CloudWatch::Alarm": {
        _ALARM: "cloudwatch:PutMetricAlarm cloudwatch:DescribeAlarms cloudwatch:DeleteAlarms "
        "cloudwatch:ListTagsForResource cloudwatch:TagResource cloudwatch:UntagResource",
    },
    "AWS::CloudWatch::Dashboard": {
        _DASHBOARD: "cloudwatch:PutDashboard cloudwatch:GetDashboard cloudwatch:DeleteDashboards",
    },
    "AWS::DynamoDB::Table": {
        table_arn(TABLE): "dynamodb:CreateTable dynamodb:TagResource dynamodb:UntagResource "
        "dynamodb:DescribeTable dynamodb:DescribeContinuousBackups dynamodb:DescribeContributorInsights "
        "dynamodb:DescribeKinesisStreamingDestination dynamodb:DescribeTimeToLive "
        "dynamodb:GetResourcePolicy dynamodb:ListTagsOfResource dynamodb:UpdateContinuousBackups "
        "dynamodb:UpdateTable dynamodb:UpdateTimeToLive",
    },
    "AWS::Events::Rule": {
        _RULE: "events:PutRule events:PutTargets events:DescribeRule events:ListTargetsByRule "
        "events:RemoveTargets events:DeleteRule events:TagResource events:UntagResource",
    },
    "AWS::IAM::Role": {
        _ROLE: "iam:CreateRole iam:PutRolePolicy iam:TagRole iam:UntagRole iam:GetRole iam:GetRolePolicy "
        "iam:ListAttachedRolePolicies iam:ListRolePolicies iam:UpdateAssumeRolePolicy "
        "iam:DeleteRolePolicy iam:DeleteRole",
    },
    "AWS::KMS::Alias": {
        _ALIAS: "kms:CreateAlias kms:UpdateAlias kms:DeleteAlias",
        f"{_ALIAS}-access-tokens": "kms:CreateAlias kms:UpdateAlias kms:DeleteAlias",
        NEW_KEY: "kms:CreateAlias kms:UpdateAlias kms:DeleteAlias",
        "*": "kms:ListAliases",
    },
    "AWS::KMS::Key": {
        "*": "kms:CreateKey",
        NEW_KEY: "kms:TagResource kms:DescribeKey kms:GetKeyPolicy kms:GetKeyRotationStatus "
        "kms:ListResourceTags kms:PutKeyPolicy kms:UpdateKeyDescription kms:UntagResource "
        "kms:ScheduleKeyDeletion",
    },
    "AWS::Lambda::Alias": {
        _FUNCTION: "lambda:CreateAlias lambda:GetAlias lambda:UpdateAlias lambda:DeleteAlias",
        _LIVE: "lambda:GetProvisionedConcurrencyConfig",
    },
    "AWS::Lambda::EventSourceMapping": {
        "*": "lambda:CreateEventSourceMapping",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:1": "lambda:GetEventSourceMapping "
        "lambda:UpdateEventSourceMapping lambda:DeleteEventSourceMapping",
    },
    "AWS::Lambda::Version": {
        _FUNCTION: "lambda:PublishVersion",
        f"{_FUNCTION}:1": "lambda:GetFunctionConfiguration lambda:GetProvisionedConcurrencyConfig "
        "lambda:GetRuntimeManagementConfig lambda:DeleteFunction",
    },
    "AWS::Logs::LogGroup": {
        "*": "logs:DescribeLogGroups",
        _LOGS: "logs:CreateLogGroup logs:PutRetentionPolicy logs:ListTagsForResource logs:TagResource "
        "logs:UntagResource logs:DeleteLogGroup",
    },
    "AWS::Logs::MetricFilter": {
        _LOGS: "logs:PutMetricFilter logs:DescribeMetricFilters logs:DeleteMetricFilter"
    },
    "AWS::SQS::Queue": {
        _QUEUE: "sqs:CreateQueue sqs:GetQueueAttributes sqs:GetQueueUrl sqs:ListQueueTags "
        "sqs:SetQueueAttributes sqs:TagQueue sqs:UntagQueue sqs:DeleteQueue",
    },
    # What SAM makes of the next one.
    "AWS::ApiGateway::Stage": {
        f"{_API}/restapis/x/stages": "apigateway:POST",
        f"{_API}/restapis/x/stages/y": "apigateway:GET apigateway:PATCH apigateway:DELETE",
    },
    # What SAM makes: a REST API, a deployment and a stage; functions with permissions.
    "AWS::Serverless::Api": {
        f"{_API}/restapis": "apigateway:POST",
        f"{_API}/restapis/x": "apigateway:GET apigateway:PUT apigateway:PATCH apigateway:DELETE",
        f"{_API}/restapis/x/deployments": "apigateway:POST",
        f"{_API}/restapis/x/stages/y": "apigateway:GET apigateway:PATCH apigateway:DELETE",
        f"{_API}/tags/z": "apigateway:GET apigateway:PUT apigateway:DELETE",
    },
    "AWS::Serverless::Function": {
        _FUNCTION: "lambda:CreateFunction lambda:GetFunction lambda:GetFunctionCodeSigningConfig "
        "lambda:GetFunctionConfiguration lambda:GetFunctionRecursionConfig "
        "lambda:GetRuntimeManagementConfig lambda:ListTags lambda:TagResource lambda:UntagResource "
        "lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:DeleteFunction",
        _ROLE: "iam:PassRole",
    },
    "AWS::Lambda::Permission": {
        _FUNCTION: "lambda:AddPermission lambda:GetPolicy lambda:RemovePermission",
    },
}
# The same for what a parameter turns on.
_OPTIONAL: Mapping[str, Mapping[str, str]] = {
    "AWS::ApiGateway::Account": {
        f"{_API}/account": "apigateway:PATCH apigateway:GET",
        _LOGGING_ROLE: "iam:PassRole",
    },
    # With a permissions boundary.
    "AWS::IAM::Role": {
        _ROLE: "iam:PutRolePermissionsBoundary iam:DeleteRolePermissionsBoundary",
    },
    # With provisioned concurrency.
    "AWS::Lambda::Alias": {
        _LIVE: "lambda:PutProvisionedConcurrencyConfig lambda:DeleteProvisionedConcurrencyConfig",
    },
    # With reserved concurrency.
    "AWS::Lambda::Function": {
        _FUNCTION: "lambda:PutFunctionConcurrency lambda:DeleteFunctionConcurrency",
    },
    "AWS::Logs::LogGroup": {
        _WAF_LOGS: "logs:CreateLogGroup logs:PutRetentionPolicy logs:ListTagsForResource logs:TagResource "
        "logs:UntagResource logs:DeleteLogGroup",
    },
    "AWS::SecretsManager::Secret": {
        _SECRET: "secretsmanager:CreateSecret secretsmanager:DescribeSecret secretsmanager:GetSecretValue "
        "secretsmanager:UpdateSecret secretsmanager:TagResource secretsmanager:UntagResource "
        "secretsmanager:DeleteSecret",
    },
    "AWS::WAFv2::LoggingConfiguration": {
        _WEB_ACL: "wafv2:PutLoggingConfiguration wafv2:GetLoggingConfiguration "
        "wafv2:DeleteLoggingConfiguration",
        "*": "logs:CreateLogDelivery logs:DeleteLogDelivery logs:DescribeResourcePolicies "
        "logs:PutResourcePolicy",
    },
    "AWS::WAFv2::WebACL": {
        _WEB_ACL: "wafv2:CreateWebACL wafv2:GetWebACL wafv2:UpdateWebACL wafv2:DeleteWebACL "
        "wafv2:ListTagsForResource wafv2:TagResource wafv2:UntagResource",
    },
    "AWS::WAFv2::WebACLAssociation": {
        _WEB_ACL: "wafv2:AssociateWebACL",
        f"{_API}/restapis/x/stages/y": "apigateway:SetWebACL wafv2:AssociateWebACL "
        "wafv2:DisassociateWebACL wafv2:GetWebACLForResource",
    },
}
TYPES = frozenset(_CALLS) | frozenset(_OPTIONAL)
_CONTEXT: Mapping[str, Mapping[str, list[str]]] = {
    "kms:CreateKey": {f"aws:RequestTag/{_STACK_TAG}": [STACK]},
    "kms:TagResource": {f"aws:RequestTag/{_STACK_TAG}": [STACK]},
}


def resource_calls() -> Iterator[Request]:
    """Yield what CloudFormation asks for in every deployment."""
    return _requests(_CALLS)


def optional_calls() -> Iterator[Request]:
    """Yield what CloudFormation asks for too if parameters turn everything on."""
    return _requests(_OPTIONAL)


def _requests(types: Mapping[str, Mapping[str, str]]) -> Iterator[Request]:
    for calls in types.values():
        for arn, actions in calls.items():
            for action in actions.split():
                yield Request.of(action, arn, _context(action, arn))


def _context(action: str, arn: str) -> Mapping[str, list[str]]:
    if action == "iam:PassRole":
        service = "apigateway" if arn == _LOGGING_ROLE else "lambda"
        return {"iam:PassedToService": [f"{service}.amazonaws.com"]}
    if action in _CONTEXT:
        return _CONTEXT[action]
    if arn == NEW_KEY:
        return {f"aws:ResourceTag/{_STACK_TAG}": [STACK]}
    if action.endswith("EventSourceMapping"):
        return {"lambda:FunctionArn": [_FUNCTION]}
    return {}
