"""The requests to IAM while an operator deploys, rolls keys over, restores and verifies.

They are listed by operation and parameters.

S3 has other names for its actions than for its operations. The call that makes a KMS key tags and protects
it, and both need permissions. CloudFormation asks about the transform that a template names. Sources: KMS
Developer Guide, "Permissions for AWS KMS", KMS API Reference, "CreateKey", and CloudFormation User Guide,
"Control access with IAM".
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.model import OperationModel

from tests.iam.policy import Request
from tests.iam.recorder import bus_arn, dynamodb_requests
from tests.iam.stack import ACCOUNT, REGION

Parameters = Mapping[str, Any]
TagsOf = Callable[[str], tuple[str, Mapping[str, str]]]

NEW_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/new"
TRANSFORM = f"arn:aws:cloudformation:{REGION}:aws:transform/Serverless-2016-10-31"
_S3 = {
    "HeadBucket": "ListBucket",
    "CreateBucket": "CreateBucket",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "HeadObject": "GetObject",
    "PutObject": "PutObject",
}


class Record:
    """Keeps the requests of watched clients, each once."""

    def __init__(self, stack: str, tags_of: TagsOf) -> None:
        self._asked: dict[Request, None] = {}
        self._stack = stack
        self._tags_of = tags_of

    @property
    def requests(self) -> list[Request]:
        """The requests in the order in which IAM first got them."""
        return list(self._asked)

    def watch(self, client: Any) -> None:
        """Take note of what a client is called for."""
        client.meta.events.register("before-parameter-build", self._note)

    def _note(self, params: Parameters, model: OperationModel, **_: Any) -> None:
        self._asked.update(dict.fromkeys(self._requests(model, params)))

    def _requests(self, model: OperationModel, params: Parameters) -> Iterable[Request]:
        service, operation = model.service_model.service_name, model.name
        match service:
            case "dynamodb" if operation in ("Scan", "DescribeTable"):
                return [Request.of(f"dynamodb:{operation}", table_arn(params["TableName"]))]
            case "dynamodb":
                return dynamodb_requests(operation, params)
            case "s3":
                place = "/".join(params[name] for name in ("Bucket", "Key") if name in params)
                return [Request.of(f"s3:{_S3[operation]}", f"arn:aws:s3:::{place}")]
            case "cloudformation":
                return self._of_stack(operation)
            case "kms":
                return self._of_key(operation, params)
            case "events":
                return _of_events(operation, params)
            case "lambda":
                return [self._of_function(operation, params)]
        return _of_named(service, operation, params)

    def _of_stack(self, operation: str) -> Iterable[Request]:
        stack = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{self._stack}/1"
        arns = [stack, TRANSFORM] if operation == "CreateChangeSet" else [stack]
        return [Request.of(f"cloudformation:{operation}", arn) for arn in arns]

    def _of_function(self, operation: str, params: Parameters) -> Request:
        if operation == "GetAccountSettings":
            return Request.of("lambda:GetAccountSettings", "*")
        if "UUID" in params:
            context = {"lambda:FunctionArn": [function_arn(f"{self._stack}-Name-1")]}
            return Request.of(f"lambda:{operation}", mapping_arn(params["UUID"]), context)
        action = "InvokeFunction" if operation == "Invoke" else operation
        return Request.of(f"lambda:{action}", function_arn(params["FunctionName"]))

    def _of_key(self, operation: str, params: Parameters) -> Iterable[Request]:
        if operation == "CreateKey":
            given = {tag["TagKey"]: tag["TagValue"] for tag in params["Tags"]}
            asked = _tagged("Request", given)
            return [
                Request.of("kms:CreateKey", "*", asked),
                Request.of("kms:TagResource", NEW_KEY, asked),
                Request.of("kms:PutKeyPolicy", NEW_KEY, _tagged("Resource", given)),
            ]
        arn, tags = self._tags_of(params["KeyId"])
        return [Request.of(f"kms:{operation}", arn, _tagged("Resource", tags))]


def table_arn(name: str) -> str:
    """Return the ARN of a table."""
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


def function_arn(name: str) -> str:
    """Return the ARN of a function, which may be named by its ARN already."""
    return name if name.startswith("arn:") else f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def mapping_arn(uuid: str) -> str:
    """Return the ARN of an event source mapping."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:{uuid}"


def _of_named(service: str, operation: str, params: Parameters) -> Iterable[Request]:
    """Return the requests for what a call names. Raises ValueError for a service that is not known."""
    action = f"{service}:{operation}"
    match service:
        case "sts":
            return [Request.of(action, params.get("RoleArn", "*"))]
        case "iam":
            return [Request.of(action, f"arn:aws:iam::{ACCOUNT}:role/{params['RoleName']}")]
        case "cloudwatch":
            names = params.get("AlarmNames") or [params["AlarmName"]]
            alarms = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm"
            return [Request.of(action, f"{alarms}:{name}") for name in names]
        case "logs":
            group = params["logGroupName"]
            return [Request.of(action, f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}")]
        case "sqs" | "sesv2":
            return [_of_messages(service, operation, params)]
        case "sns":
            return [Request.of(action, params["TopicArn"])]
        case "apigateway":
            path = {"GetAccount": "/account", "GetAuthorizers": "/restapis/{restApiId}/authorizers"}[
                operation
            ]
            arn = f"arn:aws:apigateway:{REGION}::{path.format_map(params)}"
            return [Request.of("apigateway:GET", arn)]
    raise ValueError(f"not understood: {service}")


def _of_events(operation: str, params: Parameters) -> Iterable[Request]:
    if operation == "DescribeRule":
        rule = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{params['Name']}"
        return [Request.of("events:DescribeRule", rule)]
    if operation == "DescribeEventBus":
        return [Request.of("events:DescribeEventBus", bus_arn(params["Name"]))]
    return [Request.of("events:PutEvents", bus_arn(each["EventBusName"])) for each in params["Entries"]]


def _of_messages(service: str, operation: str, params: Parameters) -> Request:
    if service == "sqs":
        queue = params["QueueUrl"].rpartition("/")[2]
        return Request.of(f"sqs:{operation}", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}")
    # SES has one prefix for all its versions.
    identity = params.get("EmailIdentity")
    arn = f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{identity}" if identity else "*"
    return Request.of(f"ses:{operation}", arn)


def _tagged(kind: str, tags: Mapping[str, str]) -> Mapping[str, list[str]]:
    return {f"aws:{kind}Tag/{name}": [value] for name, value in tags.items()}
