"""Keys that take turns: which change is allowed in which state, and what it changes."""

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import KeyChangeRefused
from chalicelib.domain.keys import KeyRing, KeyState, VerificationKey
from tests.support.clock import START

LEAD = timedelta(minutes=10)
LATER = START + LEAD
NONE = timedelta(0)
ONE_MILLISECOND = timedelta(milliseconds=1)


def a_key(kid: str, state: KeyState = KeyState.NEXT) -> VerificationKey:
    """Return a key published at the start."""
    return VerificationKey(kid, "x", "y", f"arn:{kid}", state, START, START)


def ring_of(*states: KeyState) -> KeyRing:
    """Return a ring with a key for each state, named after it."""
    return KeyRing(tuple(a_key(state.value, state) for state in states))


def states(ring: KeyRing) -> dict[str, KeyState]:
    """Return the state of every key."""
    return {key.kid: key.state for key in ring.keys}


ALL = ring_of(*KeyState)


@pytest.mark.parametrize("state", KeyState)
def test_only_a_revoked_key_verifies_nothing(state: KeyState) -> None:
    """The next one verifies before it signs, the retired one long after."""
    assert a_key("kid", state).may_verify is (state is not KeyState.REVOKED)


def test_first_key_of_all_is_active_at_once() -> None:
    """No other key can sign meanwhile."""
    ring = KeyRing().published(a_key("first"))
    assert states(ring) == {"first": KeyState.ACTIVE}
    assert (ring.active, ring.next) == (ring.keys[0], None)


@pytest.mark.parametrize("there", [KeyState.ACTIVE, KeyState.VERIFY_ONLY, KeyState.REVOKED])
def test_later_key_is_next(there: KeyState) -> None:
    """Even where none is active: readers of keys must learn of it first."""
    ring = ring_of(there).published(a_key("new", KeyState.ACTIVE))
    assert states(ring) == {there.value: there, "new": KeyState.NEXT}


def test_second_next_key_is_refused() -> None:
    """One at a time."""
    with pytest.raises(KeyChangeRefused, match="next is next already"):
        ALL.published(a_key("new"))


@pytest.mark.parametrize("state", [KeyState.ACTIVE, KeyState.VERIFY_ONLY, KeyState.REVOKED])
def test_known_key_is_not_published_again(state: KeyState) -> None:
    """A revoked key does not come back, whatever it is published as."""
    ring = ring_of(state)
    with pytest.raises(KeyChangeRefused, match="published already"):
        ring.published(a_key(state.value))


def test_activation_retires_the_key_before() -> None:
    """Both know since when; the others stay as they are."""
    ring = ALL.activated("next", LATER, LEAD)
    assert states(ring) == {
        "next": KeyState.ACTIVE,
        "active": KeyState.VERIFY_ONLY,
        "verify-only": KeyState.VERIFY_ONLY,
        "revoked": KeyState.REVOKED,
    }
    changed = {key.kid: key.changed_at for key in ring.keys}
    assert changed == {"next": LATER, "active": LATER, "verify-only": START, "revoked": START}
    assert {key.created_at for key in ring.keys} == {START}


def test_activation_needs_no_key_before() -> None:
    """A ring whose active key was revoked goes on."""
    ring = ring_of(KeyState.NEXT, KeyState.REVOKED).activated("next", LATER, LEAD)
    assert states(ring) == {"next": KeyState.ACTIVE, "revoked": KeyState.REVOKED}


def test_activation_waits_for_the_lead() -> None:
    """Not a moment sooner; without a lead, at once."""
    with pytest.raises(KeyChangeRefused, match="less than 0:10:00 ago"):
        ALL.activated("next", LATER - ONE_MILLISECOND, LEAD)
    assert ALL.activated("next", LATER, LEAD).active
    assert ALL.activated("next", START, NONE).active


@pytest.mark.parametrize("state", [KeyState.ACTIVE, KeyState.VERIFY_ONLY, KeyState.REVOKED])
def test_only_the_next_key_can_be_activated(state: KeyState) -> None:
    """A key that was retired or revoked never signs again."""
    with pytest.raises(KeyChangeRefused, match="not next"):
        ALL.activated(state.value, LATER, NONE)


@pytest.mark.parametrize("state", [KeyState.NEXT, KeyState.ACTIVE, KeyState.VERIFY_ONLY])
def test_revocation_changes_one_key(state: KeyState) -> None:
    """An emergency asks for no replacement."""
    ring = ALL.revoked(state.value, LATER)
    assert states(ring) == states(ALL) | {state.value: KeyState.REVOKED}
    assert ring.find(state.value).changed_at == LATER


def test_revocation_is_final() -> None:
    """A revocation happens once and is final."""
    with pytest.raises(KeyChangeRefused, match="revoked already"):
        ALL.revoked("revoked", LATER)


def test_unknown_kid_is_named() -> None:
    """The operator sees which one was asked for."""
    for refused in (
        lambda: ALL.find("no-such"),
        lambda: ALL.revoked("no-such", LATER),
        lambda: ALL.activated("no-such", LATER, NONE),
    ):
        with pytest.raises(KeyChangeRefused, match="no-such"):
            refused()


@given(st.lists(st.sampled_from(list(product(["publish", "activate", "revoke"], "abcd"))), max_size=12))
def test_whatever_is_done_one_key_signs_and_one_waits(changes: list[tuple[str, str]]) -> None:
    """No order of changes makes a second active or next key, or brings a revoked one back."""
    ring, dead = KeyRing(), set[str]()
    for change, kid in changes:
        try:
            if change == "publish":
                ring = ring.published(a_key(kid))
            elif change == "activate":
                ring = ring.activated(kid, START, NONE)
            else:
                ring = ring.revoked(kid, START)
        except KeyChangeRefused:
            continue
        found = list(states(ring).values())
        assert max(found.count(KeyState.ACTIVE), found.count(KeyState.NEXT)) <= 1
        assert dead <= {key.kid for key in ring.keys if not key.may_verify}
        dead = {key.kid for key in ring.keys if not key.may_verify}
