"""Client assertions that were used, each for as long as it could be used again."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb import primary_keys
from chalicelib.adapters.dynamodb.attributes import Item, purge_time, time
from chalicelib.adapters.dynamodb.errors import ConditionFailed, translated
from chalicelib.domain.clients import UsedAssertion

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDBAssertionStore:
    """Used assertions by a hash, so that a reader of the table cannot replay one."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def use_assertion(self, used: UsedAssertion, now: datetime) -> bool:
        """Note the use by one conditional write. Return False if it was noted before.

        ``client`` must not repeat a write whose response was lost: it would meet its own row and refuse.
        Raises StoreUnavailable.
        """
        try:
            with translated():
                self._client.put_item(
                    TableName=self._table,
                    Item=_item(used),
                    # TTL may take days to delete a row that has expired.
                    ConditionExpression="attribute_not_exists(pk) OR expires_at <= :now",
                    ExpressionAttributeValues={":now": time(now)},
                )
        except ConditionFailed:
            return False
        return True


def _item(used: UsedAssertion) -> Item:
    return primary_keys.assertion_key(used.id_hash) | {
        "expires_at": time(used.expires_at),
        "purge_at": purge_time(used.expires_at + timedelta(seconds=1)),
    }
