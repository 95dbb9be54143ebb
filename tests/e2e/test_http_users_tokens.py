"""One token of a user, as administrators read, pause and end it over HTTP."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.ids import new_token_id, user_id_for
from chalicelib.domain.seen_networks import SeenNetworks
from tests.support.api import Api, api_of
from tests.support.builders import ISSUER
from tests.support.clock import START
from tests.support.service import MemoryService

USER_ID = user_id_for(ISSUER, "user@example.com")
OTHER_ID = user_id_for(ISSUER, "other@example.com")


@pytest.fixture
def person(service: MemoryService) -> str:
    """Return a user's sign-in."""
    return service.provider.sign_in("user@example.com")


@pytest.fixture
def admin(service: MemoryService) -> str:
    """Return an administrator's sign-in."""
    return service.provider.sign_in("admin@example.com")


@pytest.fixture
def token(api: Api, person: str) -> dict[str, Any]:
    """Return a token of the user, with its string."""
    return api.create_token(person, name="ci", description="nightly")


@pytest.fixture
def path(token: dict[str, Any]) -> str:
    """Return the token's address for administrators."""
    return f"/v1/users/{USER_ID}/tokens/{token['id']}"


def test_administrator_sees_what_the_owner_sees(
    api: Api, person: str, admin: str, token: dict[str, Any], path: str
) -> None:
    """The resource, its tag and its usage are the same, and the string is in neither."""
    assert api.get("/api/whoami", token["token"]).status == 200
    for end in ("", "/usage"):
        theirs, own = api.get(path + end, admin), api.get(f"/v1/tokens/{token['id']}{end}", person)
        assert theirs.status == 200
        assert (theirs.json, theirs.headers.get("ETag")) == (own.json, own.headers.get("ETag"))
        assert token["token"] not in theirs.text


def test_administrator_pauses_and_reactivates(
    api: Api, person: str, admin: str, token: dict[str, Any], path: str
) -> None:
    """The next decision counts it, and the answer says by when every gateway does."""
    paused = api.patch(path, admin, {"status": "inactive"})
    assert (paused.status, paused.json["status"]) == (200, "inactive")
    assert (paused.headers["ETag"], "Effective-By" in paused.headers) == ('"2"', True)
    assert api.get(f"/v1/tokens/{token['id']}", person).json == paused.json
    assert api.get("/api/whoami", token["token"]).status == 401

    assert api.patch(path, admin, {"status": "active"}).json["status"] == "active"
    assert api.get("/api/whoami", token["token"]).status == 200


def test_owner_may_undo_a_pause(
    api: Api, person: str, admin: str, token: dict[str, Any], path: str
) -> None:
    """Who wants more than a pause revokes the token or deactivates the user."""
    api.patch(path, admin, {"status": "inactive"})
    assert api.patch(f"/v1/tokens/{token['id']}", person, {"status": "active"}).status == 200
    assert api.get("/api/whoami", token["token"]).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        None,
        [],
        {"status": None},
        {"status": "revoked"},
        {"status": "idle"},
        {"status": True},
        {"name": "mine"},
        {"description": "mine"},
        {"allowed_networks": []},
        {"scopes": ["api:read"]},
        {"expires_in_days": 1},
        {"status": "inactive", "name": "mine"},
        {"status": "inactive", "allowed_networks": ["192.0.2.0/24"]},
    ],
    ids=str,
)
def test_administrator_changes_the_status_alone(
    api: Api, admin: str, token: dict[str, Any], path: str, body: object
) -> None:
    """Any other member is a bad request, and nothing changes, not even the status beside it."""
    before = api.get(path, admin).json
    refused = api.patch(path, admin, body)
    assert refused.status in (400, 415)
    assert api.get(path, admin).json == before
    assert api.get("/api/whoami", token["token"]).status == 200


def test_administrator_revokes_for_good(
    api: Api, person: str, admin: str, token: dict[str, Any], path: str
) -> None:
    """The reason is ``admin``. A second call changes nothing, and the token cannot come back."""
    for _ in range(2):
        answer = api.delete(path, admin)
        assert (answer.status, answer.text, "Effective-By" in answer.headers) == (204, "", True)
    seen = api.get(f"/v1/tokens/{token['id']}", person).json
    assert (seen["status"], seen["revoked_reason"]) == ("revoked", "admin")
    for sender, where in ((admin, path), (person, f"/v1/tokens/{token['id']}")):
        refused = api.patch(where, sender, {"status": "active"})
        assert (refused.status, refused.code) == (409, "token_revoked")
    assert api.get("/api/whoami", token["token"]).status == 401
    assert api.get(f"/v1/users/{USER_ID}", admin).json["live_tokens"] == 0


def test_revocation_ends_the_line(api: Api, admin: str, token: dict[str, Any], path: str) -> None:
    """The successor of a self-rotation ends with the token that the administrator names."""
    successor = api.post("/v1/tokens/self/rotate", token["token"], {"overlap_seconds": 60}).json["token"]
    assert api.delete(path, admin).status == 204
    assert [api.get("/api/whoami", each).status for each in (token["token"], successor)] == [401, 401]


@pytest.mark.parametrize(
    ("method", "end", "body"),
    [
        ("GET", "", None),
        ("GET", "/usage", None),
        ("PATCH", "", {"status": "inactive"}),
        ("DELETE", "", None),
    ],
)
def test_only_the_owners_address_finds_the_token(
    api: Api,
    service: MemoryService,
    admin: str,
    token: dict[str, Any],
    method: str,
    end: str,
    body: object,
) -> None:
    """Under another user's id a token is as unknown as no token."""
    other = service.provider.sign_in("other@example.com")
    api.get("/v1/me", other)
    unknown = new_token_id(START)
    for user_id, token_id, code in (
        (OTHER_ID, token["id"], "token_not_found"),
        (USER_ID, unknown, "token_not_found"),
        (USER_ID, "tok_1", "token_not_found"),
        ("usr_" + "a" * 32, token["id"], "user_not_found"),
        ("usr_1", token["id"], "user_not_found"),
    ):
        answer = api.call(method, f"/v1/users/{user_id}/tokens/{token_id}{end}", admin, body)
        assert (answer.status, answer.code) == (404, code)
        # The administrator asks about another account.
        assert "You " not in answer.json["detail"]
    assert api.get("/api/whoami", token["token"]).status == 200


def test_two_administrators_at_one_token(api: Api, service: MemoryService, admin: str, path: str) -> None:
    """The tag keeps the second one from undoing what the first one did unseen."""
    tag = api.get(path, admin).headers["ETag"]
    first = api.patch(path, admin, {"status": "inactive"}, headers={"If-Match": tag})
    second = api.patch(path, admin, {"status": "active"}, headers={"If-Match": tag})
    assert (first.status, second.status, second.code) == (200, 412, "precondition_failed")
    assert api.get(path, admin).json["status"] == "inactive"


def test_tokens_of_a_removed_user_show_no_addresses(
    api: Api, service: MemoryService, admin: str, path: str
) -> None:
    """They stay readable until their retention ends, without where they were used from."""
    (row,) = service.store.rows()
    used = SeenNetworks().seen("192.0.2.0/24", START)
    service.store.put(replace(row, last_used_at=START, networks=used))
    assert api.get(path, admin).json["networks"]
    assert api.delete(f"/v1/users/{USER_ID}", admin).status == 204
    seen = api.get(path, admin).json
    assert (seen["status"], seen["revoked_reason"]) == ("revoked", "user_removed")
    assert (seen["networks"], seen["last_used_from"]) == ([], None)
    assert api.get(f"{path}/usage", admin).status == 200
    refused = api.patch(path, admin, {"status": "active"})
    assert (refused.status, refused.code) == (409, "token_revoked")
    assert api.delete(path, admin).status == 204


def test_reactivations_by_administrators_are_bounded_for_each_day() -> None:
    """They share the count of the user's re-activations. The owner's are another count."""
    service = MemoryService({"MAX_REACTIVATIONS_PER_DAY": "1"})
    with api_of(service) as api:
        person, admin = (service.provider.sign_in(f"{name}@example.com") for name in ("user", "admin"))
        path = f"/v1/users/{USER_ID}/tokens/{api.create_token(person)['id']}"
        for status in ("inactive", "active", "inactive"):
            assert api.patch(path, admin, {"status": status}).status == 200
        refused = api.patch(path, admin, {"status": "active"})
        assert (refused.status, refused.code) == (429, "reactivation_limit_reached")
        assert int(refused.headers["Retry-After"]) == 12 * 3600
        own = path.replace(f"/users/{USER_ID}", "")
        assert api.patch(own, person, {"status": "active"}).status == 200
        assert api.delete(path, admin).status == 204


def test_users_show_live_tokens_and_the_last_sign_in(
    api: Api, service: MemoryService, person: str, admin: str, token: dict[str, Any]
) -> None:
    """Both come from the user's row. The count may be too high until the user meets the limit."""
    service.clock.advance(timedelta(hours=1))
    later = service.provider.sign_in("user@example.com")
    api.create_token(later, expires_in_days=1)

    def shown() -> dict[str, Any]:
        listed: dict[str, dict[str, Any]] = {
            user["id"]: user for user in api.get("/v1/users", admin).json["users"]
        }
        assert listed[USER_ID] == api.get(f"/v1/users/{USER_ID}", admin).json
        return listed[USER_ID]

    assert shown()["live_tokens"] == 2
    signed_in = datetime.fromisoformat(shown()["last_signed_in_at"])
    assert signed_in == START + timedelta(hours=1)
    service.clock.advance(timedelta(days=2))
    admin = service.provider.sign_in("admin@example.com")
    assert shown()["live_tokens"] == 2
    assert (
        api.delete(f"/v1/tokens/{token['id']}", service.provider.sign_in("user@example.com")).status == 204
    )
    assert shown()["live_tokens"] == 1


def test_token_is_kept_alive_by_its_owner(
    api: Api, service: MemoryService, person: str, token: dict[str, Any]
) -> None:
    """The idle time begins anew, and nothing looks like a use."""
    path = f"/v1/tokens/{token['id']}"
    service.clock.advance(timedelta(days=29))
    person = service.provider.sign_in("user@example.com")
    before = api.get(path, person)

    kept = api.post(f"{path}/keep-alive", person)

    assert kept.status == 200
    changed = {name for name in kept.json if kept.json[name] != before.json[name]}
    assert changed == {"idle_at", "updated_at"}
    assert datetime.fromisoformat(kept.json["idle_at"]) == service.clock.now() + timedelta(days=30)
    assert kept.headers["ETag"] != before.headers["ETag"]
    service.clock.advance(timedelta(days=29))
    assert api.get("/api/whoami", token["token"]).status == 200


def test_token_does_not_keep_itself_alive(api: Api, token: dict[str, Any]) -> None:
    """A stolen token prolongs nothing but by being used."""
    for name in (token["id"], "self"):
        answer = api.post(f"/v1/tokens/{name}/keep-alive", token["token"])
        assert (answer.status, answer.code) == (403, "api_token_not_allowed")


def test_only_active_tokens_are_kept_alive(
    api: Api, service: MemoryService, person: str, admin: str, token: dict[str, Any]
) -> None:
    """Paused, rotated and revoked tokens, and tokens of other users, are refused."""
    path = f"/v1/tokens/{token['id']}"

    def code() -> tuple[int, str | None]:
        answer = api.post(f"{path}/keep-alive", person)
        return answer.status, answer.code

    unknown = api.post(f"{path}/keep-alive", admin)
    assert (unknown.status, unknown.code) == (404, "token_not_found")
    api.patch(path, person, {"status": "inactive"})
    assert code() == (409, "token_not_active")
    api.patch(path, person, {"status": "active"})
    service.clock.advance(timedelta(days=30))
    person = service.provider.sign_in("user@example.com")
    assert code() == (409, "token_not_active")
    api.patch(path, person, {"status": "active"})
    api.post(f"{path}/rotate", person, {"overlap_seconds": 60})
    assert code() == (409, "token_rotated")
    api.delete(path, person)
    assert code() == (409, "token_revoked")
