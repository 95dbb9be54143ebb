"""Rotation over HTTP, by the owner and by the token itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.ids import user_id_for
from tests.support import canaries
from tests.support.api import Answer, Api, api_of
from tests.support.builders import ISSUER
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
    """201, where it is, its version, and the string once."""
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
    """The successor takes its predecessor's place; one more is refused as before."""
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
        """Whoever is refused never hears why, and the token stays as it was."""
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
        rows = len(service.store._tokens)
        answer = api.call(method, path, token["token"], body)
        assert (answer.status, answer.text) == (401, api.call(method, path, "x", body).text)
        assert answer.headers["WWW-Authenticate"] == (
            'Bearer realm="bodhi-api-tokens", error="invalid_token"'
        )
        assert len(service.store._tokens) == rows

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
        """Two things, no third; by its id it is a management call like any."""
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
        """Refused each time; counted at the latest with the next interval."""
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
        """The successor ends, and says why; tokens of no kin live on."""
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
