"""Sign-ins and administrators' changes in every store, with each condition and race."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.administrators import ROLE_LIFETIME, ActingAdmin
from chalicelib.domain.errors import AdminRequired, ConcurrentChange
from chalicelib.domain.revocations import EndedGeneration, Revocation, RevocationReason
from chalicelib.domain.users import Role, User, UserStatus
from tests.support.actors import an_event
from tests.support.builders import a_user, an_admin
from tests.support.clock import START
from tests.support.dynamodb import Stores

SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)
SIGNED_IN = a_user(signed_in_at=START, role_given_at=START)


def add(stores: Stores, *users: User) -> None:
    """Add users."""
    for user in users:
        assert stores.users.add_user(user, an_event())


def row(stores: Stores, user: User) -> User:
    """Return a user's row without its revision."""
    stored = stores.users.find_user(user.id)
    assert stored is not None
    return replace(stored, revision=user.revision)


def test_every_attribute_of_a_sign_in_is_read_back(stores: Stores) -> None:
    """A new row keeps the claim, the verified e-mail, and both times in whole milliseconds."""
    user = an_admin(
        subject_claim="oid",
        email_verified=True,
        wants_notices=False,
        signed_in_at=START + MILLISECOND,
        role_given_at=START - MILLISECOND,
    )
    add(stores, user)

    assert stores.users.find_user(user.id) == user
    assert stores.users.find_signed_in(user.id) == user


def test_unknown_identity_leads_to_nothing(stores: Stores) -> None:
    """An unknown identity does not lead to a user."""
    assert stores.users.find_signed_in(SIGNED_IN.id) is None


def test_sign_in_is_saved(stores: Stores) -> None:
    """A sign-in writes profile, role and time together."""
    add(stores, SIGNED_IN)
    after = replace(
        SIGNED_IN,
        name="New",
        email="new@example.com",
        email_verified=True,
        role=Role.ADMIN,
        signed_in_at=START + SECOND,
        role_given_at=START + SECOND,
    )

    stores.users.save_sign_in(SIGNED_IN, after, None)

    assert row(stores, SIGNED_IN) == after


def test_role_without_a_date_is_saved(stores: Stores) -> None:
    """A named administrator's role is saved without a time."""
    add(stores, SIGNED_IN)
    after = replace(SIGNED_IN, role=Role.ADMIN, role_given_at=None, signed_in_at=START + SECOND)

    stores.users.save_sign_in(SIGNED_IN, after, None)

    assert row(stores, SIGNED_IN) == after


@pytest.mark.parametrize(
    "meanwhile",
    [
        {"signed_in_at": START + 2 * SECOND},
        {"role": Role.ADMIN, "role_given_at": None},
        {"role_given_at": START + MILLISECOND},
        {"status": UserStatus.INACTIVE},
        {"generation": "next"},
    ],
    ids=str,
)
def test_sign_in_that_read_an_older_row_is_refused(stores: Stores, meanwhile: dict[str, Any]) -> None:
    """If another sign-in or an administrator was quicker, nothing is overwritten."""
    add(stores, SIGNED_IN)
    moved_on = replace(SIGNED_IN, **meanwhile)
    stores.users.save_user(SIGNED_IN, moved_on, an_event())

    with pytest.raises(ConcurrentChange):
        stores.users.save_sign_in(
            SIGNED_IN, replace(SIGNED_IN, name="Late", signed_in_at=START + SECOND), None
        )
    assert row(stores, SIGNED_IN) == moved_on


def test_sign_in_of_a_row_without_a_date_is_refused_if_it_has_one_by_now(stores: Stores) -> None:
    """After an upgrade, of two first sign-ins the later write fails and must look again."""
    old = a_user()
    add(stores, old)
    stores.users.save_sign_in(old, replace(old, signed_in_at=START + SECOND), None)

    with pytest.raises(ConcurrentChange):
        stores.users.save_sign_in(old, replace(old, signed_in_at=START), None)


def test_sign_in_of_nobody_creates_nothing(stores: Stores) -> None:
    """An update never adds a row."""
    with pytest.raises(ConcurrentChange):
        stores.users.save_sign_in(SIGNED_IN, replace(SIGNED_IN, name="New"), None)
    assert stores.users.find_user(SIGNED_IN.id) is None


BY_CLAIM = an_admin("claim@example.com")
BY_NAME = a_user("named@example.com")
ACTORS = {
    "claim": (BY_CLAIM, ActingAdmin(BY_CLAIM.id, START - ROLE_LIFETIME)),
    "name": (BY_NAME, ActingAdmin(BY_NAME.id, None)),
}
ENDED = EndedGeneration(
    SIGNED_IN.generation, Revocation(RevocationReason.ADMIN, START), START.replace(microsecond=0)
)
Change = Callable[[User], tuple[User, EndedGeneration | None]]
CHANGES: dict[str, Change] = {
    "deactivate": lambda user: (user.deactivated(START), None),
    "new generation": lambda user: (
        user.in_generation("fresh"),
        replace(ENDED, generation=user.generation),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("by", ACTORS)
def test_change_by_an_active_administrator_is_saved(stores: Stores, by: str, change: str) -> None:
    """The change is saved with and without the end of a generation."""
    admin, actor = ACTORS[by]
    add(stores, SIGNED_IN, admin)
    after, ended = CHANGES[change](SIGNED_IN)

    stores.users.save_user(SIGNED_IN, after, an_event(), ended, actor)

    assert row(stores, SIGNED_IN) == after
    assert row(stores, admin) == admin


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("by", "admin_is"),
    [
        ("claim", {"status": UserStatus.INACTIVE}),
        ("claim", {"status": UserStatus.REMOVED}),
        ("claim", {"role": Role.USER}),
        ("claim", {"role_given_at": START - ROLE_LIFETIME}),
        ("claim", {"role_given_at": None}),
        ("name", {"status": UserStatus.INACTIVE}),
        ("name", {"status": UserStatus.REMOVED}),
    ],
    ids=str,
)
def test_change_by_somebody_who_is_no_administrator_any_more_is_refused(
    stores: Stores, by: str, admin_is: dict[str, Any], change: str
) -> None:
    """If the actor is not an administrator any more, nothing is written."""
    admin, actor = ACTORS[by]
    add(stores, SIGNED_IN, replace(admin, **admin_is))
    after, ended = CHANGES[change](SIGNED_IN)

    with pytest.raises(AdminRequired):
        stores.users.save_user(SIGNED_IN, after, an_event(), ended, actor)
    assert row(stores, SIGNED_IN) == SIGNED_IN
    assert not stores.tokens.find_ended_generations(SIGNED_IN.id, [SIGNED_IN.generation])


def test_change_by_an_administrator_without_a_row_is_refused(stores: Stores) -> None:
    """A missing row does not count as an active administrator."""
    add(stores, SIGNED_IN)

    with pytest.raises(AdminRequired):
        stores.users.save_user(SIGNED_IN, SIGNED_IN.deactivated(START), an_event(), None, ACTORS["name"][1])


@pytest.mark.parametrize("by", ACTORS)
def test_change_of_the_own_row_is_saved(stores: Stores, by: str) -> None:
    """If actor and target are one user, the update carries both conditions."""
    admin, actor = ACTORS[by]
    add(stores, admin)
    after = admin.in_generation("fresh")

    stores.users.save_user(admin, after, an_event(), replace(ENDED, generation=admin.generation), actor)

    assert row(stores, admin) == after


@pytest.mark.parametrize("by", ACTORS)
def test_change_of_the_own_row_is_refused_to_a_deactivated_administrator(stores: Stores, by: str) -> None:
    """If the actor is the target, the update itself checks the actor."""
    admin, actor = ACTORS[by]
    inactive = replace(admin, status=UserStatus.INACTIVE)
    add(stores, inactive)

    with pytest.raises(ConcurrentChange):
        stores.users.save_user(inactive, inactive.in_generation("fresh"), an_event(), None, actor)
    assert row(stores, admin) == inactive


@pytest.mark.parametrize("wanted", [True, False])
def test_choice_about_mails_is_saved(stores: Stores, wanted: bool) -> None:
    """It changes nothing else."""
    user = replace(SIGNED_IN, wants_notices=not wanted)
    add(stores, user)
    after = replace(user, wants_notices=wanted)

    stores.users.save_preferences(user, after)

    assert row(stores, user) == after


@pytest.mark.parametrize(
    "meanwhile",
    [{"status": UserStatus.INACTIVE}, {"generation": "other"}, {"wants_notices": False}],
    ids=str,
)
def test_choice_about_another_account_than_was_read_is_refused(
    stores: Stores, meanwhile: dict[str, Any]
) -> None:
    """The account ended, or another call made a choice."""
    now = replace(SIGNED_IN, **meanwhile)
    add(stores, now)

    with pytest.raises(ConcurrentChange):
        stores.users.save_preferences(SIGNED_IN, replace(SIGNED_IN, wants_notices=False))
    assert row(stores, SIGNED_IN) == now


def test_choice_about_an_unknown_user_is_refused(stores: Stores) -> None:
    """No row begins this way."""
    with pytest.raises(ConcurrentChange):
        stores.users.save_preferences(SIGNED_IN, replace(SIGNED_IN, wants_notices=False))
    assert stores.users.find_user(SIGNED_IN.id) is None
