"""Rotation over HTTP, by the owner and by the token itself."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.ids import user_id_for
from tests.oauth.caller import INTROSPECT, basic
from tests.support import canaries, challenges
from tests.support.api import Answer, Api, api_of
from tests.support.builders import ISSUER
from tests.support.clients import resource_servers
from tests.support.service import MemoryService

DAY = timedelta(days=1)
ADMIN = "admin@example.com"
USER = user_id_for(ISSUER, "user@example.com")
LASTING = 4_000_000_000


@pytest.fixture
def person(service: MemoryService) -> str:
    """Return a user's sign-in, good for as long as a test moves the clock."""
    return service.provider.sign_in("user@example.com", exp=LASTING)


@pytest.fixture
def created(api: Api, person: str) -> dict[str, Any]:
    """Return a token with its string."""
    return api.create_token(person, name="ci", description="nightly", scopes=["api:read"])


def rotate(api: Api, person: str, token_id: str, **members: object) -> Answer:
    """Rotate a token as its owner."""
    return api.post(f"/v1/tokens/{token_id}/rotate", person, members)


def rotate_self(api: Api, secret: str, **members: object) -> Answer:
    """Rotate a token as its bearer."""
    return api.post("/v1/tokens/self/rotate", secret, members)


def read(api: Api, person: str, token: dict[str, Any]) -> Any:
    """Return a token resource."""
    return api.get(f"/v1/tokens/{token['id']}", person).json


def use(api: Api, token: dict[str, Any]) -> int:
    """Return the status of a call with a token."""
    return api.get("/api/whoami", token["token"]).status


def test_rotation_answers_like_a_creation(api: Api, person: str, created: dict[str, Any]) -> None:
    """The response is 201 with the address, the version, and the string, which is shown once."""
    answer = rotate(api, person, created["id"], overlap_seconds=60)
    successor = answer.json
    assert answer.status == 201
    assert answer.headers["Location"] == f"/v1/tokens/{successor['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert successor.keys() == created.keys()
    same = ("name", "description", "scopes", "status")
    assert [successor[name] for name in same] == [created[name] for name in same]
    assert successor["predecessor_id"] == created["id"]
    secret = successor.pop("token")
    assert secret != created["token"]
    assert read(api, person, successor) == successor


def test_both_work_until_the_overlap_ends(
    api: Api, service: MemoryService, person: str, created: dict[str, Any]
) -> None:
    """Then the predecessor is revoked, and its owner sees why and since when."""
    successor = rotate(api, person, created["id"], overlap_seconds=3600).json
    assert (use(api, created), use(api, successor)) == (200, 200)
    before = read(api, person, created)
    assert (before["status"], before["successor_id"]) == ("active", successor["id"])
    assert before["overlap_ends_at"] == "2026-01-15T13:00:00.000Z"

    service.clock.advance(timedelta(hours=1))
    assert (use(api, created), use(api, successor)) == (401, 200)
    after = read(api, person, created)
    assert (after["status"], after["revoked_reason"]) == ("revoked", "rotated")
    assert after["revoked_at"] == before["overlap_ends_at"]
    listed = api.get("/v1/tokens?status=revoked", person).json["tokens"]
    assert [token["id"] for token in listed] == [created["id"]]


def test_without_overlap_the_predecessor_ends_at_once(
    api: Api, person: str, created: dict[str, Any]
) -> None:
    """Absent is zero."""
    successor = rotate(api, person, created["id"]).json
    assert (use(api, created), use(api, successor)) == (401, 200)


@pytest.mark.parametrize("seconds", [-1, 604_801, 1.5, "60", True, None])
def test_overlap_is_a_number_of_seconds_up_to_a_week(
    api: Api, person: str, created: dict[str, Any], seconds: object
) -> None:
    """Anything else is refused and rotates nothing."""
    answer = rotate(api, person, created["id"], overlap_seconds=seconds)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.json["detail"] == "'overlap_seconds' must be a whole number from 0 to 604800."
    assert read(api, person, created)["successor_id"] is None


@pytest.mark.parametrize("seconds", [0, 604_800])
def test_both_ends_of_the_range_are_taken(
    api: Api, person: str, created: dict[str, Any], seconds: int
) -> None:
    """Nothing, and a whole week."""
    assert rotate(api, person, created["id"], overlap_seconds=seconds).status == 201


def test_second_rotation_names_the_successor(api: Api, person: str, created: dict[str, Any]) -> None:
    """In the overlap and after it alike."""
    for seconds in (60, 0):
        token = api.create_token(person)
        successor = rotate(api, person, token["id"], overlap_seconds=seconds).json
        answer = rotate(api, person, token["id"])
        assert (answer.status, answer.code) == (409, "token_rotated")
        assert answer.json["successor_id"] == successor["id"]
        assert successor["id"] in answer.json["detail"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("paused", "token_not_active"),
        ("idle", "token_not_active"),
        ("expired", "token_expired"),
        ("revoked", "token_revoked"),
    ],
)
def test_only_an_active_token_is_rotated(
    api: Api, service: MemoryService, person: str, change: str, code: str
) -> None:
    """The owner hears why not."""
    token = api.create_token(person, expires_in_days=7 if change == "expired" else None)
    path = f"/v1/tokens/{token['id']}"
    if change == "paused":
        api.patch(path, person, {"status": "inactive"})
    elif change == "revoked":
        api.delete(path, person)
    else:
        service.clock.advance(timedelta(days=30))
    answer = rotate(api, person, token["id"], overlap_seconds=60)
    assert (answer.status, answer.code) == (409, code)
    assert len(api.get("/v1/tokens", person).json["tokens"]) == 1


def test_rotated_token_is_paused_and_re_activated_in_its_overlap_only(
    api: Api, service: MemoryService, person: str, created: dict[str, Any]
) -> None:
    """After it nothing changes any more."""
    rotate(api, person, created["id"], overlap_seconds=3600)
    path = f"/v1/tokens/{created['id']}"
    assert api.patch(path, person, {"status": "inactive"}).json["status"] == "inactive"
    assert api.patch(path, person, {"status": "active"}).json["status"] == "active"
    service.clock.advance(timedelta(hours=1))
    answer = api.patch(path, person, {"name": "late"})
    assert (answer.status, answer.code) == (409, "token_revoked")


def test_anothers_token_is_as_unknown_as_any(
    api: Api, service: MemoryService, created: dict[str, Any]
) -> None:
    """One answer for another's id, an unknown one and none at all."""
    other = service.provider.sign_in("other@example.com")
    ids = (created["id"], "tok_" + "0" * 36, "x")
    answers = [rotate(api, other, token_id) for token_id in ids]
    assert {(a.status, a.code) for a in answers} == {(404, "token_not_found")}
    assert len({a.text for a in answers}) == 1


def test_rotation_works_at_the_quota(service: MemoryService) -> None:
    """The successor takes the place of its predecessor. One more token is refused as before."""
    full = MemoryService({"MAX_TOKENS_PER_USER": "1"})
    with api_of(full) as api:
        person = full.provider.sign_in("user@example.com")
        created = api.create_token(person)
        assert rotate(api, person, created["id"], overlap_seconds=60).status == 201
        assert api.post("/v1/tokens", person).code == "token_limit_reached"


def test_rotation_is_logged_with_both_ids(api: Api, person: str, created: dict[str, Any]) -> None:
    """And with no string."""
    with canaries.recorded() as recorder:
        successor = rotate(api, person, created["id"]).json
    (line,) = recorder.lines("token.rotate")
    assert (line["token_id"], line["successor_id"]) == (created["id"], successor["id"])


class TestItself:
    """A token as its own credential."""

    def test_token_rotates_itself(self, api: Api, person: str, created: dict[str, Any]) -> None:
        """The successor's string is in the answer, and works."""
        answer = rotate_self(api, created["token"], overlap_seconds=60)
        successor = answer.json
        assert (answer.status, answer.headers["ETag"]) == (201, '"1"')
        assert answer.headers["Location"] == f"/v1/tokens/{successor['id']}"
        assert successor["predecessor_id"] == created["id"]
        assert (use(api, created), use(api, successor)) == (200, 200)

    def test_token_revokes_itself(self, api: Api, person: str, created: dict[str, Any]) -> None:
        """For good, as its owner would."""
        assert api.delete("/v1/tokens/self", created["token"]).status == 204
        assert use(api, created) == 401
        assert read(api, person, created)["revoked_reason"] == "owner"
        assert api.delete("/v1/tokens/self", created["token"]).code == "invalid_token"

    def test_rotated_token_does_so_once(self, api: Api, created: dict[str, Any]) -> None:
        """In its overlap it hears of its successor, and nothing of that one's string."""
        successor = rotate_self(api, created["token"], overlap_seconds=60).json
        answer = rotate_self(api, created["token"], overlap_seconds=60)
        assert (answer.status, answer.code) == (409, "token_rotated")
        assert answer.json["successor_id"] == successor["id"]
        assert "bodhi_" not in answer.text

    @pytest.mark.parametrize(
        "change", ["paused", "idle", "expired", "revoked", "rotated", "out", "removed", "all"]
    )
    @pytest.mark.parametrize(
        ("method", "path"), [("POST", "/v1/tokens/self/rotate"), ("DELETE", "/v1/tokens/self")]
    )
    def test_refusals_look_alike(
        self, api: Api, service: MemoryService, person: str, change: str, method: str, path: str
    ) -> None:
        """A refused caller never learns the reason, and the token stays unchanged."""
        admin = service.provider.sign_in(ADMIN, exp=LASTING)
        token = api.create_token(person, expires_in_days=7 if change == "expired" else None)
        own = f"/v1/tokens/{token['id']}"
        changes: dict[str, Callable[[], object]] = {
            "paused": lambda: api.patch(own, person, {"status": "inactive"}),
            "idle": lambda: service.clock.advance(30 * DAY),
            "expired": lambda: service.clock.advance(7 * DAY),
            "revoked": lambda: api.delete(own, person),
            "rotated": lambda: rotate(api, person, token["id"]),
            "out": lambda: api.patch(f"/v1/users/{USER}", admin, {"status": "inactive"}),
            "removed": lambda: api.delete(f"/v1/users/{USER}", admin),
            "all": lambda: api.delete(f"/v1/users/{USER}/tokens", admin),
        }
        changes[change]()
        body: object = {} if method == "POST" else None
        rows = len(service.store.rows())
        answer = api.call(method, path, token["token"], body)
        assert (answer.status, answer.text) == (401, api.call(method, path, "x", body).text)
        assert answer.headers["WWW-Authenticate"] == challenges.INVALID_TOKEN
        assert len(service.store.rows()) == rows

    def test_refusal_is_logged_with_its_reason(self, api: Api, person: str) -> None:
        """The log says what the bearer is not told."""
        token = api.create_token(person)
        api.delete(f"/v1/tokens/{token['id']}", person)
        with canaries.recorded() as recorder:
            rotate_self(api, token["token"])
        (line,) = recorder.lines("token.rotate_self")
        assert (line["outcome"], line["reason"], line["token_id"]) == ("refused", "revoked", token["id"])

    def test_other_schemes_do_not_count(self, api: Api, created: dict[str, Any]) -> None:
        """Bearer alone, in the header alone."""
        for header in (f"Basic {created['token']}", created["token"], ""):
            answer = api.call("DELETE", "/v1/tokens/self", headers={"Authorization": header})
            assert (answer.status, answer.code) == (401, "invalid_token")
        body = {"token": created["token"]}
        assert api.call("DELETE", f"/v1/tokens/self?token={created['token']}", body=body).status == 401
        assert use(api, created) == 200

    def test_reading_and_changing_itself_is_nothing_a_token_does(
        self, api: Api, created: dict[str, Any]
    ) -> None:
        """It rotates itself, and revokes its predecessor or itself. By id it is a management call."""
        for method, path in (("GET", "/v1/tokens/self"), ("PATCH", "/v1/tokens/self")):
            answer = api.call(method, path, created["token"], {} if method == "PATCH" else None)
            assert answer.status in (403, 404, 405)
        answer = api.call("DELETE", f"/v1/tokens/{created['id']}", created["token"])
        assert (answer.status, answer.code) == (403, "api_token_not_allowed")
        assert use(api, created) == 200


class TestReuse:
    """A rotated token after its overlap."""

    def test_owner_sees_when_and_how_often(
        self, api: Api, service: MemoryService, person: str, created: dict[str, Any]
    ) -> None:
        """Each use is refused, and is counted in the next interval at the latest."""
        rotate(api, person, created["id"])
        for _ in range(3):
            assert use(api, created) == 401
        seen = read(api, person, created)
        assert (seen["reuse_count"], seen["last_reused_at"]) == (1, "2026-01-15T12:00:00.000Z")
        service.clock.advance(timedelta(minutes=5))
        assert use(api, created) == 401
        seen = read(api, person, created)
        assert (seen["reuse_count"], seen["last_reused_at"]) == (4, "2026-01-15T12:05:00.000Z")
        assert seen["last_used_at"] is None

    def test_family_is_revoked_where_that_is_set(self) -> None:
        """The successor is revoked with its reason. Tokens of other families keep working."""
        service = MemoryService({"ROTATED_TOKEN_REUSE": "revoke_family"})
        with api_of(service) as api:
            person = service.provider.sign_in("user@example.com")
            created, other = api.create_token(person), api.create_token(person)
            successor = rotate(api, person, created["id"]).json
            assert use(api, successor) == 200
            assert use(api, created) == 401
            assert (use(api, successor), use(api, other)) == (401, 200)
            seen = read(api, person, successor)
            assert (seen["status"], seen["revoked_reason"]) == ("revoked", "reuse")

    def test_reuse_is_a_warning_in_the_log(self, api: Api, person: str, created: dict[str, Any]) -> None:
        """Beside the line about the decision."""
        rotate(api, person, created["id"])
        with canaries.recorded() as recorder:
            use(api, created)
        (line,) = recorder.lines("token.reused")
        assert (line["level"], line["token_id"], line["count"]) == ("WARNING", created["id"], 1)
        assert recorder.lines("authorize")[0]["reason"] == "rotated"


class TestLines:
    """A token that rotates itself prolongs nothing, and ends with all that grew out of it."""

    @staticmethod
    def grow(api: Api, secret: str, length: int, overlap: int = 3600) -> list[dict[str, Any]]:
        """Let a token and its successors rotate themselves ``length`` times. Return the successors."""
        made: list[dict[str, Any]] = []
        for _ in range(length):
            made.append(rotate_self(api, secret, overlap_seconds=overlap).json)
            secret = made[-1]["token"]
        return made

    def test_token_that_rotates_itself_never_outlives_its_expiry(
        self, api: Api, service: MemoryService, person: str
    ) -> None:
        """However often: the successors say when they expire, and then all of them are refused."""
        created = api.create_token(person, expires_in_days=1)
        made = self.grow(api, created["token"], 3)
        assert {token["expires_at"] for token in made} == {created["expires_at"]}
        service.clock.advance(timedelta(hours=23))
        made += self.grow(api, made[-1]["token"], 1)
        assert use(api, made[-1]) == 200
        service.clock.advance(timedelta(hours=1))
        assert [use(api, token) for token in made] == [401] * 4
        assert rotate_self(api, made[-1]["token"]).status == 401

    def test_persons_rotation_begins_the_lifetime_anew(
        self, api: Api, service: MemoryService, person: str
    ) -> None:
        """With the whole lifetime that was once chosen, not with the rest of it."""
        created = api.create_token(person, expires_in_days=10)
        service.clock.advance(9 * DAY)
        (own,) = self.grow(api, created["token"], 1)
        successor = rotate(api, person, own["id"]).json
        assert successor["expires_at"] == "2026-02-03T12:00:00.000Z"

    @pytest.mark.parametrize("which", range(4))
    @pytest.mark.parametrize("how", ["owner", "exposed", "oauth"])
    def test_ending_any_token_of_a_line_ends_it(self, api: Api, person: str, which: int, how: str) -> None:
        """Deleted, reported, or revoked by RFC 7009: child and grandchild end with it."""
        created = api.create_token(person)
        line = [created, *self.grow(api, created["token"], 3)]
        assert [use(api, token) for token in line] == [401, 401, 200, 200]
        token = line[which]
        if how == "owner":
            assert api.delete(f"/v1/tokens/{token['id']}", person).status == 204
        elif how == "exposed":
            assert api.post("/v1/exposed", body={"tokens": [token["token"]]}).status == 202
        else:
            assert api.form("/oauth2/revoke", {"token": token["token"]}).status == 200
        assert [use(api, token) for token in line] == [401] * 4
        reasons = [read(api, person, token)["revoked_reason"] for token in line]
        reason = "exposed" if how == "exposed" else "owner"
        assert reasons == ["rotated", "rotated", reason, reason]

    def test_administrator_ends_all_of_it(self, api: Api, service: MemoryService, person: str) -> None:
        """With every other token of the user."""
        created = api.create_token(person)
        made = self.grow(api, created["token"], 2)
        admin = service.provider.sign_in(ADMIN, exp=LASTING)
        assert api.delete(f"/v1/users/{USER}/tokens", admin).status == 204
        assert [use(api, token) for token in made] == [401, 401]

    @pytest.mark.parametrize("which", [0, 1])
    def test_token_that_revokes_itself_ends_its_line(
        self, api: Api, person: str, created: dict[str, Any], which: int
    ) -> None:
        """The one in its overlap as well as its successor."""
        (successor,) = self.grow(api, created["token"], 1)
        line = [created, successor]
        assert api.delete("/v1/tokens/self", line[which]["token"]).status == 204
        assert [use(api, token) for token in line] == [401, 401]

    def test_successor_puts_its_predecessor_away(
        self, api: Api, person: str, created: dict[str, Any]
    ) -> None:
        """The usual job: rotate itself with an overlap, spread the successor, end the overlap."""
        (successor,) = self.grow(api, created["token"], 1)
        answer = api.delete("/v1/tokens/self/predecessor", successor["token"])
        assert (answer.status, answer.text) == (204, "")
        assert answer.headers["Effective-By"]
        assert (use(api, created), use(api, successor)) == (401, 200)
        assert read(api, person, created)["revoked_reason"] == "rotated"
        again = api.delete("/v1/tokens/self/predecessor", successor["token"])
        assert (again.status, again.code) == (404, "no_predecessor")
        assert use(api, successor) == 200

    def test_successor_of_a_persons_rotation_may_do_so_too(
        self, api: Api, person: str, created: dict[str, Any]
    ) -> None:
        """The overlap may come from a rotation by the owner or by the token."""
        successor = rotate(api, person, created["id"], overlap_seconds=3600).json
        assert api.delete("/v1/tokens/self/predecessor", successor["token"]).status == 204
        assert (use(api, created), use(api, successor)) == (401, 200)

    def test_token_without_a_predecessor_is_told(
        self, api: Api, service: MemoryService, person: str, created: dict[str, Any]
    ) -> None:
        """One that was created, one whose predecessor is over, and one whose predecessor was revoked."""
        over = rotate(api, person, api.create_token(person)["id"]).json
        old = api.create_token(person)
        new = rotate(api, person, old["id"], overlap_seconds=3600).json
        api.delete(f"/v1/tokens/{old['id']}", person)
        for token in (created, over, new):
            answer = api.delete("/v1/tokens/self/predecessor", token["token"])
            assert (answer.status, answer.code) == (404, "no_predecessor")
            assert use(api, token) == 200

    def test_predecessor_does_not_end_its_successor(self, api: Api, created: dict[str, Any]) -> None:
        """The call is about the token before, never about the one after."""
        (successor,) = self.grow(api, created["token"], 1)
        assert api.delete("/v1/tokens/self/predecessor", created["token"]).code == "no_predecessor"
        assert (use(api, created), use(api, successor)) == (200, 200)

    def test_persons_rotation_takes_a_token_out_of_its_line(
        self, api: Api, person: str, created: dict[str, Any]
    ) -> None:
        """After a theft the owner rotates. The stolen token ends, and the successor works."""
        (stolen,) = self.grow(api, created["token"], 1)
        fresh = rotate(api, person, stolen["id"], overlap_seconds=3600).json
        assert (stolen["self_rotated"], fresh["self_rotated"]) == (True, False)
        api.post("/v1/exposed", body={"tokens": [created["token"]]})
        assert [use(api, token) for token in (created, stolen, fresh)] == [401, 401, 200]

    def test_reuse_alone_ends_nothing(self, api: Api, created: dict[str, Any]) -> None:
        """A forgotten job does not take production down."""
        (successor,) = self.grow(api, created["token"], 1, overlap=0)
        assert (use(api, created), use(api, successor)) == (401, 200)

    def test_reuse_ends_the_line_where_that_is_set(self) -> None:
        """Of an ancestor too."""
        service = MemoryService({"ROTATED_TOKEN_REUSE": "revoke_family"})
        with api_of(service) as api:
            person = service.provider.sign_in("user@example.com")
            created = api.create_token(person)
            made = self.grow(api, created["token"], 3)
            assert use(api, created) == 401
            assert [use(api, token) for token in made] == [401] * 3
            assert {read(api, person, token)["revoked_reason"] for token in made[1:]} == {"reuse"}

    def test_self_rotation_may_be_off(self) -> None:
        """The refusal has its own code. Ending still works, and so does the owner's rotation."""
        service = MemoryService({"SELF_ROTATION": "off"})
        with api_of(service) as api:
            person = service.provider.sign_in("user@example.com")
            created = api.create_token(person)
            answer = rotate_self(api, created["token"])
            assert (answer.status, answer.code) == (403, "self_rotation_off")
            assert rotate_self(api, "bodhi_x").status == 401
            successor = rotate(api, person, created["id"], overlap_seconds=60).json
            assert api.delete("/v1/tokens/self/predecessor", successor["token"]).status == 204
            assert api.delete("/v1/tokens/self", successor["token"]).status == 204


class TestQuota:
    """A family holds one place while any of its tokens works."""

    def test_no_more_tokens_work_than_allowed(self) -> None:
        """Create, rotate with a week's overlap, revoke the successor: again and again."""
        service = MemoryService({"MAX_TOKENS_PER_USER": "3"})
        with api_of(service) as api:
            person = service.provider.sign_in("user@example.com", exp=LASTING)
            made = []
            for _ in range(3):
                made.append(api.create_token(person))
                successor = rotate(api, person, made[-1]["id"], overlap_seconds=604_800).json
                assert api.delete(f"/v1/tokens/{successor['id']}", person).status == 204
            assert api.post("/v1/tokens", person).code == "token_limit_reached"
            assert [use(api, token) for token in made] == [200] * 3
            service.clock.advance(7 * DAY)
            assert api.post("/v1/tokens", person).status == 201

    def test_revoking_both_frees_the_place(self) -> None:
        """At once, without a recount."""
        service = MemoryService({"MAX_TOKENS_PER_USER": "1"})
        with api_of(service) as api:
            person = service.provider.sign_in("user@example.com")
            created = api.create_token(person)
            successor = rotate(api, person, created["id"], overlap_seconds=60).json
            for token in (successor, created):
                assert api.post("/v1/tokens", person).code == "token_limit_reached"
                api.delete(f"/v1/tokens/{token['id']}", person)
            assert api.post("/v1/tokens", person).status == 201


class TestLongestLifetime:
    """MAX_TOKEN_LIFETIME_DAYS counts at use."""

    DAYS = "MAX_TOKEN_LIFETIME_DAYS"

    def test_lowered_limit_ends_what_began_before_it(
        self, api: Api, service: MemoryService, person: str, created: dict[str, Any]
    ) -> None:
        """The authorizer refuses it, the list says when it expired, and it is not active."""
        service.clock.advance(8 * DAY)
        assert use(api, created) == 200
        servers = {"RESOURCE_SERVERS": json.dumps(resource_servers())}
        with api_of(service.redeployed({self.DAYS: "7", **servers})) as limited:
            assert use(limited, created) == 401
            seen = read(limited, person, created)
            assert (seen["status"], seen["expires_at"]) == ("expired", "2026-01-22T12:00:00.000Z")
            (listed,) = limited.get("/v1/tokens?status=expired", person).json["tokens"]
            assert listed["id"] == created["id"]
            asked = limited.form(INTROSPECT, {"token": created["token"]}, basic())
            assert asked.json == {"active": False}
            assert rotate(limited, person, created["id"]).code == "token_expired"
            assert rotate_self(limited, created["token"]).status == 401

    def test_self_rotation_does_not_outrun_the_limit(
        self, service: MemoryService, api: Api, person: str, created: dict[str, Any]
    ) -> None:
        """It counts from the begin of the lifetime. A rotation by a person begins a new lifetime."""
        with api_of(service.redeployed({self.DAYS: "7"})) as limited:
            service.clock.advance(6 * DAY)
            own = rotate_self(limited, created["token"], overlap_seconds=3600).json
            persons = rotate(limited, person, limited.create_token(person)["id"]).json
            service.clock.advance(DAY)
            assert (use(limited, own), use(limited, persons)) == (401, 200)

    def test_raised_limit_revives_nothing_that_was_revoked(
        self, service: MemoryService, api: Api, person: str
    ) -> None:
        """A token that only the limit ended works again, and kept its place. Revoked ones stay revoked."""
        revoked, kept = api.create_token(person), api.create_token(person)
        service.clock.advance(8 * DAY)
        with api_of(service.redeployed({self.DAYS: "7", "MAX_TOKENS_PER_USER": "1"})) as limited:
            assert limited.delete(f"/v1/tokens/{revoked['id']}", person).status == 204
            assert limited.post("/v1/tokens", person).code == "token_limit_reached"
        with api_of(service.redeployed({self.DAYS: "30"})) as raised:
            assert (use(raised, revoked), use(raised, kept)) == (401, 200)
            assert read(raised, person, revoked)["status"] == "revoked"
