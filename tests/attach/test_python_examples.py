"""The Python examples: an authorizer in front of ours, services without a gateway, and events for tests."""

import io
import json
import runpy
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from bodhi_tokens import Caller, IntrospectionClient, NotAuthenticated, caller
from bodhi_tokens.access_tokens import AccessTokenVerifier
from chalicelib.handlers.front_doors import rest_request_authorizer
from infra.local.policies import allows
from tests.attach.files import FOLDER
from tests.oauth.caller import Caller as Person
from tests.packages.service import AUDIENCE, OTHER, served
from tests.support.api import api_of
from tests.support.clients import SECRET, SERVER
from tests.support.events import Context, Event, rest_request
from tests.support.service import MemoryService

PERSON_POLICY = {"principalId": "person"}
ALIAS = "arn:aws:lambda:eu-central-1:111122223333:function:tokens-RestRequestAuthorizer:live"


class Lambda:
    """Lambda, with the token service's function behind the alias."""

    def __init__(self) -> None:
        self.asked: list[Event] = []
        self.failure: str | None = None

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        """Return what Lambda returns: the value, or the error of the function."""
        assert FunctionName == ALIAS
        event = json.loads(Payload)
        self.asked.append(event)
        try:
            if self.failure:
                raise RuntimeError(self.failure)
            return self._response(rest_request_authorizer(event, Context()))
        except Exception as error:
            told = {"errorMessage": str(error), "errorType": type(error).__name__}
            return {"FunctionError": "Unhandled", **self._response(told)}

    def _response(self, value: object) -> dict[str, Any]:
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(value).encode())}


@pytest.fixture
def functions() -> Lambda:
    """Return Lambda."""
    return Lambda()


@pytest.fixture
def mixed(monkeypatch: pytest.MonkeyPatch, functions: Lambda) -> Any:
    """Return the handler of the authorizer for two kinds of bearer."""
    people, boto3 = ModuleType("people"), ModuleType("boto3")
    people.__dict__["policy_for_person"] = lambda event: PERSON_POLICY
    boto3.__dict__["client"] = lambda name: {"lambda": functions}[name]
    monkeypatch.setitem(sys.modules, "people", people)
    monkeypatch.setitem(sys.modules, "boto3", boto3)
    monkeypatch.setenv("TOKEN_AUTHORIZER_ARN", ALIAS)
    return runpy.run_path(str(FOLDER / "mixed_authorizer.py"))["handler"]


@pytest.fixture
def token() -> Iterator[str]:
    """Return an API token."""
    service = MemoryService()
    with api_of(service) as api:
        yield api.create_token(service.provider.sign_in("user@example.com"))["token"]


class TestMixedAuthorizer:
    """It adds nothing to a decision about an API token, and takes nothing from it."""

    def test_api_token_gets_the_policy_of_the_token_service(
        self, mixed: Any, functions: Lambda, token: str
    ) -> None:
        """Event and policy are unchanged, in any spelling of the header."""
        for header in (f"Bearer {token}", f" bearer  {token} "):
            event = rest_request(header)
            policy = mixed(event, None)
            assert functions.asked[-1] == event
            assert allows(policy, event["methodArn"])
            assert policy["context"]["token_id"]

    @pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
    def test_each_spelling_of_the_name_counts(
        self, mixed: Any, functions: Lambda, token: str, name: str
    ) -> None:
        """Clients differ in it."""
        mixed(rest_request(f"Bearer {token}", name), None)
        assert len(functions.asked) == 1

    @pytest.mark.usefixtures("token")
    def test_refusal_is_a_refusal(self, mixed: Any, functions: Lambda) -> None:
        """API Gateway makes a 401 of this message alone."""
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            mixed(rest_request("Bearer bodhi_forged"), None)
        assert len(functions.asked) == 1

    def test_failure_is_neither_an_allow_nor_a_401(self, mixed: Any, functions: Lambda, token: str) -> None:
        """A dependency that does not answer is a 5xx."""
        functions.failure = "unavailable"
        with pytest.raises(RuntimeError, match="could not decide"):
            mixed(rest_request(f"Bearer {token}"), None)

    @pytest.mark.parametrize("header", ["Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln", "Basic bodhi_x", "", None])
    def test_other_bearers_are_those_of_people(
        self, mixed: Any, functions: Lambda, header: str | None
    ) -> None:
        """The token service is not asked."""
        assert mixed(rest_request(header), None) == PERSON_POLICY
        assert functions.asked == []


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[str, Person]]:
    """Serve the token service."""
    with served() as found:
        yield found


class TestServicesWithoutAGateway:
    """Both apps, against the token service over HTTP."""

    @pytest.fixture
    def introspecting(self, service: tuple[str, Person]) -> Any:
        """Return the first app."""
        issuer, person = service
        create_app = runpy.run_path(str(FOLDER / "introspection_app.py"))["create_app"]

        def now() -> float:
            return person.service.clock.now().timestamp()

        return create_app(
            IntrospectionClient(issuer, SERVER, SECRET, audience=AUDIENCE, now=now)
        ).test_client()

    def ask(self, app: Any, token: str | None, forwarded: str = "192.0.2.7") -> int:
        """Return the status for a token from an address."""
        headers = {"X-Forwarded-For": forwarded}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        status: int = app.get("/orders", headers=headers).status_code
        return status

    def test_introspection(self, introspecting: Any, service: tuple[str, Person]) -> None:
        """Active is 200, everything else 401, and a revoked token is refused at once."""
        person = service[1]
        created = person.api.create_token(person.person)
        assert self.ask(introspecting, created["token"]) == 200
        assert self.ask(introspecting, None) == 401
        assert self.ask(introspecting, "bodhi_garbage") == 401
        person.api.delete(f"/v1/tokens/{created['id']}", person.person)
        assert self.ask(introspecting, created["token"]) == 401

    def test_client_cannot_choose_its_address(
        self, introspecting: Any, service: tuple[str, Person]
    ) -> None:
        """The load balancer appends what it saw. What is before comes from the client."""
        person = service[1]
        token = person.api.create_token(person.person, allowed_networks=["192.0.2.0/24"])["token"]
        assert self.ask(introspecting, token, "192.0.2.7") == 200
        assert self.ask(introspecting, token, "203.0.113.1, 192.0.2.7") == 200
        assert self.ask(introspecting, token, "192.0.2.7, 203.0.113.1") == 401

    def test_without_the_token_service_nobody_gets_in(self) -> None:
        """A 503, so that clients try again."""
        create_app = runpy.run_path(str(FOLDER / "introspection_app.py"))["create_app"]
        client = IntrospectionClient("http://127.0.0.1:9", SERVER, SECRET, audience=AUDIENCE)
        assert self.ask(create_app(client).test_client(), "bodhi_a.b.c") == 503

    def test_api_token_is_no_access_token(self, service: tuple[str, Person]) -> None:
        """A signature says nothing about a revocation."""
        issuer, person = service
        create_app = runpy.run_path(str(FOLDER / "jwks_app.py"))["create_app"]
        app = create_app(AccessTokenVerifier(issuer, audience=OTHER)).test_client()
        token = person.api.create_token(person.person)["token"]
        for header in ({}, {"Authorization": f"Bearer {token}"}):
            assert app.get("/mails", headers=header).status_code == 401


class TestLocalEvents:
    """They have what the real authorizers say, so tests of a backend are worth something."""

    @pytest.fixture
    def examples(self) -> SimpleNamespace:
        """Return the functions of the example."""
        return SimpleNamespace(**runpy.run_path(str(FOLDER / "local_events.py")))

    def test_members_are_those_of_the_authorizer(self, examples: SimpleNamespace, token: str) -> None:
        """As text, each of them."""
        told = rest_request_authorizer(rest_request(f"Bearer {token}"), Context())["context"]
        members = examples.members("api:read", "api:write")
        assert members.keys() == told.keys()
        assert {type(value) for value in members.values()} == {str} == {type(v) for v in told.values()}

    @pytest.mark.parametrize("event", ["rest_event", "http_event"])
    def test_package_reads_the_event(self, examples: SimpleNamespace, event: str) -> None:
        """As that of API Gateway."""
        made = getattr(examples, event)("GET", "/orders", examples.members("api:read", "x"))
        found = caller(made)
        assert isinstance(found, Caller)
        assert (found.user_id, found.scopes) == ("usr_1", frozenset({"api:read", "x"}))

    def test_event_without_an_authorizer_has_no_caller(self) -> None:
        """As the page says."""
        with pytest.raises(NotAuthenticated):
            caller({"requestContext": {}})
