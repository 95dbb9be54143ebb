"""AWS clients that fail fast: a caller waits for them."""

from typing import TYPE_CHECKING, cast

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

_CONNECT_SECONDS = 0.5
_READ_SECONDS = 2


def dynamodb_client(*, attempts: int = 2) -> "DynamoDBClient":
    """Return a DynamoDB client; ``attempts`` counts the first try.

    botocore's default backs off for a second and more when throttled, longer than callers wait.
    """
    return cast("DynamoDBClient", _client("dynamodb", attempts))


def kms_client() -> "KMSClient":
    """Return a KMS client."""
    return cast("KMSClient", _client("kms", attempts=2))


def _client(service: str, attempts: int) -> object:
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
    )
    return botocore.session.get_session().create_client(service, config=config)
