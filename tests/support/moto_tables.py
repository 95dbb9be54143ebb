"""Tables of moto, read and filled within the process, and responses of moto without its detours."""

from collections.abc import Iterable
from copy import deepcopy
from functools import cache
from typing import Any, cast

from moto.core import responses
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.serialize import SERVICE_SPECIFIC_SERIALIZERS, JSONSerializer
from moto.core.utils import method_names_from_class
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import dynamo_to_dict

from chalicelib.adapters.dynamodb.attributes import Item

_REGION = "us-east-1"
_method_names = cache(method_names_from_class)
# These have the same form inside moto as on the wire. Binary values, lists and maps do not.
_SAME_ON_THE_WIRE = frozenset({"S", "N", "BOOL", "NULL", "SS", "NS"})


class QuickSerializer(JSONSerializer):
    """Writes moto's responses as moto does, but takes attribute values as they are.

    moto looks for each of the ten kinds of a value under several spellings, half of the time of a call.
    """

    def _serialize_type_structure(self, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and key and _is_same_on_the_wire(value):
            serialized[key] = value
        else:
            super()._serialize_type_structure(serialized, value, shape, key)


def _is_same_on_the_wire(value: object) -> bool:
    return isinstance(value, dict) and len(value) == 1 and not value.keys() - _SAME_ON_THE_WIRE


def answer_quickly() -> None:
    """Let moto answer the calls of DynamoDB without its detours, from now on in this process."""
    SERVICE_SPECIFIC_SERIALIZERS["dynamodb"] = {"json": QuickSerializer}
    responses.__dict__["method_names_from_class"] = _method_names


def rows_in(name: str) -> list[Item]:
    """Return every row of a table, in the order of the keys."""
    return [cast("Item", dynamo_to_dict(item.attrs)) for item in _tables()[name].all_items()]


def refill(name: str, rows: Iterable[Item]) -> None:
    """Put rows into a table, in place of those that it has."""
    table = _tables()[name]
    table.items.clear()
    for row in rows:
        table.put_item(deepcopy(cast("dict[str, Any]", row)), overwrite=True)


def _tables() -> dict[str, Table]:
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][_REGION].tables
