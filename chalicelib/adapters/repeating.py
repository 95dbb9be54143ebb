"""Clients of AWS whose calls are repeated by ``Retries``, over the SDK or the lean client.

The SDK's own retries are off: they wait for up to a second, and the lean client has none.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from chalicelib.adapters.failures import CallFailed, Failure, failure_of
from chalicelib.adapters.retries import Retries, T

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient


def repeating(
    client: "DynamoDBClient", retries: Retries, *, repeats_writes: bool = True
) -> "DynamoDBClient":
    """Return a client of the calls that this service makes, which are repeated."""
    return cast("DynamoDBClient", RepeatingDynamoDB(client, retries, repeats_writes=repeats_writes))


class RepeatingDynamoDB:
    """The calls of a DynamoDB client that this service makes.

    A read is safe to repeat, and so is a transaction, because its token tells DynamoDB that it is the same
    one. A single write is safe too if its condition tells the caller that it was made before. Pass
    ``repeats_writes`` False for writes that count, or that use something up.
    """

    def __init__(self, client: "DynamoDBClient", retries: Retries, *, repeats_writes: bool = True) -> None:
        self._client = client
        self._retries = retries
        self._repeats_writes = repeats_writes

    def get_item(self, **request: Any) -> Any:
        """Read an item by its key."""
        return self._read(lambda: self._client.get_item(**request))

    def query(self, **request: Any) -> Any:
        """Read one page of items."""
        return self._read(lambda: self._client.query(**request))

    def batch_get_item(self, **request: Any) -> Any:
        """Read items by key. Keys that DynamoDB left out are asked for again, and only those."""
        batch = _Batch(request)
        self._read(lambda: batch.take(self._client.batch_get_item(**batch.request)))
        return {"Responses": batch.found}

    def put_item(self, **request: Any) -> Any:
        """Write an item."""
        return self._write(lambda: self._client.put_item(**request))

    def update_item(self, **request: Any) -> Any:
        """Change an item."""
        return self._write(lambda: self._client.update_item(**request))

    def delete_item(self, **request: Any) -> Any:
        """Delete an item."""
        return self._write(lambda: self._client.delete_item(**request))

    def transact_write_items(self, **request: Any) -> Any:
        """Write all items or none. A repeat after a lost response has the result of the first try."""
        token = _Token()
        return self._read(
            lambda: token.used_in(
                lambda text: self._client.transact_write_items(**request, ClientRequestToken=text)
            )
        )

    def _read(self, once: Callable[[], T]) -> T:
        return self._retries.call(once, is_safe=True)

    def _write(self, once: Callable[[], T]) -> T:
        return self._retries.call(once, is_safe=self._repeats_writes)


class RepeatingKms:
    """The calls of a KMS client that this service makes. Both are safe to repeat."""

    def __init__(self, client: "KMSClient", retries: Retries) -> None:
        self._client = client
        self._retries = retries

    def sign(self, **request: Any) -> Any:
        """Sign a message."""
        return self._retries.call(lambda: self._client.sign(**request), is_safe=True)

    def get_public_key(self, **request: Any) -> Any:
        """Return the public half of a key."""
        return self._retries.call(lambda: self._client.get_public_key(**request), is_safe=True)


class _Batch:
    """The rows that a BatchGetItem found so far, and the request for the keys that are left."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        self.request = request
        self.found: dict[str, list[Any]] = {}

    def take(self, response: Mapping[str, Any]) -> None:
        """Add the rows of a response. Raises CallFailed if keys are left, or if it has no rows."""
        try:
            for table, rows in response["Responses"].items():
                # Only lists can be added to one.
                self.found[table] = self.found.get(table, []) + rows
            left = response.get("UnprocessedKeys")
            if left:
                self._ask_for(left)
        except (KeyError, TypeError, AttributeError) as error:
            raise CallFailed(Failure.FINAL) from error
        if left:
            raise CallFailed(Failure.REFUSED)

    def _ask_for(self, left: Mapping[str, Any]) -> None:
        asked = self.request["RequestItems"]
        for table, part in left.items():
            if table not in asked or any(key not in asked[table]["Keys"] for key in part["Keys"]):
                raise CallFailed(Failure.FINAL)
        # Only the keys come from the response, so that every read is as consistent as it was asked for.
        wanted = {table: {**asked[table], "Keys": part["Keys"]} for table, part in left.items()}
        self.request = {**self.request, "RequestItems": wanted}


class _Token:
    """The name of one try at a transaction. Once a try may have had its effect, the name stays."""

    def __init__(self) -> None:
        self._text = _new_token()
        self._stays = False

    def used_in(self, call: Callable[[str], T]) -> T:
        """Make a call with the token."""
        try:
            return call(self._text)
        except Exception as error:
            # A later refusal, such as a throttle, tells nothing about the earlier try.
            self._stays = self._stays or failure_of(error) is Failure.UNKNOWN
            if not self._stays:
                self._text = _new_token()
            raise


def _new_token() -> str:
    # A decision makes no transaction.
    from secrets import token_hex

    return token_hex(16)
