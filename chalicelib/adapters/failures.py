"""Meanings of failed calls to AWS for the next attempt, by the lean client or by the SDK.

Source: "Error handling with DynamoDB" in the Amazon DynamoDB Developer Guide, and the error codes of
``TransactionCanceledException`` in the DynamoDB API Reference.
"""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any

CONDITION_FAILED = "ConditionalCheckFailedException"
TRANSACTION_CANCELED = "TransactionCanceledException"
CONFLICTS = frozenset(
    {"TransactionConflictException", "TransactionConflict", "ReplicatedWriteConflictException"}
)
_THROTTLES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "ThrottlingError",
        "TooManyRequestsException",
    }
)
# The first attempt at the same transaction has not ended yet.
_IN_PROGRESS = "TransactionInProgressException"
_SERVER_ERROR = 500


class Failure(Enum):
    """The effect of a failed call, which decides if the same call may be sent again."""

    REFUSED = auto()
    """The call had no effect: AWS throttled it."""
    UNSENT = auto()
    """The call had no effect: no connection was made."""
    CONFLICT = auto()
    """The call had no effect: another transaction held the row."""
    UNKNOWN = auto()
    """The call may have had its effect: no response came, or AWS failed."""
    FINAL = auto()
    """The same call would fail again."""


class CallFailed(Exception):
    """A failed call of the lean client. ``response`` is as in the SDK's ClientError, or empty."""

    def __init__(self, failure: Failure, response: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.failure = failure
        self.response = response or {}


def failure_of(error: Exception) -> Failure:
    """Return the effect of the call that raised ``error``."""
    if isinstance(error, CallFailed):
        return error.failure
    return _failure_of_sdk(error)


def failure_of_response(status: int, response: Mapping[str, Any]) -> Failure:
    """Return the effect of a call by its HTTP status and its error response."""
    code = response.get("Error", {}).get("Code")
    if code in _THROTTLES:
        return Failure.REFUSED
    if code in CONFLICTS:
        return Failure.CONFLICT
    if code == TRANSACTION_CANCELED:
        return _failure_of_transaction(response)
    if status >= _SERVER_ERROR or code == _IN_PROGRESS:
        return Failure.UNKNOWN
    return Failure.FINAL


def cancellation_reasons(response: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return why each write of a transaction was cancelled, or nothing if the response does not say it."""
    reasons = response.get("CancellationReasons")
    is_readable = isinstance(reasons, list) and all(isinstance(reason, dict) for reason in reasons)
    return reasons if is_readable else []  # type: ignore[return-value]


def _failure_of_transaction(response: Mapping[str, Any]) -> Failure:
    reasons = {str(reason.get("Code")) for reason in cancellation_reasons(response)} - {"None"}
    if not reasons or reasons - CONFLICTS - _THROTTLES:
        return Failure.FINAL
    return Failure.CONFLICT if reasons & CONFLICTS else Failure.REFUSED


def _failure_of_sdk(error: Exception) -> Failure:
    # The SDK is loaded already if it raised the error. The lean client must not load it.
    from botocore.exceptions import (
        ClientError,
        ConnectTimeoutError,
        EndpointConnectionError,
        HTTPClientError,
    )

    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return failure_of_response(status, error.response)
    if isinstance(error, ConnectTimeoutError | EndpointConnectionError):
        return Failure.UNSENT
    return Failure.UNKNOWN if isinstance(error, HTTPClientError) else Failure.FINAL
