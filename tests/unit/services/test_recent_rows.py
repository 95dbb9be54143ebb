"""Rows that an authorizer may decide on again: for how long, how many, and when they are forgotten."""

from datetime import datetime, timedelta

import pytest

from chalicelib.domain.tokens import Token
from chalicelib.services.recent_rows import MOST_TOKENS, RecentRows, Rows
from tests.support.builders import a_token, a_user
from tests.support.clock import START, FixedClock

SECOND = timedelta(seconds=1)
TICK = timedelta(milliseconds=1)
OWNER = a_user()
TOKEN = a_token(OWNER)


class Bench:
    """Rows with a clock, and one token that was read at the start."""

    def __init__(self, reuse: timedelta = SECOND) -> None:
        self.clock = FixedClock()
        self.recent = RecentRows(reuse, self.clock)
        self.keep(TOKEN)

    def keep(self, token: Token, read_at: datetime = START) -> None:
        """Keep the rows of a token."""
        self.recent.keep(Rows(token, OWNER, read_at))

    def found(self, token: Token = TOKEN) -> Token | None:
        """Return the token that is found."""
        rows = self.recent.find(token.user_id, token.id)
        return rows.token if rows else None


def test_rows_are_found_until_their_time_is_over() -> None:
    """The last moment is excluded, so a change is effective when the setting has passed."""
    bench = Bench()
    assert bench.found() is TOKEN
    bench.clock.advance(SECOND - TICK)
    assert bench.found() is TOKEN
    bench.clock.advance(TICK)
    assert bench.found() is None


def test_without_the_setting_nothing_is_kept() -> None:
    """At 0 even a decision of the same millisecond reads."""
    assert Bench(timedelta(0)).found() is None


def test_time_counts_from_the_beginning_of_the_read() -> None:
    """A read may take long, and its rows may be from its beginning."""
    bench, slow = Bench(), a_token(OWNER)
    bench.clock.advance(SECOND - TICK)
    bench.keep(slow)
    assert bench.found(slow) is slow
    bench.clock.advance(TICK)
    assert bench.found(slow) is None
    bench.keep(slow)
    assert bench.found(slow) is None


@pytest.mark.parametrize("user_id", [OWNER.id, a_user("other@example.com").id])
def test_rows_are_found_by_both_ids(user_id: str) -> None:
    """A token id under another user is another key."""
    rows = Bench().recent.find(user_id, TOKEN.id)
    assert (rows is not None) is (user_id == OWNER.id)


def test_older_rows_never_replace_newer_ones() -> None:
    """A slow read that ends last may have begun first."""
    bench, newer = Bench(), a_token(OWNER, id=TOKEN.id)
    bench.clock.advance(TICK)
    bench.keep(newer, START + TICK)
    bench.keep(TOKEN)
    assert bench.found() is newer


def test_rows_can_be_forgotten_one_by_one_and_all_at_once() -> None:
    """Forgetting what is not kept does no harm."""
    bench, other = Bench(), a_token(OWNER)
    bench.keep(other)
    bench.recent.forget(OWNER.id, TOKEN.id)
    bench.recent.forget(OWNER.id, TOKEN.id)
    assert (bench.found(), bench.found(other)) == (None, other)
    bench.recent.clear()
    assert bench.found(other) is None


def test_the_rows_that_were_read_first_make_room() -> None:
    """They expire first. Being found does not prolong it."""
    bench = Bench()
    others = [a_token(OWNER) for _ in range(MOST_TOKENS - 1)]
    for token in others:
        bench.keep(token)
    assert bench.found() is TOKEN
    last = a_token(OWNER)
    bench.keep(last)
    assert (bench.found(), bench.found(others[0]), bench.found(last)) == (None, others[0], last)


def test_expired_rows_take_no_memory() -> None:
    """The next look-up of any token drops them."""
    bench = Bench()
    for _ in range(10):
        bench.keep(a_token(OWNER))
    bench.clock.advance(SECOND)
    bench.recent.find("usr_other", "tok_other")
    assert len(bench.recent._rows) == 0


def test_clock_that_is_set_back_ends_everything() -> None:
    """The age of the rows is unknown then, so they must not become young again."""
    bench = Bench()
    bench.clock.advance(-TICK)
    assert bench.found() is None
    bench.clock.advance(TICK)
    assert bench.found() is None
