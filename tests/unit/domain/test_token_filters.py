"""Properties by which administrators find tokens of all users."""

from dataclasses import fields, replace
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest

from chalicelib.domain.ids import new_token_id
from chalicelib.domain.revocations import Revocation, RevocationReason
from chalicelib.domain.seen_networks import RefusedReason, RefusedUses
from chalicelib.domain.token_filters import TokenFilter
from chalicelib.domain.tokens import TokenState, TokenStatus
from chalicelib.domain.users import UserStatus
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START

DAY = timedelta(days=1)
TICK = timedelta(milliseconds=1)
NOW = START + 20 * DAY
OWNER = a_user(generation="now", live_tokens=1)

REVOKED = {"state": TokenState.REVOKED, "revocation": Revocation(RevocationReason.OWNER, START)}
TOKENS: dict[str, dict[str, Any]] = {
    "active": {},
    "named": {"name": "Crème nightly"},
    "used": {"last_used_at": NOW - 5 * DAY, "idle_at": NOW + 25 * DAY},
    "paused": {"state": TokenState.INACTIVE},
    "idle": {"idle_at": NOW},
    "expiring": {"expires_at": NOW + 3 * DAY},
    "expired": {"expires_at": NOW},
    "revoked": REVOKED,
    "of an ended generation": {"generation": "before"},
    "reused": {
        "reuse_count": 1,
        "successor_id": new_token_id(START),
        "overlap_ends_at": NOW,
    },
    "refused": {"refused": RefusedUses(1, NOW, RefusedReason.NETWORK, None)},
}
UNENDED = {"active", "named", "used", "paused", "idle", "expiring", "refused"}
EVERYTHING = set(TOKENS)

CASES: list[tuple[TokenFilter, set[str]]] = [
    (TokenFilter(), EVERYTHING),
    (TokenFilter(status=TokenStatus.ACTIVE), {"active", "named", "used", "expiring", "refused"}),
    (TokenFilter(status=TokenStatus.INACTIVE), {"paused"}),
    (TokenFilter(status=TokenStatus.IDLE), {"idle"}),
    (TokenFilter(status=TokenStatus.EXPIRED), {"expired"}),
    (TokenFilter(status=TokenStatus.REVOKED), {"revoked", "of an ended generation", "reused"}),
    (TokenFilter(text="CREME"), {"named"}),
    (TokenFilter(text="nothing"), set()),
    (TokenFilter(unused_for=5 * DAY), UNENDED),
    (TokenFilter(unused_for=5 * DAY + TICK), UNENDED - {"used"}),
    (TokenFilter(unused_for=20 * DAY), UNENDED - {"used"}),
    (TokenFilter(unused_for=20 * DAY + TICK), set()),
    (TokenFilter(expires_within=3 * DAY), {"expiring"}),
    (TokenFilter(expires_within=3 * DAY - TICK), set()),
    (TokenFilter(idle_within=10 * DAY), {"active", "named", "expiring", "refused"}),
    (TokenFilter(idle_within=10 * DAY - TICK), set()),
    (TokenFilter(idle_within=25 * DAY), {"active", "named", "used", "expiring", "refused"}),
    (TokenFilter(without_expiry=True), UNENDED - {"expiring"}),
    (TokenFilter(without_expiry=False), {"expiring"}),
    (TokenFilter(reused=True), {"reused"}),
    (TokenFilter(reused=False), EVERYTHING - {"reused"}),
    (TokenFilter(refused=True), {"refused"}),
    (TokenFilter(refused=False), EVERYTHING - {"refused"}),
]


def matching(wanted: TokenFilter) -> set[str]:
    """Return the names of the tokens that match."""
    tokens = {name: a_token(OWNER, START, **changes) for name, changes in TOKENS.items()}
    return {name for name, token in tokens.items() if wanted.matches(token, OWNER, NOW, RULES)}


@pytest.mark.parametrize(("wanted", "names"), CASES, ids=range(len(CASES)))
def test_each_property_finds_its_tokens(wanted: TokenFilter, names: set[str]) -> None:
    """A deadline or an age that is exactly reached counts."""
    assert matching(wanted) == names


def given(wanted: TokenFilter) -> dict[str, Any]:
    """Return the properties that a filter asks for."""
    properties = {field.name: getattr(wanted, field.name) for field in fields(TokenFilter)}
    return {name: value for name, value in properties.items() if value not in (None, "")}


# One property cannot have two values.
PAIRS = [pair for pair in combinations(CASES, 2) if not given(pair[0][0]).keys() & given(pair[1][0]).keys()]


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=range(len(PAIRS)))
def test_properties_hold_together(
    first: tuple[TokenFilter, set[str]], second: tuple[TokenFilter, set[str]]
) -> None:
    """A token must have both."""
    both = TokenFilter(**given(first[0]), **given(second[0]))
    assert matching(both) == first[1] & second[1]


@pytest.mark.parametrize(("wanted", "names"), CASES, ids=range(len(CASES)))
def test_owners_without_live_tokens_are_passed_over_rightly(wanted: TokenFilter, names: set[str]) -> None:
    """An owner may be passed over only if none of the tokens that hold no place could match."""
    nobody = replace(OWNER, live_tokens=0)
    dead = {"expired", "revoked", "of an ended generation", "reused"}

    assert wanted.may_match_tokens_of(OWNER)
    if not wanted.may_match_tokens_of(nobody):
        assert not names & dead


def test_longest_lifetime_counts_as_an_expiry() -> None:
    """MAX_TOKEN_LIFETIME_DAYS gives every token an expiry."""
    rules = replace(RULES, max_lifetime=25 * DAY)
    token = a_token(OWNER, START)

    assert TokenFilter(expires_within=5 * DAY).matches(token, OWNER, NOW, rules)
    assert not TokenFilter(without_expiry=True).matches(token, OWNER, NOW, rules)


def test_tokens_of_a_deactivated_user_are_inactive() -> None:
    """They have not ended, because a re-activation may restore them. They do not become idle."""
    owner, token = replace(OWNER, status=UserStatus.INACTIVE), a_token(OWNER, START)

    assert TokenFilter(status=TokenStatus.INACTIVE).matches(token, owner, NOW, RULES)
    assert TokenFilter(unused_for=DAY).matches(token, owner, NOW, RULES)
    assert not TokenFilter(idle_within=30 * DAY).matches(token, owner, NOW, RULES)
