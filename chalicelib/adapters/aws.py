"""AWS clients that fail fast: a caller waits for them."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
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

    The SDK's default backs off for a second and more when throttled, longer than callers wait.
    """
    return _session().client("dynamodb", config=_config(attempts))


def kms_client() -> "KMSClient":
    """Return a KMS client."""
    return _session().client("kms", config=_config(attempts=2))


def rest_apis_client() -> "RestApis":
    """Return a client for REST APIs as such, not for calls to them."""
    client: RestApis = _session().client(
        "apigateway", config=_config(_GATEWAY_ATTEMPTS, _GATEWAY_READ_SECONDS)
    )
    return client


def http_apis_client() -> "HttpApis":
    """Return a client for HTTP APIs as such, not for calls to them."""
    client: HttpApis = _session().client(
        "apigatewayv2", config=_config(_GATEWAY_ATTEMPTS, _GATEWAY_READ_SECONDS)
    )
    return client


def _config(attempts: int, read_seconds: float = _READ_SECONDS) -> Config:
    return Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
    )


@cache
def _session() -> boto3.Session:
    """Return the one session: it keeps what clients are made of, which is slow to load."""
    return boto3.Session()
