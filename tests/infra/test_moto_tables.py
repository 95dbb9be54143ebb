"""Tables of moto that the tests read and fill within the process."""

from typing import Any

import pytest
from moto.core.serialize import SERVICE_SPECIFIC_SERIALIZERS

from tests.support import moto_tables
from tests.support.dynamodb import Cloud, moto_cloud

ROW: Any = {
    "pk": {"S": "U#1"},
    "sk": {"S": "#"},
    "empty": {"S": ""},
    "amount": {"N": "1.50"},
    "yes": {"BOOL": True},
    "nothing": {"NULL": True},
    "texts": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2"]},
    "bytes": {"B": b"\x00\xff"},
    "list": {"L": [{"S": "a"}, {"B": b"\x01"}]},
    "map": {"M": {"a": {"N": "1"}, "b": {"B": b"\x02"}}},
}


def read_back(cloud: Cloud) -> list[Any]:
    """Return the row from each call that can return it."""
    key = {name: ROW[name] for name in ("pk", "sk")}
    client: Any = cloud.dynamodb
    found = client.get_item(TableName=cloud.table, Key=key, ConsistentRead=True)
    batch = client.batch_get_item(RequestItems={cloud.table: {"Keys": [key]}})
    query = client.query(
        TableName=cloud.table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": ROW["pk"]},
    )
    changed = client.update_item(
        TableName=cloud.table,
        Key=key,
        UpdateExpression="SET amount = :two",
        ExpressionAttributeValues={":two": {"N": "2"}},
        ReturnValues="ALL_OLD",
    )
    return [found["Item"], batch["Responses"][cloud.table], query["Items"], changed["Attributes"]]


@pytest.mark.parametrize("is_quick", [True, False])
def test_quick_responses_are_those_of_moto(monkeypatch: pytest.MonkeyPatch, is_quick: bool) -> None:
    """Each kind of attribute value is the same with moto's own way to write it."""
    with moto_cloud() as cloud:
        if not is_quick:
            monkeypatch.delitem(SERVICE_SPECIFIC_SERIALIZERS, "dynamodb")
        cloud.dynamodb.put_item(TableName=cloud.table, Item=ROW)
        assert read_back(cloud) == [ROW, [ROW], [ROW], ROW]


def test_rows_are_those_of_a_scan() -> None:
    """Every row is read, in the order of the keys. Rows that are put back are read again by calls."""
    plain = {name: value for name, value in ROW.items() if name not in {"bytes", "list", "map"}}
    rows = [plain | {"pk": {"S": pk}, "sk": {"S": sk}} for pk in ("U#1", "U#2") for sk in ("#", "T#1")]
    with moto_cloud() as cloud:
        for row in reversed(rows):
            cloud.dynamodb.put_item(TableName=cloud.table, Item=row)
        assert moto_tables.rows_in(cloud.table) == cloud.rows() == rows

        moto_tables.refill(cloud.table, rows[1:])
        assert moto_tables.rows_in(cloud.table) == cloud.rows() == rows[1:]
        cloud.dynamodb.delete_item(
            TableName=cloud.table, Key={name: rows[1][name] for name in ("pk", "sk")}
        )
        assert cloud.rows() == rows[2:]
        moto_tables.refill(cloud.table, rows)
        assert cloud.rows() == rows
