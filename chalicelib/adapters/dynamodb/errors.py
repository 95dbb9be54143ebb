"""What DynamoDB's errors mean here."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import ApiTokensError, StoreUnavailable

CONDITION_FAILED = "ConditionalCheckFailedException"
_CONFLICTS = frozenset({"TransactionConflictException", "TransactionConflict"})


class ConditionFailed(Exception):
    """A write was refused by its condition; the first refused item of a transaction is named.

    ``item`` is the row as the condition saw it, where the write asked for that.
    """

    def __init__(self, position: int = 0, item: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.position = position
        self.item = item


class WriteConflict(Exception):
    """Another transaction held the item; nothing was written and the same write may be tried again."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of the AWS SDK into ConditionFailed, WriteConflict or StoreUnavailable.

    Whatever is not understood means that the store cannot be relied on, which is never a refusal.
    """
    try:
        yield
    except ClientError as error:
        raise _meaning(error) from error
    except BotoCoreError as error:
        raise StoreUnavailable from error


def _meaning(error: ClientError) -> ApiTokensError | ConditionFailed | WriteConflict:
    response: Mapping[str, Any] = error.response
    code = response.get("Error", {}).get("Code")
    if code == CONDITION_FAILED:
        return ConditionFailed(item=response.get("Item"))
    if code in _CONFLICTS:
        return WriteConflict()
    if code == "TransactionCanceledException":
        return _meaning_of_cancellation(response.get("CancellationReasons", []))
    return StoreUnavailable()


def _meaning_of_cancellation(
    reasons: Sequence[Mapping[str, Any]],
) -> ApiTokensError | ConditionFailed | WriteConflict:
    for position, reason in enumerate(reasons):
        if reason.get("Code") == "ConditionalCheckFailed":
            return ConditionFailed(position, reason.get("Item"))
    if any(reason.get("Code") in _CONFLICTS for reason in reasons):
        return WriteConflict()
    return StoreUnavailable()
