"""The contract of the stores of used client assertions, in memory and in DynamoDB."""

from datetime import timedelta

from chalicelib.domain.clients import UsedAssertion
from tests.support.clock import START
from tests.support.dynamodb import Stores

USED = UsedAssertion("hash", START + timedelta(minutes=5))


def test_assertion_is_used_once(stores: Stores) -> None:
    """The second use is refused, another assertion is not."""
    assert stores.assertions.use_assertion(USED, START)
    assert not stores.assertions.use_assertion(USED, START + timedelta(minutes=4))
    assert stores.assertions.use_assertion(UsedAssertion("other", USED.expires_at), START)


def test_id_is_free_again_when_its_assertion_has_expired(stores: Stores) -> None:
    """By the clock, whether or not anything has deleted the row; the new use holds in its turn."""
    assert stores.assertions.use_assertion(USED, START)
    later = UsedAssertion("hash", START + timedelta(minutes=9))

    assert stores.assertions.use_assertion(later, USED.expires_at)

    assert not stores.assertions.use_assertion(later, USED.expires_at)


def test_assertion_is_no_session_of_the_same_hash(stores: Stores) -> None:
    """A used assertion does not open the page."""
    assert stores.assertions.use_assertion(USED, START)
    assert stores.sessions.find_session("hash") is None
