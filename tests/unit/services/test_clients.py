"""Resource servers: known by secret or by signature, and by nothing else."""

import json
from datetime import timedelta

import pytest

from chalicelib.adapters.client_assertion import ClientAssertions
from chalicelib.domain.clients import ClientCredentials, PresentedAssertion, PresentedSecret
from chalicelib.domain.errors import InvalidClient
from chalicelib.services.clients import AuthenticateClients
from chalicelib.settings.client_definitions import parse_resource_servers
from tests.support.clients import KEYED_SERVER, SECRET, SERVER, assertion, resource_servers
from tests.support.clock import FixedClock
from tests.support.memory import InMemoryStore

US = "https://api.example.com"


class World:
    """The service over a store in memory."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        self.store = InMemoryStore()
        servers = parse_resource_servers(json.loads(json.dumps(resource_servers())))
        verifier = ClientAssertions(servers, frozenset({US}), self.clock)
        self.clients = AuthenticateClients(servers, verifier, self.store, self.clock)

    def assertion(self, **changes: object) -> PresentedAssertion:
        """Return a good assertion."""
        return PresentedAssertion(assertion(self.clock.now(), US, **changes))

    def refused(self, credentials: ClientCredentials | None) -> InvalidClient:
        """Return the refusal."""
        with pytest.raises(InvalidClient) as caught:
            self.clients.require(credentials)
        return caught.value


@pytest.fixture
def world() -> World:
    """Return a service that no client has called."""
    return World()


def test_secret_is_enough(world: World) -> None:
    """The right one for this client."""
    world.clients.require(PresentedSecret(SERVER, SECRET))


@pytest.mark.parametrize(
    ("client_id", "secret"),
    [
        (SERVER, ""),
        (SERVER, SECRET + " "),
        (SERVER.upper(), SECRET),
        ("nobody", SECRET),
        ("", ""),
        (KEYED_SERVER, SECRET),
        (KEYED_SERVER, ""),
    ],
)
def test_other_secret_is_refused(world: World, client_id: str, secret: str) -> None:
    """A wrong secret, an unknown client and one without a secret look the same."""
    refusal = world.refused(PresentedSecret(client_id, secret))
    assert refusal.detail == InvalidClient.detail


@pytest.mark.parametrize("by_header", [True, False])
def test_refusal_knows_how_the_secret_came(world: World, by_header: bool) -> None:
    """Only who used the header is challenged to use it again (RFC 6749 section 5.2)."""
    assert world.refused(PresentedSecret(SERVER, "x", by_header)).by_header is by_header


def test_nothing_presented_is_refused_where_somebody_is_needed(world: World) -> None:
    """And only there."""
    world.refused(None)
    world.clients.check(None)


def test_bad_credentials_are_refused_even_where_nobody_is_needed(world: World) -> None:
    """Credentials that are presented must be good."""
    with pytest.raises(InvalidClient):
        world.clients.check(PresentedSecret(SERVER, "x"))


def test_assertion_is_good_once(world: World) -> None:
    """A copied assertion comes too late. Another one is accepted."""
    presented = world.assertion()
    world.clients.require(presented)
    assert "used before" in world.refused(presented).detail
    world.clients.require(world.assertion(jti="assertion-2"))


def test_assertion_stays_used_until_it_cannot_be_used(world: World) -> None:
    """To the last moment of the leeway."""
    presented = world.assertion()
    world.clients.require(presented)
    world.clock.advance(timedelta(minutes=2, seconds=59))
    assert "used before" in world.refused(presented).detail
    world.clock.advance(timedelta(seconds=1))
    assert "expired" in world.refused(presented).detail


def test_refused_assertion_uses_nothing_up(world: World) -> None:
    """A stranger cannot spend a client's ids, nor fill the table."""
    world.refused(world.assertion(aud="https://evil.example"))
    assert world.store.assertions() == []


def test_client_id_beside_an_assertion_must_be_its_own(world: World) -> None:
    """Two names for one caller are one too many."""
    signed = world.assertion().unverified_assertion
    world.refused(PresentedAssertion(signed, SERVER))
    assert world.store.assertions() == []
    world.clients.require(PresentedAssertion(signed, KEYED_SERVER))


def test_credentials_stay_out_of_repr() -> None:
    """Whatever prints them prints no secret."""
    assert SECRET not in repr(PresentedSecret(SERVER, SECRET))
    assert "eyJ" not in repr(PresentedAssertion("eyJhbGciOiJFUzI1NiJ9.e30.x"))
