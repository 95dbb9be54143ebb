"""What IAM is asked while an operator deploys, rotates and restores, by operation and parameters.

S3 has other names for its actions than for its operations. A new KMS key is tagged and protected by the
call that makes it, and both need permissions: KMS Developer Guide, "Permissions for AWS KMS", and KMS API
Reference, "CreateKey". CloudFormation asks about the transform that a template names: CloudFormation User
Guide, "Control access with IAM".
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.model import OperationModel

from tests.iam.policy import Request
from tests.iam.recorder import dynamodb_requests
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
            case "sts":
                return [Request.of(f"sts:{operation}", "*")]
            case "s3":
                place = "/".join(params[name] for name in ("Bucket", "Key") if name in params)
                return [Request.of(f"s3:{_S3[operation]}", f"arn:aws:s3:::{place}")]
            case "cloudformation":
                return self._of_stack(operation)
            case "kms":
                return self._of_key(operation, params)
        raise ValueError(f"not understood: {service}")

    def _of_stack(self, operation: str) -> Iterable[Request]:
        stack = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{self._stack}/1"
        arns = [stack, TRANSFORM] if operation == "CreateChangeSet" else [stack]
        return [Request.of(f"cloudformation:{operation}", arn) for arn in arns]

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


def _tagged(kind: str, tags: Mapping[str, str]) -> Mapping[str, list[str]]:
    return {f"aws:{kind}Tag/{name}": [value] for name, value in tags.items()}
