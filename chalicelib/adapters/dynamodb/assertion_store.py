"""Client assertions that were used, each for as long as it could be used again."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.errors import ConditionFailed, translated
from chalicelib.domain.clients import UsedAssertion

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDBAssertionStore:
    """Rows under a hash: the table tells nobody what could be replayed."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def use_assertion(self, used: UsedAssertion, now: datetime) -> bool:
        """Note the use by one conditional write. Raises StoreUnavailable.

        ``client`` must not repeat a write whose response was lost: it would meet its own row and refuse.
        """
        try:
            with translated():
                self._client.put_item(
                    TableName=self._table,
                    Item=_item(used),
                    # TTL may take days to delete a row that has expired.
                    ConditionExpression="attribute_not_exists(pk) OR expires_at <= :now",
                    ExpressionAttributeValues={":now": items.time(now)},
                )
        except ConditionFailed:
            return False
        return True


def _item(used: UsedAssertion) -> items.Item:
    return {
        "pk": items.text(f"A#{used.id_hash}"),
        "sk": items.text("#"),
        "expires_at": items.time(used.expires_at),
        "purge_at": items.purge_time(used.expires_at + timedelta(seconds=1)),
    }
