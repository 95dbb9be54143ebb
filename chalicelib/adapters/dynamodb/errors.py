"""DynamoDB's errors, translated into those of the stores."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from chalicelib.adapters.failures import (
    CONDITION_FAILED,
    CONFLICTS,
    TRANSACTION_CANCELED,
    CallFailed,
    cancellation_reasons,
)
from chalicelib.domain.errors import ApiTokensError, StoreUnavailable


class ConditionFailed(Exception):
    """The condition of a write was not met. ``position`` is that of the first such write in a transaction.

    ``item`` is the row as the condition saw it, if the write asked for it.
    """

    def __init__(self, position: int = 0, item: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.position = position
        self.item = item


class WriteConflict(StoreUnavailable):
    """Another transaction held the row. Nothing was written."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of either client into ConditionFailed, WriteConflict or StoreUnavailable.

    Any other error of DynamoDB becomes StoreUnavailable, which is never a refusal.
    """
    try:
        yield
    except CallFailed as error:
        raise _meaning(error.response) from error
    except Exception as error:
        meaning = _meaning_to_sdk(error)
        if meaning is None:
            raise
        raise meaning from error


def _meaning_to_sdk(error: Exception) -> ApiTokensError | ConditionFailed | WriteConflict | None:
    """Return the translation of an error of the AWS SDK, or None for other errors."""
    # Only here, because the lean client works without the SDK.
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError):
        return _meaning(error.response)
    return StoreUnavailable() if isinstance(error, BotoCoreError) else None


def _meaning(response: Mapping[str, Any]) -> ApiTokensError | ConditionFailed | WriteConflict:
    code = response.get("Error", {}).get("Code")
    if code == CONDITION_FAILED:
        return ConditionFailed(item=_row(response))
    if code in CONFLICTS:
        return WriteConflict()
    if code == TRANSACTION_CANCELED:
        return _meaning_of_cancellation(cancellation_reasons(response))
    return StoreUnavailable()


def _meaning_of_cancellation(
    reasons: Sequence[Mapping[str, Any]],
) -> ApiTokensError | ConditionFailed | WriteConflict:
    for position, reason in enumerate(reasons):
        if reason.get("Code") == "ConditionalCheckFailed":
            return ConditionFailed(position, _row(reason))
    if any(str(reason.get("Code")) in CONFLICTS for reason in reasons):
        return WriteConflict()
    return StoreUnavailable()


def _row(response: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the row as a condition saw it, or None without one, or if it has another form."""
    row = response.get("Item")
    return row if isinstance(row, dict) else None
