"""Moves of users in every store: in memory, and in DynamoDB on moto and the emulator."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import ConcurrentChange, IdentityTaken
from chalicelib.domain.identities import SubjectIdentifier, moved
from chalicelib.domain.ids import new_generation
from chalicelib.domain.tokens import TokenStatus
from chalicelib.domain.users import Role, User, UserStatus
from tests.support.actors import an_event
from tests.support.builders import ISSUER, LIMITS, RULES, a_token, a_user, an_admin, an_identity
from tests.support.clock import START
from tests.support.dynamodb import Stores

LATER = START + timedelta(hours=1)
NEW = SubjectIdentifier(f"{ISSUER}/", "user@example.com")
OTHER_CLAIM = SubjectIdentifier(ISSUER, "00u1", "uid")


def stored(stores: Stores, user: User) -> User:
    """Return the row of a user."""
    found = stores.users.find_user(user.id)
    assert found is not None
    return found


def move(stores: Stores, user: User, to: SubjectIdentifier, now: datetime = LATER) -> User:
    """Move the user as stored now, and return the new row."""
    before = stored(stores, user)
    stores.users.move_user(before, moved(before, to, now), an_event())
    return stored(stores, user)


def found_as(stores: Stores, who: SubjectIdentifier) -> User | None:
    """Return the user that an identity leads to."""
    return stores.users.find_signed_in(who.user_id)


@pytest.mark.parametrize("to", [NEW, OTHER_CLAIM], ids=["issuer", "claim"])
def test_identity_and_user_move_together(stores: Stores, owner: User, to: SubjectIdentifier) -> None:
    """The new identity leads to the user, and the user's row has it."""
    after = move(stores, owner, to)
    assert after == replace(moved(owner, to, LATER), revision=1)
    assert SubjectIdentifier.of(after) == to
    assert found_as(stores, to) == after


def test_every_field_of_a_moved_user_is_read_back(stores: Stores) -> None:
    """The row keeps the times of the sign-in, the role and the move."""
    user = an_admin(email_verified=True, sessions_ended_at=START)
    stores.users.add_user(user, an_event())
    after = move(stores, user, OTHER_CLAIM)
    assert (after.role, after.role_given_at, after.signed_in_at) == (Role.USER, START, START)
    assert (after.moved_at, after.sessions_ended_at, after.updated_at) == (LATER, LATER, LATER)


def test_former_identity_leads_to_the_row_that_disowns_it(stores: Stores, owner: User) -> None:
    """The former identity still finds the user by id. The row shows that the identity was moved."""
    after = move(stores, owner, NEW)
    assert found_as(stores, SubjectIdentifier.of(owner)) == after
    assert not after.is_identified_by(an_identity())
    assert stores.users.add_user(a_user(), an_event()) is False


def test_second_move_keeps_the_identity_between(stores: Stores, owner: User) -> None:
    """Until the new settings are deployed the person signs in by it, and must not get a second user."""
    move(stores, owner, NEW)
    after = move(stores, owner, OTHER_CLAIM)
    assert found_as(stores, NEW) == found_as(stores, OTHER_CLAIM) == after
    newcomer = a_user(id=NEW.user_id, issuer=NEW.issuer, subject=NEW.subject)
    assert stores.users.add_user(newcomer, an_event()) is False


def test_move_back_frees_the_identity_between(stores: Stores, owner: User) -> None:
    """The move was wrong, and the identity may be that of another person."""
    move(stores, owner, NEW)
    move(stores, owner, OTHER_CLAIM)
    move(stores, owner, NEW)
    move(stores, owner, SubjectIdentifier.of(owner))
    newcomer = a_user(id=NEW.user_id, issuer=NEW.issuer, subject=NEW.subject)
    assert stores.users.add_user(newcomer, an_event())
    assert found_as(stores, NEW) == newcomer


@pytest.mark.parametrize("status", [UserStatus.INACTIVE, UserStatus.REMOVED])
def test_move_back_of_a_stopped_user_frees_nothing(stores: Stores, status: UserStatus) -> None:
    """Otherwise the person could come back by the identity between."""
    user = a_user(status=status, sessions_ended_at=START)
    stores.users.add_user(user, an_event())
    move(stores, user, NEW)
    after = move(stores, user, SubjectIdentifier.of(user))
    assert found_as(stores, NEW) == after
    newcomer = a_user(id=NEW.user_id, issuer=NEW.issuer, subject=NEW.subject)
    assert stores.users.add_user(newcomer, an_event()) is False


def test_moving_back_needs_no_identity_row(stores: Stores, owner: User) -> None:
    """The user's id is derived from the first identity, so a move back needs no identity row."""
    move(stores, owner, NEW)
    after = move(stores, owner, SubjectIdentifier.of(owner), LATER + timedelta(minutes=1))
    assert found_as(stores, SubjectIdentifier.of(owner)) == after
    assert found_as(stores, NEW) is None
    assert after.is_identified_by(an_identity())


def test_tokens_and_their_count_stay(stores: Stores, owner: User) -> None:
    """Rows of tokens are not touched, and the owner's generation goes on."""
    token = a_token(owner)
    stores.tokens.add_token(token, an_event(), limits=LIMITS, idempotency=None)
    after = move(stores, owner, NEW)
    found, user = stores.authorization.find_for_authorization(owner.id, token.id)
    assert (found, user) == (token, after)
    assert token.status(after, LATER, RULES) is TokenStatus.ACTIVE
    assert (after.generation, after.live_tokens) == (owner.generation, 1)


@pytest.mark.parametrize("status", UserStatus)
def test_status_stays(stores: Stores, status: UserStatus) -> None:
    """A deactivated or removed person does not come back by another identity."""
    user = a_user(status=status, sessions_ended_at=START)
    stores.users.add_user(user, an_event())
    after = move(stores, user, NEW)
    assert after.status is status
    assert after.sessions_ended_at == (LATER if status is UserStatus.ACTIVE else START)


@pytest.mark.parametrize("status", UserStatus)
def test_identity_of_another_user_is_refused(stores: Stores, owner: User, status: UserStatus) -> None:
    """A tombstone keeps its identity too. Neither row changes."""
    other = a_user(id=NEW.user_id, issuer=NEW.issuer, subject=NEW.subject, status=status)
    stores.users.add_user(other, an_event())
    with pytest.raises(IdentityTaken):
        stores.users.move_user(owner, moved(owner, NEW, LATER), an_event())
    assert (stored(stores, owner), stored(stores, other)) == (owner, other)
    assert found_as(stores, NEW) == other


def test_identity_of_a_moved_user_is_refused(stores: Stores, owner: User) -> None:
    """An identity row alone makes an identity taken, even if no user has the derived id."""
    other = a_user("other@example.com")
    stores.users.add_user(other, an_event())
    holder = move(stores, other, NEW)
    with pytest.raises(IdentityTaken):
        stores.users.move_user(owner, moved(owner, NEW, LATER), an_event())
    assert (stored(stores, owner), found_as(stores, NEW)) == (owner, holder)


def test_identity_that_a_user_has_left_is_refused(stores: Stores, owner: User) -> None:
    """The former identity of a moved user stays that user's, because the id is derived from it."""
    other = a_user("other@example.com")
    stores.users.add_user(other, an_event())
    move(stores, other, NEW)
    with pytest.raises(IdentityTaken):
        stores.users.move_user(owner, moved(owner, SubjectIdentifier.of(other), LATER), an_event())


CHANGES: dict[str, Any] = {
    "name only": ({"name": "New Name"}, False),
    "deactivation": ({"status": UserStatus.INACTIVE}, True),
    "generation": ({"generation": "another"}, True),
    "sign-in": ({"signed_in_at": LATER}, True),
    "role": ({"role": Role.ADMIN, "role_given_at": LATER}, True),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_read_is_held_to(stores: Stores, owner: User, change: str) -> None:
    """A role from a sign-in during the move must not survive. A name may."""
    changes, is_refused = CHANGES[change]
    stores.users.save_user(owner, replace(owner, **changes), an_event())
    if is_refused:
        with pytest.raises(ConcurrentChange):
            stores.users.move_user(owner, moved(owner, NEW, LATER), an_event())
        assert found_as(stores, NEW) is None
    else:
        stores.users.move_user(owner, moved(owner, NEW, LATER), an_event())
        assert stored(stores, owner).name == "New Name"


def test_of_two_moves_from_one_read_one_is_written(stores: Stores, owner: User) -> None:
    """If two operators move a user at once, one gets ConcurrentChange. No extra identity row is left."""
    stores.users.move_user(owner, moved(owner, NEW, LATER), an_event())
    with pytest.raises(ConcurrentChange):
        stores.users.move_user(owner, moved(owner, OTHER_CLAIM, LATER), an_event())
    assert found_as(stores, OTHER_CLAIM) is None


def test_repeated_move_from_one_read_changes_nothing(stores: Stores, owner: User) -> None:
    """If the response is lost, a repeated write raises ConcurrentChange."""
    after = move(stores, owner, NEW)
    with pytest.raises(ConcurrentChange):
        stores.users.move_user(owner, moved(owner, NEW, LATER), an_event())
    assert found_as(stores, NEW) == after


def test_unknown_user_is_never_created(stores: Stores) -> None:
    """A move of a missing user adds neither a user nor an identity row."""
    with pytest.raises(ConcurrentChange):
        stores.users.move_user(a_user(), moved(a_user(), NEW, LATER), an_event())
    assert stores.users.find_user(a_user().id) is None
    assert found_as(stores, NEW) is None


def test_sign_in_of_the_former_identity_is_not_written(stores: Stores, owner: User) -> None:
    """A sign-in that read the row before the move must not change the moved user's role or profile."""
    before = stored(stores, owner).signed_in(an_identity(role=Role.USER), START, named=False)
    stores.users.save_sign_in(owner, before, None)
    before = stored(stores, owner)
    late = before.signed_in(an_identity(role=Role.ADMIN, issued_at=LATER, name="Old"), LATER, named=False)
    after = move(stores, owner, NEW)
    with pytest.raises(ConcurrentChange):
        stores.users.save_sign_in(before, late, None)
    assert stored(stores, owner) == after


@pytest.mark.parametrize("change", ["deactivated", "removed"])
def test_end_that_was_read_before_the_move_still_ends_the_user(
    stores: Stores, owner: User, change: str
) -> None:
    """An administrator's change that read the row before the move succeeds and keeps the new identity."""
    move(stores, owner, NEW)
    ended = owner.deactivated(LATER) if change == "deactivated" else owner.removed(LATER, new_generation())
    stores.users.save_user(owner, ended, an_event())
    after = stored(stores, owner)
    assert (after.is_active, SubjectIdentifier.of(after)) == (False, NEW)


def test_first_sign_in_of_the_new_identity_after_the_move_adds_no_user(stores: Stores, owner: User) -> None:
    """It found no user before the move, and has to look again."""
    newcomer = a_user(id=NEW.user_id, issuer=NEW.issuer, subject=NEW.subject)
    after = move(stores, owner, NEW)
    assert stores.users.add_user(newcomer, an_event()) is False
    assert found_as(stores, NEW) == after


def test_lost_identity_row_is_written_again(stores: Stores, owner: User) -> None:
    """Repeating a move writes an identity row that a restore left out."""
    after = replace(moved(owner, NEW, LATER), role=Role.ADMIN)
    stores.users.add_user(replace(after, id=(user_id := "usr_" + "a" * 32)), an_event())
    assert found_as(stores, NEW) is None
    before = stored(stores, replace(after, id=user_id))
    stores.users.move_user(before, before, an_event())
    assert found_as(stores, NEW) == replace(before, revision=1)


def test_identity_row_of_the_user_itself_is_no_obstacle(stores: Stores, owner: User) -> None:
    """A restored user's row may have the former identity while the newer identity row still exists."""
    move(stores, owner, NEW)
    stores.forget(owner.id, None)
    stores.users.add_user(owner, an_event())
    after = move(stores, owner, NEW)
    assert found_as(stores, NEW) == after
    assert after.is_identified_by(an_identity(issuer=NEW.issuer))


def test_row_of_another_user_stays_when_a_restored_user_moves(stores: Stores, owner: User) -> None:
    """A restored row may have an identity that now leads to another user, who keeps it."""
    stale = move(stores, owner, NEW)
    move(stores, owner, SubjectIdentifier.of(owner))
    other = a_user("other@example.com")
    stores.users.add_user(other, an_event())
    holder = move(stores, other, NEW)
    stores.forget(owner.id, None)
    stores.users.add_user(stale, an_event())
    move(stores, owner, SubjectIdentifier.of(owner))
    assert found_as(stores, NEW) == holder
