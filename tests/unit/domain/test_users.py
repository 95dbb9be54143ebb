"""Users: each transition, and what becomes of the tokens with it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import UserRemoved
from chalicelib.domain.users import Role, User, UserStatus
from tests.support.builders import a_user, an_identity
from tests.support.clock import START

LATER = START + timedelta(days=3)

REMOVED = a_user(
    status=UserStatus.REMOVED, name="", email="", removed_at=START, generation="dead", live_tokens=0
)


@pytest.mark.parametrize(
    ("status", "active"),
    [(UserStatus.ACTIVE, True), (UserStatus.INACTIVE, False), (UserStatus.REMOVED, False)],
)
def test_only_active_users_are_active(status: UserStatus, active: bool) -> None:
    """A deactivated user and a tombstone both keep everybody out."""
    assert a_user(status=status).is_active is active


def test_profile_follows_the_provider() -> None:
    """Name, email and role are what the provider says today."""
    user = a_user()
    identity = an_identity(name="Una Other", email="una@example.com", role=Role.ADMIN)

    assert user.with_profile(identity, LATER) == replace(
        user, name="Una Other", email="una@example.com", role=Role.ADMIN, updated_at=LATER
    )


@pytest.mark.parametrize("absent", ["name", "email"])
def test_profile_keeps_what_a_jwt_does_not_carry(absent: str) -> None:
    """A JWT without name or email erases neither."""
    user = a_user(name="Una", email="una@example.com")
    identity = an_identity(**{"name": "New", "email": "new@example.com", absent: ""})

    updated = user.with_profile(identity, LATER)

    assert getattr(updated, absent) == getattr(user, absent)
    assert updated != user


def test_lost_role_is_lost() -> None:
    """A role, other than name and email, is taken away by its absence."""
    assert a_user(role=Role.ADMIN).with_profile(an_identity(), LATER).role is Role.USER


def test_same_profile_is_no_change() -> None:
    """Nothing is written for the sign-in of somebody who has not changed."""
    user = a_user()

    assert user.with_profile(an_identity(), LATER) is user


def test_deactivation_keeps_generation_and_count() -> None:
    """Whether the tokens come back is decided by the re-activation."""
    user = a_user(live_tokens=3)

    assert user.deactivated(LATER) == replace(
        user, status=UserStatus.INACTIVE, updated_at=LATER, sessions_ended_at=LATER
    )


def test_deactivating_twice_is_no_change() -> None:
    """A second deactivation changes nothing."""
    user = a_user(status=UserStatus.INACTIVE)

    assert user.deactivated(LATER) is user


def test_reactivation_in_a_fresh_generation_drops_the_tokens() -> None:
    """Old tokens stay dead and no longer count."""
    user = a_user(status=UserStatus.INACTIVE, live_tokens=3)

    assert user.reactivated(LATER, "fresh") == replace(
        user, status=UserStatus.ACTIVE, generation="fresh", live_tokens=0, updated_at=LATER
    )


def test_reactivation_in_the_same_generation_restores_the_tokens() -> None:
    """Restored tokens count as before."""
    user = a_user(status=UserStatus.INACTIVE, live_tokens=3)

    assert user.reactivated(LATER, user.generation) == replace(
        user, status=UserStatus.ACTIVE, updated_at=LATER
    )


def test_reactivating_an_active_user_keeps_the_tokens() -> None:
    """A re-activation of somebody active does not revoke anything."""
    user = a_user(live_tokens=3)

    assert user.reactivated(LATER, "fresh") is user


@pytest.mark.parametrize("status", [UserStatus.ACTIVE, UserStatus.INACTIVE])
def test_removal_leaves_a_tombstone_without_personal_data(status: UserStatus) -> None:
    """Only what recognises the person again is kept, and no token survives."""
    user = a_user(status=status, live_tokens=3)

    assert user.removed(LATER, "fresh") == replace(
        user,
        status=UserStatus.REMOVED,
        name="",
        email="",
        generation="fresh",
        live_tokens=0,
        updated_at=LATER,
        removed_at=LATER,
        sessions_ended_at=LATER,
    )


def test_removing_twice_is_no_change() -> None:
    """A second removal does not move the time of the first."""
    assert REMOVED.removed(LATER, "fresh") is REMOVED


@pytest.mark.parametrize(
    "change",
    [
        lambda user: user.deactivated(LATER),
        lambda user: user.reactivated(LATER, "fresh"),
        lambda user: user.reactivated(LATER, user.generation),
    ],
)
def test_removed_user_has_no_status_to_change(change: Callable[[User], User]) -> None:
    """Only the person, by signing in again, brings a removed account back."""
    with pytest.raises(UserRemoved):
        change(REMOVED)


def test_returning_person_gets_a_fresh_account() -> None:
    """The tombstone becomes an active user with today's profile, in another generation."""
    identity = an_identity(name="Una Again", email="again@example.com")

    assert REMOVED.returned(identity, LATER, "fresh") == replace(
        REMOVED,
        status=UserStatus.ACTIVE,
        name="Una Again",
        email="again@example.com",
        generation="fresh",
        updated_at=LATER,
        removed_at=None,
    )


def test_new_generation_starts_without_live_tokens() -> None:
    """Tokens of an ended generation do not count against the quota."""
    user = a_user(live_tokens=3)

    assert user.in_generation("fresh") == replace(user, generation="fresh", live_tokens=0)


def test_same_generation_is_no_change() -> None:
    """Staying in a generation keeps the count."""
    user = a_user(live_tokens=3)

    assert user.in_generation(user.generation) is user
