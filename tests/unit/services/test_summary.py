"""Summaries: numbers, the token whose time is nearest, and bounds of what is read."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.attention import Attention
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.networks import RecordNetworks
from chalicelib.domain.revocations import Revocation, RevocationReason
from chalicelib.domain.seen_networks import RefusedReason, RefusedUses
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token, TokenState, TokenStatus
from chalicelib.domain.users import User, UserStatus
from chalicelib.services.summary import Attended, SummarizeTokens, Summary, TokenCount
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START, FixedClock
from tests.unit.services.stores import BusyStore

DAY = timedelta(days=1)
OWNER = a_user(generation="now")
INACTIVE = replace(OWNER, status=UserStatus.INACTIVE)


class Desk:
    """Summaries over the store in memory."""

    def __init__(self, *tokens: Token, rules: TokenRules = RULES) -> None:
        self.store = BusyStore()
        self.store.put(OWNER, *tokens)
        self.summarize = SummarizeTokens(self.store, FixedClock(), rules)

    def summary(self, owner: User = OWNER) -> Summary:
        """Return the summary of an owner."""
        return self.summarize(owner)


def used(**changes: Any) -> Token:
    """Return a token that was used at START."""
    return a_token(OWNER, **({"last_used_at": START} | changes))


ONE_OF_EACH = [
    used(),
    used(state=TokenState.INACTIVE),
    used(idle_at=START, last_used_at=START - 30 * DAY),
    used(expires_at=START),
    used(state=TokenState.REVOKED, revocation=Revocation(RevocationReason.OWNER, START)),
    used(generation="before"),
]


def test_user_without_tokens_has_zeros() -> None:
    """Nothing needs attention."""
    summary = Desk().summary()
    assert (summary.total, summary.live, summary.working, summary.is_complete) == (0, 0, 0, True)
    assert summary.attention == dict.fromkeys(Attention, Attended())


def test_every_status_is_counted() -> None:
    """A token of an ended generation is revoked. Ended tokens are not among those that can still end."""
    summary = Desk(*ONE_OF_EACH).summary()
    assert summary.statuses == dict.fromkeys(TokenStatus, 1) | {TokenStatus.REVOKED: 2}
    assert (summary.total, summary.live, summary.not_ended, summary.working) == (6, 3, 3, 1)
    assert summary.used_in_30_days == 2
    assert (summary.ended, summary.ended + summary.not_ended) == (3, summary.total)
    assert summary.limit == RULES.max_live_tokens


def test_tokens_of_a_deactivated_user_are_counted_as_if_the_user_were_active() -> None:
    """Paused and idle tokens do not work again, and the numbers do not count them."""
    summary = Desk(*ONE_OF_EACH).summary(INACTIVE)
    assert summary.statuses[TokenStatus.INACTIVE] == 3
    assert (summary.working, summary.not_ended, summary.used_in_30_days) == (1, 3, 2)


def test_removed_user_has_no_token_that_can_end() -> None:
    """Not even one whose generation a damaged row still has."""
    summary = Desk(*ONE_OF_EACH).summary(replace(OWNER, status=UserStatus.REMOVED, generation="none"))
    assert (summary.live, summary.working, summary.not_ended) == (0, 0, 0)
    assert summary.statuses == {TokenStatus.REVOKED: 6}


def test_rotated_token_and_its_successor_are_one_live_token() -> None:
    """A rotated token is live only while no successor is, as the quota counts it."""
    ends = START + DAY
    rotated = used(family_id="f", successor_id="tok_", overlap_ends_at=ends)
    successor = used(family_id="f", predecessor_id=rotated.id)
    assert Desk(rotated, successor).summary().live == 1
    revoked = replace(successor, state=TokenState.REVOKED)
    assert Desk(rotated, revoked).summary().live == 1
    over = replace(rotated, overlap_ends_at=START)
    assert Desk(over, revoked).summary().live == 0
    assert Desk(over, successor).summary().live == 1


def test_lowered_lifetime_ends_a_token_that_keeps_its_place() -> None:
    """The number is the one that the quota compares, so it says why no token can be created."""
    summary = Desk(
        a_token(OWNER, START - 2 * DAY), rules=replace(RULES, max_lifetime=DAY, max_live_tokens=1)
    ).summary()
    assert (summary.live, summary.limit, summary.not_ended) == (1, 1, 0)


def test_time_that_is_nearest_to_now_is_told_with_its_token() -> None:
    """The first to end, and the last that happened."""
    tokens = [
        used(idle_at=START + days * DAY, last_reused_at=START - days * DAY, reuse_count=1)
        for days in (5, 2, 4)
    ]
    attention = Desk(*tokens).summary().attention
    assert attention[Attention.IDLING] == Attended(3, START + 2 * DAY, tokens[1])
    assert attention[Attention.USED_AFTER_OVERLAP] == Attended(3, START - 2 * DAY, tokens[1])


@pytest.mark.parametrize(
    ("record", "generation", "shown"),
    [
        (RecordNetworks.FULL, "now", "192.0.2.7"),
        (RecordNetworks.PREFIX, "now", "192.0.2.0/24"),
        (RecordNetworks.OFF, "now", None),
        (RecordNetworks.FULL, "before", None),
    ],
)
def test_attended_token_shows_what_may_still_be_kept(
    record: RecordNetworks, generation: str, shown: str | None
) -> None:
    """An operator may record less now, and a generation may have ended by a removal."""
    refused = RefusedUses(2, START, RefusedReason.NETWORK, "192.0.2.7")
    desk = Desk(used(refused=refused, generation=generation), rules=replace(RULES, record_networks=record))
    token = desk.summary().attention[Attention.REFUSED].token
    assert token is not None
    assert token.refused == replace(refused, last_from=shown)


@pytest.mark.parametrize(("count", "is_complete"), [(5_000, True), (5_001, False)])
def test_at_most_5000_rows_are_counted(count: int, is_complete: bool) -> None:
    """The oldest are left out, and the summary says so. The number of reads is bounded."""
    desk = Desk(*(used() for _ in range(count)))
    summary = desk.summary()
    assert (summary.total, summary.is_complete) == (5_000, is_complete)
    assert desk.store.calls["list_tokens"] == 6


def test_store_that_fails_is_an_error() -> None:
    """Zeros would be wrong."""
    desk = Desk(used())
    desk.store.broken.add("list_tokens")
    with pytest.raises(StoreUnavailable):
        desk.summary()


def test_count_of_what_a_reactivation_revoked_is_that_of_tokens_which_had_not_ended() -> None:
    """Tokens that the user created since are of another generation."""
    desk = Desk(*ONE_OF_EACH, used(generation="next"))
    assert desk.summarize.count_revoked(INACTIVE) == TokenCount(3)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, TokenCount()),
        (1_000, TokenCount(1_000)),
        (1_001, TokenCount(1_000, is_more=True)),
        (2_500, TokenCount(1_000, is_more=True)),
    ],
)
def test_count_ends_at_1000(count: int, expected: TokenCount) -> None:
    """Above it, the count says that there are more."""
    assert Desk(*(used() for _ in range(count))).summarize.count_revoked(INACTIVE) == expected


def test_count_says_if_rows_are_left_that_nobody_counted() -> None:
    """5,000 rows that ended hide others."""
    ended = [used(generation="before") for _ in range(5_000)]
    old = a_token(OWNER, START - DAY)
    assert Desk(*ended).summarize.count_revoked(INACTIVE) == TokenCount()
    assert Desk(old, *ended).summarize.count_revoked(INACTIVE) == TokenCount(0, is_more=True)
