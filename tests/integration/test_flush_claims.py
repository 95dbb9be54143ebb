"""Claims of flushes on the wire: one write, and an answer that gets lost."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.flushes import DynamoDBFlushStore
from chalicelib.domain.ports import FlushClaim
from tests.support.clock import START
from tests.support.dynamodb import Cloud

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

STAGE = "restapis/a1b2c3/v1"
SECOND = timedelta(seconds=1)


class AnswerLost:
    """Sends every write twice, as the SDK does when the first answer does not come."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self._client = client

    def update_item(self, **request: Any) -> Any:
        """Send it, and send it again."""
        self._client.update_item(**request)
        return self._client.update_item(**request)


def test_claim_whose_answer_got_lost_is_known_again(cloud: Cloud) -> None:
    """Taken for somebody else's, it would leave the stage to nobody."""
    client = cast("DynamoDBClient", AnswerLost(cloud.dynamodb))
    claim = DynamoDBFlushStore(client, cloud.table).claim_flush(STAGE, START, SECOND)
    assert claim == FlushClaim(won=True, at=START)


def test_claim_of_the_same_moment_by_another_is_not_ours(cloud: Cloud) -> None:
    """Only one of the two flushes."""
    store = DynamoDBFlushStore(cloud.dynamodb, cloud.table)
    assert store.claim_flush(STAGE, START, SECOND).won
    assert not store.claim_flush(STAGE, START, SECOND).won


def test_row_goes_by_itself(cloud: Cloud) -> None:
    """A stage that is flushed no more leaves nothing behind."""
    DynamoDBFlushStore(cloud.dynamodb, cloud.table).claim_flush(STAGE, START, SECOND)
    (row,) = cloud.rows()
    assert row["purge_at"] == items.purge_time(START + timedelta(days=1))
    assert row.keys() == {"pk", "sk", "flushed_at", "claim", "purge_at"}
