"""Jobs that revoke many tokens, over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.events import EventType
from chalicelib.domain.ids import user_id_for
from chalicelib.domain.revocation_jobs import MAX_RUNNING_JOBS
from chalicelib.handlers.sweep import sweep_tokens
from chalicelib.services.revocation_jobs import MOST_AT_ONCE
from tests.support.api import Answer, Api, api_of
from tests.support.builders import ISSUER, a_token, a_user
from tests.support.service import MemoryService

PATH = "/v1/admin/revocations"
ADMIN_ID = user_id_for(ISSUER, "admin@example.com")
UNKNOWN = "tok_0" + "1" * 35
JOB = "job_" + "1" * 26


class Context:
    """Lambda's context, with time left."""

    aws_request_id = "sweep-1"

    def get_remaining_time_in_millis(self) -> int:
        """Return four minutes."""
        return 240_000


@pytest.fixture
def admin(service: MemoryService) -> str:
    """Return an administrator's sign-in."""
    return service.provider.sign_in("admin@example.com")


@pytest.fixture
def people(service: MemoryService) -> list[str]:
    """Return the sign-ins of two users."""
    return [service.provider.sign_in(f"{name}@example.com") for name in ("ada", "bob")]


@pytest.fixture
def tokens(api: Api, people: list[str]) -> list[dict[str, Any]]:
    """Return two tokens of the first user and one of the second."""
    return [api.create_token(person, name="ci") for person in (people[0], *people)]


def start(api: Api, admin: str | None, body: object, key: str | None = "key-1") -> Answer:
    """Start a job."""
    return api.post(PATH, admin, body, headers={"Idempotency-Key": key} if key else {})


def named(tokens: list[dict[str, Any]], **members: object) -> dict[str, Any]:
    """Return a request about tokens."""
    return {"token_ids": [each["id"] for each in tokens], "reason": "exposed", **members}


def counts(tokens: int = 0, people: int = 0, revoked: int = 0, unknown: int = 0) -> dict[str, int]:
    """Return the counts of a job in which nothing failed."""
    return {
        "tokens": tokens,
        "people": people,
        "already_revoked": revoked,
        "not_found": unknown,
        "failed": 0,
    }


def whoami(api: Api, token: dict[str, Any]) -> int:
    """Use a token."""
    return api.get("/api/whoami", token["token"]).status


def a_crowd(service: MemoryService, count: int) -> list[str]:
    """Store a user with many tokens. Return their ids, the oldest first."""
    owner = a_user("crowd@example.com", live_tokens=count)
    rows = [a_token(owner, service.clock.now() - timedelta(seconds=count - n)) for n in range(count)]
    service.store.put(owner, *rows)
    return [row.id for row in rows]


def test_named_tokens_end_at_once(
    api: Api, service: MemoryService, admin: str, tokens: list[dict[str, Any]]
) -> None:
    """A small job has ended when the response comes. The events name the administrator."""
    started = start(api, admin, named(tokens[1:]))

    assert (started.status, started.headers["Location"]) == (202, f"{PATH}/{started.json['id']}")
    shown = started.json
    assert (shown["status"], shown["counts"]) == ("finished", counts(2, 2))
    assert shown["progress"] == {"done": 2, "total": 2}
    assert (shown["requested_by"], shown["stopped_because"]) == (ADMIN_ID, None)
    assert (shown["reason"], shown["dry_run"], "filter" in shown) == ("exposed", False, False)
    assert shown["action"] == "revoke"
    assert shown["effective_by"] == "2026-01-15T12:00:30.000Z"
    assert [whoami(api, each) for each in tokens] == [200, 401, 401]
    events = [e for e in service.store.events() if e.type is EventType.TOKEN_EXPOSED]
    assert {e.token_id for e in events} == {each["id"] for each in tokens[1:]}
    assert {(e.actor_id, e.address) for e in events} == {(ADMIN_ID, "127.0.0.0/24")}
    assert len({e.request_id for e in events}) == 1
    assert api.get(started.headers["Location"], admin).json == shown


@pytest.mark.parametrize("reason", ["admin", "exposed"])
def test_token_of_a_job_says_that_an_administrator_revoked_it(
    api: Api, admin: str, tokens: list[dict[str, Any]], reason: str
) -> None:
    """For every reason, as its event does. Only without a job does `exposed` mean a leak report."""
    start(api, admin, named(tokens, reason=reason))
    for token in tokens:
        found = api.get(f"/v1/admin/tokens?token_id={token['id']}", admin).json["tokens"][0]
        assert (found["revoked_reason"], found["revoked_by"]) == (reason, "an administrator")
        path = f"/v1/users/{found['owner']['id']}/tokens/{token['id']}/events"
        actors = {e["type"]: e["actor"]["description"] for e in api.get(path, admin).json["events"]}
        ended = "token.exposed" if reason == "exposed" else "token.revoked"
        assert actors[ended] == found["revoked_by"]


def test_dry_run_revokes_nothing(
    api: Api, service: MemoryService, admin: str, people: list[str], tokens: list[dict[str, Any]]
) -> None:
    """Its counts are those of the job that follows it."""
    api.delete(f"/v1/tokens/{tokens[0]['id']}", people[0])
    asked = {"token_ids": [each["id"] for each in tokens] + [UNKNOWN], "reason": "admin"}
    api.get("/v1/me", admin)
    before = service.store.everything()

    dry = start(api, admin, {**asked, "dry_run": True}, "dry").json

    assert (dry["status"], dry["dry_run"], dry["effective_by"]) == ("finished", True, None)
    assert dry["counts"] == counts(2, 2, 1, 1)
    assert service.store.everything() == before
    assert start(api, admin, asked, "wet").json["counts"] == dry["counts"]


def test_job_may_pause_instead(
    api: Api, service: MemoryService, admin: str, people: list[str], tokens: list[dict[str, Any]]
) -> None:
    """Only active tokens are paused. Their owners may re-activate them. A dry run counts the same."""
    paused, revoked = api.create_token(people[1]), api.create_token(people[1])
    own = f"/v1/tokens/{paused['id']}"
    assert api.patch(own, people[1], {"status": "inactive"}).status == 200
    assert api.delete(f"/v1/tokens/{revoked['id']}", people[1]).status == 204
    asked = named([*tokens, paused, revoked], action="pause", reason="admin")
    asked["token_ids"].append(UNKNOWN)
    assert api.get("/v1/me", admin).status == 200
    before = service.store.everything()
    service.clock.advance(timedelta(seconds=1))

    dry = start(api, admin, {**asked, "dry_run": True}, "dry").json

    assert service.store.everything() == before
    job = start(api, admin, asked, "wet").json
    assert (job["status"], job["action"], job["reason"]) == ("finished", "pause", "admin")
    assert job["counts"] == dry["counts"] == counts(3, 2, 2, 1)
    assert (dry["action"], dry["effective_by"]) == ("pause", None)
    assert job["effective_by"] == "2026-01-15T12:00:31.000Z"
    assert api.get(f"{PATH}/{job['id']}", admin).json == job
    assert [whoami(api, each) for each in tokens] == [401, 401, 401]
    rows = [row for person in people for row in api.get("/v1/tokens", person).json["tokens"]]
    assert sorted(row["status"] for row in rows) == ["inactive"] * 4 + ["revoked"]
    told = [e for e in service.store.events() if e.actor_id == ADMIN_ID and e.token_id]
    assert {e.type for e in told} == {EventType.TOKEN_PAUSED}
    assert sorted(str(e.token_id) for e in told) == sorted(each["id"] for each in tokens)
    assert {(e.address, e.changes["state"].after) for e in told} == {("127.0.0.0/24", "inactive")}
    assert api.patch(f"/v1/tokens/{tokens[0]['id']}", people[0], {"status": "active"}).status == 200
    assert whoami(api, tokens[0]) == 200


def test_large_pause_is_left_to_the_sweep(api: Api, service: MemoryService, admin: str) -> None:
    """A filter matches each token once, although a token that is paused no longer has its status."""
    ids = a_crowd(service, MOST_AT_ONCE + 150)
    wanted = {"filter": {"status": "active"}, "reason": "admin", "action": "pause"}
    job = start(api, admin, wanted).json
    assert (job["status"], job["counts"]["tokens"]) == ("running", MOST_AT_ONCE)

    sweep_tokens({}, Context())

    done = api.get(f"{PATH}/{job['id']}", admin).json
    assert (done["status"], done["action"], done["counts"]) == ("finished", "pause", counts(len(ids), 1))
    assert [e.type for e in service.store.events() if e.token_id] == [EventType.TOKEN_PAUSED] * len(ids)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"all": True}, counts(3, 2)),
        ({"owner": "ada"}, counts(2, 1)),
        ({"owner": user_id_for(ISSUER, "bob@example.com")}, counts(1, 1)),
        ({"status": "inactive"}, counts(1, 1)),
        ({"status": "active", "q": "C"}, counts(2, 2)),
        ({"unused_days": 1}, counts()),
        ({"without_expiry": False}, counts()),
        ({"without_expiry": True, "reused": False, "refused": False}, counts(3, 2)),
        ({"owner": "nobody of this name"}, counts()),
        ({"idle_within_days": 31, "expires_within_days": 3}, counts()),
    ],
)
def test_filter_finds_what_the_list_finds(
    api: Api,
    admin: str,
    people: list[str],
    tokens: list[dict[str, Any]],
    wanted: dict[str, Any],
    found: dict[str, int],
) -> None:
    """The response shows the filter. A filter that matches nothing is a job that has ended."""
    assert api.patch(f"/v1/tokens/{tokens[0]['id']}", people[0], {"status": "inactive"}).status == 200

    job = start(api, admin, {"filter": wanted, "reason": "admin"}).json

    assert (job["status"], job["counts"], job["filter"]) == ("finished", found, wanted)
    assert job["progress"] == {"done": found["tokens"], "total": None}
    rows = [token for person in people for token in api.get("/v1/tokens", person).json["tokens"]]
    assert sum(row["revoked_reason"] == "admin" for row in rows) == found["tokens"]


def test_large_job_is_left_to_the_sweep(api: Api, service: MemoryService, admin: str) -> None:
    """The request does a bounded part, and the scheduled function the rest."""
    ids = a_crowd(service, MOST_AT_ONCE + 150)
    job = start(api, admin, {"token_ids": ids, "reason": "exposed"}).json
    assert (job["status"], job["counts"]["tokens"]) == ("running", MOST_AT_ONCE)
    assert job["progress"] == {"done": MOST_AT_ONCE, "total": len(ids)}

    sweep_tokens({}, Context())

    done = api.get(f"{PATH}/{job['id']}", admin).json
    assert (done["status"], done["counts"]) == ("finished", counts(len(ids), 1))
    assert service.store.list_running(1) == []
    events = [e.token_id for e in service.store.events() if e.type is EventType.TOKEN_EXPOSED]
    assert sorted(events, key=str) == sorted(ids)


def test_repeated_request_starts_no_second_job(
    api: Api, service: MemoryService, admin: str, tokens: list[dict[str, Any]]
) -> None:
    """The same key and body show the first job. Another body is refused."""
    first = start(api, admin, named(tokens[:1]))
    again = start(api, admin, named(tokens[:1]))
    assert (again.status, again.json, again.headers["Location"]) == (
        202,
        first.json,
        first.headers["Location"],
    )
    others: list[dict[str, Any]] = [{"reason": "admin"}, {"dry_run": True}, {"action": "pause"}]
    for other in (named(tokens[1:]), *(named(tokens[:1], **each) for each in others)):
        refused = start(api, admin, other)
        assert (refused.status, refused.code) == (422, "idempotency_key_reused")
    assert whoami(api, tokens[1]) == 200


def test_key_is_the_administrators_own(
    api: Api, service: MemoryService, admin: str, tokens: list[dict[str, Any]]
) -> None:
    """Two administrators may choose the same text."""
    environ = {"ADMIN_CLAIM": "groups=admins"}
    with api_of(service.redeployed(environ)) as here:
        other = service.provider.sign_in("boss@example.com", groups=["admins"])
        first, second = (
            start(here, each, named([token]))
            for each, token in zip((admin, other), tokens[:2], strict=True)
        )
    assert (first.status, second.status) == (202, 202)
    assert first.json["id"] != second.json["id"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"reason": "admin"}, "either 'token_ids' or 'filter'"),
        ({"token_ids": [UNKNOWN], "filter": {"all": True}, "reason": "admin"}, "either"),
        ({"token_ids": [], "reason": "admin"}, "a list of 1 to 1000 strings"),
        ({"token_ids": [f"tok_{n:036}" for n in range(1_001)], "reason": "admin"}, "1 to 1000 strings"),
        ({"token_ids": [UNKNOWN, "tok_x", "tok_y"], "reason": "admin"}, '"tok_x"'),
        ({"token_ids": [UNKNOWN, UNKNOWN], "reason": "admin"}, f'twice: "{UNKNOWN}"'),
        ({"token_ids": [UNKNOWN]}, "'reason' is missing"),
        ({"token_ids": [UNKNOWN], "reason": "owner"}, "'reason' must be one of: admin, exposed"),
        ({"token_ids": [UNKNOWN], "reason": "admin", "dry_run": 1}, "'dry_run' must be true or false"),
        (
            {"token_ids": [UNKNOWN], "reason": "admin", "action": "delete"},
            "'action' must be one of: revoke, pause",
        ),
        ({"token_ids": [UNKNOWN], "action": "pause"}, "'reason' is missing"),
        ({"filter": {}, "reason": "admin"}, "'filter' is empty"),
        ({"filter": {"all": False}, "reason": "admin"}, "'filter.all' must be true"),
        ({"filter": {"all": True, "q": "x"}, "reason": "admin"}, "the only member"),
        ({"filter": {"all": True, "owner": "x"}, "reason": "admin"}, "the only member"),
        ({"filter": {"owner": " "}, "reason": "admin"}, "'filter.owner' must be a string"),
        ({"filter": {"q": ""}, "reason": "admin"}, "'filter.q' must be a string"),
        ({"filter": {"status": "old"}, "reason": "admin"}, "'filter.status' must be one of: active"),
        ({"filter": {"unused_days": 0}, "reason": "admin"}, "'filter.unused_days' must be a whole number"),
        ({"filter": {"unused_days": "3"}, "reason": "admin"}, "'filter.unused_days' must be"),
        ({"filter": {"reused": "true"}, "reason": "admin"}, "'filter.reused' must be true or false"),
        ({"filter": {"limit": 3}, "reason": "admin"}, "Unknown member of 'filter' \"limit\""),
        ({"filter": {"token_id": UNKNOWN}, "reason": "admin"}, "Unknown member of 'filter'"),
        ({"filter": ["all"], "reason": "admin"}, "'filter' must be an object"),
        ({"filter": None, "reason": "admin"}, "'filter' must be an object"),
        ({"tokens": [UNKNOWN], "reason": "admin"}, 'Unknown member "tokens"'),
    ],
)
def test_bad_request_is_refused(
    api: Api, service: MemoryService, admin: str, body: dict[str, Any], says: str
) -> None:
    """The sentence names the member. Nothing is started."""
    refused = start(api, admin, body)
    assert (refused.status, refused.code) == (400, "invalid_request")
    assert says in refused.json["detail"]
    assert service.store.list_running(1) == []


@pytest.mark.parametrize("key", [None, "", "two words", "k" * 256])
def test_key_is_required(api: Api, admin: str, tokens: list[dict[str, Any]], key: str | None) -> None:
    """A lost response must not leave an administrator in doubt."""
    headers = {} if key is None else {"Idempotency-Key": key}
    refused = api.post(PATH, admin, named(tokens), headers=headers)
    assert (refused.status, refused.code) == (400, "invalid_request")
    assert "Idempotency-Key" in refused.json["detail"]
    assert whoami(api, tokens[0]) == 200


def test_only_administrators_may(
    api: Api, people: list[str], admin: str, tokens: list[dict[str, Any]]
) -> None:
    """Neither may an API token of an administrator, nor a stranger."""
    job = start(api, admin, named(tokens[:1])).json["id"]
    of_admin = api.create_token(admin)["token"]
    for credential, expected in (
        (people[0], (403, "admin_required")),
        (of_admin, (403, "api_token_not_allowed")),
        (None, (401, "not_authenticated")),
    ):
        for answer in (start(api, credential, named(tokens[1:])), api.get(f"{PATH}/{job}", credential)):
            assert (answer.status, answer.code) == expected
    assert [whoami(api, each) for each in tokens] == [401, 200, 200]


@pytest.mark.parametrize("job_id", [JOB, "job_x", UNKNOWN, "%F0%9F%92%A9"])
def test_unknown_job_is_not_found(api: Api, admin: str, job_id: str) -> None:
    """Ids of another form as well."""
    answer = api.get(f"{PATH}/{job_id}", admin)
    assert (answer.status, answer.code) == (404, "job_not_found")


def test_number_of_running_jobs_is_limited(
    api: Api, service: MemoryService, admin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repeated request is answered all the same."""
    ids = a_crowd(service, MOST_AT_ONCE + 1)
    for number in range(MAX_RUNNING_JOBS):
        assert start(api, admin, {"token_ids": ids, "reason": "admin"}, f"key-{number}").status == 202
    # Only the first job found tokens that it could revoke. The others have work left all the same.
    assert len(service.store.list_running(100)) == MAX_RUNNING_JOBS
    refused = start(api, admin, {"token_ids": ids, "reason": "admin"}, "one-more")
    assert (refused.status, refused.code, refused.headers["Retry-After"]) == (429, "too_many_jobs", "300")
    assert start(api, admin, {"token_ids": ids, "reason": "admin"}, "key-0").status == 202

    sweep_tokens({}, Context())

    assert service.store.list_running(100) == []
    assert start(api, admin, {"token_ids": ids, "reason": "admin"}, "one-more").status == 202


def test_job_survives_a_store_that_fails(
    api: Api,
    service: MemoryService,
    admin: str,
    tokens: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The response says that the job is running. The sweep ends it."""
    with monkeypatch.context() as broken:

        def fail(*_: object, **__: object) -> None:
            raise StoreUnavailable

        broken.setattr(service.store, "end_line", fail)
        job = start(api, admin, named(tokens))
        assert (job.status, job.json["status"]) == (202, "running")
        with pytest.raises(StoreUnavailable):
            sweep_tokens({}, Context())
    sweep_tokens({}, Context())
    done = api.get(job.headers["Location"], admin).json
    assert (done["status"], done["counts"]) == ("finished", counts(3, 2))


def test_job_stops_with_its_administrator(api: Api, service: MemoryService, admin: str) -> None:
    """What was revoked stays counted."""
    ids = a_crowd(service, MOST_AT_ONCE + 50)
    job = start(api, admin, {"token_ids": ids, "reason": "admin"}).json
    row = service.store.find_user(ADMIN_ID)
    assert row
    service.store.put(row.deactivated(service.clock.now()))

    sweep_tokens({}, Context())

    kept = service.revocation_jobs.get(job["id"])
    assert (kept.status.value, kept.tokens) == ("stopped", MOST_AT_ONCE)
    assert service.store.list_running(1) == []
    service.store.put(row)
    shown = api.get(f"{PATH}/{job['id']}", admin).json
    assert (shown["status"], shown["stopped_because"]) == ("stopped", "admin_required")


def test_walk_goes_on_after_a_job_fails(
    api: Api, service: MemoryService, admin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that cannot go on must not hold up what is due to all tokens."""
    a_crowd(service, MOST_AT_ONCE + 50)
    start(api, admin, {"filter": {"all": True}, "reason": "admin"})

    def fail(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(service.store, "save_job", fail)
    with pytest.raises(StoreUnavailable):
        sweep_tokens({}, Context())
    walk = service.store.find_walk()
    assert walk is not None
    assert walk.walk.ended_at is not None
