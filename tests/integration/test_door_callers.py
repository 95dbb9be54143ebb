"""The caller that each front door hands to the decision, and the networks that its policy names."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.callers import Caller, Door
from chalicelib.domain.scopes import EVERYTHING, Route
from chalicelib.handlers.authorizer import api_token_authorizer
from chalicelib.handlers.front_doors import (
    appsync_authorizer,
    http_api_authorizer,
    rest_request_authorizer,
    websocket_authorizer,
)
from chalicelib.services.callers import Admitted
from infra.local.policies import allows
from tests.support.api import Api, api_of
from tests.support.events import API, Context, Event, appsync, http_api, rest_request, rest_token, websocket
from tests.support.service import MemoryService

AGENT = "curl/8.7.1"
ADDRESS = "192.0.2.1"
NETWORKS = ("192.0.2.0/24", "2001:db8::/32")


def format_1(header: str) -> Event:
    """Return what an HTTP API sends with payload format 1.0."""
    return {**rest_request(header), "version": "1.0"}


Handler = Callable[[Event, Any], dict[str, Any]]
DOORS: dict[str, tuple[Handler, Callable[[str], Event], Caller]] = {
    "REST, TOKEN": (
        api_token_authorizer,
        rest_token,
        Caller(Door.REST_TOKEN, None, None, "GET", "/orders/7"),
    ),
    "our own API": (
        api_token_authorizer,
        rest_request,
        Caller(Door.REST_REQUEST, ADDRESS, AGENT, "GET", "/orders/7"),
    ),
    "REST, REQUEST": (
        rest_request_authorizer,
        rest_request,
        Caller(Door.REST_REQUEST, ADDRESS, AGENT, "GET", "/orders/7"),
    ),
    "HTTP, 1.0": (
        rest_request_authorizer,
        format_1,
        Caller(Door.HTTP_API_1, ADDRESS, AGENT, "GET", "/orders/7"),
    ),
    "HTTP, 2.0": (
        http_api_authorizer,
        http_api,
        Caller(Door.HTTP_API_2, ADDRESS, AGENT, "GET", "/orders/7"),
    ),
    "WebSocket": (websocket_authorizer, websocket, Caller(Door.WEBSOCKET, ADDRESS, None, "GET", "/")),
    "AppSync": (appsync_authorizer, appsync, Caller(Door.APPSYNC, None, None, "POST", "/graphql")),
}
# The member of the request context that has the address.
KNOWING = {
    "our own API": "identity",
    "REST, REQUEST": "identity",
    "HTTP, 1.0": "identity",
    "HTTP, 2.0": "http",
    "WebSocket": "identity",
}
BY_POLICY = ("REST, TOKEN", "our own API", "REST, REQUEST", "HTTP, 1.0")


@dataclass(frozen=True, slots=True)
class Listed:
    """A bearer whose token may be used from some networks only."""

    networks: Sequence[str]
    principal: str = "usr_1"

    @property
    def context(self) -> dict[str, str]:
        """Nothing."""
        return {}

    def routes(self) -> Sequence[Route]:
        """Return all routes."""
        return [EVERYTHING]

    def opens(self, method: str, path: str) -> bool:
        """Return True."""
        return True


class Listening(MemoryService):
    """A service that keeps the callers of its doors."""

    def __init__(self) -> None:
        super().__init__()
        self.callers: list[Caller] = []
        self.listed: Listed | None = None

    def admit(
        self, unverified_token: str | None, caller: Caller, lets_in: Callable[[Admitted], bool]
    ) -> Admitted:
        """Decide as always, but return ``listed`` if there is one."""
        self.callers.append(caller)
        return self.listed or super().admit(unverified_token, caller, lets_in)


@pytest.fixture
def service() -> Listening:
    """Return a service that listens."""
    return Listening()


@pytest.fixture
def api(service: Listening) -> Iterator[Api]:
    """Call the app."""
    with api_of(service) as api:
        yield api


@pytest.fixture
def header(api: Api, service: Listening) -> str:
    """Return the header of a token that opens everything."""
    return f"Bearer {api.create_token(service.provider.sign_in('user@example.com'))['token']}"


def respond(door: str, header: str, change: Callable[[Event], object] = lambda event: None) -> Any:
    """Return a door's response to a changed event."""
    function, event_of, _ = DOORS[door]
    event = event_of(header)
    change(event)
    return function(event, Context())


@pytest.mark.parametrize("door", DOORS)
def test_decision_gets_the_request_as_the_gateway_describes_it(
    service: Listening, header: str, door: str
) -> None:
    """A TOKEN authorizer and AppSync know no address."""
    respond(door, header)

    assert service.callers == [DOORS[door][2]]


@pytest.mark.parametrize("door", KNOWING)
@pytest.mark.parametrize(
    "garbage", [None, "", 7, 1.5, True, [ADDRESS], {"ip": ADDRESS}, "1" * 46, "1" * 1_000_000]
)
def test_garbage_is_no_address(service: Listening, header: str, door: str, garbage: object) -> None:
    """The door answers as always. The same holds for the user agent, which may be longer."""

    def spoil(event: Event) -> None:
        event["requestContext"][KNOWING[door]] |= {"sourceIp": garbage, "userAgent": garbage}

    assert respond(door, header, spoil) == respond(door, header)
    caller = service.callers[0]
    assert caller.address is None
    assert caller.unverified_user_agent in (None, "1" * 46)
    assert replace(caller, address=ADDRESS, unverified_user_agent=None) == replace(
        DOORS[door][2], unverified_user_agent=None
    )


@pytest.mark.parametrize("door", ["our own API", "REST, REQUEST", "HTTP, 1.0"])
@pytest.mark.parametrize("context", [None, [], "x", {}, {"identity": None}, {"identity": [ADDRESS]}])
def test_context_without_an_address_is_a_caller_without_one(
    service: Listening, header: str, door: str, context: object
) -> None:
    """The door fails for nothing that only a list of networks needs."""
    respond(door, header, lambda event: event.update(requestContext=context))

    assert (service.callers[0].address, service.callers[0].path) == (None, "/orders/7")


@pytest.mark.parametrize(
    "address", ["2001:db8::7", "::ffff:192.0.2.7", "0000:" * 6 + "255.255.255.255", "x"]
)
def test_text_goes_to_the_decision_as_it_is(service: Listening, header: str, address: str) -> None:
    """The rule about networks decides which text is an address."""
    respond(
        "REST, REQUEST",
        header,
        lambda event: event["requestContext"].update(identity={"sourceIp": address}),
    )

    assert service.callers[0].address == address


FORGED = {
    "X-Forwarded-For": "203.0.113.66, 10.0.0.1",
    "Forwarded": "for=203.0.113.66;proto=https",
    "X-Real-IP": "203.0.113.66",
    "True-Client-IP": "203.0.113.66",
    "CF-Connecting-IP": "203.0.113.66",
    "sourceIp": "203.0.113.66",
}


def forge(event: Event) -> None:
    """Add every header that some server takes for the client's address."""
    for member in ("headers", "requestHeaders"):
        if member in event:
            event[member] |= FORGED | {name.lower(): value for name, value in FORGED.items()}
    if "multiValueHeaders" in event:
        event["multiValueHeaders"] |= {name: [value, value] for name, value in FORGED.items()}
    event["identitySource"] = [*(event.get("identitySource") or ()), "203.0.113.66"]


@pytest.mark.parametrize("door", DOORS)
def test_forged_header_changes_nothing(service: Listening, header: str, door: str) -> None:
    """Neither the caller nor the response, also if the gateway does not know the address."""
    assert respond(door, header, forge) == respond(door, header)
    assert service.callers == [DOORS[door][2]] * 2

    def lose_the_address(event: Event) -> None:
        forge(event)
        event["requestContext"].get(KNOWING.get(door), {}).pop("sourceIp", None)

    if door in KNOWING:
        respond(door, header, lose_the_address)
        assert service.callers[-1].address is None


@pytest.mark.parametrize(
    ("arn", "method", "path"),
    [
        (f"{API}/test/GET/", "GET", "/"),
        (f"{API}/test/DELETE/a/b//c", "DELETE", "/a/b//c"),
        (f"{API}/test/GET", "GET", "/"),
        (API, "", "/"),
        ("", "", "/"),
    ],
)
def test_method_and_path_are_those_of_the_policy(
    service: Listening, header: str, arn: str, method: str, path: str
) -> None:
    """An ARN without them is still answered by its policy, as before."""
    respond("REST, TOKEN", header, lambda event: event.update(methodArn=arn))

    assert (service.callers[0].method, service.callers[0].path) == (method, path)


@pytest.mark.parametrize("door", BY_POLICY)
def test_cached_policy_binds_the_address(service: Listening, api: Api, door: str) -> None:
    """The gateway may apply the policy to another address, whatever its identity sources are."""
    service.listed = Listed(NETWORKS)

    answer = respond(door, "Bearer x")

    (statement,) = answer["policyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Condition"] == {"IpAddress": {"aws:SourceIp": list(NETWORKS)}}
    arn = f"{API}/test/GET/orders/7"
    assert allows(answer, arn, "192.0.2.255")
    assert allows(answer, arn, "2001:db8::1")
    assert not allows(answer, arn, "192.0.3.0")
    assert not allows(answer, arn, "2001:db9::1")
    json.dumps(answer)


@pytest.mark.parametrize("door", BY_POLICY)
def test_without_a_list_there_is_no_condition(service: Listening, header: str, door: str) -> None:
    """The policy of a token without a list is the one of before."""
    for listed in (None, Listed(())):
        service.listed = listed
        (statement,) = respond(door, header)["policyDocument"]["Statement"]
        assert statement.keys() == {"Action", "Effect", "Resource"}


def test_own_apis_door_takes_requests_as_the_other_one_does(header: str) -> None:
    """Two deployed functions, one behaviour. A caller without a token is refused by both."""
    assert respond("our own API", header) == respond("REST, REQUEST", header)
    for door in ("our own API", "REST, REQUEST"):
        for refused in ("Bearer bodhi_x", "Basic x", ""):
            with pytest.raises(Exception, match=r"^Unauthorized$"):
                respond(door, refused)


@pytest.mark.parametrize("door", DOORS)
def test_backend_gets_the_deadlines(service: Listening, api: Api, door: str) -> None:
    """Seconds since 1970. A token without an end has none, and a use moves the idle deadline at once."""
    person = service.provider.sign_in("user@example.com")
    lasting = api.create_token(person)["token"]
    ending = api.create_token(person, expires_in_days=7)["token"]
    created = service.clock.now()
    service.clock.advance(timedelta(days=1))

    for _ in range(2):
        idle_at = str(int((service.clock.now() + service.settings.idle_timeout).timestamp()))
        expires_at = str(int((created + timedelta(days=7)).timestamp()))
        assert _deadlines(door, lasting) == {"idle_at": idle_at}
        assert _deadlines(door, ending) == {"idle_at": idle_at, "expires_at": expires_at}


def _deadlines(door: str, token: str) -> dict[str, str]:
    answer = respond(door, f"Bearer {token}")
    context: dict[str, str] = answer.get("context") or answer["resolverContext"]
    return {name: value for name, value in context.items() if name.endswith("_at")}
