"""Callers' addresses, from the connection to the decision, at our own API behind the local gateway."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest
from chalice.config import Config

from chalicelib.domain.callers import Caller, Door
from chalicelib.domain.errors import RevokedToken
from chalicelib.domain.scopes import Route
from chalicelib.services.callers import Admitted
from infra.aws.package.fixes import IDENTITY_SOURCES
from infra.local.events import HttpRequest
from infra.local.gateway import Gateway
from infra.local.responses import GatewayResponses
from infra.local.template import read_template
from tests.support.api import Api, api_of
from tests.support.service import MemoryService

A, B = "192.0.2.7", "2001:db8::7"
FORGED = {"x-forwarded-for": [A], "forwarded": [f"for={A}"], "x-real-ip": [A]}


@dataclass(frozen=True, slots=True)
class Bound:
    """A bearer whose token may be used from A only."""

    admitted: Admitted
    networks: Sequence[str] = (f"{A}/32",)

    @property
    def principal(self) -> str:
        """The owner's id."""
        return self.admitted.principal

    @property
    def context(self) -> dict[str, str]:
        """The token."""
        return self.admitted.context

    def routes(self) -> Sequence[Route]:
        """Return the routes of the token."""
        return self.admitted.routes()

    def opens(self, method: str, path: str) -> bool:
        """Return True if the token opens the request."""
        return self.admitted.opens(method, path)


class BoundService(MemoryService):
    """A service whose tokens may all be used from A only."""

    def __init__(self) -> None:
        super().__init__()
        self.callers: list[Caller] = []

    def admit(
        self, unverified_token: str | None, caller: Caller, lets_in: Callable[[Admitted], bool]
    ) -> Admitted:
        """Decide as always, and then by the address."""
        self.callers.append(caller)
        admitted = super().admit(unverified_token, caller, lets_in)
        if caller.address != A:
            raise RevokedToken
        return Bound(admitted)


@pytest.fixture
def service() -> BoundService:
    """Return a service whose tokens are bound to A."""
    return BoundService()


@pytest.fixture
def token(service: BoundService) -> Iterator[str]:
    """Call the app, and return a token."""
    with api_of(service) as api:
        yield _token(api, service)


def _token(api: Api, service: BoundService) -> str:
    token: str = api.create_token(service.provider.sign_in("user@example.com"))["token"]
    return token


@pytest.fixture
def gateway() -> Iterator[Callable[[Sequence[str]], Gateway]]:
    """Make gateways that keep decisions for five minutes by these identity sources."""
    from app import app

    kind = app.__class__
    yield lambda sources: Gateway(
        app,
        Config.create(app_name="bodhi"),
        GatewayResponses(read_template()),
        identity_sources=sources,
        cache_seconds=300,
    )
    # The gateway changes the application, which other tests share.
    app.__class__ = kind


Make = Callable[[Sequence[str]], Gateway]


def whoami(
    gateway: Gateway, token: str, source_ip: str, forged: dict[str, list[str]] | None = None
) -> tuple[int, bytes]:
    """Return the response to a call from an address."""
    headers = {"authorization": [f"Bearer {token}"], "user-agent": ["curl/8.7.1"], **(forged or {})}
    response = gateway.respond(HttpRequest("GET", "/api/whoami", headers, b"", source_ip))
    return int(response.status), response.body


def test_decision_gets_the_peers_address(service: BoundService, token: str, gateway: Make) -> None:
    """It comes with the method and the path. whoami shows nothing of it, nor the deadlines."""
    status, body = whoami(gateway(IDENTITY_SOURCES), token, A)

    assert status == 200
    assert service.callers == [Caller(Door.REST_REQUEST, A, "curl/8.7.1", "GET", "/api/whoami")]
    assert A.encode() not in body
    assert b"_at" not in body


@pytest.mark.parametrize(
    ("sources", "statuses", "decisions"),
    [
        (IDENTITY_SOURCES, [200, 200, 401, 401, 200], 3),
        (IDENTITY_SOURCES[:1], [200, 200, 403, 403, 200], 1),
    ],
    ids=["identity sources", "condition"],
)
def test_decision_kept_for_one_address_never_serves_another(
    service: BoundService,
    token: str,
    gateway: Make,
    sources: Sequence[str],
    statuses: list[int],
    decisions: int,
) -> None:
    """Our own API keeps by both identity sources. An API that keeps by the token has the condition."""
    kept = gateway(sources)

    calls = [(A, None), (A, None), (B, None), (B, FORGED), (A, None)]
    assert [whoami(kept, token, address, forged)[0] for address, forged in calls] == statuses
    assert len(service.callers) == decisions


def test_forged_header_is_not_an_address(service: BoundService, token: str, gateway: Make) -> None:
    """The first call already comes from the wrong address. No header helps it."""
    assert whoami(gateway(IDENTITY_SOURCES), token, B, FORGED)[0] == 401
    assert [caller.address for caller in service.callers] == [B]
