"""Building blocks of conditional writes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Update:
    """An update expression. Its placeholders keep names apart from DynamoDB's reserved words."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        self.sets: list[str] = []
        self.removes: list[str] = []
        self.adds: list[str] = []

    def name(self, attribute: str) -> str:
        """Return the placeholder of an attribute name."""
        self.names[f"#{attribute}"] = attribute
        return f"#{attribute}"

    def value(self, name: str, value: Mapping[str, str]) -> str:
        """Return the placeholder of a value."""
        self.values[f":{name}"] = dict(value)
        return f":{name}"

    def set(self, attribute: str, value: Mapping[str, str]) -> None:
        """Set an attribute."""
        self.sets.append(f"{self.name(attribute)} = {self.value(f'new_{attribute}', value)}")

    def set_all(self, attributes: Item) -> None:
        """Set several attributes."""
        for attribute, value in attributes.items():
            self.set(attribute, value)

    def add(self, attribute: str, amount: int) -> None:
        """Add to a number."""
        placeholder = self.value(f"add_{attribute}", {"N": str(amount)})
        self.adds.append(f"{self.name(attribute)} {placeholder}")

    def remove(self, attribute: str) -> None:
        """Remove an attribute, if the row has it."""
        self.removes.append(self.name(attribute))

    def change(self, before: Item, after: Item) -> None:
        """Set the attributes that differ in ``after``. Remove those that only ``before`` has."""
        for attribute, value in after.items():
            if before.get(attribute) != value:
                self.set(attribute, value)
        for attribute in before.keys() - after.keys():
            self.remove(attribute)

    def equals(self, attribute: str, value: Mapping[str, str]) -> str:
        """Return the condition that an attribute still has this value."""
        return f"{self.name(attribute)} = {self.value(f'old_{attribute}', value)}"

    def same(self, attribute: str, value: Mapping[str, str] | None) -> str:
        """Return the condition that an attribute still has this value, or is still absent."""
        if value is None:
            return f"attribute_not_exists({self.name(attribute)})"
        return self.equals(attribute, value)

    def request(self, table: str, key: Item, condition: str) -> dict[str, Any]:
        """Return the parameters of UpdateItem, or of an Update within a transaction."""
        clauses = (("SET", self.sets), ("REMOVE", self.removes), ("ADD", self.adds))
        expression = " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses if parts)
        request = {
            "TableName": table,
            "Key": key,
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": self.names,
        }
        # DynamoDB refuses an empty map.
        return request | ({"ExpressionAttributeValues": self.values} if self.values else {})


def transact(client: "DynamoDBClient", items: Sequence[Mapping[str, Any]]) -> None:
    """Write all items or none.

    Raises ConditionFailed or StoreUnavailable.
    """
    with translated():
        client.transact_write_items(TransactItems=list(items))  # type: ignore[arg-type]
