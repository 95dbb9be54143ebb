"""The promises of the counts of re-activations, in memory and in DynamoDB alike."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from chalicelib.domain.ports.users import Counted
from tests.support.clock import START
from tests.support.dynamodb import Cloud, Stores, dynamodb_stores, moto_cloud

USER, OTHER = "usr_1", "usr_2"
TOKEN = Counted.BY_OWNER
DAY = timedelta(days=1)


def test_day_has_so_many_and_no_more(stores: Stores) -> None:
    """However often it is asked after that."""
    count = stores.daily_counts.count_change
    assert [count(USER, TOKEN, START, 3) for _ in range(5)] == [True] * 3 + [False] * 2


def test_limit_that_was_raised_holds_at_once(stores: Stores) -> None:
    """A refused one is not counted."""
    count = stores.daily_counts.count_change
    counted = [count(USER, TOKEN, START, most) for most in (1, 1, 2, 2)]
    assert counted == [True, False, True, False]


def test_next_utc_day_begins_anew(stores: Stores) -> None:
    """Midnight is its first moment."""
    count = stores.daily_counts.count_change
    midnight = START.replace(hour=0) + DAY
    assert count(USER, TOKEN, START, 1)
    assert not count(USER, TOKEN, midnight - timedelta(milliseconds=1), 1)
    assert count(USER, TOKEN, midnight, 1)


def test_users_and_kinds_do_not_count_for_each_other(stores: Stores) -> None:
    """An owner cannot use up the count by which administrators let the owner in again."""
    count = stores.daily_counts.count_change
    assert count(USER, TOKEN, START, 1)
    assert count(USER, Counted.BY_ADMIN, START, 1)
    assert count(OTHER, TOKEN, START, 1)
    assert not count(USER, TOKEN, START, 1)


def test_count_is_no_token_of_the_user(stores: Stores) -> None:
    """It lies in the same partition."""
    assert stores.daily_counts.count_change(USER, TOKEN, START, 1)
    assert stores.tokens.list_tokens(USER, after=None, newest_first=True, limit=10) == []
    assert stores.users.find_user(USER) is None


def test_row_goes_by_itself() -> None:
    """TTL deletes it two days later."""
    with moto_cloud() as cloud:
        assert dynamodb_stores(cloud).daily_counts.count_change(USER, TOKEN, START, 1)
        (row,) = cloud.rows()
    assert row == {
        "pk": {"S": "U#usr_1"},
        "sk": {"S": "R#2026-01-15"},
        "tokens": {"N": "1"},
        "purge_at": {"N": str(int((START + 2 * DAY).timestamp()))},
    }


def test_many_at_once_are_no_more(atomic: Cloud) -> None:
    """Requests of one user that race."""
    stores = dynamodb_stores(atomic)
    with ThreadPoolExecutor(16) as pool:
        counted = pool.map(lambda _: stores.daily_counts.count_change(USER, TOKEN, START, 20), range(64))
        assert list(counted).count(True) == 20
