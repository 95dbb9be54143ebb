"""Leak reports: what is genuine ends, what is not costs nothing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import BadSignature, ConcurrentChange, StoreUnavailable
from chalicelib.domain.ids import new_token_id
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.rotation import own_successor_of, rotation_of, successor_of
from chalicelib.domain.tokens import Token, TokenState
from chalicelib.domain.users import UserStatus
from chalicelib.services.revocation import RevokeExposed, RevokeToken
from tests.support.actors import CALLER, JOURNAL, an_event
from tests.support.builders import LIMITS, RULES, a_token, a_user
from tests.support.clock import START, FixedClock
from tests.unit.services.stores import BusyStore


class Finder:
    """A finder of strings. The genuine ones are token ids here."""

    def __init__(self) -> None:
        self.store = BusyStore()
        self.clock = FixedClock()
        self.owner = a_user(live_tokens=3)
        self.tokens = [a_token(self.owner) for _ in range(3)]
        self.store.put(self.owner, *self.tokens)
        self.verified = 0
        revoke = RevokeToken(self.store, self.store, self.store, self.clock, RULES, JOURNAL)
        self.revoke_exposed = RevokeExposed(self, revoke)

    def verify(self, unverified_token: str) -> Claims:
        """Return the claims of a token named by its id."""
        self.verified += 1
        if unverified_token == "no keys":
            raise StoreUnavailable
        if not unverified_token.startswith("tok_"):
            raise BadSignature
        return Claims(self.owner.id, unverified_token, START, frozenset({"api:read"}), None)

    def row(self, token: Token) -> Token:
        """Return a token's row as it is now."""
        return self.store.read_token(token)


@pytest.fixture
def finder() -> Finder:
    """Return a finder of the strings of three tokens."""
    return Finder()


def test_genuine_token_is_revoked_as_exposed(finder: Finder) -> None:
    """Its owner sees why and when; the count follows."""
    token = finder.tokens[0]

    assert finder.revoke_exposed([token.id], CALLER) == [token.id]
    revocation = finder.row(token).revocation
    assert revocation is not None
    assert (revocation.reason, revocation.at) == (RevocationReason.EXPOSED, START)
    assert finder.store.read_user(finder.owner).live_tokens == 2
    assert finder.row(finder.tokens[1]) == finder.tokens[1]


def test_forged_strings_cost_nothing(finder: Finder) -> None:
    """No database is asked about what this service did not sign."""
    assert finder.revoke_exposed([f"forged {n}" for n in range(100)], CALLER) == []
    assert finder.store.calls == {}


def test_each_genuine_token_costs_one_read_and_one_write(finder: Finder) -> None:
    """Repeated ones count once."""
    ids = [token.id for token in finder.tokens]

    assert finder.revoke_exposed(ids * 3, CALLER) == ids
    assert finder.store.calls == {"find_for_authorization": 3, "end_line": 3}
    assert finder.verified == 3


def test_no_more_than_a_hundred_are_verified(finder: Finder) -> None:
    """Whatever a caller sends."""
    finder.revoke_exposed([f"forged {n}" for n in range(150)], CALLER)

    assert finder.verified == 100


def test_reporting_again_changes_nothing(finder: Finder) -> None:
    """The first report's time and reason stay."""
    token = finder.tokens[0]
    finder.revoke_exposed([token.id], CALLER)
    before = finder.row(token)
    finder.clock.advance(timedelta(days=1))

    assert finder.revoke_exposed([token.id], CALLER) == []
    assert finder.row(token) == before


@pytest.mark.parametrize("changes", [{"state": TokenState.INACTIVE}, {"idle_at": START}])
def test_paused_and_idle_tokens_end_too(finder: Finder, changes: dict[str, Any]) -> None:
    """They could be re-activated."""
    finder.store.put(replace(finder.tokens[0], **changes))

    assert finder.revoke_exposed([finder.tokens[0].id], CALLER) == [finder.tokens[0].id]


def test_token_of_a_deactivated_owner_ends_too(finder: Finder) -> None:
    """The owner may get the tokens back."""
    finder.store.put(replace(finder.owner, status=UserStatus.INACTIVE))

    assert finder.revoke_exposed([finder.tokens[0].id], CALLER) == [finder.tokens[0].id]


def test_token_in_its_overlap_ends_without_freeing_a_place(finder: Finder) -> None:
    """The successor, which was not found, works on and keeps the place."""
    token = finder.tokens[0]
    successor = successor_of(token, new_token_id(START), START, RULES)
    rotation = rotation_of(token, None, successor, timedelta(days=1), RULES)
    finder.store.rotate_token(rotation, [an_event()], limits=LIMITS)

    assert finder.revoke_exposed([token.id], CALLER) == [token.id]
    assert finder.row(successor) == successor
    assert finder.store.read_user(finder.owner).live_tokens == 3


def test_token_without_a_row_is_passed_over(finder: Finder) -> None:
    """There is nothing to revoke, and nothing is created."""
    finder.store.purge(finder.tokens[0])

    assert finder.revoke_exposed([finder.tokens[0].id], CALLER) == []
    assert len(finder.store.rows()) == 2


@pytest.mark.parametrize("left", [True, False])
def test_first_token_of_a_line_stands_for_it_after_its_row_is_gone(finder: Finder, left: bool) -> None:
    """The tokens that grew out of it end, as long as the line's row leads there."""
    token = finder.tokens[0]
    successor = own_successor_of(token, new_token_id(START), START, RULES)
    rotation = rotation_of(token, None, successor, timedelta(days=1), RULES)
    finder.store.rotate_token(rotation, [an_event()], limits=LIMITS)
    finder.store.purge(rotation.rotated.after)
    if not left:
        finder.store.purge(*finder.store.lines())

    assert finder.revoke_exposed([token.id], CALLER) == ([token.id] if left else [])
    assert (finder.row(successor).state is TokenState.REVOKED) is left


@pytest.mark.parametrize("call", ["find_for_authorization", "end_line"])
def test_failure_is_told_after_the_others_were_tried(finder: Finder, call: str) -> None:
    """The reporter tries again, and then the rest is done."""
    ids = [token.id for token in finder.tokens]

    def fail() -> None:
        raise StoreUnavailable

    finder.store.let(call, fail)
    with pytest.raises(StoreUnavailable):
        finder.revoke_exposed(ids, CALLER)
    assert [finder.row(t).state for t in finder.tokens].count(TokenState.REVOKED) == 2
    assert finder.revoke_exposed(ids, CALLER) == [ids[0]]


def test_missing_keys_are_told_after_the_others_were_tried(finder: Finder) -> None:
    """The service cannot say yet if that string is genuine."""
    with pytest.raises(StoreUnavailable):
        finder.revoke_exposed(["no keys", finder.tokens[0].id], CALLER)
    assert finder.row(finder.tokens[0]).state is TokenState.REVOKED


@pytest.mark.parametrize("times", [1, 2, 4, 9])
def test_pauses_meanwhile_hold_up_no_revocation(finder: Finder, times: int) -> None:
    """The event tells the state that ended, unless the token is paused and resumed all the time."""
    token = finder.tokens[0]

    def toggle() -> None:
        row = finder.row(token)
        is_active = row.state is TokenState.ACTIVE
        finder.store.put(replace(row, state=TokenState.INACTIVE if is_active else TokenState.ACTIVE))

    finder.store.let("end_line", *[toggle] * times)

    assert finder.revoke_exposed([token.id], CALLER) == [token.id]
    assert finder.row(token).state is TokenState.REVOKED
    assert finder.store.calls["end_line"] == min(times + 1, 5)
    (event,) = finder.store.events()
    if times < 5:
        assert event.changes["state"].before == ("inactive" if times % 2 else "active")


def test_token_that_never_rests_is_tried_a_fixed_number_of_times(finder: Finder) -> None:
    """Then the reporter may try again."""

    def conflict() -> None:
        raise ConcurrentChange

    finder.store.let("end_line", *[conflict] * 9)
    with pytest.raises(StoreUnavailable):
        finder.revoke_exposed([finder.tokens[0].id], CALLER)
    assert finder.store.calls == {"find_for_authorization": 5, "end_line": 5}
