"""The budget of a token's row: each touch is billed by the size of the whole row, per 1,024 bytes begun."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters.dynamodb import items
from chalicelib.domain.ids import new_token_id
from chalicelib.domain.network_lists import MAX_NETWORKS, allowed_networks
from chalicelib.domain.noticed import Notice, NoticeKind
from chalicelib.domain.scopes import DEFAULT_CATALOGUE
from chalicelib.domain.seen_networks import MAX_SEEN_NETWORKS, RefusedReason, RefusedUses, SeenNetworks
from chalicelib.domain.tokens import Token
from chalicelib.domain.usage import USAGE_DAYS
from tests.benchmarks.capacity import item_bytes
from tests.support.builders import a_token, a_user

UNIT = 1024
NOW = datetime(2026, 11, 29, 12, 30, 15, 123_000, tzinfo=UTC)
DAY = timedelta(days=1)
_STAGES = {NoticeKind.IDLING: 7, NoticeKind.EXPIRING: 3, NoticeKind.NEVER_USED: 0}
LONGEST_NAME, LONGEST_DESCRIPTION = "x" * 100, "x" * 500


def a_full_row() -> Token:
    """Return a token with the longest name, 30 days, five prefixes, refusals and notices."""
    networks = SeenNetworks()
    for n in range(MAX_SEEN_NETWORKS):
        networks = networks.seen(f"2001:1db8:abc{n}::/48", NOW, 12_345_678)
    return replace(
        a_token(a_user(), NOW),
        name=LONGEST_NAME,
        usage={NOW.date() - ago * DAY: 100_000 for ago in range(USAGE_DAYS)},
        networks=networks,
        refused=RefusedUses(
            1_234_567, NOW, RefusedReason.LIFETIME, "2001:1db8:abcd::/48", is_elsewhere=True
        ),
        noticed=tuple(Notice(kind, days, NOW.date()) for kind, days in _STAGES.items()),
        last_used_at=NOW,
        expires_at=NOW,
    )


def rotated(token: Token) -> Token:
    """Return a token in the middle of a family, with everything that rotation and reuse add."""
    return replace(
        token,
        predecessor_id=new_token_id(NOW),
        successor_id=new_token_id(NOW),
        family_id=new_token_id(NOW),
        line_id=new_token_id(NOW),
        lifetime_began_at=NOW,
        overlap_ends_at=NOW,
        reuse_count=12_345,
        last_reused_at=NOW,
    )


def described(token: Token) -> Token:
    """Return a token with the longest description and the longest list."""
    texts = [f"2001:db8:{n}:ffff:ffff:ffff:ffff:fff{n}" for n in range(MAX_NETWORKS)]
    return replace(token, description=LONGEST_DESCRIPTION, allowed_networks=allowed_networks(texts))


def test_default_scopes_are_those_of_the_row() -> None:
    """The budget is for the scopes that a service has by default."""
    assert a_full_row().scopes == {scope.name for scope in DEFAULT_CATALOGUE.scopes}


@pytest.mark.parametrize("token", [a_full_row(), rotated(a_full_row())], ids=["plain", "rotated"])
def test_row_costs_one_unit_without_description_and_list(token: Token) -> None:
    """A touch of it is one write unit."""
    assert item_bytes(items.TOKEN.item(token)) <= UNIT


@pytest.mark.parametrize("token", [a_full_row(), rotated(a_full_row())], ids=["plain", "rotated"])
def test_row_costs_two_units_at_the_most_with_both(token: Token) -> None:
    """500 characters and ten IPv6 addresses. The budget is for ASCII: other scripts take more bytes."""
    assert item_bytes(items.TOKEN.item(described(token))) <= 2 * UNIT
