"""The budget of flushes on the wire: one write, a lost response, and rows of 0.1 beside it."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from chalicelib.adapters.dynamodb import attributes
from chalicelib.adapters.dynamodb.flush_store import DynamoDBFlushStore
from chalicelib.domain.flush_budget import FlushBudget
from tests.support.clock import START
from tests.support.dynamodb import Cloud

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BUDGET = FlushBudget(whole_at=START)


class AnswerLost:
    """Sends every write twice, as the SDK does when the first answer does not come."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self._client = client

    def update_item(self, **request: Any) -> Any:
        """Send it, and send it again."""
        self._client.update_item(**request)
        return self._client.update_item(**request)


def test_write_whose_response_got_lost_is_known_again(cloud: Cloud) -> None:
    """Taken for another process's, the call would be paid for twice."""
    client = cast("DynamoDBClient", AnswerLost(cloud.dynamodb))
    store = DynamoDBFlushStore(client, cloud.table)
    first = store.swap_budget(None, BUDGET, START)
    assert first.won
    assert first.kept
    assert first.kept.budget == BUDGET
    assert store.swap_budget(first.kept, BUDGET, START).won


def test_row_goes_by_itself(cloud: Cloud) -> None:
    """A stack that flushes no more leaves nothing behind."""
    DynamoDBFlushStore(cloud.dynamodb, cloud.table).swap_budget(None, BUDGET, START)
    (row,) = cloud.rows()
    assert row["purge_at"] == attributes.purge_time(START + timedelta(days=1))
    names = {"pk", "sk", "claim", "whole_at", "round_at", "pressure", "opened_at", "purge_at"}
    assert row.keys() == names


def test_rows_of_0_1_stay_as_they_are(cloud: Cloud) -> None:
    """0.1 claims each stage in a row of its own, and finds those again after a rollback."""
    claim = {
        "pk": {"S": "FLUSHES"},
        "sk": {"S": "restapis/a1b2c3/v1"},
        "flushed_at": attributes.time(START),
        "claim": {"S": "0123456789abcdef"},
        "purge_at": attributes.purge_time(START + timedelta(days=1)),
    }
    cloud.dynamodb.put_item(TableName=cloud.table, Item=claim)
    assert DynamoDBFlushStore(cloud.dynamodb, cloud.table).swap_budget(None, BUDGET, START).won
    assert claim in cloud.rows()
    assert len(cloud.rows()) == 2
