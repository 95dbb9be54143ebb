"""Sign-ins: the user behind an identity, and the user's row."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib import logs
from chalicelib.domain.administrators import Administrators
from chalicelib.domain.errors import (
    ApiTokenNotAllowed,
    ConcurrentChange,
    IdentityProviderUnavailable,
    NotAuthenticated,
    SignInBeforeRemoval,
    SignInRefused,
    SignInTooSoon,
    StoreUnavailable,
    UserInactive,
)
from chalicelib.domain.ids import user_id_for
from chalicelib.domain.reasons import ProviderReason, SignInReason
from chalicelib.domain.users import SIGN_IN_LEEWAY, Identity, Role, User, UserStatus
from chalicelib.services.accounts import SIGN_IN_ATTEMPTS, Accounts
from tests.support.actors import CALLER, JOURNAL
from tests.support.builders import ISSUER, a_user, an_identity
from tests.support.clock import START, FixedClock
from tests.unit.services.log_lines import written
from tests.unit.services.stores import BusyStore

LATER = START + timedelta(days=3)
SECOND = timedelta(seconds=1)
ADMINISTRATORS = Administrators(ISSUER, "sub", frozenset({"named@example.com"}))


class Provider:
    """Vouches for the identities that it knows, by the JWT."""

    def __init__(self) -> None:
        self.known: dict[str, Identity] = {}
        self.asked: list[str] = []
        self.down = False

    def verify(self, unverified_jwt: str) -> Identity:
        """Return the person."""
        self.asked.append(unverified_jwt)
        if self.down:
            raise IdentityProviderUnavailable(ProviderReason.UNREACHABLE)
        if unverified_jwt not in self.known:
            raise SignInRefused(SignInReason.BAD_SIGNATURE)
        return self.known[unverified_jwt]


class Door:
    """Sign-in over the store in memory, three days after START."""

    def __init__(self) -> None:
        self.store = BusyStore()
        self.provider = Provider()
        self.accounts = Accounts(self.provider, self.store, FixedClock(LATER), ADMINISTRATORS, JOURNAL)

    def sign_in(self, identity: Identity | None = None) -> User:
        """Sign in as ``identity``."""
        self.provider.known["jwt"] = identity or an_identity()
        return self.accounts.sign_in("jwt", CALLER)


@pytest.fixture
def door() -> Door:
    """Return a door before the first sign-in."""
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
        signed_in_at=START,
        role_given_at=START,
    )
    assert user.generation
    assert door.store.find_user(user.id) == user


def test_second_sign_in_finds_the_record(door: Door) -> None:
    """A user who has not changed costs no write."""
    first = door.sign_in()

    assert door.sign_in() == first
    assert (door.store.calls["add_user"], door.store.calls["save_sign_in"]) == (1, 0)


@pytest.mark.parametrize("role", list(Role))
def test_sign_in_that_cannot_be_recorded_is_one(door: Door, role: Role) -> None:
    """A person who revokes a stolen token does not wait until a date and a name can be written."""
    first = door.sign_in(an_identity(role=role, issued_at=LATER - SECOND))
    door.store.broken = {"save_sign_in"}
    with written() as lines:
        again = door.sign_in(an_identity(role=role, name="New", issued_at=LATER))

    assert (again.id, again.role, again.name) == (first.id, role, "New")
    assert door.store.read_user(first) == first
    assert [line["event"] for line in lines] == ["user.sign_in_not_recorded"]


@pytest.mark.parametrize(("before", "after"), [(Role.ADMIN, Role.USER), (Role.USER, Role.ADMIN)])
def test_sign_in_that_changes_the_role_must_be_recorded(door: Door, before: Role, after: Role) -> None:
    """Tokens are judged by the row, so a role that was lost must be lost there."""
    door.sign_in(an_identity(role=before, issued_at=LATER - SECOND))
    door.store.broken = {"save_sign_in"}

    with pytest.raises(StoreUnavailable):
        door.sign_in(an_identity(role=after, issued_at=LATER))


def test_return_after_a_removal_must_be_recorded(door: Door) -> None:
    """Without its row the person has no account."""
    user = door.sign_in()
    removed = user.removed(START, "next")
    door.store.put(removed)
    door.store.broken = {"save_sign_in"}

    with pytest.raises(StoreUnavailable):
        door.sign_in(an_identity(issued_at=START + SIGN_IN_LEEWAY + SECOND))


def test_newer_jwt_writes_its_date_once(door: Door) -> None:
    """A newer JWT writes its time once, so that an older one cannot undo it."""
    first = door.sign_in()
    newer = an_identity(issued_at=START + SECOND)

    assert door.sign_in(newer) == replace(first, signed_in_at=START + SECOND, role_given_at=START + SECOND)
    assert door.sign_in(newer).signed_in_at == START + SECOND
    assert door.sign_in() == door.sign_in(newer)
    assert door.store.calls["save_sign_in"] == 1


def test_older_jwt_cannot_undo_a_newer_one(door: Door) -> None:
    """An older JWT signs in with role, name and e-mail of the newest sign-in."""
    older = an_identity(name="Old", email="old@example.com", role=Role.ADMIN)
    door.sign_in(older)
    demoted = door.sign_in(an_identity(name="New", issued_at=START + SECOND))

    assert door.sign_in(older) == replace(demoted, revision=1)
    assert demoted.role is Role.USER


def test_older_jwt_that_was_read_before_the_newer_one_wrote_loses(door: Door) -> None:
    """If a newer sign-in comes between read and write, the newest facts are kept."""
    older, newer = (an_identity(issued_at=START + n * SECOND, name=f"Una {n}") for n in (1, 2))
    door.sign_in()
    door.store.let("save_sign_in", lambda: door.sign_in(newer))

    assert door.sign_in(older).name == "Una 2"
    assert door.store.read_user(a_user()).signed_in_at == START + 2 * SECOND


def test_role_change_is_logged(door: Door) -> None:
    """The log has the roles before and after that counted."""
    with written() as lines:
        for number, role in enumerate((Role.USER, Role.ADMIN, Role.ADMIN, None, Role.USER)):
            with logs.entry("sign_in"):
                door.sign_in(an_identity(role=role, issued_at=LATER + number * SECOND))

    changes = [(line.get("role_before"), line.get("role_after")) for line in lines]
    assert changes == [
        (None, None),
        ("user", "admin"),
        (None, None),
        (None, None),
        ("admin", "user"),
    ]


def test_named_subject_is_an_administrator_on_first_sight(door: Door) -> None:
    """``ADMIN_SUBJECTS`` is compared with the value of the subject claim."""
    user = door.sign_in(an_identity("named@example.com"))

    assert ADMINISTRATORS.role_of(user, LATER) is Role.ADMIN


def test_claims_other_than_sub_are_other_people(door: Door) -> None:
    """The claim's name is part of a person's identity."""
    by_sub = door.sign_in(an_identity("1"))
    by_oid = door.sign_in(an_identity("1", subject_claim="oid"))

    assert by_sub.id != by_oid.id
    assert (by_oid.subject_claim, by_oid.id) == ("oid", user_id_for(ISSUER, "1", "oid"))


def test_moved_identity_leads_to_its_user(door: Door) -> None:
    """An identity row takes precedence over the derived id."""
    new = an_identity("00u1", subject_claim="uid", issued_at=LATER)
    moved = a_user(subject_claim="uid")
    door.store.put(replace(moved, subject="00u1"))
    door.store.lead(user_id_for(ISSUER, "00u1", "uid"), moved.id)

    assert door.sign_in(new).id == moved.id
    assert door.store.find_user(user_id_for(ISSUER, "00u1", "uid")) is None


def test_identity_that_was_moved_away_is_refused(door: Door) -> None:
    """The former identity must not reach the account, which has another identity now."""
    door.store.put(replace(a_user(), subject="00u1", subject_claim="uid"))

    with pytest.raises(SignInRefused) as refusal:
        door.sign_in()
    assert refusal.value.reason is SignInReason.IDENTITY_MOVED


def test_first_sight_that_meets_a_move_finds_the_moved_user(door: Door) -> None:
    """A sign-in during a move does not add a second, empty user."""
    moved = a_user("old@example.com")

    def move() -> None:
        door.store.put(replace(moved, subject="user@example.com"))
        door.store.lead(user_id_for(ISSUER, "user@example.com"), moved.id)

    door.store.let("add_user", move)

    assert door.sign_in().id == moved.id


def test_identity_that_leads_nowhere_is_an_error(door: Door) -> None:
    """If the row behind an identity row is missing, the sign-in fails instead of adding a user."""
    door.store.lead(user_id_for(ISSUER, "user@example.com"), a_user("gone@example.com").id)

    with pytest.raises(StoreUnavailable):
        door.sign_in()


def test_two_first_sights_at_once_make_one_record(door: Door) -> None:
    """The second of two first sign-ins uses the row of the first."""
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
        door.accounts.sign_in(nothing, CALLER)
    assert door.provider.asked == []


def test_api_token_is_no_sign_in(door: Door) -> None:
    """Tokens cannot manage tokens, and the provider is not shown them."""
    with pytest.raises(ApiTokenNotAllowed):
        door.accounts.sign_in("bodhi_anything", CALLER)
    assert door.provider.asked == []


@pytest.mark.parametrize(("down", "error"), [(False, SignInRefused), (True, IdentityProviderUnavailable)])
def test_whom_the_provider_does_not_vouch_for_leaves_no_record(
    door: Door, down: bool, error: type[Exception]
) -> None:
    """Neither a refusal nor an outage of the provider makes a user."""
    door.provider.down = down

    with pytest.raises(error):
        door.accounts.sign_in("jwt of nobody", CALLER)
    assert door.store.list_users(after=None, limit=10).users == []


def test_store_that_does_not_answer_is_an_error(door: Door) -> None:
    """A person who cannot be looked up is not signed in."""
    door.store.broken = {"add_user"}

    with pytest.raises(StoreUnavailable):
        door.sign_in()


def test_profile_follows_the_provider(door: Door) -> None:
    """Today's name, email and role are stored."""
    first = door.sign_in()

    changed = door.sign_in(
        an_identity(name="Una Other", email="new@example.com", role=Role.ADMIN, issued_at=START + SECOND)
    )

    assert changed == replace(
        first,
        name="Una Other",
        email="new@example.com",
        role=Role.ADMIN,
        updated_at=LATER,
        signed_in_at=START + SECOND,
        role_given_at=START + SECOND,
    )
    stored = door.store.find_user(first.id)
    assert stored is not None
    assert replace(stored, revision=first.revision) == changed


def test_claims_a_jwt_does_not_carry_are_kept(door: Door) -> None:
    """An access token without name and email changes neither and writes nothing."""
    first = door.sign_in()

    assert door.sign_in(an_identity(name="", email="", role=None)) == first
    assert door.store.calls["save_sign_in"] == 0


def test_sign_in_repeats_over_a_change_that_overtakes_it(door: Door) -> None:
    """A profile written while an administrator changes the user meets the user as changed."""
    user = door.sign_in()
    door.store.let("save_sign_in", lambda: door.store.put(replace(user, generation="next")))

    changed = door.sign_in(an_identity(name="Una Other", issued_at=LATER))

    assert (changed.name, changed.generation) == ("Una Other", "next")


def test_sign_in_that_keeps_meeting_others_gives_up(door: Door) -> None:
    """After 20 attempts the sign-in raises ConcurrentChange."""
    user = door.sign_in()
    changes = [_put_generation(door, user, str(number)) for number in range(SIGN_IN_ATTEMPTS)]
    door.store.let("save_sign_in", *changes)

    with pytest.raises(ConcurrentChange):
        door.sign_in(an_identity(name="Una Other", issued_at=LATER))
    assert door.store.calls["save_sign_in"] == SIGN_IN_ATTEMPTS == 20


def test_sign_in_that_nine_others_overtake_is_recorded(door: Door) -> None:
    """Of ten sign-ins at once, the unluckiest one is the newest."""
    user = door.sign_in()
    door.store.let("save_sign_in", *[_put_generation(door, user, str(number)) for number in range(9)])

    assert door.sign_in(an_identity(name="Una Other", issued_at=LATER)).name == "Una Other"


def test_deactivation_that_overtakes_a_sign_in_wins(door: Door) -> None:
    """A user who is deactivated while signing in stays out."""
    user = door.sign_in()
    inactive = replace(user, status=UserStatus.INACTIVE)
    door.store.let("save_sign_in", lambda: door.store.put(inactive))

    with pytest.raises(UserInactive):
        door.sign_in(an_identity(name="Una Other", issued_at=LATER))
    assert door.store.read_user(user) == inactive


@pytest.mark.parametrize("issued_at", [START, LATER, LATER + timedelta(days=1)])
def test_deactivated_user_stays_out(door: Door, issued_at: object) -> None:
    """However fresh the sign-in; and nothing about the user changes."""
    user = a_user(status=UserStatus.INACTIVE)
    door.store.put(user)

    with pytest.raises(UserInactive):
        door.sign_in(an_identity(name="Una Other", issued_at=issued_at))
    assert door.store.read_user(user) == user


@pytest.mark.parametrize("since_removal", [timedelta(milliseconds=1), SECOND, SIGN_IN_LEEWAY])
def test_sign_in_that_may_be_older_than_the_removal_has_to_wait(
    door: Door, since_removal: timedelta
) -> None:
    """The provider's clock may be ahead by the leeway. A minute later the sign-in is certainly newer."""
    user = _removed()
    door.store.put(user)

    with pytest.raises(SignInTooSoon, match="in a minute"):
        door.sign_in(an_identity(issued_at=START + since_removal))
    assert door.store.read_user(user) == user


@pytest.mark.parametrize("since_removal", [timedelta(days=-1), timedelta(0)])
def test_sign_in_from_before_the_removal_stays_out(door: Door, since_removal: timedelta) -> None:
    """A JWT still in use somewhere does not undo a removal."""
    user = _removed()
    door.store.put(user)

    with pytest.raises(SignInBeforeRemoval, match="was removed"):
        door.sign_in(an_identity(issued_at=START + since_removal))
    assert door.store.read_user(user) == user


def test_new_sign_in_after_the_removal_starts_a_fresh_account(door: Door) -> None:
    """The person is known again, in a generation that no old token has."""
    user = _removed()
    door.store.put(user)

    back = door.sign_in(
        an_identity(name="Una Again", issued_at=START + SIGN_IN_LEEWAY + timedelta(milliseconds=1))
    )

    assert (back.id, back.status, back.name) == (user.id, UserStatus.ACTIVE, "Una Again")
    assert back.email == "user@example.com"
    assert back.generation != user.generation
    assert back.removed_at is None
    assert door.store.read_user(user).status is UserStatus.ACTIVE
    assert door.sign_in(an_identity(name="Una Again")).generation == back.generation


def test_two_returns_at_once_make_one_fresh_account(door: Door) -> None:
    """The second of two returns uses the generation of the first."""
    user = _removed()
    door.store.put(user)
    identity = an_identity(issued_at=LATER)
    first: list[User] = []
    door.store.let("save_sign_in", lambda: first.append(door.sign_in(identity)))

    assert door.sign_in(identity).generation == first[0].generation


def _removed() -> User:
    return a_user(status=UserStatus.REMOVED, name="", email="", removed_at=START)


def _put_generation(door: Door, user: User, generation: str) -> Callable[[], None]:
    return lambda: door.store.put(replace(user, generation=generation))
