"""A change of a token whose response is lost: it is sent again, and meets its own row."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from chalicelib.adapters.dynamodb import attributes, items
from chalicelib.adapters.dynamodb.token_store import DynamoDBTokenStore
from chalicelib.adapters.repeating import repeating
from chalicelib.adapters.retries import Retries
from chalicelib.domain.errors import ConcurrentChange
from chalicelib.domain.tokens import Token
from tests.support.builders import a_token, a_user
from tests.support.clock import START, FixedClock

LATER = START + timedelta(minutes=5)


class LosesTheFirstResponse:
    """A client whose first update gets no response, and whose second meets a row with a newer version."""

    def __init__(self, stored: dict[str, Any] | None) -> None:
        self.calls = 0
        self._stored = stored

    def update_item(self, **request: Any) -> Any:
        """Refuse as DynamoDB does."""
        self.calls += 1
        if self.calls == 1:
            raise ReadTimeoutError(endpoint_url="https://aws.invalid")
        asks = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        old = {"Item": self._stored} if asks and self._stored else {}
        response = {"Error": {"Code": "ConditionalCheckFailedException"}, **old}
        raise ClientError(cast("Any", response), "UpdateItem")


def save(before: Token, after: Token, stored: dict[str, Any] | None) -> Token:
    """Save a change through a client that repeats."""
    client = LosesTheFirstResponse(stored)
    retries = Retries(FixedClock(START), lambda _: None, jitter=lambda: 0.0)
    try:
        return DynamoDBTokenStore(repeating(cast("Any", client), retries), "table").save_token(
            before, after
        )
    finally:
        assert client.calls == 2


def row(token: Token, version: int, **changes: Any) -> dict[str, Any]:
    """Return the row of a token."""
    return {**items.TOKEN.item(token), "version": attributes.number(version), **changes}


@pytest.mark.parametrize("change", [lambda t: t.described("new", "", LATER), lambda t: t.paused(LATER)])
def test_change_that_was_made_is_returned(change: Callable[[Token], Token]) -> None:
    """The caller hears of the success, also if a use was recorded meanwhile."""
    before = a_token(a_user())
    after = change(before)
    use = {"last_used_at": attributes.time(LATER)}
    saved = save(before, after, row(after, before.version + 1, **use))
    assert saved.version == before.version + 1
    assert (saved.name, saved.state, saved.last_used_at) == (after.name, after.state, LATER)


def test_change_of_another_writer_is_no_success() -> None:
    """The other writer's row lacks the change, or went on since."""
    before = a_token(a_user())
    wanted, other = (before.described(name, "", LATER) for name in ("wanted", "other"))
    for stored in (row(other, before.version + 1), row(wanted, before.version + 2), None):
        with pytest.raises(ConcurrentChange):
            save(before, wanted, stored)
