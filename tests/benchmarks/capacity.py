"""Read units by DynamoDB's published rules: the emulator reports none for BatchGetItem and one per Query.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

Item = Mapping[str, Mapping[str, str]]
_READ_UNIT_BYTES = 4096


def item_bytes(item: Item) -> int:
    """Return the size of an item of strings and whole numbers, the only types in the table.

    Raises ValueError for any other type.
    """
    return sum(
        len(name.encode()) + _value_bytes(kind, value)
        for name, attribute in item.items()
        for kind, value in attribute.items()
    )


def read_units(operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
    """Return what a read costs; an operation that is no read costs nothing."""
    match operation:
        case "GetItem":
            return _units([answer.get("Item", {})], strong=request.get("ConsistentRead", False))
        case "BatchGetItem":
            return sum(
                _batch_units(asked, answer["Responses"].get(table, []))
                for table, asked in request["RequestItems"].items()
            )
        case "Query":
            return _units(answer["Items"], strong=request.get("ConsistentRead", False))
        case _:
            return 0


def _batch_units(asked: Mapping[str, Any], found: Sequence[Item]) -> float:
    """Every item is rounded up by itself, and one that does not exist costs a unit too."""
    missing: list[Item] = [{}] * (len(asked["Keys"]) - len(found))
    strong = asked.get("ConsistentRead", False)
    return sum(_units([item], strong=strong) for item in [*found, *missing])


def _units(items: Sequence[Item], *, strong: bool) -> float:
    """Items that are read together are rounded up together."""
    whole = max(math.ceil(sum(map(item_bytes, items)) / _READ_UNIT_BYTES), 1)
    return whole if strong else whole / 2


def _value_bytes(kind: str, value: str) -> int:
    if kind == "S":
        return len(value.encode())
    if kind == "N":
        return math.ceil(len(value.strip("-").strip("0")) / 2) + 1
    raise ValueError(f"no rule for attributes of type {kind}")
