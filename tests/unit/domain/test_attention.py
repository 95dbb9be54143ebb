"""Reasons for which tokens need attention: each one at its edges, and what is left out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.attention import Attention, KnownUses, attention_to, uses_behind
from chalicelib.domain.ids import new_token_id
from chalicelib.domain.revocations import Revocation, RevocationReason
from chalicelib.domain.seen_networks import RefusedReason, RefusedUses, SeenNetworks
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.tokens import Token, TokenState
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START

OWNER = a_user(generation="now")
DAY, TICK = timedelta(days=1), timedelta(milliseconds=1)
USED = {"last_used_at": START}


def reasons(token: Token, now: datetime = START, rules: TokenRules = RULES) -> dict[Attention, datetime]:
    """Return the reasons of a token at ``now``."""
    return dict(attention_to(token, token.status(OWNER, now, rules), now, rules))


def used(**changes: Any) -> Token:
    """Return a token that was used at START."""
    return a_token(OWNER, **(USED | changes))


def rotated(**changes: Any) -> Token:
    """Return a token that was rotated at START and works for an hour more."""
    ends = {"successor_id": new_token_id(START), "overlap_ends_at": START + timedelta(hours=1)}
    return used(**(ends | changes))


def test_token_in_use_needs_no_attention() -> None:
    """It was used today and ends in a month at the earliest."""
    assert reasons(used()) == {}


def test_new_token_was_never_used() -> None:
    """The time is that of the creation."""
    assert reasons(a_token(OWNER)) == {Attention.NEVER_USED: START}


@pytest.mark.parametrize(("left", "is_soon"), [(7 * DAY, True), (7 * DAY + TICK, False), (TICK, True)])
def test_expiry_is_near_for_seven_days(left: timedelta, is_soon: bool) -> None:
    """The edge belongs to the seven days."""
    token = used(expires_at=START + left)
    assert reasons(token) == ({Attention.EXPIRING: START + left} if is_soon else {})


def test_expiry_by_the_rules_counts() -> None:
    """The operator's longest lifetime ends a token as its own expiry does."""
    rules = replace(RULES, max_lifetime=7 * DAY)
    assert reasons(used(), rules=rules) == {Attention.EXPIRING: START + 7 * DAY}


@pytest.mark.parametrize(
    ("timeout", "soon"),
    [
        (30 * DAY, 7 * DAY),
        (7 * DAY + TICK, 7 * DAY),
        (7 * DAY, 3 * DAY),
        (3 * DAY, DAY),
        (DAY, timedelta(0)),
    ],
)
def test_idling_is_near_within_a_stage_that_is_shorter_than_the_timeout(
    timeout: timedelta, soon: timedelta
) -> None:
    """A token that was used just now is never idle soon, however short the timeout is."""
    rules = replace(RULES, idle_timeout=timeout)
    assert reasons(used(idle_at=START + timeout), rules=rules) == {}
    just_in, just_out = used(idle_at=START + soon), used(idle_at=START + soon + TICK)
    assert reasons(just_in, rules=rules) == ({Attention.IDLING: START + soon} if soon else {})
    assert reasons(just_out, rules=rules) == {}


def test_token_that_expires_first_never_goes_idle() -> None:
    """Only the deadline that comes first is told, but an expiry after it stands as well."""
    first = used(idle_at=START + 2 * DAY, expires_at=START + DAY)
    assert reasons(first) == {Attention.EXPIRING: START + DAY}
    last = used(idle_at=START + DAY, expires_at=START + 2 * DAY)
    assert set(reasons(last)) == {Attention.EXPIRING, Attention.IDLING}


@pytest.mark.parametrize(
    "changes",
    [
        {"state": TokenState.INACTIVE},
        {"state": TokenState.REVOKED},
        {"generation": "before"},
        {"idle_at": START},
        {"expires_at": START},
    ],
    ids=["paused", "revoked", "of an ended generation", "idle", "expired"],
)
def test_token_that_does_not_work_awaits_nothing(changes: dict[str, Any]) -> None:
    """Its end breaks no program."""
    awaited = {"last_used_at": None, "idle_at": START + DAY, "expires_at": START + DAY}
    assert reasons(a_token(OWNER, **(awaited | changes))) == {}


def test_rotated_token_awaits_nothing() -> None:
    """Its successor is in its place."""
    soon = START + DAY
    token = rotated(idle_at=soon, expires_at=soon, overlap_ends_at=soon, last_used_at=None)
    assert reasons(token) == {}


@pytest.mark.parametrize(("at", "is_told"), [(START - TICK, False), (START, False), (START + TICK, True)])
def test_use_after_the_rotation_is_told_until_the_overlap_ends(at: datetime, is_told: bool) -> None:
    """A use before the rotation is the usual case."""
    token = rotated(last_used_at=at)
    assert reasons(token, START + TICK) == ({Attention.USED_IN_OVERLAP: at} if is_told else {})
    assert reasons(token, START + timedelta(hours=1)) == {}


def test_use_in_the_overlap_and_use_after_it_are_two_warnings() -> None:
    """The first succeeded, the second was refused and is not counted a second time."""
    ended, last = START + timedelta(hours=1), START + timedelta(hours=2)
    refused = RefusedUses(1, last, RefusedReason.ROTATED, None)
    token = rotated(last_used_at=ended - TICK, reuse_count=1, last_reused_at=last, refused=refused)
    assert reasons(token, last) == {Attention.USED_AFTER_OVERLAP: last}


@pytest.mark.parametrize("now", [START, START + 7 * DAY - TICK, START + 7 * DAY])
@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        (Attention.USED_AFTER_OVERLAP, {"reuse_count": 3, "last_reused_at": START}),
        (
            Attention.EXPOSED,
            {
                "state": TokenState.REVOKED,
                "revocation": Revocation(RevocationReason.EXPOSED, START),
            },
        ),
        (Attention.REFUSED, {"refused": RefusedUses(1, START, RefusedReason.NETWORK, None)}),
        (Attention.REFUSED, {"refused": RefusedUses(1, START, None, None)}),
    ],
)
def test_what_happened_is_told_for_seven_days(
    reason: Attention, changes: dict[str, Any], now: datetime
) -> None:
    """A refusal whose reason a later release wrote counts as well."""
    token = used(**changes)
    assert reasons(token, now) == ({reason: START} if now < START + 7 * DAY else {})


@pytest.mark.parametrize("reason", set(RevocationReason) - {RevocationReason.EXPOSED})
def test_other_revocations_need_no_attention(reason: RevocationReason) -> None:
    """The owner or an administrator decided them."""
    assert reasons(used(state=TokenState.REVOKED, revocation=Revocation(reason, START))) == {}


def test_uses_in_an_overlap_are_those_of_later_days() -> None:
    """The uses of the day of the rotation may have come before it. Without others the number is unknown."""
    day = START.date()
    seen = SeenNetworks().seen("192.0.2.0/24", START)
    usage = {day - timedelta(days=1): 50, day: 20, day + timedelta(days=1): 3, day + timedelta(days=2): 4}
    token = rotated(usage=usage, networks=seen)
    assert uses_behind(Attention.USED_IN_OVERLAP, token) == KnownUses(7, "192.0.2.0/24")
    midnight = datetime.combine(day, datetime.min.time(), UTC)
    assert uses_behind(
        Attention.USED_IN_OVERLAP, replace(token, successor_id=new_token_id(midnight - TICK))
    ) == KnownUses(27, "192.0.2.0/24")
    assert uses_behind(Attention.USED_IN_OVERLAP, replace(token, usage={day: 20})) == KnownUses(
        None, "192.0.2.0/24"
    )
    assert uses_behind(Attention.USED_IN_OVERLAP, rotated()) == KnownUses()


def test_uses_after_an_overlap_have_a_network_if_the_last_refusal_was_one() -> None:
    """Another refusal since then hides it."""
    refused = RefusedUses(9, START, RefusedReason.ROTATED, "192.0.2.0/24")
    token = rotated(refused=refused, reuse_count=5, last_reused_at=START)
    assert uses_behind(Attention.USED_AFTER_OVERLAP, token) == KnownUses(5, "192.0.2.0/24")
    later = replace(refused, last_reason=RefusedReason.REVOKED)
    assert uses_behind(Attention.USED_AFTER_OVERLAP, replace(token, refused=later)) == KnownUses(5)
    assert uses_behind(Attention.USED_AFTER_OVERLAP, replace(token, refused=None)) == KnownUses(5)


def test_other_refused_uses_are_known_too() -> None:
    """Reasons that are not about uses have none."""
    token = used(refused=RefusedUses(9, START, RefusedReason.SCOPE, None))
    assert uses_behind(Attention.REFUSED, token) == KnownUses(9)
    others = set(Attention) - {
        Attention.REFUSED,
        Attention.USED_AFTER_OVERLAP,
        Attention.USED_IN_OVERLAP,
    }
    assert {uses_behind(reason, token) for reason in others} == {KnownUses()}
