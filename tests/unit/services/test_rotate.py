"""Rotating: what is written, what is signed, and what others do meanwhile."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import (
    ApiTokensError,
    ConcurrentChange,
    SigningUnavailable,
    StoreUnavailable,
    TokenAlreadyRevoked,
    TokenAlreadyRotated,
    TokenLimitReached,
    TokenNotActive,
    TokenNotFound,
    UserInactive,
)
from chalicelib.domain.network_lists import allowed_networks
from chalicelib.domain.token_creation import IssuedToken
from chalicelib.domain.tokens import Token, TokenState, TokenStatus
from chalicelib.domain.users import UserStatus
from tests.support.actors import PERSON
from tests.support.builders import RULES, a_token, a_user
from tests.support.clock import START
from tests.unit.services.test_issue import LIMIT, Desk

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


class Turn(Desk):
    """An owner at the limit, whose token is to be rotated a day after it was made."""

    def __init__(self) -> None:
        super().__init__()
        self.token = self.fill(name="ci", scopes=frozenset({"api:read"}))[0]
        self.clock.advance(DAY)

    def rotate(self, token: Token | None = None, overlap: timedelta = HOUR) -> IssuedToken:
        """Rotate a token as its owner."""
        owner = self.store.read_user(self.owner)
        return self.rotating(owner, (token or self.token).id, overlap, PERSON)

    def refused(self, kind: type[ApiTokensError], token: Token | None = None) -> ApiTokensError:
        """Return the error of a rotation that left no trace."""
        before = self.store.rows(), self.store.read_user(self.owner)
        with pytest.raises(kind) as caught:
            self.rotate(token)
        assert before == (self.store.rows(), self.store.read_user(self.owner))
        return caught.value


@pytest.fixture
def desk() -> Turn:
    """Return an owner with as many tokens as allowed."""
    return Turn()


def test_successor_is_stored_and_its_string_handed_out(desk: Turn) -> None:
    """The row of each names the other; string and row agree; the count stays."""
    issued = desk.rotate()

    assert issued.secret == f"signed {issued.token.id}"
    assert desk.store.read_token(issued.token) == issued.token
    assert desk.store.read_token(desk.token).successor_id == issued.token.id
    assert desk.signer.signed == [
        Claims(desk.owner.id, issued.token.id, START + DAY, frozenset({"api:read"}), None)
    ]
    assert desk.count == LIMIT


def test_recount_agrees_with_what_rotation_left(desk: Turn) -> None:
    """A family in its overlap holds one place."""
    desk.rotate()
    desk.store.put(replace(desk.store.read_user(desk.owner), live_tokens=LIMIT + 5))

    with pytest.raises(TokenLimitReached):
        desk.issue()
    assert desk.truth == LIMIT
    # The recount stopped at the limit, so it did not learn how much too high the count was.
    assert desk.count == LIMIT + 5


def test_third_of_a_family_ends_the_first(desk: Turn) -> None:
    """At most two work at the same time."""
    successor = desk.rotate(overlap=3 * DAY).token
    desk.clock.advance(HOUR)
    desk.rotate(successor, overlap=3 * DAY)

    now = desk.clock.now()
    assert desk.store.read_token(desk.token).overlap_ends_at == now
    family = desk.store.list_family(desk.owner.id, desk.token.id)
    usable = [t for t in family if t.status(desk.owner, now, RULES) is TokenStatus.ACTIVE]
    assert (len(family), len(usable)) == (3, 2)


def test_predecessor_that_was_deleted_is_not_missed(desk: Turn) -> None:
    """Its retention may be over."""
    successor = desk.rotate().token
    desk.store.purge(desk.token)

    assert desk.rotate(successor).token.predecessor_id == successor.id


@pytest.mark.parametrize("token_id", ["self", "tok_x", "../x", ""])
def test_id_of_another_form_costs_nothing(desk: Turn, token_id: str) -> None:
    """A string that is not an id is never read from the store."""
    with pytest.raises(TokenNotFound):
        desk.rotating(desk.owner, token_id, HOUR, PERSON)
    assert desk.store.calls == {}


def test_token_of_somebody_else_is_unknown(desk: Turn) -> None:
    """Another user's id is as unknown as any other."""
    other = a_user("other@example.com")
    theirs = a_token(other)
    desk.store.put(other, theirs)

    desk.refused(TokenNotFound, theirs)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"state": TokenState.INACTIVE}, TokenNotActive),
        ({"idle_at": START}, TokenNotActive),
        ({"state": TokenState.REVOKED}, TokenAlreadyRevoked),
    ],
)
def test_refused_token_costs_no_signature(
    desk: Turn, changes: dict[str, Any], kind: type[ApiTokensError]
) -> None:
    """KMS is called for what will be a token only."""
    desk.store.put(replace(desk.token, **changes))

    desk.refused(kind)
    assert desk.signer.signed == []


def test_second_rotation_names_the_successor(desk: Turn) -> None:
    """There is one, and it is the one to go on with."""
    successor = desk.rotate().token

    error = desk.refused(TokenAlreadyRotated)
    assert isinstance(error, TokenAlreadyRotated)
    assert error.successor_id == successor.id


def test_rename_meanwhile_is_the_successors_too(desk: Turn) -> None:
    """The rotation is made again on top of it, with the same signature."""
    renamed = replace(desk.token.described("new", "", START), version=2)
    desk.store.let("rotate_token", lambda: desk.store.put(renamed))

    assert desk.rotate().token.name == "new"
    assert len(desk.signer.signed) == 1


@pytest.mark.parametrize("by_itself", [False, True], ids=["owner", "itself"])
def test_list_that_is_narrowed_meanwhile_is_the_successors_too(desk: Turn, *, by_itself: bool) -> None:
    """Otherwise a token that rotates at that moment would escape the narrower list."""
    narrow = allowed_networks(["192.0.2.0/24"])
    restricted = replace(desk.token.restricted(narrow, START), version=2)
    desk.store.let("rotate_token", lambda: desk.store.put(restricted))
    owner = desk.store.read_user(desk.owner)

    successor = desk.rotating(owner, desk.token.id, HOUR, PERSON, by_itself=by_itself).token
    assert successor.allowed_networks == narrow


def test_rotation_meanwhile_wins(desk: Turn) -> None:
    """Of two rotations the later one hears of the other's successor."""
    made: list[Token] = []
    desk.store.let("rotate_token", lambda: made.append(desk.rotate().token))

    with pytest.raises(TokenAlreadyRotated) as caught:
        desk.rotate()
    assert caught.value.successor_id == made[0].id
    assert len(desk.store.rows()) == LIMIT + 1


def test_pause_meanwhile_wins(desk: Turn) -> None:
    """A token that was put out of use gets no successor."""
    paused = replace(desk.token.paused(START), version=2)
    desk.store.let("rotate_token", lambda: desk.store.put(paused))

    with pytest.raises(TokenNotActive):
        desk.rotate()


def test_deactivation_meanwhile_wins(desk: Turn) -> None:
    """The owner is out before the successor is in."""
    inactive = replace(desk.store.read_user(desk.owner), status=UserStatus.INACTIVE)
    desk.store.let("rotate_token", lambda: desk.store.put(inactive))

    with pytest.raises(UserInactive):
        desk.rotate()
    assert len(desk.store.rows()) == LIMIT


def test_endless_changes_end_in_a_conflict(desk: Turn) -> None:
    """The attempts end, and nothing is written."""

    def rename(version: int) -> None:
        desk.store.put(replace(desk.token, name=f"name {version}", version=version))

    desk.store.let("rotate_token", *[lambda n=n: rename(n) for n in range(2, 9)])

    with pytest.raises(ConcurrentChange):
        desk.rotate()
    assert desk.store.calls["rotate_token"] == 5
    assert len(desk.store.rows()) == LIMIT


def test_place_of_an_expiring_token_is_not_passed_on_beyond_the_quota(desk: Turn) -> None:
    """Another machine may have given it away; then there is none left."""
    desk.store.put(replace(desk.token, expires_at=desk.clock.now() + timedelta(minutes=1)))

    desk.refused(TokenLimitReached)


def test_nothing_is_written_when_nothing_can_be_signed(desk: Turn) -> None:
    """The predecessor works on."""
    desk.signer.out_of_order = True

    desk.refused(SigningUnavailable)


def test_broken_store_is_no_refusal(desk: Turn) -> None:
    """The outcome is unknown, so the error does not say that the token is gone."""
    desk.store.broken = {"rotate_token"}

    with pytest.raises(StoreUnavailable):
        desk.rotate()
