"""The rows that a decision accepts as the ones that it asked for."""

from typing import Any, cast

import pytest

from chalicelib.adapters.dynamodb import attributes, items
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.authorization_store import DynamoDBAuthorizationStore
from tests.support.builders import a_token, a_user

OWNER = a_user()
TOKEN = a_token(OWNER)
OTHERS = {"pk": attributes.text("U#usr_another")}


class Answering:
    """A client that answers with these rows, whatever is asked."""

    def __init__(self, *rows: Item) -> None:
        self._rows = rows

    def batch_get_item(self, **_: Any) -> dict[str, Any]:
        """Return them."""
        return {"Responses": {"t": list(self._rows)}}


def found(*rows: Item) -> tuple[object, object]:
    """Return what is taken for the token and its owner."""
    client = cast("Any", Answering(*rows))
    return DynamoDBAuthorizationStore(client, client, "t").find_for_authorization(OWNER.id, TOKEN.id)


@pytest.mark.parametrize("turn", [1, -1])
def test_rows_are_told_apart_in_any_order(turn: int) -> None:
    """DynamoDB answers a batch in an order of its own."""
    assert found(*[items.TOKEN.item(TOKEN), items.USER.item(OWNER)][::turn]) == (TOKEN, OWNER)


def test_rows_of_another_user_are_not_taken() -> None:
    """All users have the same sort key: an answer to another question must not let anybody in."""
    assert found(items.TOKEN.item(TOKEN), items.USER.item(OWNER) | OTHERS) == (TOKEN, None)
    assert found(items.TOKEN.item(TOKEN) | OTHERS, items.USER.item(OWNER)) == (None, OWNER)
