"""By when every gateway refuses what is refused: said of tokens, of users, and beside empty answers."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.ids import user_id_for
from chalicelib.handlers.http.responses import moment
from tests.support.api import Api, api_of
from tests.support.builders import ISSUER
from tests.support.clock import START
from tests.support.service import MemoryService

TTL = timedelta(seconds=300)
USER = f"/v1/users/{user_id_for(ISSUER, 'user@example.com')}"
MINUTE = timedelta(minutes=1)
FAR = int((START + timedelta(days=60)).timestamp())


@pytest.fixture
def service() -> MemoryService:
    """Return a service whose gateway remembers decisions for five minutes."""
    return MemoryService({"AUTHORIZER_CACHE_SECONDS": "300"})


@pytest.fixture
def api(service: MemoryService) -> Iterator[Api]:
    """Call the app."""
    with api_of(service) as api:
        yield api


@pytest.fixture
def person(service: MemoryService) -> str:
    """Return a sign-in that lasts."""
    return service.provider.sign_in("user@example.com", exp=FAR)


@pytest.fixture
def admin(service: MemoryService) -> str:
    """Return an administrator's sign-in that lasts."""
    return service.provider.sign_in("admin@example.com", exp=FAR)


@pytest.fixture
def token(api: Api, person: str) -> dict[str, Any]:
    """Return a token that ends in forty days, unless it is idle before."""
    return api.create_token(person, expires_in_days=40)


def of(api: Api, person: str, token: dict[str, Any]) -> tuple[str, str | None]:
    """Return a token's status and by when every gateway knows it."""
    shown = api.get(f"/v1/tokens/{token['id']}", person).json
    return shown["status"], shown["effective_by"]


def by(since: datetime) -> str:
    """Return when the last decision from before has ended."""
    return moment(since + TTL)


def test_active_token_has_none(api: Api, person: str, token: dict[str, Any]) -> None:
    """Nothing is refused."""
    assert token["effective_by"] is None
    assert of(api, person, token) == ("active", None)


def test_revoked_token(api: Api, service: MemoryService, person: str, token: dict[str, Any]) -> None:
    """The time counts from the first revocation. The response to a repetition counts from itself."""
    service.clock.advance(MINUTE)
    first = api.delete(f"/v1/tokens/{token['id']}", person)
    assert (first.status, first.headers["Effective-By"]) == (204, by(START + MINUTE))
    service.clock.advance(MINUTE)
    second = api.delete(f"/v1/tokens/{token['id']}", person)
    assert (second.status, second.headers["Effective-By"]) == (204, by(START + 2 * MINUTE))
    assert of(api, person, token) == ("revoked", by(START + MINUTE))


def test_paused_token(api: Api, service: MemoryService, person: str, token: dict[str, Any]) -> None:
    """The response to the pause has the time. After the re-activation there is none."""
    service.clock.advance(MINUTE)
    path = f"/v1/tokens/{token['id']}"
    assert api.patch(path, person, {"status": "inactive"}).json["effective_by"] == by(START + MINUTE)
    assert api.patch(path, person, {"status": "active"}).json["effective_by"] is None


def test_expired_and_idle_tokens(
    api: Api, service: MemoryService, person: str, token: dict[str, Any]
) -> None:
    """No call ends the token, but a decision just before its end may be remembered."""
    service.clock.advance(timedelta(days=30))
    assert of(api, person, token) == ("idle", by(START + timedelta(days=30)))
    service.clock.advance(timedelta(days=11))
    assert of(api, person, token) == ("expired", by(START + timedelta(days=40)))


def test_rotated_token(api: Api, service: MemoryService, person: str, token: dict[str, Any]) -> None:
    """From the end of its overlap on."""
    api.post(f"/v1/tokens/{token['id']}/rotate", person, {"overlap_seconds": 60})
    assert of(api, person, token) == ("active", None)
    service.clock.advance(MINUTE)
    assert of(api, person, token) == ("revoked", by(START + MINUTE))


def test_users_tokens_follow_the_user(
    api: Api, service: MemoryService, admin: str, person: str, token: dict[str, Any]
) -> None:
    """A deactivation sets the time of the user and each token. A paused token keeps its own."""
    paused = api.create_token(person)
    api.patch(f"/v1/tokens/{paused['id']}", person, {"status": "inactive"})
    service.clock.advance(MINUTE)
    user = api.patch(USER, admin, {"status": "inactive"}).json
    assert user["effective_by"] == by(START + MINUTE)
    listed = {t["id"]: t["effective_by"] for t in api.get(f"{USER}/tokens", admin).json["tokens"]}
    assert listed == {token["id"]: by(START + MINUTE), paused["id"]: by(START)}
    assert api.patch(USER, admin, {"status": "active"}).json["effective_by"] is None
    assert of(api, person, token) == ("revoked", by(START + MINUTE))


def test_removed_user(
    api: Api, service: MemoryService, admin: str, person: str, token: dict[str, Any]
) -> None:
    """The empty answer says it, and so does the tombstone."""
    assert api.get("/v1/me", person).status == 200
    service.clock.advance(MINUTE)
    answer = api.delete(USER, admin)
    assert (answer.status, answer.headers["Effective-By"]) == (204, by(START + MINUTE))
    assert api.get(USER, admin).json["effective_by"] == by(START + MINUTE)
    (listed,) = api.get(f"{USER}/tokens", admin).json["tokens"]
    assert listed["effective_by"] == by(START + MINUTE)


def test_all_tokens_at_once(
    api: Api, service: MemoryService, admin: str, person: str, token: dict[str, Any]
) -> None:
    """The empty answer says it, and each token."""
    service.clock.advance(MINUTE)
    answer = api.delete(f"{USER}/tokens", admin)
    assert (answer.status, answer.headers["Effective-By"]) == (204, by(START + MINUTE))
    assert of(api, person, token) == ("revoked", by(START + MINUTE))


def test_token_that_ends_itself(api: Api, token: dict[str, Any]) -> None:
    """The holder learns by when the token is dead."""
    answer = api.delete("/v1/tokens/self", token["token"])
    assert (answer.status, answer.headers["Effective-By"]) == (204, by(START))


def test_oauth_revocation_says_the_same_of_any_string(
    api: Api, service: MemoryService, token: dict[str, Any]
) -> None:
    """A token that was alive, one that was dead already, and none at all."""
    for string in (token["token"], token["token"], "no-token-at-all"):
        service.clock.advance(MINUTE)
        answer = api.form("/oauth2/revoke", {"token": string})
        assert (answer.status, answer.text) == (200, "")
        assert answer.headers["Effective-By"] == by(service.clock.now())


def test_leak_report_says_nothing(api: Api, token: dict[str, Any]) -> None:
    """Not even whether there was a token to end."""
    answer = api.post("/v1/exposed", body={"tokens": [token["token"]]})
    assert "Effective-By" not in answer.headers
    assert "effective_by" not in answer.text


def test_without_cache_it_is_at_once() -> None:
    """The next request is refused."""
    service = MemoryService({"AUTHORIZER_CACHE_SECONDS": "0"})
    with api_of(service) as api:
        person = service.provider.sign_in("user@example.com")
        token = api.create_token(person)
        answer = api.delete(f"/v1/tokens/{token['id']}", person)
        assert answer.headers["Effective-By"] == moment(START)
        assert of(api, person, token) == ("revoked", moment(START))
