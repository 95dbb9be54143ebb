"""AWS clients that fail fast: a caller waits for them."""

from functools import cache
from typing import TYPE_CHECKING, cast

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

    from chalicelib.adapters.api_gateway import HttpApis, RestApis

_CONNECT_SECONDS = 0.5
_READ_SECONDS = 2
# No caller waits for API Gateway's own API, and it answers slowly at times.
_GATEWAY_READ_SECONDS = 5
# Each attempt counts against the budget of flushes, so only the flusher repeats a call.
_GATEWAY_ATTEMPTS = 1


def dynamodb_client(*, attempts: int = 2) -> "DynamoDBClient":
    """Return a DynamoDB client; ``attempts`` counts the first try.

    botocore's default backs off for a second and more when throttled, longer than callers wait.
    """
    return cast("DynamoDBClient", _client("dynamodb", attempts))


def kms_client() -> "KMSClient":
    """Return a KMS client."""
    return cast("KMSClient", _client("kms", attempts=2))


def rest_apis_client() -> "RestApis":
    """Return a client for REST APIs as such, not for calls to them."""
    return cast("RestApis", _client("apigateway", _GATEWAY_ATTEMPTS, _GATEWAY_READ_SECONDS))


def http_apis_client() -> "HttpApis":
    """Return a client for HTTP APIs as such, not for calls to them."""
    return cast("HttpApis", _client("apigatewayv2", _GATEWAY_ATTEMPTS, _GATEWAY_READ_SECONDS))


def secret_client(service: str, region: str) -> object:
    """Return a client of ``secretsmanager`` or ``ssm`` in the region of a secret."""
    return _client(service, attempts=2, region=region)


def _client(
    service: str, attempts: int, read_seconds: float = _READ_SECONDS, region: str | None = None
) -> object:
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
    )
    return _session().create_client(service, region, config=config)


@cache
def _session() -> botocore.session.Session:
    """Return the one session: it keeps what clients are made of, which is slow to load."""
    return botocore.session.get_session()
