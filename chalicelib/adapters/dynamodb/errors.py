"""What DynamoDB's errors mean here."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from chalicelib.adapters.failures import CONDITION_FAILED, CONFLICTS, TRANSACTION_CANCELED, CallFailed
from chalicelib.domain.errors import ApiTokensError, StoreUnavailable


class ConditionFailed(Exception):
    """A write was refused by its condition; the first refused item of a transaction is named.

    ``item`` is the row as the condition saw it, where the write asked for that.
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

    Whatever is not understood means that the store cannot be relied on, which is never a refusal.
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
    """Return what an error of the AWS SDK means; it is loaded only where something else failed."""
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError):
        return _meaning(error.response)
    return StoreUnavailable() if isinstance(error, BotoCoreError) else None


def _meaning(response: Mapping[str, Any]) -> ApiTokensError | ConditionFailed | WriteConflict:
    code = response.get("Error", {}).get("Code")
    if code == CONDITION_FAILED:
        return ConditionFailed(item=response.get("Item"))
    if code in CONFLICTS:
        return WriteConflict()
    if code == TRANSACTION_CANCELED:
        return _meaning_of_cancellation(response.get("CancellationReasons", []))
    return StoreUnavailable()


def _meaning_of_cancellation(
    reasons: Sequence[Mapping[str, Any]],
) -> ApiTokensError | ConditionFailed | WriteConflict:
    for position, reason in enumerate(reasons):
        if reason.get("Code") == "ConditionalCheckFailed":
            return ConditionFailed(position, reason.get("Item"))
    if any(reason.get("Code") in CONFLICTS for reason in reasons):
        return WriteConflict()
    return StoreUnavailable()
