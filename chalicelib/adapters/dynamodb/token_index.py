"""Tokens by their ids alone."""

from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb import items, primary_keys
from chalicelib.adapters.dynamodb.reads import query_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDBTokenIndex:
    """The index ``by_key``, which DynamoDB keeps behind the table by usually less than a second."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def find_owner_of(self, token_id: str) -> str | None:
        """Return the id of a token's owner, or None. Raises StoreUnavailable."""
        rows = query_all(
            self._client,
            TableName=self._table,
            IndexName=items.GENERIC_INDEX,
            KeyConditionExpression="by_pk = :token",
            ExpressionAttributeValues={":token": primary_keys.token_index_key(token_id)["by_pk"]},
        )
        wanted = primary_keys.TOKENS + token_id
        owners = (
            row["pk"]["S"].removeprefix(primary_keys.USERS) for row in rows if row["sk"]["S"] == wanted
        )
        return next(owners, None)
