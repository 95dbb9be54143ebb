"""The calls about one's own tokens, in process over HTTP."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.ids import user_id_for
from tests.support.api import Answer, Api, api_of
from tests.support.builders import ISSUER
from tests.support.service import MemoryService

USER_ID = user_id_for(ISSUER, "user@example.com")

MEMBERS = {
    "id",
    "name",
    "description",
    "scopes",
    "status",
    "created_at",
    "updated_at",
    "last_used_at",
    "last_used_from",
    "idle_at",
    "expires_at",
    "allowed_networks",
    "effective_by",
    "revoked_at",
    "revoked_reason",
    "revoked_by",
    "predecessor_id",
    "successor_id",
    "self_rotated",
    "overlap_ends_at",
    "reuse_count",
    "last_reused_at",
    "refused",
}
# Lists of tokens lack them.
DETAILS = {"networks"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
DAY = timedelta(days=1)


@pytest.fixture
def person(service: MemoryService) -> str:
    """Return the sign-in of a user, good for as long as a test moves the clock."""
    return lasting_sign_in(service, "user@example.com")


def lasting_sign_in(service: MemoryService, subject: str) -> str:
    """Return a sign-in that outlives whatever time a test lets pass."""
    return service.provider.sign_in(subject, exp=4_000_000_000)


@contextmanager
def service_with(**environ: str) -> Iterator[tuple[Api, MemoryService, str]]:
    """Call the app under other settings."""
    service = MemoryService(environ)
    with api_of(service) as api:
        yield api, service, lasting_sign_in(service, "user@example.com")


def names(answer: Answer) -> list[str]:
    """Return the names on a page."""
    assert answer.status == 200, answer.text
    return [token["name"] for token in answer.json["tokens"]]


def walk(api: Api, person: str, query: str) -> Iterator[dict[str, Any]]:
    """Follow the cursors to the end and give every token seen."""
    cursor = ""
    while True:
        page = api.get(f"/v1/tokens?{query}{cursor}", person)
        assert page.status == 200, page.text
        yield from page.json["tokens"]
        if page.json["next_cursor"] is None:
            return
        cursor = f"&cursor={page.json['next_cursor']}"


def test_creation_answers_the_resource_and_the_string_once(api: Api, person: str) -> None:
    """The response is 201 with Location and version. Only this response has the string."""
    answer = api.post("/v1/tokens", person, {"name": " ci ", "description": "nightly\u2026"})
    created = answer.json
    assert answer.status == 201
    assert created.keys() == MEMBERS | DETAILS | {"token"}
    assert answer.headers["Location"] == f"/v1/tokens/{created['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert re.fullmatch(r"bodhi_[\w-]+\.[\w-]+\.[\w-]{86}", created["token"])
    assert re.fullmatch(r"[A-Za-z0-9_-]+", created["id"])

    secret = created.pop("token")
    again = api.get(answer.headers["Location"], person)
    assert again.json == created
    assert secret not in again.text + api.get("/v1/tokens", person).text


def test_new_token_has_the_documented_defaults(api: Api, person: str) -> None:
    """Without members a token has both scopes, no name, no expiry, and thirty days to be used."""
    created = api.create_token(person)
    assert {name: created[name] for name in (MEMBERS | DETAILS) - {"id"}} == {
        "name": "",
        "description": "",
        "scopes": ["api:read", "api:write"],
        "status": "active",
        "created_at": "2026-01-15T12:00:00.000Z",
        "updated_at": "2026-01-15T12:00:00.000Z",
        "last_used_at": None,
        "last_used_from": None,
        "idle_at": "2026-02-14T12:00:00.000Z",
        "expires_at": None,
        "allowed_networks": [],
        "effective_by": None,
        "revoked_at": None,
        "revoked_reason": None,
        "revoked_by": None,
        "predecessor_id": None,
        "successor_id": None,
        "self_rotated": False,
        "overlap_ends_at": None,
        "reuse_count": 0,
        "last_reused_at": None,
        "refused": {"count": 0, "last_at": None, "last_reason": None, "last_from": None},
        "networks": [],
    }


def test_reading_a_token_names_its_version(api: Api, person: str) -> None:
    """GET returns the resource with its ETag. Times are RFC 3339 in UTC."""
    created = api.create_token(person, name="ci", expires_in_days=7)
    answer = api.get(f"/v1/tokens/{created['id']}", person)
    assert (answer.status, answer.headers["ETag"]) == (200, '"1"')
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json.keys() == MEMBERS | DETAILS
    times = [answer.json[name] for name in ("created_at", "updated_at", "idle_at", "expires_at")]
    assert [bool(TIME.fullmatch(time)) for time in times] == [True] * 4


def test_change_answers_the_changed_resource_under_a_new_version(
    api: Api, service: MemoryService, person: str
) -> None:
    """PATCH changes what it names and nothing else."""
    created = api.create_token(person, name="ci", description="old")
    path = f"/v1/tokens/{created['id']}"
    service.clock.advance(DAY)
    answer = api.patch(path, person, {"name": "nightly"})
    assert (answer.status, answer.headers["ETag"]) == (200, '"2"')
    assert answer.headers["Cache-Control"] == "no-store"
    del created["token"]
    assert answer.json == created | {"name": "nightly", "updated_at": "2026-01-16T12:00:00.000Z"}
    assert api.get(path, person).json == answer.json


def test_empty_and_repeated_changes_change_nothing(api: Api, service: MemoryService, person: str) -> None:
    """A patch that says what is already so leaves version and times as they were."""
    path = f"/v1/tokens/{api.create_token(person, name='ci')['id']}"
    before = api.get(path, person)
    service.clock.advance(DAY)
    for body in ({}, {"name": "ci"}, {"status": "active"}):
        answer = api.patch(path, person, body)
        assert (answer.status, answer.headers["ETag"], answer.json) == (200, '"1"', before.json)


def test_change_on_a_stale_version_is_refused(api: Api, person: str) -> None:
    """If-Match with another version than the present one is 412 and changes nothing."""
    path = f"/v1/tokens/{api.create_token(person, name='a')['id']}"
    good = api.patch(path, person, {"name": "b"}, headers={"If-Match": '"1"'})
    stale = api.patch(path, person, {"name": "c"}, headers={"If-Match": '"1"'})
    anything = api.patch(path, person, {"description": "d"}, headers={"If-Match": "*"})
    assert (good.status, stale.status, anything.status) == (200, 412, 200)
    assert stale.code == "precondition_failed"
    assert api.get(path, person).json["name"] == "b"


@pytest.mark.parametrize(
    "condition", ['"1"', '"0", "1"', '"1","7"', 'W/"1", "1"', '"a,b", "1"', ' , "1" ,', '\t"1" ']
)
def test_change_goes_through_if_one_of_the_tags_is_the_present_one(
    api: Api, person: str, condition: str
) -> None:
    """If-Match takes a list, and one match is enough (RFC 9110 section 13.1.1)."""
    path = f"/v1/tokens/{api.create_token(person, name='a')['id']}"
    answer = api.patch(path, person, {"name": "b"}, headers={"If-Match": condition})
    assert (answer.status, answer.headers["ETag"], answer.json["name"]) == (200, '"2"', "b")


NO_BODY: list[dict[str, str]] = [
    {},
    {"Content-Length": "0"},
    {"Content-Type": "application/json"},
    {"Content-Type": "application/json", "Content-Length": "0"},
    # curl sends these for --data ''.
    {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "0"},
    {"Content-Type": ""},
]


@pytest.mark.parametrize("headers", NO_BODY, ids=str)
def test_creation_without_a_body_makes_a_token_with_the_defaults(
    api: Api, person: str, headers: dict[str, str]
) -> None:
    """All members are optional, so a client may leave the body out."""
    answer = api.call("POST", "/v1/tokens", person, headers=headers)
    usual = api.create_token(person)
    assert answer.status == 201
    assert api.get("/api/whoami", answer.json["token"]).status == 200
    unlike = {"id", "token"}
    assert {k: v for k, v in answer.json.items() if k not in unlike} == {
        k: v for k, v in usual.items() if k not in unlike
    }


@pytest.mark.parametrize("headers", NO_BODY, ids=str)
def test_rotation_without_a_body_ends_the_token_at_once(
    api: Api, person: str, headers: dict[str, str]
) -> None:
    """The default overlap is zero, for the owner and for the token itself."""
    first = api.create_token(person)
    second = api.call("POST", f"/v1/tokens/{first['id']}/rotate", person, headers=headers)
    assert (second.status, second.json["predecessor_id"]) == (201, first["id"])
    third = api.call("POST", "/v1/tokens/self/rotate", second.json["token"], headers=headers)
    assert (third.status, third.json["predecessor_id"]) == (201, second.json["id"])
    for token, status in ((first["token"], 401), (second.json["token"], 401), (third.json["token"], 200)):
        assert api.get("/api/whoami", token).status == status


def test_echo_without_a_body_answers_the_default(api: Api, person: str) -> None:
    """The sample route's only member is optional too."""
    answer = api.call("POST", "/api/echo", api.create_token(person)["token"])
    assert (answer.status, answer.json) == (200, {"message": ""})


@pytest.mark.parametrize("body", [None, {}])
@pytest.mark.parametrize("again", [None, {}])
def test_absent_body_is_the_empty_one_to_an_idempotency_key(
    api: Api, person: str, body: object, again: object
) -> None:
    """An absent body and an empty object count as the same request."""
    first = api.call("POST", "/v1/tokens", person, body, {"Idempotency-Key": "k"})
    second = api.call("POST", "/v1/tokens", person, again, {"Idempotency-Key": "k"})
    other = api.call("POST", "/v1/tokens", person, {"name": "x"}, {"Idempotency-Key": "k"})
    assert (first.status, second.status, other.status) == (201, 409, 422)
    assert (second.code, second.json["token_id"]) == ("already_created", first.json["id"])


def test_revoking_twice_is_quiet_and_keeps_the_first_reason(
    api: Api, service: MemoryService, person: str
) -> None:
    """The response is 204 each time. The row stays listed as revoked since the first time."""
    created = api.create_token(person)
    path = f"/v1/tokens/{created['id']}"
    first = api.delete(path, person)
    service.clock.advance(DAY)
    second = api.delete(path, person)
    for answer in (first, second):
        assert (answer.status, answer.text, answer.headers["Cache-Control"]) == (204, "", "no-store")
    listed = api.get("/v1/tokens?status=revoked", person).json["tokens"]
    assert [(t["id"], t["revoked_reason"]) for t in listed] == [(created["id"], "owner")]
    assert listed[0]["revoked_at"] == "2026-01-15T12:00:00.000Z"
    assert api.get("/api/whoami", created["token"]).status == 401


def test_whoami_says_who_calls(api: Api, person: str) -> None:
    """The sample API describes the token exactly as the contract says."""
    created = api.create_token(person, name="ci \u2713", scopes=["api:read"])
    answer = api.get("/api/whoami", created["token"])
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.json == {
        "auth": "token",
        "user_id": api.get("/v1/me", person).json["id"],
        "token_id": created["id"],
        "token_name": "ci \u2713",
        "scopes": ["api:read"],
    }


def test_echo_answers_the_message(api: Api, person: str) -> None:
    """The writing sample route says back what it got."""
    token = api.create_token(person, scopes=["api:write"])["token"]
    answer = api.post("/api/echo", token, {"message": "h\u00e9llo"})
    assert (answer.status, answer.json) == (200, {"message": "h\u00e9llo"})


def test_uses_are_recorded_once_per_refresh_interval(api: Api, service: MemoryService, person: str) -> None:
    """last_used_at and idle_at move with use, but not with every single one."""
    created = api.create_token(person)
    path = f"/v1/tokens/{created['id']}"
    seen = []
    for minutes in (1, 1, 5):
        service.clock.advance(timedelta(minutes=minutes))
        assert api.get("/api/whoami", created["token"]).status == 200
        token = api.get(path, person).json
        seen.append((token["last_used_at"][11:19], token["idle_at"][:19]))
    assert seen == [
        ("12:01:00", "2026-02-14T12:01:00"),
        ("12:01:00", "2026-02-14T12:01:00"),
        ("12:07:00", "2026-02-14T12:07:00"),
    ]


def test_idle_token_is_refused_listed_and_brought_back(
    api: Api, service: MemoryService, person: str
) -> None:
    """A token that is unused for thirty days is idle. PATCH to active restarts its clock."""
    created = api.create_token(person)
    path = f"/v1/tokens/{created['id']}"
    service.clock.advance(30 * DAY - timedelta(milliseconds=1))
    assert api.get(path, person).json["status"] == "active"
    service.clock.advance(timedelta(milliseconds=1))
    assert api.get(path, person).json["status"] == "idle"
    assert [t["id"] for t in api.get("/v1/tokens?status=idle", person).json["tokens"]] == [created["id"]]
    assert api.get("/v1/tokens?status=active", person).json["tokens"] == []
    assert api.get("/api/whoami", created["token"]).status == 401
    assert api.get(path, person).json["last_used_at"] is None

    back = api.patch(path, person, {"status": "active"}).json
    assert (back["status"], back["idle_at"]) == ("active", "2026-03-16T12:00:00.000Z")
    assert api.get("/api/whoami", created["token"]).status == 200


def test_paused_token_waits_and_its_clock_restarts_on_return(
    api: Api, service: MemoryService, person: str
) -> None:
    """A paused token is refused, does not turn idle, and comes back with thirty fresh days."""
    created = api.create_token(person)
    path = f"/v1/tokens/{created['id']}"
    assert api.patch(path, person, {"status": "inactive"}).json["status"] == "inactive"
    assert api.get("/api/whoami", created["token"]).status == 401
    service.clock.advance(40 * DAY)
    assert api.get(path, person).json["status"] == "inactive"
    back = api.patch(path, person, {"status": "active"}).json
    assert (back["status"], back["idle_at"]) == ("active", "2026-03-26T12:00:00.000Z")
    assert api.get("/api/whoami", created["token"]).status == 200


def test_reactivations_are_bounded_for_each_day() -> None:
    """The response says when to retry, and pausing stays possible."""
    service = MemoryService({"MAX_REACTIVATIONS_PER_DAY": "1"})
    with api_of(service) as api:
        jwt = service.provider.sign_in("user@example.com")
        path = f"/v1/tokens/{api.create_token(jwt)['id']}"
        for status in ("inactive", "active", "inactive"):
            assert api.patch(path, jwt, {"status": status}).status == 200
        refused = api.patch(path, jwt, {"status": "active"})
        assert (refused.status, refused.code) == (429, "reactivation_limit_reached")
        assert refused.headers["Retry-After"] == str(12 * 3600)
        assert api.get(path, jwt).json["status"] == "inactive"
        assert api.delete(path, jwt).status == 204


def test_expired_token_is_refused_and_stays_expired(api: Api, service: MemoryService, person: str) -> None:
    """From the second of its expiry on a token is dead, and no status brings it back."""
    created = api.create_token(person, expires_in_days=1)
    path = f"/v1/tokens/{created['id']}"
    assert created["expires_at"] == "2026-01-16T12:00:00.000Z"
    service.clock.advance(DAY - timedelta(milliseconds=1))
    assert api.get("/api/whoami", created["token"]).status == 200
    service.clock.advance(timedelta(milliseconds=1))
    assert api.get("/api/whoami", created["token"]).status == 401
    assert api.get(path, person).json["status"] == "expired"
    for status in ("active", "inactive"):
        answer = api.patch(path, person, {"status": status})
        assert (answer.status, answer.code) == (409, "token_expired")
    assert api.patch(path, person, {"name": "late"}).json["name"] == "late"
    assert api.delete(path, person).status == 204
    assert api.get(path, person).json["status"] == "revoked"


def test_quota_is_exact_and_revoking_makes_room() -> None:
    """At the quota a creation is refused. Paused tokens count, revoked ones do not."""
    with service_with(MAX_TOKENS_PER_USER="3") as (api, _, person):
        ids = [api.create_token(person)["id"] for _ in range(3)]
        api.patch(f"/v1/tokens/{ids[0]}", person, {"status": "inactive"})
        refused = api.post("/v1/tokens", person)
        assert (refused.status, refused.code) == (409, "token_limit_reached")
        assert len(api.get("/v1/tokens", person).json["tokens"]) == 3
        api.delete(f"/v1/tokens/{ids[0]}", person)
        api.delete(f"/v1/tokens/{ids[0]}", person)
        assert [api.post("/v1/tokens", person).status for _ in range(2)] == [201, 409]


def test_expired_tokens_give_their_place_back() -> None:
    """Expired tokens do not count against the quota. Idle ones do."""
    with service_with(MAX_TOKENS_PER_USER="2") as (api, service, person):
        api.create_token(person, expires_in_days=1)
        api.create_token(person)
        assert api.post("/v1/tokens", person).status == 409
        service.clock.advance(31 * DAY)
        assert [api.post("/v1/tokens", person).status for _ in range(2)] == [201, 409]


def test_quota_is_each_users_own() -> None:
    """One user's tokens take no place from another's."""
    with service_with(MAX_TOKENS_PER_USER="1") as (api, service, person):
        api.create_token(person)
        other = service.provider.sign_in("other@example.com")
        assert api.post("/v1/tokens", other).status == 201


def test_longest_lifetime_is_the_default_and_the_limit() -> None:
    """With MAX_TOKEN_LIFETIME_DAYS every token expires, at the latest by then."""
    with service_with(MAX_TOKEN_LIFETIME_DAYS="90") as (api, _, person):
        assert api.create_token(person)["expires_at"] == "2026-04-15T12:00:00.000Z"
        never = api.create_token(person, expires_in_days=None)
        assert never["expires_at"] == "2026-04-15T12:00:00.000Z"
        assert api.create_token(person, expires_in_days=90)["expires_at"] == never["expires_at"]
        refused = api.post("/v1/tokens", person, {"expires_in_days": 91})
        assert (refused.status, refused.code) == (400, "invalid_request")
        assert "90" in refused.json["detail"]
        assert len(api.get("/v1/tokens", person).json["tokens"]) == 3


@pytest.mark.parametrize("members", [{}, {"scopes": ["api:read"], "expires_in_days": 30}])
def test_replay_is_one_whatever_the_settings_are_by_then(
    api: Api, service: MemoryService, person: str, members: dict[str, object]
) -> None:
    """The request is compared. New scopes, fewer scopes or a shorter limit do not change its body."""
    headers = {"Idempotency-Key": "key-1"}
    created = api.post("/v1/tokens", person, members, headers=headers).json
    scopes = {name: {"description": "x", "opens": [f"GET /{name}/*"]} for name in ("orders", "files")}
    grown = {**scopes, "api:read": {"description": "x", "opens": ["GET /api/*"]}}
    for environ in (
        {"SCOPES": json.dumps(grown)},
        {"SCOPES": json.dumps(scopes)},
        {"MAX_TOKEN_LIFETIME_DAYS": "7"},
    ):
        with api_of(service.redeployed(environ)) as later:
            answer = later.post("/v1/tokens", person, members, headers=headers)
            assert (answer.status, answer.code) == (409, "already_created")
            assert answer.json["token_id"] == created["id"]
            other = later.post("/v1/tokens", person, {**members, "name": "x"}, headers=headers)
            assert (other.status, other.code) == (422, "idempotency_key_reused")


# Lists.


@pytest.fixture
def mixed(api: Api, service: MemoryService, person: str) -> list[str]:
    """Return the names of 35 tokens in the order they were made, some of the same name and time."""
    made = [f"{'Alpha' if n % 2 else 'beta'}-{n // 4}" for n in range(35)]
    for number, name in enumerate(made):
        created = api.create_token(person, name=name)
        if number % 3 == 0:
            assert api.get("/api/whoami", created["token"]).status == 200
        if number % 5:
            service.clock.advance(timedelta(seconds=7))
    return made


def test_list_is_newest_first_thirty_at_a_time(api: Api, person: str, mixed: list[str]) -> None:
    """Without parameters a page has thirty tokens, the newest first, without their strings."""
    page = api.get("/v1/tokens", person)
    assert page.json.keys() == {"tokens", "next_cursor"}
    assert page.headers["Cache-Control"] == "no-store"
    created = [token["created_at"] for token in page.json["tokens"]]
    assert created == sorted(created, reverse=True)
    assert len(created) == 30
    assert {frozenset(token) for token in page.json["tokens"]} == {frozenset(MEMBERS)}
    rest = api.get(f"/v1/tokens?cursor={page.json['next_cursor']}", person)
    assert (len(rest.json["tokens"]), rest.json["next_cursor"]) == (5, None)


def test_empty_list_is_a_list(api: Api, person: str) -> None:
    """A user without tokens gets an empty page."""
    assert api.get("/v1/tokens", person).json == {"tokens": [], "next_cursor": None}


# In the list that these tests sort, no token has ended or expires.
SORTED_BY: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "created_at": lambda token: token["created_at"],
    "last_used_at": lambda token: token["last_used_at"],
    "name": lambda token: token["name"].casefold(),
    "idle_at": lambda token: token["idle_at"],
    "ends_at": lambda token: token["idle_at"],
}


@pytest.mark.parametrize("descends", [False, True])
@pytest.mark.parametrize("sort", SORTED_BY)
def test_every_order_pages_through_all(
    api: Api, person: str, mixed: list[str], sort: str, descends: bool
) -> None:
    """In each order and page size the pages together hold every token once, in that order."""
    for limit in (1, 4, 35, 100):
        seen = list(walk(api, person, f"sort={'-' if descends else ''}{sort}&limit={limit}"))
        keys = [SORTED_BY[sort](token) for token in seen]
        values = [key for key in keys if key is not None]
        assert keys == sorted(values, reverse=descends) + [None] * (len(keys) - len(values))
        assert len({token["id"] for token in seen}) == len(seen) == len(mixed)


@pytest.mark.parametrize("sort", ["-created_at", "created_at", "name", "-name", "-last_used_at", "idle_at"])
def test_tokens_added_between_pages_shift_nothing(
    api: Api, service: MemoryService, person: str, mixed: list[str], sort: str
) -> None:
    """Each token that was there at first is listed exactly once, also if others are added meanwhile."""
    before = {token["id"] for token in walk(api, person, "limit=100")}
    seen: list[str] = []
    cursor = ""
    for number in range(20):
        page = api.get(f"/v1/tokens?sort={sort}&limit=4{cursor}", person).json
        seen += [token["id"] for token in page["tokens"]]
        service.clock.advance(timedelta(seconds=1))
        if number < 5:
            for name in ("", "alpha-3", "zz"):
                api.create_token(person, name=name)
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


def test_filter_and_search_narrow_together(api: Api, service: MemoryService, person: str) -> None:
    """Status and text are both applied. The text is found in names in any case."""
    ids = {name: api.create_token(person, name=name)["id"] for name in ("CI main", "ci fork", "laptop")}
    api.patch(f"/v1/tokens/{ids['ci fork']}", person, {"status": "inactive"})
    api.delete(f"/v1/tokens/{ids['laptop']}", person)
    api.create_token(person, name="short ci", expires_in_days=1)
    service.clock.advance(2 * DAY)

    assert sorted(names(api.get("/v1/tokens?q=Ci", person))) == ["CI main", "ci fork", "short ci"]
    assert names(api.get("/v1/tokens?q=ci&status=inactive", person)) == ["ci fork"]
    assert names(api.get("/v1/tokens?status=active", person)) == ["CI main"]
    assert names(api.get("/v1/tokens?status=revoked", person)) == ["laptop"]
    assert names(api.get("/v1/tokens?status=expired", person)) == ["short ci"]
    assert names(api.get("/v1/tokens?status=idle", person)) == []
    assert names(api.get("/v1/tokens?q=%20&sort=name", person))[0] == "ci fork"
    assert names(api.get("/v1/tokens?q=nothing", person)) == []


def test_search_finds_descriptions_and_exact_ids(api: Api, service: MemoryService, person: str) -> None:
    """The owner and an administrator find a token by its description, or by its whole id."""
    found = api.create_token(person, name="nightly", description="Läuft um 02:00")
    api.create_token(person, name="other")
    admin = service.provider.sign_in("admin@example.com")
    for path, caller in (("/v1/tokens", person), (f"/v1/users/{USER_ID}/tokens", admin)):
        for text in ("lauft", found["id"]):
            assert names(api.get(f"{path}?q={text}", caller)) == ["nightly"]
        assert names(api.get(f"{path}?q={found['id'][:-1]}", caller)) == []


def test_rotated_token_has_ended_after_its_overlap(api: Api, service: MemoryService, person: str) -> None:
    """In its overlap it is among the tokens that have not ended, afterwards among those that have."""
    rotated, kept, revoked = (
        api.create_token(person, name=name) for name in ("rotated", "kept", "revoked")
    )
    api.post(f"/v1/tokens/{rotated['id']}/rotate", person, {"overlap_seconds": 3600})
    api.delete(f"/v1/tokens/{revoked['id']}", person)
    admin = service.provider.sign_in("admin@example.com")

    def ids(ended: str) -> list[str]:
        lists = [
            api.get(f"{path}?ended={ended}&sort=ends_at", caller).json["tokens"]
            for path, caller in (("/v1/tokens", person), (f"/v1/users/{USER_ID}/tokens", admin))
        ]
        assert lists[0] == lists[1]
        return [token["id"] for token in lists[0]]

    live = ids("false")
    # The successor and the kept token end at the same time, so chance orders them.
    assert (live[0], len(live)) == (rotated["id"], 3)
    assert kept["id"] in live
    assert ids("true") == [revoked["id"]]
    service.clock.advance(timedelta(hours=1))
    assert rotated["id"] not in ids("false")
    assert ids("true") == [revoked["id"], rotated["id"]]
    assert names(api.get("/v1/tokens?ended=true&status=active", person)) == []
    assert names(api.get("/v1/tokens?ended=true&status=revoked&q=kept", person)) == []


def test_filtered_pages_lose_nothing(api: Api, person: str, mixed: list[str]) -> None:
    """A filter and a page size together still give every match once."""
    seen = [token["name"] for token in walk(api, person, "q=alpha&limit=3&sort=created_at")]
    assert seen == [name for name in mixed if name.startswith("Alpha")]


def test_everybody_sees_the_own_tokens_only(api: Api, service: MemoryService, person: str) -> None:
    """Lists of two users have nothing in common, administrators' own list included."""
    api.create_token(person, name="mine")
    for subject in ("other@example.com", "admin@example.com"):
        somebody = service.provider.sign_in(subject)
        api.create_token(somebody, name=subject)
        assert names(api.get("/v1/tokens", somebody)) == [subject]


# Idempotency keys.


def test_replay_makes_no_second_token_for_a_day(api: Api, service: MemoryService, person: str) -> None:
    """The same key and body answer 409 with the first token's id, and work anew after 24 hours."""
    headers = {"Idempotency-Key": "job-7"}
    first = api.post("/v1/tokens", person, {"name": "ci"}, headers=headers)
    service.clock.advance(DAY - timedelta(milliseconds=1))
    replay = api.post("/v1/tokens", person, {"name": " ci "}, headers=headers)
    assert (replay.status, replay.code) == (409, "already_created")
    assert replay.json["token_id"] == first.json["id"]
    assert "bodhi_" not in replay.text
    assert len(api.get("/v1/tokens", person).json["tokens"]) == 1

    service.clock.advance(timedelta(milliseconds=1))
    later = api.post("/v1/tokens", person, {"name": "ci"}, headers=headers)
    assert later.status == 201
    assert later.json["id"] != first.json["id"]


@pytest.mark.parametrize("body", [{"name": "other"}, {}, {"name": "ci", "expires_in_days": 1}])
def test_key_with_another_body_is_refused(api: Api, person: str, body: object) -> None:
    """A key that comes back with another request is a mistake, not a replay."""
    headers = {"Idempotency-Key": "job-7"}
    api.post("/v1/tokens", person, {"name": "ci"}, headers=headers)
    answer = api.post("/v1/tokens", person, body, headers=headers)
    assert (answer.status, answer.code) == (422, "idempotency_key_reused")
    assert len(api.get("/v1/tokens", person).json["tokens"]) == 1


def test_keys_of_two_users_do_not_meet(api: Api, service: MemoryService, person: str) -> None:
    """Another user's key is another key."""
    headers = {"Idempotency-Key": "job-7"}
    other = service.provider.sign_in("other@example.com")
    answers = [api.post("/v1/tokens", who, {"name": "ci"}, headers=headers) for who in (person, other)]
    assert [answer.status for answer in answers] == [201, 201]


def test_failed_creation_leaves_the_key_unused() -> None:
    """A key whose request was refused for the quota may be used again."""
    with service_with(MAX_TOKENS_PER_USER="1") as (api, _, person):
        headers = {"Idempotency-Key": "job-7"}
        token_id = api.create_token(person)["id"]
        assert api.post("/v1/tokens", person, {}, headers=headers).code == "token_limit_reached"
        api.delete(f"/v1/tokens/{token_id}", person)
        assert api.post("/v1/tokens", person, {}, headers=headers).status == 201


def test_documents_are_ascii_safe_json(api: Api, person: str) -> None:
    """Names with markup and emoji come back as they went in."""
    name = "<script>alert(1)</script> \U0001f511 \u05d0"
    created = api.create_token(person, name=name)
    text = api.get(f"/v1/tokens/{created['id']}", person).text
    assert text.isascii()
    assert json.loads(text)["name"] == name
