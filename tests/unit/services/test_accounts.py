"""Signing in: who somebody is here, and the record behind it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import (
    ApiTokenNotAllowed,
    ConcurrentChange,
    IdentityProviderUnavailable,
    NotAuthenticated,
    StoreUnavailable,
    UserInactive,
)
from chalicelib.domain.ids import user_id_for
from chalicelib.domain.users import Identity, Role, User, UserStatus
from chalicelib.services.accounts import Accounts
from tests.support.builders import ISSUER, a_user, an_identity
from tests.support.clock import START, FixedClock
from tests.unit.services.stores import BusyStore

LATER = START + timedelta(days=3)


class Provider:
    """Vouches for whom it knows, by the JWT."""

    def __init__(self) -> None:
        self.known: dict[str, Identity] = {}
        self.asked: list[str] = []
        self.down = False

    def verify(self, unverified_jwt: str) -> Identity:
        """Return the person."""
        self.asked.append(unverified_jwt)
        if self.down:
            raise IdentityProviderUnavailable
        if unverified_jwt not in self.known:
            raise NotAuthenticated
        return self.known[unverified_jwt]


class Door:
    """Sign-in over the store in memory, three days after START."""

    def __init__(self) -> None:
        self.store = BusyStore()
        self.provider = Provider()
        self.accounts = Accounts(self.provider, self.store, FixedClock(LATER))

    def sign_in(self, identity: Identity | None = None) -> User:
        """Sign in as ``identity``."""
        self.provider.known["jwt"] = identity or an_identity()
        return self.accounts.sign_in("jwt")


@pytest.fixture
def door() -> Door:
    """Return a door that nobody has come through yet."""
    return Door()


def test_person_gets_a_record_on_first_sight(door: Door) -> None:
    """The record is what the provider says, active, in a generation of its own."""
    user = door.sign_in(an_identity(name="Una", email="una@example.com", role=Role.ADMIN))

    assert user == User(
        id=user_id_for(ISSUER, "user@example.com"),
        issuer=ISSUER,
        subject="user@example.com",
        name="Una",
        email="una@example.com",
        role=Role.ADMIN,
        status=UserStatus.ACTIVE,
        generation=user.generation,
        created_at=LATER,
        updated_at=LATER,
    )
    assert user.generation
    assert door.store.find_user(user.id) == user


def test_second_sign_in_finds_the_record(door: Door) -> None:
    """Somebody who has not changed costs no write."""
    first = door.sign_in()

    assert door.sign_in() == first
    assert (door.store.calls["add_user"], door.store.calls["save_user"]) == (1, 0)


def test_two_first_sights_at_once_make_one_record(door: Door) -> None:
    """Who comes second through the door uses the record of the first."""
    first: list[User] = []
    door.store.let("add_user", lambda: first.append(door.sign_in()))

    assert [door.sign_in()] == first


def test_subjects_of_two_issuers_are_two_people(door: Door) -> None:
    """A subject means nothing without its issuer."""
    one = door.sign_in(an_identity())
    other = door.sign_in(an_identity(issuer="https://other.example.com"))

    assert one.id != other.id


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_presented_is_not_signed_in(door: Door, nothing: str | None) -> None:
    """No credential, no question to the provider."""
    with pytest.raises(NotAuthenticated):
        door.accounts.sign_in(nothing)
    assert door.provider.asked == []


def test_api_token_is_no_sign_in(door: Door) -> None:
    """Tokens cannot manage tokens, and the provider is not shown them."""
    with pytest.raises(ApiTokenNotAllowed):
        door.accounts.sign_in("bodhi_anything")
    assert door.provider.asked == []


@pytest.mark.parametrize(
    ("down", "error"), [(False, NotAuthenticated), (True, IdentityProviderUnavailable)]
)
def test_whom_the_provider_does_not_vouch_for_leaves_no_record(
    door: Door, down: bool, error: type[Exception]
) -> None:
    """Neither a refusal nor an outage of the provider makes a user."""
    door.provider.down = down

    with pytest.raises(error):
        door.accounts.sign_in("jwt of nobody")
    assert door.store.list_users(after=None, limit=10).users == []


def test_store_that_does_not_answer_is_an_error(door: Door) -> None:
    """A person who cannot be looked up is not signed in."""
    door.store.broken = {"add_user"}

    with pytest.raises(StoreUnavailable):
        door.sign_in()


def test_profile_follows_the_provider(door: Door) -> None:
    """Today's name, email and role are stored."""
    first = door.sign_in()

    changed = door.sign_in(an_identity(name="Una Other", email="new@example.com", role=Role.ADMIN))

    assert changed == replace(
        first, name="Una Other", email="new@example.com", role=Role.ADMIN, updated_at=LATER
    )
    stored = door.store.find_user(first.id)
    assert stored is not None
    assert replace(stored, revision=first.revision) == changed


def test_claims_a_jwt_does_not_carry_are_kept(door: Door) -> None:
    """An access token without name and email changes neither and writes nothing."""
    first = door.sign_in()

    assert door.sign_in(an_identity(name="", email="")) == first
    assert door.store.calls["save_user"] == 0


def test_sign_in_repeats_over_a_change_that_overtakes_it(door: Door) -> None:
    """A profile written while an administrator changes the user meets the user as changed."""
    user = door.sign_in()
    door.store.let("save_user", lambda: door.store.put(replace(user, generation="next")))

    changed = door.sign_in(an_identity(name="Una Other"))

    assert (changed.name, changed.generation) == ("Una Other", "next")


def test_sign_in_that_keeps_meeting_others_gives_up(door: Door) -> None:
    """After three attempts the caller is told."""
    user = door.sign_in()
    changes = [_put_generation(door, user, str(number)) for number in range(3)]
    door.store.let("save_user", *changes)

    with pytest.raises(ConcurrentChange):
        door.sign_in(an_identity(name="Una Other"))


def test_deactivation_that_overtakes_a_sign_in_wins(door: Door) -> None:
    """Who is deactivated while signing in stays out."""
    user = door.sign_in()
    inactive = replace(user, status=UserStatus.INACTIVE)
    door.store.let("save_user", lambda: door.store.put(inactive))

    with pytest.raises(UserInactive):
        door.sign_in(an_identity(name="Una Other"))
    assert door.store.read_user(user) == inactive


@pytest.mark.parametrize("issued_at", [START, LATER, LATER + timedelta(days=1)])
def test_deactivated_user_stays_out(door: Door, issued_at: object) -> None:
    """However fresh the sign-in; and nothing about the user changes."""
    user = a_user(status=UserStatus.INACTIVE)
    door.store.put(user)

    with pytest.raises(UserInactive):
        door.sign_in(an_identity(name="Una Other", issued_at=issued_at))
    assert door.store.read_user(user) == user


@pytest.mark.parametrize("since_removal", [timedelta(days=-1), timedelta(0)])
def test_sign_in_from_before_the_removal_stays_out(door: Door, since_removal: timedelta) -> None:
    """A JWT still in use somewhere does not undo a removal."""
    user = _removed()
    door.store.put(user)

    with pytest.raises(UserInactive):
        door.sign_in(an_identity(issued_at=START + since_removal))
    assert door.store.read_user(user) == user


def test_new_sign_in_after_the_removal_starts_a_fresh_account(door: Door) -> None:
    """The person is known again, in a generation that no old token has."""
    user = _removed()
    door.store.put(user)

    back = door.sign_in(an_identity(name="Una Again", issued_at=START + timedelta(seconds=1)))

    assert (back.id, back.status, back.name) == (user.id, UserStatus.ACTIVE, "Una Again")
    assert back.email == "user@example.com"
    assert back.generation != user.generation
    assert back.removed_at is None
    assert door.store.read_user(user).status is UserStatus.ACTIVE
    assert door.sign_in(an_identity(name="Una Again")).generation == back.generation


def test_two_returns_at_once_make_one_fresh_account(door: Door) -> None:
    """Who returns second uses the generation of the first."""
    user = _removed()
    door.store.put(user)
    identity = an_identity(issued_at=LATER)
    first: list[User] = []
    door.store.let("save_user", lambda: first.append(door.sign_in(identity)))

    assert door.sign_in(identity).generation == first[0].generation


def _removed() -> User:
    return a_user(status=UserStatus.REMOVED, name="", email="", removed_at=START)


def _put_generation(door: Door, user: User, generation: str) -> Callable[[], None]:
    return lambda: door.store.put(replace(user, generation=generation))
