"""The contract of the stores of keys. Of several writers at the same time, one succeeds."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import ConcurrentChange
from chalicelib.domain.events import OF_KEYS, Event, EventType
from chalicelib.domain.keys import KeyRing, KeyState, VerificationKey
from chalicelib.domain.ports.signing import KeyStore
from tests.support.actors import an_event
from tests.support.clock import START
from tests.support.dynamodb import Stores
from tests.support.keys import publish

LATER = START + timedelta(hours=1)
LEAD = timedelta(minutes=10)


def a_key(kid: str = "kid-1", state: KeyState = KeyState.ACTIVE) -> VerificationKey:
    """Return the public half of a key."""
    return VerificationKey(kid, "x-coordinate", "y-coordinate", f"arn:{kid}", state, START, START)


def sorted_keys(ring: KeyRing) -> list[VerificationKey]:
    """Return the keys in the order of their kids."""
    return sorted(ring.keys, key=lambda key: key.kid)


def states(store: KeyStore) -> dict[str, KeyState]:
    """Return the stored state of every key."""
    return {key.kid: key.state for key in store.load_keys().keys}


def published(store: KeyStore, *kids: str) -> KeyRing:
    """Publish keys, the first one active and the second next, and return the ring."""
    for kid in kids:
        ring = store.load_keys()
        store.save_keys(ring, ring.published(a_key(kid)), an_event(OF_KEYS))
    return store.load_keys()


Change = Callable[[KeyRing], KeyRing]


def save(store: KeyStore, before: KeyRing, change: Change) -> None:
    """Write what a change makes of a ring that may be out of date."""
    store.save_keys(before, change(before), an_event(OF_KEYS))


def activate(kid: str) -> Change:
    """Return the activation of a key."""
    return lambda ring: ring.activated(kid, LATER, LEAD)


def revoke(kid: str) -> Change:
    """Return the revocation of a key."""
    return lambda ring: ring.revoked(kid, LATER)


def publication(kid: str) -> Change:
    """Return the publication of a key."""
    return lambda ring: ring.published(a_key(kid))


def history(stores: Stores) -> Sequence[Event]:
    """Return the events of the keys."""
    return stores.events.list_events(OF_KEYS, after=None, limit=100).events


class TestRoundTrips:
    """Whatever is written is read back the same."""

    @pytest.mark.parametrize("state", KeyState)
    def test_key_is_read_back(self, stores: Stores, state: KeyState) -> None:
        """A key keeps its coordinates, its place in KMS, state and times."""
        millisecond = timedelta(milliseconds=1)
        key = replace(a_key(state=state), created_at=START + millisecond, changed_at=LATER + millisecond)
        publish(stores.keys, key)
        assert stores.keys.load_keys() == KeyRing((key,))

    def test_all_keys_are_loaded(self, stores: Stores) -> None:
        """Whatever their state: the reader decides what may verify."""
        keys = [a_key(f"kid-{state.value}", state) for state in KeyState]
        publish(stores.keys, *keys)
        assert sorted(keys, key=lambda key: key.kid) == sorted_keys(stores.keys.load_keys())

    def test_keys_of_two_uses_do_not_meet(self, stores: Stores) -> None:
        """A key that signs access tokens does not verify API tokens, whatever its kid."""
        publish(stores.keys, a_key("kid-1"))
        publish(stores.access_token_keys, a_key("kid-1", KeyState.REVOKED), a_key("kid-2"))
        assert states(stores.keys) == {"kid-1": KeyState.ACTIVE}
        assert states(stores.access_token_keys) == {"kid-1": KeyState.REVOKED, "kid-2": KeyState.ACTIVE}


class TestChanges:
    """Each change of a ring, written and read back."""

    def test_first_key_signs_and_the_second_one_waits(self, stores: Stores) -> None:
        """A new ring begins with a key that signs at once."""
        published(stores.keys, "kid-1", "kid-2")
        assert states(stores.keys) == {"kid-1": KeyState.ACTIVE, "kid-2": KeyState.NEXT}

    def test_activation_moves_both_keys(self, stores: Stores) -> None:
        """The one that signed verifies from now on; both know since when."""
        ring = published(stores.keys, "kid-1", "kid-2")
        save(stores.keys, ring, activate("kid-2"))
        assert states(stores.keys) == {"kid-1": KeyState.VERIFY_ONLY, "kid-2": KeyState.ACTIVE}
        assert [key.changed_at for key in stores.keys.load_keys().keys] == [LATER, LATER]

    @pytest.mark.parametrize("kid", ["kid-1", "kid-2", "kid-3"])
    def test_any_key_can_be_revoked(self, stores: Stores, kid: str) -> None:
        """The one that verifies only, the one that signs and the one that will."""
        ring = published(stores.keys, "kid-1", "kid-2")
        save(stores.keys, ring, activate("kid-2"))
        ring = published(stores.keys, "kid-3")
        before = states(stores.keys)
        save(stores.keys, ring, revoke(kid))
        assert states(stores.keys) == before | {kid: KeyState.REVOKED}

    def test_ring_goes_on_after_its_active_key_was_revoked(self, stores: Stores) -> None:
        """The next one takes the place that is free, and another one can be published."""
        ring = published(stores.keys, "kid-1", "kid-2")
        save(stores.keys, ring, revoke("kid-1"))
        save(stores.keys, stores.keys.load_keys(), activate("kid-2"))
        published(stores.keys, "kid-3")
        assert states(stores.keys) == {
            "kid-1": KeyState.REVOKED,
            "kid-2": KeyState.ACTIVE,
            "kid-3": KeyState.NEXT,
        }

    def test_nothing_is_written_where_nothing_differs(self, stores: Stores) -> None:
        """Saving the same keys changes nothing."""
        ring = published(stores.keys, "kid-1")
        told = history(stores)
        stores.keys.save_keys(ring, ring, an_event(OF_KEYS))
        stores.keys.save_keys(KeyRing(), KeyRing(), an_event(OF_KEYS))
        assert ring == stores.keys.load_keys()
        assert history(stores) == told


STALE: dict[str, tuple[tuple[str, ...], Change, Change]] = {
    "two first keys": ((), publication("kid-1"), publication("kid-2")),
    "the same first key twice": ((), publication("kid-1"), publication("kid-1")),
    "two next keys": (("kid-1",), publication("kid-2"), publication("kid-3")),
    "activation twice": (("kid-1", "kid-2"), activate("kid-2"), activate("kid-2")),
    "activation of a revoked key": (("kid-1", "kid-2"), revoke("kid-2"), activate("kid-2")),
    "revocation of what was activated": (("kid-1", "kid-2"), activate("kid-2"), revoke("kid-2")),
    "revocation of what was retired": (("kid-1", "kid-2"), activate("kid-2"), revoke("kid-1")),
    "retirement of a revoked key": (("kid-1", "kid-2"), revoke("kid-1"), activate("kid-2")),
    "revocation twice": (("kid-1",), revoke("kid-1"), revoke("kid-1")),
    "publication beside a revocation": (("kid-1",), revoke("kid-1"), publication("kid-2")),
    "publication of a key that came and went": (
        ("kid-1",),
        lambda ring: ring.published(a_key("kid-2")).revoked("kid-2", LATER),
        publication("kid-2"),
    ),
}


class TestEvents:
    """A change of a ring and its event are written together, or neither of them."""

    @pytest.mark.parametrize(
        ("kind", "change"),
        [
            (EventType.KEY_PUBLISHED, publication("kid-3")),
            (EventType.KEY_ACTIVATED, activate("kid-2")),
            (EventType.KEY_REVOKED, revoke("kid-1")),
        ],
    )
    def test_change_is_told_once(self, stores: Stores, kind: EventType, change: Change) -> None:
        """The event is in the history of the keys."""
        ring = published(stores.keys, "kid-1")
        if kind is EventType.KEY_ACTIVATED:
            ring = published(stores.keys, "kid-2")
        event = an_event(OF_KEYS, kind)
        stores.keys.save_keys(ring, change(ring), event)
        assert history(stores).count(event) == 1

    def test_refused_change_is_not_told(self, stores: Stores) -> None:
        """Another writer was first."""
        ring = published(stores.keys, "kid-1")
        save(stores.keys, ring, publication("kid-2"))
        told = history(stores)
        with pytest.raises(ConcurrentChange):
            save(stores.keys, ring, publication("kid-3"))
        assert history(stores) == told


class TestRaces:
    """Two who read the same ring cannot both change it."""

    @pytest.mark.parametrize("name", STALE)
    def test_second_writer_is_refused_and_changes_nothing(self, stores: Stores, name: str) -> None:
        """A writer whose keys are out of date must read them again."""
        kids, first, second = STALE[name]
        ring = published(stores.keys, *kids)
        save(stores.keys, ring, first)
        before = states(stores.keys)
        with pytest.raises(ConcurrentChange):
            save(stores.keys, ring, second)
        assert before == states(stores.keys)

    def test_retired_key_is_revoked_once(self, stores: Stores) -> None:
        """The time of its end stays the first one."""
        save(stores.keys, published(stores.keys, "kid-1", "kid-2"), activate("kid-2"))
        ring = stores.keys.load_keys()
        save(stores.keys, ring, revoke("kid-1"))
        with pytest.raises(ConcurrentChange):
            stores.keys.save_keys(ring, ring.revoked("kid-1", LATER + LEAD), an_event(OF_KEYS))
        assert stores.keys.load_keys().find("kid-1").changed_at == LATER

    def test_revocations_of_two_retired_keys_do_not_meet(self, stores: Stores) -> None:
        """An emergency is not held up by another one."""
        for kid in ("kid-1", "kid-2", "kid-3"):
            published(stores.keys, kid)
            if kid != "kid-1":
                save(stores.keys, stores.keys.load_keys(), activate(kid))
        ring = stores.keys.load_keys()
        save(stores.keys, ring, revoke("kid-1"))
        save(stores.keys, ring, revoke("kid-2"))
        assert states(stores.keys) == {
            "kid-1": KeyState.REVOKED,
            "kid-2": KeyState.REVOKED,
            "kid-3": KeyState.ACTIVE,
        }
