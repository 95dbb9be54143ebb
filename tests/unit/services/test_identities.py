"""Moves of users to other identities: refusals, repetition, and sign-ins at the same moment."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.administrators import Administrators
from chalicelib.domain.errors import (
    ConcurrentChange,
    IdentityTaken,
    InvalidRequest,
    SignInRefused,
    UserInactive,
    UserNotFound,
)
from chalicelib.domain.events import Event
from chalicelib.domain.identities import SubjectIdentifier
from chalicelib.domain.ids import new_generation
from chalicelib.domain.reasons import SignInReason
from chalicelib.domain.users import Identity, Role, User, UserStatus
from chalicelib.services.accounts import Accounts
from chalicelib.services.identities import (
    MOST_USERS_READ,
    Move,
    MoveUsers,
    every_user,
    out_of_reach,
)
from tests.support.actors import CALLER, JOURNAL, OPERATOR, an_event
from tests.support.builders import ISSUER, a_user, an_admin, an_identity
from tests.support.clock import START, FixedClock
from tests.support.memory import InMemoryStore

NOW = START + timedelta(hours=1)
NEW = SubjectIdentifier("https://new.example.com", "00u1", "uid")


class Store(InMemoryStore):
    """The store in memory. An action may run just before a write, as on another machine."""

    def __init__(self) -> None:
        super().__init__()
        self.before_move: list[Callable[[], object]] = []
        self.before_add: list[Callable[[], object]] = []
        self.before_sign_in: list[Callable[[], object]] = []
        self.moves = 0

    def move_user(self, before: User, after: User, event: Event) -> None:
        """Move a user."""
        self.moves += 1
        if self.before_move:
            self.before_move.pop(0)()
        super().move_user(before, after, event)

    def add_user(self, user: User, event: Event) -> bool:
        """Add a user."""
        if self.before_add:
            self.before_add.pop(0)()
        return super().add_user(user, event)

    def save_sign_in(self, before: User, after: User, event: Event | None) -> None:
        """Write what a sign-in changes."""
        if self.before_sign_in:
            self.before_sign_in.pop(0)()
        super().save_sign_in(before, after, event)


class NoProvider:
    """A provider that is not asked, because these tests begin with a verified identity."""

    def verify(self, unverified_jwt: str) -> Identity:
        """Fail."""
        raise AssertionError(unverified_jwt)


class Desk:
    """Moves and sign-ins over one store, an hour after START."""

    def __init__(self) -> None:
        self.store = Store()
        self.clock = FixedClock(NOW)
        self.moves = MoveUsers(self.store, self.clock, JOURNAL)
        self.administrators = Administrators(NEW.issuer, NEW.subject_claim, frozenset({"boss"}))
        self.accounts = Accounts(NoProvider(), self.store, self.clock, self.administrators, JOURNAL)

    def has(self, user: User) -> User:
        """Keep a user and return it."""
        assert self.store.add_user(user, an_event())
        return user

    def move(self, user: User, to: SubjectIdentifier = NEW) -> Move:
        """Move a user."""
        return self.moves.move(user.id, to, OPERATOR)

    def row(self, user: User) -> User:
        """Return the row of a user."""
        found = self.store.find_user(user.id)
        assert found is not None
        return found

    def role(self, user: User) -> Role:
        """Return the role that counts now."""
        return self.administrators.role_of(self.row(user), self.clock.now())


@pytest.fixture
def desk() -> Desk:
    """Return an empty desk."""
    return Desk()


def newly(**changes: Any) -> Identity:
    """Return a sign-in of the new identity."""
    new = {"issuer": NEW.issuer, "subject_claim": NEW.subject_claim, "issued_at": NOW}
    return an_identity(**{"subject": NEW.subject, **new, **changes})


def test_new_identity_reaches_the_account(desk: Desk) -> None:
    """After a move the person signs in with the new identity and finds the same user."""
    user = desk.has(a_user())
    move = desk.move(user)
    assert not move.is_done
    assert move.after.moved_at == NOW
    assert desk.accounts.present(newly(), CALLER).id == user.id
    assert len(list(every_user(desk.store))) == 1


def test_former_identity_is_refused(desk: Desk) -> None:
    """Valid JWTs of the former identity are refused, and do not add a second user."""
    user = desk.has(a_user())
    desk.move(user)
    with pytest.raises(SignInRefused) as refused:
        desk.accounts.present(an_identity(issued_at=NOW), CALLER)
    assert refused.value.reason is SignInReason.IDENTITY_MOVED
    assert [each.id for each in every_user(desk.store)] == [user.id]


@pytest.mark.parametrize("status", list(UserStatus))
def test_identity_between_two_moves_is_refused(desk: Desk, status: UserStatus) -> None:
    """It adds no second user, not even for a person who was deactivated or removed."""
    user = desk.has(a_user(status=status, sessions_ended_at=START))
    desk.move(user)
    desk.move(user, SubjectIdentifier("https://newest.example.com", "1"))
    with pytest.raises(SignInRefused) as refused:
        desk.accounts.present(newly(), CALLER)
    assert refused.value.reason is SignInReason.IDENTITY_MOVED
    assert [each.id for each in every_user(desk.store)] == [user.id]


def test_plan_changes_nothing(desk: Desk) -> None:
    """A plan shows the move and changes nothing."""
    user = desk.has(a_user())
    plan = desk.moves.plan(user.id, NEW)
    assert (plan.before, SubjectIdentifier.of(plan.after)) == (user, NEW)
    assert (desk.row(user), desk.store.moves) == (user, 0)


def test_finished_move_is_not_repeated(desk: Desk) -> None:
    """A repeated move changes nothing, and does not end newer sessions."""
    user = desk.has(a_user())
    desk.move(user)
    row = desk.row(user)
    desk.clock.advance(timedelta(minutes=1))
    assert desk.move(user).is_done
    assert (desk.row(user), desk.store.moves) == (row, 1)


def test_user_who_is_there_by_the_own_id_is_not_moved(desk: Desk) -> None:
    """A move to the present identity is done already, even without an identity row."""
    user = desk.has(a_user())
    assert desk.move(user, SubjectIdentifier.of(user)).is_done
    assert desk.store.moves == 0


def test_lost_identity_row_is_repaired(desk: Desk) -> None:
    """If only the identity row is lost, a repeated move writes it, and keeps role and sessions."""
    user = desk.has(replace(an_admin(), **_identity_of(NEW)))
    assert not desk.move(user).is_done
    assert desk.store.find_signed_in(NEW.user_id) == replace(user, revision=1)


@pytest.mark.parametrize("subject", ["", " ", "\x00", "a\nb", "\ud800", "\u202ea", "a" * 256, "\u2800"])
def test_subject_of_no_sign_in_is_refused(desk: Desk, subject: str) -> None:
    """The user would be out of reach."""
    user = desk.has(a_user())
    with pytest.raises(InvalidRequest):
        desk.move(user, replace(NEW, subject=subject))
    assert desk.row(user) == user


@pytest.mark.parametrize("subject", ["a,b", "-x", " a b ", "Zoë 夜", "DOMAIN\\user", '"', "a" * 255])
def test_odd_subject_is_kept_as_it_is(desk: Desk, subject: str) -> None:
    """White space in a subject is kept, because sign-ins compare exactly."""
    user = desk.has(a_user())
    desk.move(user, replace(NEW, subject=subject))
    assert desk.accounts.present(newly(subject=subject), CALLER).id == user.id


def test_unknown_user_is_refused(desk: Desk) -> None:
    """A move adds no user."""
    with pytest.raises(UserNotFound):
        desk.move(a_user())


@pytest.mark.parametrize("status", UserStatus)
def test_identity_of_another_user_is_refused_by_name(desk: Desk, status: UserStatus) -> None:
    """The error names the user with the identity, even a tombstone."""
    user = desk.has(a_user())
    other = desk.has(a_user(id=NEW.user_id, status=status, **_identity_of(NEW)))
    with pytest.raises(IdentityTaken, match=other.id):
        desk.move(user)
    with pytest.raises(IdentityTaken, match=other.id):
        desk.moves.plan(user.id, NEW)
    assert desk.row(user) == user


def test_identity_that_another_user_left_is_refused(desk: Desk) -> None:
    """The first identity of a moved user stays that user's, because the id is derived from it."""
    user, other = desk.has(a_user()), desk.has(a_user("other@example.com"))
    desk.move(other)
    with pytest.raises(IdentityTaken, match=other.id):
        desk.move(user, SubjectIdentifier.of(other))


def test_role_by_claim_does_not_carry_over(desk: Desk) -> None:
    """A move ends a role by claim. A newer JWT of the new identity may give it again."""
    admin = desk.has(an_admin(signed_in_at=NOW, role_given_at=NOW))
    desk.move(admin)
    assert desk.role(admin) is Role.USER
    desk.accounts.present(newly(role=Role.ADMIN, issued_at=NOW - timedelta(minutes=1)), CALLER)
    assert desk.role(admin) is Role.USER
    desk.accounts.present(newly(role=Role.ADMIN, issued_at=NOW + timedelta(seconds=1)), CALLER)
    assert desk.role(admin) is Role.ADMIN


def test_old_sign_in_gives_no_role_after_a_move_there_and_back(desk: Desk) -> None:
    """After a move there and back, no JWT up to the newest one's second gives the role."""
    user = desk.has(a_user(signed_in_at=NOW, role_given_at=NOW))
    desk.move(user)
    desk.move(user, SubjectIdentifier.of(user))
    for age in (timedelta(0), timedelta(minutes=10)):
        desk.accounts.present(an_identity(role=Role.ADMIN, issued_at=NOW - age), CALLER)
        assert desk.role(user) is Role.USER
    later = NOW + timedelta(seconds=1)
    desk.accounts.present(an_identity(role=Role.ADMIN, issued_at=later), CALLER)
    assert desk.role(user) is Role.ADMIN


def test_named_administrator_is_one_by_the_new_identity(desk: Desk) -> None:
    """ADMIN_SUBJECTS names an identity, so the role depends on the present identity."""
    user = desk.has(a_user("boss"))
    assert desk.role(user) is Role.USER
    desk.move(user, replace(NEW, subject="boss"))
    assert desk.role(user) is Role.ADMIN
    desk.move(user)
    assert desk.role(user) is Role.USER


def test_deactivated_user_is_still_refused(desk: Desk) -> None:
    """A moved user who is deactivated stays refused, even with another spelling of the issuer."""
    user = desk.has(a_user(status=UserStatus.INACTIVE, sessions_ended_at=START))
    desk.move(user)
    with pytest.raises(UserInactive):
        desk.accounts.present(newly(), CALLER)


def test_removed_user_comes_back_by_a_newer_sign_in_only(desk: Desk) -> None:
    """A tombstone moves too, so an old JWT does not add a second user."""
    user = desk.has(a_user().removed(NOW, new_generation()))
    desk.move(user)
    with pytest.raises(UserInactive):
        desk.accounts.present(newly(issued_at=NOW), CALLER)
    desk.clock.advance(timedelta(minutes=2))
    back = desk.accounts.present(newly(issued_at=NOW + timedelta(seconds=61)), CALLER)
    assert (back.id, back.is_active) == (user.id, True)


class TestAtTheSameMoment:
    """A move and a concurrent action, in both orders."""

    def test_first_sign_in_of_the_new_identity_comes_first(self, desk: Desk) -> None:
        """The move finds no user there, and meets the new one when it writes."""
        user = desk.has(a_user())
        desk.store.before_move = [lambda: desk.accounts.present(newly(), CALLER)]
        with pytest.raises(IdentityTaken):
            desk.move(user)
        assert desk.row(user) == user
        found = desk.store.find_signed_in(NEW.user_id)
        assert found
        assert found.id == NEW.user_id

    def test_first_sign_in_of_the_new_identity_comes_second(self, desk: Desk) -> None:
        """The sign-in finds no user, meets the identity row, and looks again."""
        user = desk.has(a_user())
        desk.store.before_add = [lambda: desk.move(user)]
        assert desk.accounts.present(newly(), CALLER).id == user.id
        assert len(list(every_user(desk.store))) == 1

    def test_promotion_of_the_former_identity_comes_first(self, desk: Desk) -> None:
        """A sign-in during the move gives a role, which the move still takes away."""
        user = desk.has(a_user())
        promotion = an_identity(role=Role.ADMIN, issued_at=NOW)
        desk.store.before_move = [lambda: desk.accounts.present(promotion, CALLER)]
        desk.move(user)
        assert (desk.row(user).role, desk.store.moves) == (Role.USER, 2)

    def test_promotion_of_the_former_identity_comes_second(self, desk: Desk) -> None:
        """A sign-in that read the row before the move looks again, and is refused."""
        user = desk.has(a_user(signed_in_at=START, role_given_at=START))
        desk.store.before_sign_in = [lambda: desk.move(user)]
        with pytest.raises(SignInRefused):
            desk.accounts.present(an_identity(role=Role.ADMIN, issued_at=NOW), CALLER)
        assert desk.row(user).role is Role.USER

    def test_deactivation_comes_first(self, desk: Desk) -> None:
        """A deactivation during the move is kept."""
        user = desk.has(a_user())
        desk.store.before_move = [lambda: desk.store.save_user(user, user.deactivated(NOW), an_event())]
        desk.move(user)
        assert desk.row(user).status is UserStatus.INACTIVE

    def test_same_move_by_another_operator_comes_first(self, desk: Desk) -> None:
        """If another operator made the same move first, the move is done."""
        user = desk.has(a_user())
        other = MoveUsers(desk.store, desk.clock, JOURNAL)
        desk.store.before_move = [lambda: other.move(user.id, NEW, OPERATOR)]
        assert desk.move(user).is_done

    def test_endless_changes_end_the_attempts(self, desk: Desk) -> None:
        """A move that keeps meeting changes raises ConcurrentChange."""
        user = desk.has(a_user())

        def end_generation() -> None:
            row = desk.row(user)
            desk.store.save_user(row, row.in_generation(new_generation()), an_event())

        desk.store.before_move = [end_generation] * 5
        with pytest.raises(ConcurrentChange):
            desk.move(user)


class TestOutOfReach:
    """Active users that no sign-in reaches."""

    def test_active_users_of_other_identities_are_counted(self, desk: Desk) -> None:
        """Active users are counted by issuer and claim. Deactivated and removed users are not counted."""
        other = {"issuer": "https://other.example.com"}
        users = [
            a_user("1"),
            a_user("2", **other),
            a_user("3", **other),
            a_user("4", subject_claim="uid"),
            a_user("5", **other, status=UserStatus.INACTIVE),
            a_user("6", **other, status=UserStatus.REMOVED),
        ]
        found = out_of_reach(users, ISSUER, "sub")
        assert found.counts == {(other["issuer"], "sub"): 2, (ISSUER, "uid"): 1}
        assert found.is_complete

    def test_reading_is_bounded(self, desk: Desk) -> None:
        """A warning reads a bounded number of users."""
        read = 0

        class Counting(InMemoryStore):
            def list_users(self, *, after: str | None, limit: int, strong: bool = True) -> Any:
                nonlocal read
                page = super().list_users(after=after, limit=limit)
                read += len(page.users)
                return page

        store = Counting()
        for n in range(MOST_USERS_READ + 300):
            store.add_user(a_user(str(n), created_at=START + timedelta(seconds=n)), an_event())
        found = out_of_reach(every_user(store), "https://other.example.com", "sub")
        assert found.counts.total() == MOST_USERS_READ
        assert not found.is_complete
        assert read <= MOST_USERS_READ + 100


def _identity_of(identifier: SubjectIdentifier) -> dict[str, Any]:
    return {
        "issuer": identifier.issuer,
        "subject": identifier.subject,
        "subject_claim": identifier.subject_claim,
    }
