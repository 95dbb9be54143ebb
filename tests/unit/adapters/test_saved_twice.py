"""A change of a token whose response is lost: it is sent again under the same name, and counts once."""

from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from chalicelib.adapters.dynamodb.token_store import DynamoDBTokenStore
from chalicelib.adapters.repeating import repeating
from chalicelib.adapters.retries import Retries
from chalicelib.domain.errors import ConcurrentChange
from chalicelib.domain.tokens import Token
from tests.support.actors import an_event
from tests.support.builders import a_token, a_user
from tests.support.clock import START, FixedClock


class LosesTheFirstResponse:
    """A client whose first transaction gets no response. DynamoDB knows a repeat by its token."""

    def __init__(self, *, was_made: bool) -> None:
        self.sent: list[dict[str, Any]] = []
        self._was_made = was_made

    def transact_write_items(self, **request: Any) -> Any:
        """Lose the first response, then answer as DynamoDB does."""
        self.sent.append(request)
        if len(self.sent) == 1:
            raise ReadTimeoutError(endpoint_url="https://aws.invalid")
        if self._was_made and self.sent[0] == request:
            return {}
        reasons = [{"Code": "ConditionalCheckFailed"}, {"Code": "None"}]
        response = {
            "Error": {"Code": "TransactionCanceledException"},
            "CancellationReasons": reasons,
        }
        raise ClientError(cast("Any", response), "TransactWriteItems")


def save(client: LosesTheFirstResponse, before: Token, after: Token) -> Token:
    """Save a change through a client that repeats."""
    retries = Retries(FixedClock(START), lambda _: None, jitter=lambda: 0.0)
    store = DynamoDBTokenStore(repeating(cast("Any", client), retries), "table")
    return store.save_token(before, after, an_event())


def test_change_that_was_made_is_a_success() -> None:
    """The caller hears of the success (RFC 9110 section 13.1.1), and the event is written once."""
    before = a_token(a_user())
    client = LosesTheFirstResponse(was_made=True)
    saved = save(client, before, before.paused(START))
    assert (saved.version, saved.state) == (before.version + 1, before.paused(START).state)
    assert len(client.sent) == 2


def test_change_of_another_writer_is_no_success() -> None:
    """The first try had no effect, and another writer came first."""
    before = a_token(a_user())
    client = LosesTheFirstResponse(was_made=False)
    with pytest.raises(ConcurrentChange):
        save(client, before, before.paused(START))
    assert client.sent[0] == client.sent[1]
