"""Summaries and usage in lists over HTTP, for owners and for administrators."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.ids import user_id_for
from chalicelib.domain.seen_networks import SeenNetworks
from tests.model.summary import counts, summary_of
from tests.support.api import Api
from tests.support.builders import ISSUER
from tests.support.service import MemoryService

USER_ID = user_id_for(ISSUER, "user@example.com")
PATH = f"/v1/users/{USER_ID}"
NOTHING = {"count": 0, "at": None, "token_id": None, "token_name": None, "uses": None, "from": None}
KINDS = (
    "expiring",
    "idling",
    "never_used",
    "used_in_overlap",
    "used_after_overlap",
    "exposed",
    "refused",
)


@pytest.fixture
def person(service: MemoryService) -> str:
    """Return a user's sign-in."""
    return service.provider.sign_in("user@example.com")


@pytest.fixture
def admin(service: MemoryService) -> str:
    """Return an administrator's sign-in."""
    return service.provider.sign_in("admin@example.com")


def summary(api: Api, caller: str, path: str = "/v1/tokens/summary") -> Any:
    """Return a summary."""
    answer = api.get(path, caller)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store"), answer.text
    return answer.json


def wait(api: Api, service: MemoryService, secret: str = "", **span: int) -> None:
    """Let time pass; use a token then if one is given."""
    service.clock.advance(timedelta(**span))
    if secret:
        assert api.get("/api/whoami", secret).status == 200


def test_user_without_tokens_gets_zeros(api: Api, person: str) -> None:
    """Every member is there."""
    assert summary(api, person) == {
        "total": 0,
        "is_complete": True,
        "statuses": {"active": 0, "inactive": 0, "idle": 0, "expired": 0, "revoked": 0},
        "live": 0,
        "limit": 100,
        "working": 0,
        "not_ended": 0,
        "ended": 0,
        "used_in_30_days": 0,
        **dict.fromkeys(KINDS, NOTHING),
    }


def test_summary_names_the_token_that_is_nearest(api: Api, service: MemoryService) -> None:
    """The page can say which token goes idle in three days, without another request."""
    for name in ("older", "newer"):
        api.create_token(service.provider.sign_in("user@example.com"), name=name)
        wait(api, service, days=1)
    wait(api, service, days=25)
    jwt = service.provider.sign_in("user@example.com")
    nearest = api.get("/v1/tokens?sort=idle_at", jwt).json["tokens"][0]
    assert summary(api, jwt)["idling"] == {
        "count": 2,
        "at": nearest["idle_at"],
        "token_id": nearest["id"],
        "token_name": "older",
        "uses": None,
        "from": None,
    }


def test_every_kind_is_counted_as_the_list_shows_it(
    api: Api, service: MemoryService, person: str, admin: str
) -> None:
    """One token of each kind; the owner and the administrator get the same numbers."""
    tokens = {
        name: api.create_token(person, name=name)
        for name in ("used", "refused", "exposed", "in overlap", "after overlap", "unused")
    }
    api.create_token(person, expires_in_days=7)
    for name in ("used", "in overlap", "after overlap"):
        wait(api, service, tokens[name]["token"], minutes=10)
    for name, overlap in (("in overlap", 3600), ("after overlap", 0)):
        api.post(f"/v1/tokens/{tokens[name]['id']}/rotate", person, {"overlap_seconds": overlap})
    wait(api, service, tokens["in overlap"]["token"], minutes=10)
    assert api.get("/api/whoami", tokens["after overlap"]["token"]).status == 401
    api.patch(f"/v1/tokens/{tokens['refused']['id']}", person, {"status": "inactive"})
    assert api.get("/api/whoami", tokens["refused"]["token"]).status == 401
    api.post("/v1/exposed", None, {"tokens": [tokens["exposed"]["token"]]})

    now = service.clock.now()
    listed = api.get("/v1/tokens?limit=100", person).json["tokens"]
    told = summary(api, person)
    assert counts(told) == summary_of(listed, now)
    assert [told[kind]["count"] for kind in KINDS] == [1, 0, 4, 1, 1, 1, 1]
    named = {kind: told[kind]["token_name"] for kind in KINDS}
    assert named["used_in_overlap"] == "in overlap"
    assert named["used_after_overlap"] == "after overlap"
    assert named["refused"] == "refused"
    assert summary(api, admin, f"{PATH}/tokens/summary") == told


def test_summary_tells_how_often_an_old_string_was_used_and_from_where(
    api: Api, service: MemoryService, person: str
) -> None:
    """During the overlap and after it. The number in the overlap begins on the day after the rotation."""
    kept, gone = (api.create_token(person, name=name) for name in ("kept", "gone"))
    for token, overlap in ((kept, 2 * 86_400), (gone, 0)):
        api.post(f"/v1/tokens/{token['id']}/rotate", person, {"overlap_seconds": overlap})
    for _ in range(3):
        wait(api, service, kept["token"], minutes=6)
    assert api.get("/api/whoami", gone["token"]).status == 401
    # The authorizer of the test client is not told the address.
    for row in [row for row in service.store.rows() if row.successor_id]:
        seen = SeenNetworks().seen("192.0.2.0/24", service.clock.now())
        refused = replace(row.refused, last_from="198.51.100.0/24") if row.refused else None
        service.store.put(replace(row, networks=seen, refused=refused))
    today = summary(api, person)
    assert (today["used_in_overlap"]["uses"], today["used_in_overlap"]["from"]) == (None, "192.0.2.0/24")
    after = today["used_after_overlap"]
    assert (after["uses"], after["from"]) == (1, "198.51.100.0/24")

    wait(api, service, days=1)
    for _ in range(4):
        wait(api, service, kept["token"], minutes=6)
        assert api.get("/api/whoami", gone["token"]).status == 401
    later = summary(api, service.provider.sign_in("user@example.com"))
    assert (later["used_in_overlap"]["uses"], later["used_in_overlap"]["token_name"]) == (4, "kept")
    assert (later["used_after_overlap"]["uses"], later["used_after_overlap"]["token_name"]) == (5, "gone")


def test_summary_of_a_deactivated_user_tells_what_a_reactivation_brings_back(
    api: Api, person: str, admin: str
) -> None:
    """The paused token stays paused, so it is not among those that work again."""
    kept, paused, revoked = (api.create_token(person) for _ in range(3))
    api.patch(f"/v1/tokens/{paused['id']}", person, {"status": "inactive"})
    api.delete(f"/v1/tokens/{revoked['id']}", person)
    api.patch(PATH, admin, {"status": "inactive"})
    told = summary(api, admin, f"{PATH}/tokens/summary")
    assert (told["working"], told["not_ended"], told["total"]) == (1, 2, 3)

    restored = api.patch(PATH, admin, {"status": "active", "restore_tokens": True})
    assert restored.json["revoked_tokens"] == {"count": 0, "is_more": False}
    works = [api.get("/api/whoami", token["token"]).status for token in (kept, paused, revoked)]
    assert works == [200, 401, 401]


def test_reactivation_says_how_many_tokens_it_revoked(api: Api, person: str, admin: str) -> None:
    """Those that had not ended. A deactivation revokes none, and neither does a second re-activation."""
    none = {"count": 0, "is_more": False}
    tokens = [api.create_token(person) for _ in range(4)]
    api.delete(f"/v1/tokens/{tokens[0]['id']}", person)
    api.patch(f"/v1/tokens/{tokens[1]['id']}", person, {"status": "inactive"})
    out = api.patch(PATH, admin, {"status": "inactive"})
    assert out.json["revoked_tokens"] == none
    back = api.patch(PATH, admin, {"status": "active"})
    assert back.json["revoked_tokens"] == {"count": 3, "is_more": False}
    again = api.patch(PATH, admin, {"status": "active"})
    assert again.json["revoked_tokens"] == none


def test_count_that_fails_does_not_hide_the_change(
    api: Api, service: MemoryService, person: str, admin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user is active again, so the response is 200. The number is null, not 0."""
    api.create_token(person)
    api.patch(PATH, admin, {"status": "inactive"})

    def fail(*_: object, **__: object) -> None:
        raise StoreUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(service.store, "list_tokens", fail)
        back = api.patch(PATH, admin, {"status": "active"})
    assert (back.status, back.json["status"], back.json["revoked_tokens"]) == (200, "active", None)
    assert summary(api, person)["not_ended"] == 0


def test_summary_is_for_the_owner_and_for_administrators(api: Api, person: str, admin: str) -> None:
    """A user does not get another user's, an API token gets none, nor does a call without a sign-in."""
    token = api.create_token(person)["token"]
    assert api.get("/v1/tokens/summary", admin).json["total"] == 0
    assert api.get(f"{PATH}/tokens/summary", person).code == "admin_required"
    for path in ("/v1/tokens/summary", f"{PATH}/tokens/summary"):
        assert api.get(path).code == "not_authenticated"
        assert api.get(path, token).code == "api_token_not_allowed"
    for unknown in (user_id_for(ISSUER, "nobody@example.com"), "usr_x", "summary"):
        answer = api.get(f"/v1/users/{unknown}/tokens/summary", admin)
        assert (answer.status, answer.code) == (404, "user_not_found")


def test_list_has_the_usage_if_it_is_asked_for(
    api: Api, service: MemoryService, person: str, admin: str
) -> None:
    """30 numbers for each row, today last, as the calls for one token return them."""
    used = api.create_token(person)
    wait(api, service, seconds=1)
    unused = api.create_token(person)
    for _ in range(3):
        wait(api, service, used["token"], minutes=10)
    wait(api, service, used["token"], days=2)
    jwt = service.provider.sign_in("user@example.com")
    listed = api.get("/v1/tokens?include=usage&sort=created_at", jwt).json["tokens"]
    assert [token["usage"][-3:] for token in listed] == [[3, 0, 1], [0, 0, 0]]
    for token in listed:
        days = api.get(f"/v1/tokens/{token['id']}/usage", jwt).json["days"]
        assert token["usage"] == [day["at_least"] for day in days]
    by_admin = api.get(
        f"{PATH}/tokens?include=usage&sort=created_at", service.provider.sign_in("admin@example.com")
    )
    assert by_admin.json["tokens"] == listed
    plain = api.get("/v1/tokens?sort=created_at", jwt).json["tokens"]
    assert plain == [{name: token[name] for name in token if name != "usage"} for token in listed]
    assert {used["id"], unused["id"]} == {token["id"] for token in listed}


@pytest.mark.parametrize(
    "query", ["include=", "include=networks", "include=usage&include=usage", "include=USAGE"]
)
@pytest.mark.parametrize("path", ["/v1/tokens", f"{PATH}/tokens"])
def test_other_members_cannot_be_included(api: Api, person: str, admin: str, path: str, query: str) -> None:
    """The error names the parameter."""
    api.create_token(person)
    answer = api.get(f"{path}?{query}", admin)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert "include" in answer.json["detail"]
