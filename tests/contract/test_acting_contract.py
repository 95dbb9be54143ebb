"""Administrators who change a token: the write checks that they still are administrators."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.administrators import ROLE_LIFETIME, ActingAdmin
from chalicelib.domain.errors import AdminRequired, ConcurrentChange
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import Role, User, UserStatus
from tests.support.actors import an_event
from tests.support.builders import LIMITS, RULES, a_token, a_user, an_admin, an_ending
from tests.support.clock import START
from tests.support.dynamodb import Stores

BY_CLAIM = an_admin("claim@example.com")
BY_NAME = a_user("named@example.com")
ACTORS = {
    "claim": (BY_CLAIM, ActingAdmin(BY_CLAIM.id, START - ROLE_LIFETIME)),
    "name": (BY_NAME, ActingAdmin(BY_NAME.id, None)),
}
NO_LONGER = [
    ("claim", {"status": UserStatus.INACTIVE}),
    ("claim", {"status": UserStatus.REMOVED}),
    ("claim", {"role": Role.USER}),
    ("claim", {"role_given_at": START - ROLE_LIFETIME}),
    ("claim", {"role_given_at": None}),
    ("name", {"status": UserStatus.INACTIVE}),
    ("name", {"status": UserStatus.REMOVED}),
]
Change = Callable[[Stores, Token, ActingAdmin], object]


def pause(stores: Stores, token: Token, admin: ActingAdmin) -> Token:
    """Pause a token in the name of an administrator."""
    return stores.tokens.save_token(token, token.paused(START), an_event(), admin)


def revoke(stores: Stores, token: Token, admin: ActingAdmin) -> None:
    """Revoke a token in the name of an administrator."""
    ended = token.revoked(RevocationReason.ADMIN, START, RULES)
    stores.tokens.end_line(an_ending(token, ended), [an_event()], admin)


CHANGES: dict[str, tuple[Change, TokenState]] = {
    "pause": (pause, TokenState.INACTIVE),
    "revoke": (revoke, TokenState.REVOKED),
}


def has(stores: Stores, owner: User) -> Token:
    """Add a token."""
    token = a_token(owner)
    stores.tokens.add_token(token, an_event(), limits=LIMITS, idempotency=None)
    return token


def state(stores: Stores, token: Token) -> tuple[TokenState, int, int]:
    """Return state and version of the stored token, and the count of its owner."""
    row, owner = stores.tokens.find_token(token.user_id, token.id), stores.users.find_user(token.user_id)
    assert row
    assert owner
    return row.state, row.version, owner.live_tokens


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("by", ACTORS)
def test_change_by_an_active_administrator_is_saved(
    stores: Stores, owner: User, by: str, change: str
) -> None:
    """The administrator's own row stays as it is."""
    admin, acting = ACTORS[by]
    stores.users.add_user(admin, an_event())
    token = has(stores, owner)
    act, after = CHANGES[change]

    act(stores, token, acting)

    assert state(stores, token) == (after, 2, 0 if after is TokenState.REVOKED else 1)
    assert stores.users.find_user(admin.id) == admin


def test_saved_token_is_returned_with_its_version(stores: Stores, owner: User) -> None:
    """The caller shows it with the right tag."""
    admin, acting = ACTORS["claim"]
    stores.users.add_user(admin, an_event())
    token = has(stores, owner)

    assert pause(stores, token, acting) == replace(token.paused(START), version=2)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("by", "admin_is"), NO_LONGER, ids=str)
def test_change_by_a_former_administrator_is_refused(
    stores: Stores, owner: User, by: str, admin_is: dict[str, Any], change: str
) -> None:
    """Nothing is written."""
    admin, acting = ACTORS[by]
    stores.users.add_user(replace(admin, **admin_is), an_event())
    token = has(stores, owner)

    with pytest.raises(AdminRequired):
        CHANGES[change][0](stores, token, acting)
    assert state(stores, token) == (TokenState.ACTIVE, 1, 1)


@pytest.mark.parametrize("change", CHANGES)
def test_change_by_an_administrator_without_a_row_is_refused(
    stores: Stores, owner: User, change: str
) -> None:
    """A missing row does not count as an active administrator."""
    token = has(stores, owner)

    with pytest.raises(AdminRequired):
        CHANGES[change][0](stores, token, ACTORS["name"][1])
    assert state(stores, token) == (TokenState.ACTIVE, 1, 1)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("by", ACTORS)
def test_administrator_may_change_an_own_token(stores: Stores, by: str, change: str) -> None:
    """A transaction may name the row of the owner, who is the actor, only once."""
    admin, acting = ACTORS[by]
    stores.users.add_user(admin, an_event())
    token = has(stores, admin)
    act, after = CHANGES[change]

    act(stores, token, acting)

    assert state(stores, token) == (after, 2, 0 if after is TokenState.REVOKED else 1)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(("by", "admin_is"), NO_LONGER, ids=str)
def test_own_token_is_not_changed_in_the_name_of_a_former_administrator(
    stores: Stores, by: str, admin_is: dict[str, Any], change: str
) -> None:
    """The role counts for own tokens too."""
    admin, acting = ACTORS[by]
    stores.users.add_user(admin, an_event())
    token = has(stores, admin)
    present = stores.users.find_user(admin.id)
    assert present
    changed = replace(present, **admin_is)
    if "role" in admin_is or "role_given_at" in admin_is:
        stores.users.save_sign_in(present, changed, None)
    else:
        stores.users.save_user(present, changed, an_event())

    with pytest.raises(AdminRequired):
        CHANGES[change][0](stores, token, acting)
    assert state(stores, token) == (TokenState.ACTIVE, 1, 1)


@pytest.mark.parametrize("change", CHANGES)
def test_administrators_meet_other_changes_too(stores: Stores, owner: User, change: str) -> None:
    """A token that ended meanwhile is a conflict, and so is the end of its generation."""
    admin, acting = ACTORS["claim"]
    stores.users.add_user(admin, an_event())
    token = has(stores, owner)
    revoke(stores, token, acting)
    with pytest.raises(ConcurrentChange):
        CHANGES[change][0](stores, token, acting)


def test_end_of_an_own_generation_is_a_conflict(stores: Stores) -> None:
    """It is not taken for the loss of the role."""
    admin, acting = ACTORS["claim"]
    stores.users.add_user(admin, an_event())
    token = has(stores, admin)
    present = stores.users.find_user(admin.id)
    assert present
    stores.users.save_user(present, present.in_generation("next"), an_event())
    with pytest.raises(ConcurrentChange):
        revoke(stores, token, acting)
