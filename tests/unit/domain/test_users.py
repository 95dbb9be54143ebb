"""Users: each transition, and what becomes of the tokens with it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.administrators import Administrators
from chalicelib.domain.errors import UserRemoved
from chalicelib.domain.users import Role, User, UserStatus
from tests.support.builders import a_user, an_admin, an_identity
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


SECOND = timedelta(seconds=1)
SIGNED_IN = a_user(name="Una", email="una@example.com", signed_in_at=START, role_given_at=START)
ADMIN = an_admin("user@example.com", name="Una", email="una@example.com")


def after(user: User, *, named: bool = False, **claims: Any) -> User:
    """Return the user after a sign-in with these claims, a second later than START."""
    claims = {"name": "Una", "email": "una@example.com", "issued_at": START + SECOND, **claims}
    return user.signed_in(an_identity(**claims), LATER, named=named)


def test_newer_sign_in_brings_profile_role_and_its_date() -> None:
    """Name, e-mail and role come from the newest JWT."""
    signed_in = after(
        SIGNED_IN, name="Una Other", email="new@example.com", email_verified=True, role=Role.ADMIN
    )

    assert signed_in == replace(
        SIGNED_IN,
        name="Una Other",
        email="new@example.com",
        email_verified=True,
        role=Role.ADMIN,
        role_given_at=START + SECOND,
        signed_in_at=START + SECOND,
        updated_at=LATER,
    )


def test_older_sign_in_changes_nothing() -> None:
    """An older JWT changes neither role nor profile."""
    older = START - timedelta(milliseconds=1)

    assert (
        after(SIGNED_IN, name="Old", email="old@example.com", role=Role.ADMIN, issued_at=older) is SIGNED_IN
    )
    assert after(ADMIN, role=Role.USER, issued_at=older) is ADMIN


def test_named_administrators_older_sign_in_changes_nothing_either() -> None:
    """An older JWT changes nothing, even if the person is now a named administrator."""
    assert after(SIGNED_IN, named=True, issued_at=START - SECOND) is SIGNED_IN


def test_newer_sign_in_without_news_only_brings_its_date() -> None:
    """A newer JWT changes the time of the sign-in, but not ``updated_at``."""
    assert after(SIGNED_IN, role=None) == replace(SIGNED_IN, signed_in_at=START + SECOND)


def test_same_sign_in_again_is_no_change() -> None:
    """A JWT that is presented again changes nothing, so it costs one write."""
    once = after(SIGNED_IN, role=Role.ADMIN)

    assert after(once, role=Role.ADMIN) is once


def test_row_without_a_date_counts_as_never_signed_in() -> None:
    """Every sign-in is newer than a row of 0.1."""
    row = a_user(role=Role.ADMIN, name="Una", email="una@example.com")

    assert after(row, role=Role.USER, issued_at=START - timedelta(days=400)).role is Role.USER


@pytest.mark.parametrize("absent", ["name", "email"])
def test_profile_keeps_what_a_jwt_does_not_carry(absent: str) -> None:
    """A JWT without name or e-mail erases neither."""
    claims: dict[str, Any] = {"name": "New", "email": "new@example.com", absent: ""}
    signed_in = after(SIGNED_IN, **claims)

    assert getattr(signed_in, absent) == getattr(SIGNED_IN, absent)
    assert signed_in != SIGNED_IN


@pytest.mark.parametrize(
    ("was", "email", "said", "expected"),
    [
        (True, "una@example.com", None, True),
        (True, "", None, True),
        (True, "", False, True),
        (True, "una@example.com", False, False),
        (True, "new@example.com", None, False),
        (False, "una@example.com", None, False),
        (False, "una@example.com", True, True),
        (False, "new@example.com", True, True),
    ],
)
def test_verification_belongs_to_one_address(
    was: bool, email: str, said: bool | None, expected: bool
) -> None:
    """A JWT that says nothing keeps the verification of the same address. A new address is unverified."""
    user = replace(SIGNED_IN, email_verified=was)

    assert after(user, email=email, email_verified=said).email_verified is expected


def test_jwt_that_says_nothing_about_the_role_keeps_it() -> None:
    """An access token without the claim neither gives nor takes the role, nor prolongs it."""
    assert after(ADMIN, role=None) == replace(ADMIN, signed_in_at=START + SECOND)


def test_lost_role_is_lost() -> None:
    """A newer JWT that lacks the role takes it away."""
    demoted = after(ADMIN, role=Role.USER)

    assert (demoted.role, demoted.role_given_at) == (Role.USER, START + SECOND)


@pytest.mark.parametrize("order", [(Role.ADMIN, Role.USER), (Role.USER, Role.ADMIN)])
def test_of_two_roles_from_one_second_the_lesser_wins(order: tuple[Role, Role]) -> None:
    """Of JWTs of one second, a refusal of the role wins in either order."""
    user = a_user()
    for role in (*order, *order):
        user = after(user, role=role)

    assert user.role is Role.USER


def test_id_token_adds_to_the_access_token_of_its_second() -> None:
    """Of two JWTs of one second, the second one still adds profile and role."""
    first = after(a_user(name="", email=""), name="", email="", role=None)
    both = after(first, email_verified=True, role=Role.ADMIN)

    assert (both.name, both.email, both.email_verified, both.role) == (
        "Una",
        "una@example.com",
        True,
        Role.ADMIN,
    )
    assert after(both, name="Other", email="other@example.com", role=None) is both


def test_named_administrator_has_the_role_without_a_date() -> None:
    """A named administrator needs no claim. After the name is removed, the row does not give the role."""
    named = after(SIGNED_IN, named=True)

    assert (named.role, named.role_given_at) == (Role.ADMIN, None)
    assert after(named, named=True) is named
    assert Administrators().role_of(named, LATER) is Role.USER


def test_named_administrator_by_claim_too_keeps_the_date() -> None:
    """After the name is removed, a claim still counts for its day."""
    assert after(SIGNED_IN, named=True, role=Role.ADMIN).role_given_at == START + SECOND


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "Una User"),
        ({"name": ""}, "user@example.com"),
        ({"name": "", "email": "una@example.com"}, "user@example.com"),
        ({"name": "", "email": "una@example.com", "email_verified": True}, "una@example.com"),
        ({"name": "", "email": "", "status": UserStatus.REMOVED}, ""),
    ],
)
def test_only_a_verified_address_stands_for_a_person(changes: dict[str, Any], expected: str) -> None:
    """Without a name the verified e-mail is shown, and without that the subject."""
    assert a_user(**changes).shown_name == expected


@pytest.mark.parametrize(
    "other", [{"issuer": "https://other.example.com"}, {"subject": "x"}, {"subject_claim": "oid"}]
)
def test_row_belongs_to_one_identity(other: dict[str, str]) -> None:
    """Issuer, claim and value must all equal the row's."""
    assert a_user().is_identified_by(an_identity())
    assert not a_user().is_identified_by(an_identity(**other))


def test_deactivation_keeps_generation_and_count() -> None:
    """The re-activation decides whether the tokens come back."""
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
    """The re-activation of an active user does not revoke anything."""
    user = a_user(live_tokens=3)

    assert user.reactivated(LATER, "fresh") is user


@pytest.mark.parametrize("status", [UserStatus.ACTIVE, UserStatus.INACTIVE])
def test_removal_leaves_a_tombstone_without_personal_data(status: UserStatus) -> None:
    """Only what recognises the person again is kept, and no token survives."""
    user = a_user(status=status, live_tokens=3, email_verified=True)

    assert user.removed(LATER, "fresh") == replace(
        user,
        status=UserStatus.REMOVED,
        name="",
        email="",
        email_verified=False,
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
    identity = an_identity(name="Una Again", email="again@example.com", issued_at=LATER)

    assert REMOVED.returned(identity, LATER, "fresh", named=False) == replace(
        REMOVED,
        status=UserStatus.ACTIVE,
        name="Una Again",
        email="again@example.com",
        generation="fresh",
        updated_at=LATER,
        removed_at=None,
        returned_at=LATER,
        signed_in_at=LATER,
        role_given_at=LATER,
    )


def test_returning_administrator_starts_as_a_user() -> None:
    """A role from before the removal does not come back with a JWT that says nothing about it."""
    removed = replace(REMOVED, role=Role.ADMIN, role_given_at=START, signed_in_at=START)

    back = removed.returned(an_identity(role=None, issued_at=LATER), LATER, "fresh", named=False)

    assert (back.role, back.role_given_at) == (Role.USER, None)


def test_new_generation_starts_without_live_tokens() -> None:
    """Tokens of an ended generation do not count against the quota."""
    user = a_user(live_tokens=3)

    assert user.in_generation("fresh") == replace(user, generation="fresh", live_tokens=0)


def test_same_generation_is_no_change() -> None:
    """Staying in a generation keeps the count."""
    user = a_user(live_tokens=3)

    assert user.in_generation(user.generation) is user
