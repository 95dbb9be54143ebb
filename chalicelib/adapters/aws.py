"""AWS clients with short timeouts, because a caller waits for them."""

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.connections import is_stale
from chalicelib.domain.ports.time import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

    from chalicelib.adapters.api_gateway import HttpApis, RestApis
    from chalicelib.adapters.event_bridge import Buses
    from chalicelib.adapters.ses import Ses

_CONNECT_SECONDS = 0.5
_READ_SECONDS = 2
# No caller waits for API Gateway's own API or for SES, and they are slow at times.
_PATIENT_READ_SECONDS = 5
# botocore backs off for up to a second, longer than callers wait. RepeatingDynamoDB and RepeatingKms repeat
# calls. Each call to API Gateway counts against the budget of flushes, so only the flusher repeats it.
_ATTEMPTS = 1
_CLOCK = SystemClock()


def dynamodb_client(clock: Clock = _CLOCK) -> "DynamoDBClient":
    """Return a DynamoDB client that tries once."""
    return cast("DynamoDBClient", without_idle_connections(_client("dynamodb"), clock))


def kms_client(clock: Clock = _CLOCK) -> "KMSClient":
    """Return a KMS client that tries once."""
    return cast("KMSClient", without_idle_connections(_client("kms"), clock))


def rest_apis_client() -> "RestApis":
    """Return a client of API Gateway's own API for REST APIs."""
    return cast("RestApis", _patient_client("apigateway"))


def http_apis_client() -> "HttpApis":
    """Return a client of API Gateway's own API for HTTP APIs."""
    return cast("HttpApis", _patient_client("apigatewayv2"))


def ses_client() -> "Ses":
    """Return a client of Amazon SES (API v2)."""
    return cast("Ses", _patient_client("sesv2"))


def event_bridge_client() -> "Buses":
    """Return a client of EventBridge that tries once. Only the reader of the stream repeats its calls."""
    return cast("Buses", without_idle_connections(_client("events"), _CLOCK))


def secret_client(service: str, region: str) -> object:
    """Return a client of ``secretsmanager`` or ``ssm`` in the region of a secret."""
    return without_idle_connections(_client(service, region=region), _CLOCK)


def without_idle_connections(client: Any, clock: Clock) -> Any:
    """Return the client. It drops its connections before a call if it was idle for too long.

    The pool of the SDK notices a connection that its peer ended. It does not notice one that a network
    forgot.
    """
    used = _LastUse(clock)

    def drop(**_: Any) -> None:
        if used.was_long_ago():
            # The client stays usable, and connects anew.
            client.close()

    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-send.{service}", drop)
    return client


class _LastUse:
    """The time of a client's last call. Only one of several threads gets True for a long time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._used_at = clock.now()

    def was_long_ago(self) -> bool:
        """Return True if a connection from the last call must be dropped, and note the present call."""
        now = self._clock.now()
        with self._lock:
            before, self._used_at = self._used_at, now
        return is_stale(before, now)


def _patient_client(service: str) -> Any:
    return without_idle_connections(_client(service, _PATIENT_READ_SECONDS), _CLOCK)


def _client(service: str, read_seconds: float = _READ_SECONDS, region: str | None = None) -> object:
    # The stubs type the clients of single services, by their names.
    session: Any = _session()
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        tcp_keepalive=True,
    )
    return session.client(service, region, config=config)


@cache
def _session() -> boto3.Session:
    """Return the one session. It keeps the descriptions of services, which are slow to load."""
    return boto3.Session()
