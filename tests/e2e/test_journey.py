"""The whole journey over HTTP: `make run`, the real development provider, one person's tokens."""

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.adapters import jws
from tests.infra.test_stack_settings import run_local
from tests.support import canaries, challenges
from tests.support.api import Answer
from tests.support.discovery import OAuthClient
from tests.support.local_stack import LocalStack
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]


class Caller:
    """A caller of the running stack. It remembers each secret, so that logs can be searched for it."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack

    def sign_in(self, subject: str) -> str:
        """Return a JWT of the development provider."""
        jwt = self.stack.login(subject)
        canaries.remember(jwt)
        return jwt

    def call(self, method: str, path: str, credential: str | None = None, body: Any = None) -> Answer:
        """Return the answer to one call."""
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.settings.port, timeout=30)
        headers = {"Authorization": f"Bearer {credential}"} if credential else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            text = response.read().decode()
            return Answer(response.status, dict(response.getheaders()), text)
        finally:
            connection.close()

    def create(self, jwt: str, **members: Any) -> dict[str, Any]:
        """Return a new token resource with its string."""
        answer = self.call("POST", "/v1/tokens", jwt, members)
        assert answer.status == 201, answer.text
        created: dict[str, Any] = answer.json
        canaries.remember(created["token"])
        return created

    def whoami(self, token: str) -> int:
        """Return the status of a call of the protected API."""
        return self.call("GET", "/api/whoami", token).status


def send(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Return the answer to a request for an absolute URL."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request(method, parts.path, body, dict(headers))
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read().decode())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def caller() -> Iterator[Caller]:
    """Run one stack for the journeys of this file. Its output may have no secret."""
    with LocalStack() as stack:
        yield Caller(stack)
        canaries.check("the local stack's terminal", stack.log())
    assert canaries.take_slips() == []


def test_person_creates_uses_watches_changes_and_revokes_a_token(caller: Caller) -> None:
    """Everything that the specification promises a person, in one go."""
    person = caller.sign_in("user@example.com")
    created = caller.create(person, name="ci", description="nightly build")
    token, path = created["token"], f"/v1/tokens/{created['id']}"

    whoami = caller.call("GET", "/api/whoami", token).json
    assert (whoami["auth"], whoami["token_id"]) == ("token", created["id"])
    assert caller.call("POST", "/api/echo", token, {"message": "hi"}).json == {"message": "hi"}
    listed = caller.call("GET", "/v1/tokens", person).json["tokens"]
    assert [t["last_used_at"] is not None for t in listed if t["id"] == created["id"]] == [True]

    assert caller.call("PATCH", path, person, {"name": "weekly"}).json["name"] == "weekly"
    assert caller.call("PATCH", path, person, {"status": "inactive"}).json["status"] == "inactive"
    assert caller.whoami(token) == 401
    assert caller.call("PATCH", path, person, {"status": "active"}).json["status"] == "active"
    assert caller.whoami(token) == 200

    assert caller.call("DELETE", path, person).status == 204
    assert caller.whoami(token) == 401
    assert caller.call("GET", path, person).json["revoked_reason"] == "owner"


def test_deactivated_users_tokens_stop_at_once_and_stay_dead(caller: Caller) -> None:
    """Deactivation refuses sign-in and tokens. Re-activation lets the person in, but not the tokens."""
    person, admin = caller.sign_in("other@example.com"), caller.sign_in("admin@example.com")
    token = caller.create(person)["token"]
    user = f"/v1/users/{caller.call('GET', '/v1/me', person).json['id']}"

    assert caller.call("PATCH", user, admin, {"status": "inactive"}).status == 200
    assert caller.whoami(token) == 401
    assert caller.call("POST", "/v1/tokens", person, {}).code == "user_inactive"

    assert caller.call("PATCH", user, admin, {"status": "active"}).status == 200
    assert caller.whoami(token) == 401
    assert caller.whoami(caller.create(person)["token"]) == 200


def test_read_only_token_cannot_write(caller: Caller) -> None:
    """The gateway's policy refuses what the scopes do not open, with the answer of RFC 6750."""
    token = caller.create(caller.sign_in("user@example.com"), scopes=["api:read"])["token"]

    assert caller.whoami(token) == 200
    refused = caller.call("POST", "/api/echo", token, {"message": "hi"})
    assert (refused.status, refused.code) == (403, "forbidden")
    metadata = f"{caller.stack.settings.url}/.well-known/oauth-protected-resource/api"
    told = challenges.parameters(refused.headers["WWW-Authenticate"])
    assert told == {"realm": "bodhi-api-tokens", "resource_metadata": metadata}


def test_client_finds_its_way_from_a_refusal_to_a_token(caller: Caller) -> None:
    """An OAuth client knows the URL of the API only. The running stack tells it the rest."""
    url = f"{caller.stack.settings.url}/api/whoami"
    client = OAuthClient(send)
    token = client.token_for(url, caller.sign_in("user@example.com"))
    assert client.status(url, token) == 200


@pytest.mark.parametrize("path", ["/nowhere", "/v1/nowhere", "/api/whoami/more"])
def test_unknown_route_does_not_echo_the_credential(caller: Caller, path: str) -> None:
    """An address that does not exist answers 404 without a word of what was sent."""
    jwt = caller.sign_in("user@example.com")

    answer = caller.call("GET", path, jwt)

    assert (answer.status, answer.code) == (404, "not_found")
    assert jwt not in f"{answer.headers}{answer.text}"


def test_tokens_survive_a_restart(caller: Caller) -> None:
    """A token works after the stack was stopped and started again."""
    token = caller.create(caller.sign_in("user@example.com"))["token"]

    caller.stack.restart()

    assert caller.whoami(token) == 200


def test_unused_token_goes_idle_and_comes_back() -> None:
    """With a short idle timeout from the environment alone, a token idles and is re-activated."""
    with LocalStack({"IDLE_TIMEOUT_SECONDS": "2"}) as stack:
        caller = Caller(stack)
        person = caller.sign_in("user@example.com")
        created = caller.create(person)
        path = f"/v1/tokens/{created['id']}"
        assert caller.whoami(created["token"]) == 200

        wait_until_idle(caller, path, person)

        assert caller.whoami(created["token"]) == 401
        assert caller.call("PATCH", path, person, {"status": "active"}).json["status"] == "active"
        assert caller.whoami(created["token"]) == 200


def wait_until_idle(caller: Caller, path: str, person: str) -> None:
    """Look until the token is listed as idle, which reading does not put off."""
    wait_until(lambda: caller.call("GET", path, person).json["status"] == "idle")


def test_operator_rolls_the_signing_key_over_under_the_running_service(caller: Caller) -> None:
    """Old tokens keep working, and new tokens name the new key."""
    person = caller.sign_in("user@example.com")
    old = caller.create(person, name="before")["token"]
    assert caller.whoami(old) == 200

    status, said = _operate(caller, "roll-over", "--lead-seconds", "15")
    assert (status, "signs from now on" in said) == (0, True), said

    new = caller.create(person, name="after")["token"]
    assert _kid(new) != _kid(old)
    assert (caller.whoami(old), caller.whoami(new)) == (200, 200)
    listed = _operate(caller, "list")[1]
    assert [line.split()[1] for line in listed.splitlines() if line.startswith(_kid(old))] == [
        "verify-only"
    ]
    assert [line.split()[1] for line in listed.splitlines() if line.startswith(_kid(new))] == ["active"]

    assert _operate(caller, "revoke", _kid(old))[0] == 1
    assert _operate(caller, "revoke", "--yes", _kid(old))[0] == 0
    assert f"{_kid(old)}  revoked" in _operate(caller, "list")[1]
    assert caller.whoami(new) == 200


def _operate(caller: Caller, *arguments: str) -> tuple[int, str]:
    return run_local("signing-keys", caller.stack.settings.environ, *arguments)


def _kid(token: str) -> str:
    kid: str = jws.decode_json(token.removeprefix("bodhi_").split(".")[0])["kid"]
    return kid
