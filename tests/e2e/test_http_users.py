"""The calls about oneself and those of administrators, in process over HTTP."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.domain.ids import user_id_for
from chalicelib.domain.users import UserStatus
from tests.support.actors import an_event
from tests.support.api import Api, api_of
from tests.support.builders import ISSUER, a_user
from tests.support.service import MemoryService

ME = {"id", "subject", "issuer", "name", "email", "email_verified", "role", "status"}
USER = ME | {"created_at", "updated_at", "effective_by", "last_signed_in_at", "live_tokens"}
USER_ID = user_id_for(ISSUER, "user@example.com")
PATH = f"/v1/users/{USER_ID}"


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
    return api.create_token(person, name="ci")


def listed(api: Api, admin: str) -> list[tuple[str, str | None]]:
    """Return status and reason of each of the user's tokens, as the administrator sees them."""
    answer = api.get(f"{PATH}/tokens?sort=created_at", admin)
    assert answer.status == 200, answer.text
    return [(token["status"], token["revoked_reason"]) for token in answer.json["tokens"]]


def test_me_says_who_is_signed_in(api: Api, person: str) -> None:
    """The first sign-in makes the account, and ``/v1/me`` shows it."""
    answer = api.get("/v1/me", person)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.json == {
        "id": USER_ID,
        "subject": "user@example.com",
        "issuer": ISSUER,
        "name": "User",
        "email": "user@example.com",
        "email_verified": False,
        "role": "user",
        "status": "active",
        "notices": True,
    }


def test_role_and_profile_follow_the_provider(api: Api, service: MemoryService, admin: str) -> None:
    """Name and email are those of the last sign-in that had them. The settings decide the role."""
    assert api.get("/v1/me", admin).json["role"] == "admin"
    service.clock.advance(timedelta(seconds=1))
    renamed = service.provider.sign_in("admin@example.com", name="Ada", email="ada@example.com")
    assert api.get("/v1/me", renamed).json["name"] == "Ada"
    bare = service.provider.sign_in("admin@example.com", name=None, email=None)
    assert api.get("/v1/me", bare).json["email"] == "ada@example.com"


def test_users_of_an_issuer_are_listed(api: Api, service: MemoryService, admin: str, person: str) -> None:
    """The filter compares exactly and combines with the other filters. An unknown issuer finds no users."""
    api.get("/v1/me", admin)
    api.get("/v1/me", person)
    former = a_user("former@example.com", issuer=f"{ISSUER}/", status=UserStatus.INACTIVE)
    service.store.add_user(former, an_event())

    def subjects(**query: str) -> list[str]:
        answer = api.get(f"/v1/users?{urlencode(query)}", admin)
        assert answer.status == 200, answer.text
        return sorted(user["subject"] for user in answer.json["users"])

    assert subjects() == ["admin@example.com", "former@example.com", "user@example.com"]
    assert subjects(issuer=ISSUER) == ["admin@example.com", "user@example.com"]
    assert subjects(issuer=f"{ISSUER}/") == ["former@example.com"]
    assert subjects(issuer=ISSUER, q="admin") == ["admin@example.com"]
    assert subjects(issuer=f"{ISSUER}/", status="active") == []
    for unknown in ("", "https://nowhere.example.com", ISSUER.upper(), f" {ISSUER}", "https://", "\x00"):
        assert subjects(issuer=unknown) == []
    assert api.get(f"/v1/users?issuer={ISSUER}&issuer={ISSUER}", admin).code == "invalid_request"


def test_users_of_an_issuer_come_in_pages(api: Api, service: MemoryService, admin: str) -> None:
    """Each user of the issuer is on exactly one page. Users of other issuers are on none."""
    api.get("/v1/me", admin)
    for number in range(12):
        issuer = f"{ISSUER}/" if number % 3 == 0 else ISSUER
        service.store.add_user(
            a_user(f"user{number}@example.com", id=_an_id(number), issuer=issuer), an_event()
        )
    seen, cursor = [], ""
    while True:
        page = api.get(f"/v1/users?limit=2&issuer={ISSUER}/{cursor}", admin).json
        seen += [user["subject"] for user in page["users"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(seen) == [f"user{number}@example.com" for number in (0, 3, 6, 9)]


def _an_id(number: int) -> str:
    return "usr_" + "abcdefghijkl"[number] * 32


def test_users_are_listed_newest_first_in_pages(api: Api, service: MemoryService, admin: str) -> None:
    """Every user is on exactly one page."""
    api.get("/v1/me", admin)
    for number in range(12):
        service.clock.advance(timedelta(seconds=number % 2))
        api.get("/v1/me", service.provider.sign_in(f"user{number}@example.com"))
    seen, cursor = [], ""
    while True:
        page = api.get(f"/v1/users?limit=5{cursor}", admin).json
        assert page.keys() == {"users", "next_cursor"}
        seen += page["users"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert {frozenset(user) for user in seen} == {frozenset(USER)}
    created = [user["created_at"] for user in seen]
    assert created == sorted(created, reverse=True)
    assert len({user["id"] for user in seen}) == len(seen) == 13


def test_users_are_found_by_text_and_status(api: Api, service: MemoryService, admin: str) -> None:
    """The search covers name, email and subject. The status filters."""
    for subject in ("user@example.com", "other@example.com"):
        api.get("/v1/me", service.provider.sign_in(subject))
    api.patch(PATH, admin, {"status": "inactive"})

    def subjects(query: str) -> set[str]:
        return {user["subject"] for user in api.get(f"/v1/users?{query}", admin).json["users"]}

    assert subjects("q=OTHER") == {"other@example.com"}
    assert subjects("status=inactive") == {"user@example.com"}
    assert subjects("status=active") == {"other@example.com", "admin@example.com"}
    assert subjects("status=removed") == set()
    assert subjects("q=other&status=inactive") == set()


def test_user_is_found_by_id(api: Api, service: MemoryService, admin: str) -> None:
    """The page links to the owner of a token so. The other filters must match too."""
    for subject in ("user@example.com", "other@example.com"):
        api.get("/v1/me", service.provider.sign_in(subject))

    def subjects(**query: str) -> list[str]:
        page = api.get(f"/v1/users?{urlencode(query)}", admin).json
        assert page["next_cursor"] is None
        return [user["subject"] for user in page["users"]]

    assert subjects(q=USER_ID) == ["user@example.com"]
    assert subjects(q=f" {USER_ID} ", status="active") == ["user@example.com"]
    assert subjects(q=USER_ID, status="inactive") == []
    assert subjects(q=USER_ID, issuer="https://other.example.com") == []
    assert subjects(q=USER_ID[:-1]) == []
    assert subjects(q="usr_" + "a" * 32) == []


def test_user_is_read_by_administrators(api: Api, person: str, admin: str) -> None:
    """GET shows what me shows, and when. The choice about mails is the person's own."""
    me = api.get("/v1/me", person).json
    answer = api.get(PATH, admin)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.json.keys() == USER
    assert {name: answer.json[name] for name in ME} | {"notices": True} == me


def test_administrator_sees_a_users_tokens(api: Api, admin: str, token: dict[str, Any]) -> None:
    """The list of a user's tokens has the form of one's own, filters included."""
    del token["token"], token["networks"]
    answer = api.get(f"{PATH}/tokens?status=active&q=CI&limit=1&sort=name", admin)
    assert answer.json == {"tokens": [token], "next_cursor": None}
    assert api.get(f"{PATH}/tokens?status=revoked", admin).json["tokens"] == []


def test_deactivated_user_is_out_at_once(
    api: Api, service: MemoryService, person: str, admin: str, token: dict[str, Any]
) -> None:
    """Neither the tokens nor a sign-in, old or new, get a deactivated user anywhere."""
    answer = api.patch(PATH, admin, {"status": "inactive"})
    assert (answer.status, answer.json["status"]) == (200, "inactive")
    assert api.patch(PATH, admin, {"status": "inactive"}).json == answer.json

    assert api.get("/api/whoami", token["token"]).status == 401
    service.clock.advance(timedelta(minutes=1))
    for sign_in in (person, service.provider.sign_in("user@example.com")):
        for refused in (api.get("/v1/me", sign_in), api.post("/v1/tokens", sign_in)):
            assert (refused.status, refused.code) == (403, "user_inactive")
    assert listed(api, admin) == [("inactive", None)]


def test_reactivated_users_old_tokens_stay_dead(
    api: Api, person: str, admin: str, token: dict[str, Any]
) -> None:
    """Without restore_tokens the user is back and the tokens are revoked, with the reason."""
    api.patch(PATH, admin, {"status": "inactive"})
    answer = api.patch(PATH, admin, {"status": "active"})
    assert (answer.status, answer.json["status"]) == (200, "active")
    assert api.get("/api/whoami", token["token"]).status == 401
    assert listed(api, admin) == [("revoked", "user_deactivated")]
    revived = api.patch(f"/v1/tokens/{token['id']}", person, {"status": "active"})
    assert (revived.status, revived.code) == (409, "token_revoked")

    fresh = api.create_token(person)
    assert api.get("/api/whoami", fresh["token"]).status == 200


def test_tokens_come_back_only_when_asked_for(
    api: Api, person: str, admin: str, token: dict[str, Any]
) -> None:
    """restore_tokens brings back what worked before, and nothing that was paused or revoked."""
    paused, revoked = api.create_token(person), api.create_token(person)
    api.patch(f"/v1/tokens/{paused['id']}", person, {"status": "inactive"})
    api.delete(f"/v1/tokens/{revoked['id']}", person)
    api.patch(PATH, admin, {"status": "inactive"})
    assert api.patch(PATH, admin, {"status": "active", "restore_tokens": True}).status == 200

    answers = [api.get("/api/whoami", t["token"]).status for t in (token, paused, revoked)]
    assert answers == [200, 401, 401]
    assert sorted(listed(api, admin), key=str) == [
        ("active", None),
        ("inactive", None),
        ("revoked", "owner"),
    ]


def test_reactivating_an_active_user_changes_nothing(api: Api, admin: str, token: dict[str, Any]) -> None:
    """Re-activation of an active user ends no token."""
    for body in ({"status": "active"}, {"status": "active", "restore_tokens": False}):
        assert api.patch(PATH, admin, body).status == 200
    assert api.get("/api/whoami", token["token"]).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"restore_tokens": True},
        {"status": "removed"},
        {"status": "inactive", "restore_tokens": True},
        {"status": "inactive", "restore_tokens": False},
        {"status": "active", "restore_tokens": "true"},
        {"status": "active", "restore_tokens": 1},
        {"status": "active", "restore_tokens": None},
        {"status": None},
        {"status": True},
        {"status": "inactive", "role": "admin"},
        {"role": "admin"},
        {"name": "x"},
    ],
    ids=str,
)
def test_senseless_change_of_a_user_is_refused(
    api: Api, admin: str, token: dict[str, Any], body: object
) -> None:
    """Whatever is not one of the two changes is a bad request and changes nothing."""
    answer = api.patch(PATH, admin, body)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert api.get(PATH, admin).json["status"] == "active"
    assert api.get("/api/whoami", token["token"]).status == 200


def test_removed_user_leaves_a_tombstone(api: Api, person: str, admin: str, token: dict[str, Any]) -> None:
    """Removal is quiet when repeated, forgets name and email, and ends tokens and sign-ins."""
    for _ in range(2):
        answer = api.delete(PATH, admin)
        assert (answer.status, answer.text, answer.headers["Cache-Control"]) == (204, "", "no-store")
    tombstone = api.get(PATH, admin).json
    assert (tombstone["status"], tombstone["name"], tombstone["email"]) == ("removed", "", "")
    assert api.get("/api/whoami", token["token"]).status == 401
    assert api.get("/v1/me", person).code == "user_inactive"
    assert listed(api, admin) == [("revoked", "user_removed")]
    for body in ({"status": "active", "restore_tokens": True}, {"status": "inactive"}):
        refused = api.patch(PATH, admin, body)
        assert (refused.status, refused.code) == (409, "user_removed")


def test_reactivations_of_a_user_are_bounded_for_each_day() -> None:
    """Deactivation and removal stay possible. The owner's own re-activations are another count."""
    service = MemoryService({"MAX_REACTIVATIONS_PER_DAY": "1"})
    with api_of(service) as api:
        person, admin = (service.provider.sign_in(f"{name}@example.com") for name in ("user", "admin"))
        token = f"/v1/tokens/{api.create_token(person)['id']}"
        for status in ("inactive", "active"):
            assert api.patch(token, person, {"status": status}).status == 200
        back = {"status": "active", "restore_tokens": True}
        for body in ({"status": "inactive"}, back, {"status": "inactive"}):
            assert api.patch(PATH, admin, body).status == 200
        refused = api.patch(PATH, admin, back)
        assert (refused.status, refused.code) == (429, "reactivation_limit_reached")
        assert int(refused.headers["Retry-After"]) == 12 * 3600
        assert api.delete(PATH, admin).status == 204


def test_new_sign_in_after_removal_gets_a_fresh_account(
    api: Api, service: MemoryService, person: str, admin: str, token: dict[str, Any]
) -> None:
    """The person may come back, with the same id and none of the old tokens' powers."""
    api.delete(PATH, admin)
    service.clock.advance(timedelta(minutes=1))
    soon = api.get("/v1/me", service.provider.sign_in("user@example.com"))
    assert (soon.status, soon.code, soon.headers["Retry-After"]) == (403, "sign_in_too_soon", "60")
    assert "in a minute" in soon.json["detail"]
    service.clock.advance(timedelta(seconds=1))
    back = service.provider.sign_in("user@example.com")
    me = api.get("/v1/me", back).json
    assert (me["id"], me["status"], me["name"]) == (USER_ID, "active", "User")
    assert api.get("/api/whoami", token["token"]).status == 401
    assert listed(api, admin) == [("revoked", "user_removed")]
    assert api.get("/api/whoami", api.create_token(back)["token"]).status == 200


def test_all_tokens_are_revoked_at_once(api: Api, person: str, admin: str, token: dict[str, Any]) -> None:
    """Revoke-all ends every token there is, keeps the user in, and can be said twice."""
    second = api.create_token(person)
    for _ in range(2):
        assert api.delete(f"{PATH}/tokens", admin).status == 204
    assert [api.get("/api/whoami", t["token"]).status for t in (token, second)] == [401, 401]
    assert listed(api, admin) == [("revoked", "admin")] * 2
    assert api.get("/api/whoami", api.create_token(person)["token"]).status == 200


def test_revoke_all_makes_room_under_the_quota() -> None:
    """Dead tokens take no place."""
    from tests.support.api import api_of

    service = MemoryService({"MAX_TOKENS_PER_USER": "2"})
    with api_of(service) as api:
        person, admin = (service.provider.sign_in(f"{who}@example.com") for who in ("user", "admin"))
        for _ in range(2):
            api.create_token(person)
        assert api.post("/v1/tokens", person).status == 409
        api.delete(f"{PATH}/tokens", admin)
        assert [api.post("/v1/tokens", person).status for _ in range(3)] == [201, 201, 409]


def test_administrator_may_revoke_the_own_tokens(api: Api, admin: str) -> None:
    """An administrator may revoke all of the own tokens."""
    token = api.create_token(admin)["token"]
    own = api.get("/v1/me", admin).json["id"]
    assert api.delete(f"/v1/users/{own}/tokens", admin).status == 204
    assert api.get("/api/whoami", token).status == 401
    assert api.get("/v1/me", admin).status == 200


def test_demoted_administrator_administers_no_more(service: MemoryService, admin: str) -> None:
    """The role is as of each call, not as of the first sign-in."""
    from tests.support.api import api_of

    with api_of(service) as api:
        assert api.get("/v1/users", admin).status == 200
    demoted = MemoryService({"ADMIN_SUBJECTS": "somebody-else"}, store=service.store)
    with api_of(demoted) as api:
        answer = api.get("/v1/users", admin)
        assert (answer.status, answer.code) == (403, "admin_required")
        assert api.get("/v1/me", admin).json["role"] == "user"
