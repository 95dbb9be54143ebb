"""Changes of rows that make a cached decision wrong."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.changes import Effect, TokenChange, UserChange
from chalicelib.domain.network_lists import allowed_networks
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.tokens import Token, TokenStatus
from chalicelib.domain.users import Role, User, UserStatus
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START

OWNER = a_user()
TOKEN = a_token(OWNER)
PAUSED = TOKEN.paused(START)
WIDE, NARROW, OTHER = (
    replace(TOKEN, allowed_networks=allowed_networks(networks))
    for networks in (["10.0.0.0/8", "2001:db8::/32"], ["10.1.0.0/16"], ["192.0.2.0/24"])
)
LATER = START + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TOKEN, PAUSED),
        (PAUSED, TOKEN),
        (TOKEN, TOKEN.revoked(RevocationReason.OWNER, START, RULES)),
        (PAUSED, PAUSED.revoked(RevocationReason.OWNER, START, RULES)),
        (TOKEN, replace(TOKEN, successor_id="tok_2", overlap_ends_at=LATER)),
        # Cut short, and looked at when the old end has passed as well.
        (replace(TOKEN, overlap_ends_at=LATER), replace(TOKEN, overlap_ends_at=START)),
        (TOKEN, replace(TOKEN, generation="another")),
        (TOKEN, replace(TOKEN, scopes=frozenset({"api:read"}))),
        (TOKEN, replace(TOKEN, expires_at=LATER)),
        (TOKEN, WIDE),
        (WIDE, NARROW),
        (NARROW, OTHER),
    ],
)
def test_token_is_decided_otherwise(before: Token, after: Token) -> None:
    """State, generation, scopes, expiry, a narrower list of networks, and an overlap that is over."""
    assert TokenChange(before, after).changes_decisions(LATER)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TOKEN, TOKEN),
        (TOKEN, TOKEN.touched(LATER, RULES, {LATER.date(): 3})),
        (TOKEN, TOKEN.described("other", "words", LATER)),
        (TOKEN, replace(TOKEN, version=7)),
        (WIDE, TOKEN),
        (NARROW, WIDE),
        (WIDE, replace(WIDE, allowed_networks=WIDE.allowed_networks[::-1])),
        (WIDE, WIDE.touched(LATER, RULES, {LATER.date(): 3})),
        (
            TOKEN,
            replace(TOKEN, successor_id="tok_2", overlap_ends_at=LATER + timedelta(seconds=1)),
        ),
        (
            replace(TOKEN, overlap_ends_at=START),
            replace(TOKEN, overlap_ends_at=START, reuse_count=5, last_reused_at=LATER),
        ),
    ],
)
def test_token_is_decided_as_before(before: Token, after: Token) -> None:
    """Uses, words, reuse, a wider list of networks and an overlap that still lasts."""
    assert not TokenChange(before, after).changes_decisions(LATER)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": UserStatus.INACTIVE},
        {"status": UserStatus.REMOVED},
        {"generation": "another"},
        {"role": Role.ADMIN},
    ],
)
def test_users_tokens_are_decided_otherwise(changes: dict[str, Any]) -> None:
    """Both ways: what the change ends, and what undoing it ends."""
    other = replace(OWNER, **changes)
    assert UserChange(OWNER, other).changes_decisions(LATER)
    assert UserChange(other, OWNER).changes_decisions(LATER)


@pytest.mark.parametrize(
    "after",
    [
        OWNER,
        replace(OWNER, live_tokens=7, revision=9),
        replace(OWNER, name="Other", email="other@example.com", updated_at=LATER),
        replace(OWNER, sessions_ended_at=LATER),
    ],
)
def test_users_tokens_are_decided_as_before(after: User) -> None:
    """The count, the profile and sessions."""
    assert not UserChange(OWNER, after).changes_decisions(LATER)


def test_idle_token_that_comes_back_contradicts_no_permission() -> None:
    """No token was allowed meanwhile."""
    idle_since = TOKEN.idle_at + timedelta(days=1)
    back = TOKEN.reactivated(idle_since, RULES)
    assert TOKEN.status(OWNER, idle_since, RULES) is TokenStatus.IDLE
    assert not TokenChange(TOKEN, back).changes_decisions(idle_since)


REVOKED = PAUSED.revoked(RevocationReason.OWNER, START, RULES)
DEACTIVATED = replace(OWNER, status=UserStatus.INACTIVE)
ADMINISTRATOR = replace(OWNER, role=Role.ADMIN)


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        (TOKEN, TOKEN.described("other", "words", LATER), Effect.NONE),
        (TOKEN, WIDE, Effect.ENDS),
        (WIDE, NARROW, Effect.ENDS),
        (NARROW, WIDE, Effect.NONE),
        (WIDE, TOKEN, Effect.NONE),
        (TOKEN, PAUSED, Effect.ENDS),
        (PAUSED, TOKEN, Effect.OPENS),
        (PAUSED, PAUSED.reactivated(LATER, RULES), Effect.OPENS),
        (PAUSED, REVOKED, Effect.ENDS),
        (TOKEN, replace(TOKEN, scopes=TOKEN.scopes | {"more:read"}), Effect.ENDS),
        # Back, and at the same time something that may end.
        (PAUSED, replace(TOKEN, scopes=frozenset({"api:read"})), Effect.ENDS),
        (PAUSED, replace(TOKEN, generation="another"), Effect.ENDS),
        (PAUSED, replace(TOKEN, expires_at=LATER), Effect.ENDS),
        (PAUSED, replace(TOKEN, overlap_ends_at=START), Effect.ENDS),
    ],
)
def test_only_a_paused_token_that_is_back_opens(before: Token, after: Token, effect: Effect) -> None:
    """Everything else may leave a permission behind that is wrong."""
    assert TokenChange(before, after).effect(LATER) is effect


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        (OWNER, replace(OWNER, live_tokens=7), Effect.NONE),
        (OWNER, DEACTIVATED, Effect.ENDS),
        (OWNER, replace(OWNER, status=UserStatus.REMOVED), Effect.ENDS),
        (OWNER, replace(OWNER, generation="another"), Effect.ENDS),
        (OWNER, ADMINISTRATOR, Effect.OPENS),
        (ADMINISTRATOR, OWNER, Effect.ENDS),
        (OWNER, replace(ADMINISTRATOR, generation="another"), Effect.ENDS),
        (OWNER, replace(DEACTIVATED, role=Role.ADMIN), Effect.ENDS),
        (DEACTIVATED, OWNER, Effect.OPENS),
        (DEACTIVATED, replace(OWNER, generation="another"), Effect.NONE),
        (DEACTIVATED, replace(OWNER, status=UserStatus.REMOVED), Effect.NONE),
        (replace(OWNER, status=UserStatus.REMOVED), replace(OWNER, generation="another"), Effect.NONE),
    ],
)
def test_user_who_is_back_with_tokens_or_promoted_opens(before: User, after: User, effect: Effect) -> None:
    """A gateway remembers no permission for an inactive user, so nothing of theirs can end."""
    assert UserChange(before, after).effect(LATER) is effect
