"""Each call that changes something leaves exactly one event per changed token or user, with its actor."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.events import ActorKind, Event, EventType
from chalicelib.domain.ids import user_id_for
from tests.support.api import Api
from tests.support.builders import ISSUER
from tests.support.service import MemoryService

USER_ID = user_id_for(ISSUER, "user@example.com")
ADMIN_ID = user_id_for(ISSUER, "admin@example.com")

PERSON = (ActorKind.PERSON, USER_ID)
ADMINISTRATOR = (ActorKind.ADMINISTRATOR, ADMIN_ID)


@dataclass
class World:
    """A person with one token, and an administrator. Both signed in before."""

    api: Api
    service: MemoryService
    person: str
    admin: str
    token: dict[str, Any]

    @property
    def own(self) -> str:
        """The address of the token."""
        return f"/v1/tokens/{self.token['id']}"

    @property
    def theirs(self) -> str:
        """The address of the token for administrators."""
        return f"/v1/users/{USER_ID}/tokens/{self.token['id']}"

    def pause(self) -> None:
        """Pause the token."""
        assert self.api.patch(self.own, self.person, {"status": "inactive"}).status == 200

    def deactivate(self) -> None:
        """Deactivate the person."""
        assert self.api.patch(f"/v1/users/{USER_ID}", self.admin, {"status": "inactive"}).status == 200


@pytest.fixture
def world(api: Api, service: MemoryService) -> World:
    """Return a world in which the next event is the first that counts."""
    person, admin = (service.provider.sign_in(f"{who}@example.com") for who in ("user", "admin"))
    assert api.get("/v1/me", admin).status == 200
    return World(api, service, person, admin, api.create_token(person, name="ci"))


Step = Callable[[World], object]


def _nothing(world: World) -> None:
    """Prepare nothing."""


@dataclass(frozen=True)
class Case:
    """A call, what comes before it, and its events: the type, the actor, and the members that changed."""

    call: Step
    events: list[tuple[EventType, tuple[ActorKind, str | None], set[str]]]
    before: Step = _nothing


def _itself(world: World) -> tuple[ActorKind, str | None]:
    return ActorKind.TOKEN, world.token["id"]


CASES: dict[str, Case] = {
    "create": Case(
        lambda w: w.api.create_token(w.person, name="other"),
        [(EventType.TOKEN_CREATED, PERSON, {"name", "scopes", "state"})],
    ),
    "rename": Case(
        lambda w: w.api.patch(w.own, w.person, {"name": "new", "description": "why"}),
        [(EventType.TOKEN_CHANGED, PERSON, {"name", "description"})],
    ),
    "restrict": Case(
        lambda w: w.api.patch(w.own, w.person, {"allowed_networks": ["192.0.2.0/24"]}),
        [(EventType.TOKEN_CHANGED, PERSON, {"allowed_networks"})],
    ),
    "pause and rename": Case(
        lambda w: w.api.patch(w.own, w.person, {"name": "new", "status": "inactive"}),
        [(EventType.TOKEN_PAUSED, PERSON, {"name", "state"})],
    ),
    "re-activate": Case(
        lambda w: w.api.patch(w.own, w.person, {"status": "active"}),
        [(EventType.TOKEN_ACTIVATED, PERSON, {"state"})],
        World.pause,
    ),
    "keep alive": Case(
        lambda w: w.api.post(f"{w.own}/keep-alive", w.person),
        [(EventType.TOKEN_KEPT_ALIVE, PERSON, set())],
    ),
    "rotate": Case(
        lambda w: w.api.post(f"{w.own}/rotate", w.person, {"overlap_seconds": 60}),
        [(EventType.TOKEN_ROTATED, PERSON, {"overlap_ends_at", "successor_id"})],
    ),
    "revoke": Case(
        lambda w: w.api.delete(w.own, w.person),
        [(EventType.TOKEN_REVOKED, PERSON, {"state", "revoked_reason"})],
    ),
    "pause by an administrator": Case(
        lambda w: w.api.patch(w.theirs, w.admin, {"status": "inactive"}),
        [(EventType.TOKEN_PAUSED, ADMINISTRATOR, {"state"})],
    ),
    "revoke by an administrator": Case(
        lambda w: w.api.delete(w.theirs, w.admin),
        [(EventType.TOKEN_REVOKED, ADMINISTRATOR, {"state", "revoked_reason"})],
    ),
    "revoke many": Case(
        lambda w: w.api.post(
            "/v1/admin/revocations",
            w.admin,
            {"token_ids": [w.token["id"]], "reason": "exposed"},
            headers={"Idempotency-Key": "leak"},
        ),
        [(EventType.TOKEN_EXPOSED, ADMINISTRATOR, {"state", "revoked_reason"})],
    ),
    "pause many": Case(
        lambda w: w.api.post(
            "/v1/admin/revocations",
            w.admin,
            {"filter": {"status": "active"}, "reason": "admin", "action": "pause"},
            headers={"Idempotency-Key": "pause"},
        ),
        [(EventType.TOKEN_PAUSED, ADMINISTRATOR, {"state"})],
    ),
    "deactivate": Case(World.deactivate, [(EventType.USER_DEACTIVATED, ADMINISTRATOR, {"status"})]),
    "re-activate a user": Case(
        lambda w: w.api.patch(f"/v1/users/{USER_ID}", w.admin, {"status": "active"}),
        [(EventType.USER_ACTIVATED, ADMINISTRATOR, {"status", "tokens_revoked"})],
        World.deactivate,
    ),
    "restore a user": Case(
        lambda w: w.api.patch(
            f"/v1/users/{USER_ID}", w.admin, {"status": "active", "restore_tokens": True}
        ),
        [(EventType.USER_ACTIVATED, ADMINISTRATOR, {"status"})],
        World.deactivate,
    ),
    "revoke all": Case(
        lambda w: w.api.delete(f"/v1/users/{USER_ID}/tokens", w.admin),
        [(EventType.USER_TOKENS_REVOKED, ADMINISTRATOR, {"tokens_revoked"})],
    ),
    "remove": Case(
        lambda w: w.api.delete(f"/v1/users/{USER_ID}", w.admin),
        [(EventType.USER_REMOVED, ADMINISTRATOR, {"status", "tokens_revoked"})],
    ),
    "report a leak": Case(
        lambda w: w.api.post("/v1/exposed", None, {"tokens": [w.token["token"]]}),
        [(EventType.TOKEN_EXPOSED, (ActorKind.REPORTER, None), {"state", "revoked_reason"})],
    ),
}


def happened(world: World, case: Case) -> list[Event]:
    """Return the events of the call alone."""
    case.before(world)
    known = {event.id for event in world.service.store.events()}
    case.call(world)
    return [event for event in world.service.store.events() if event.id not in known]


@pytest.mark.parametrize("name", CASES)
def test_call_leaves_its_event(world: World, name: str) -> None:
    """The event is in the history of the owner, also if another person acts."""
    case = CASES[name]
    events = happened(world, case)

    assert [(e.type, (e.actor_kind, e.actor_id), set(e.changes)) for e in events] == case.events
    assert {event.user_id for event in events} == {USER_ID}
    assert {event.address for event in events} == {"127.0.0.0/24"}
    assert world.token["token"] not in repr(events)


@pytest.mark.parametrize("name", CASES)
def test_repeated_call_that_changes_nothing_leaves_none(world: World, name: str) -> None:
    """Only what happened is told."""
    case = CASES[name]
    if name in {"create", "keep alive", "revoke all"}:
        pytest.skip("each of these calls changes something")
    happened(world, case)
    again = Case(case.call, [])
    assert happened(world, again) == []


@pytest.mark.parametrize("kind", ["rotate", "revoke", "form"])
def test_token_that_acts_itself_is_the_actor(world: World, kind: str) -> None:
    """The bearer of the string acts as the token, by self-service and by RFC 7009."""
    secret = world.token["token"]
    calls: dict[str, Step] = {
        "rotate": lambda w: w.api.post("/v1/tokens/self/rotate", secret),
        "revoke": lambda w: w.api.delete("/v1/tokens/self", secret),
        "form": lambda w: w.api.form("/oauth2/revoke", {"token": secret}),
    }
    (event,) = happened(world, Case(calls[kind], []))
    assert (event.actor_kind, event.actor_id) == _itself(world)
    expected = EventType.TOKEN_ROTATED if kind == "rotate" else EventType.TOKEN_REVOKED
    assert (event.type, event.token_id) == (expected, world.token["id"])


def test_end_of_a_line_is_an_event_for_each_token(world: World) -> None:
    """A predecessor in its overlap ends with its successor."""
    rotated = world.api.post("/v1/tokens/self/rotate", world.token["token"], {"overlap_seconds": 60}).json
    events = happened(world, Case(lambda w: w.api.delete(f"/v1/tokens/{rotated['id']}", w.person), []))
    assert {event.token_id for event in events} == {world.token["id"], rotated["id"]}
    assert {event.type for event in events} == {EventType.TOKEN_REVOKED}


def test_overlap_that_a_rotation_cuts_short_has_an_event_too(world: World) -> None:
    """The rotation is one event. The predecessor that works no longer is another changed token."""
    made = world.api.post(f"{world.own}/rotate", world.person, {"overlap_seconds": 60}).json
    events = happened(world, Case(lambda w: w.api.post(f"/v1/tokens/{made['id']}/rotate", w.person), []))
    assert [(e.token_id, e.type, set(e.changes)) for e in events] == [
        (made["id"], EventType.TOKEN_ROTATED, {"overlap_ends_at", "successor_id"}),
        (world.token["id"], EventType.TOKEN_REVOKED, {"overlap_ends_at"}),
    ]


def test_first_sign_in_and_return_are_told(world: World) -> None:
    """A later sign-in alone is not."""
    histories = {
        user_id: [event.type for event in world.service.store.events(user_id)]
        for user_id in (USER_ID, ADMIN_ID)
    }
    assert histories[ADMIN_ID] == [EventType.USER_CREATED]
    assert histories[USER_ID] == [EventType.USER_CREATED, EventType.TOKEN_CREATED]
    assert happened(world, Case(lambda w: w.api.get("/v1/me", w.person), [])) == []


def test_return_after_a_removal_ends_no_tokens(world: World) -> None:
    """They ended with the removal, and its event tells that. Nothing is left to revoke."""
    tombstone = f"/v1/users/{USER_ID}"
    removed = happened(world, Case(lambda w: w.api.delete(tombstone, w.admin), []))
    assert happened(world, Case(lambda w: w.api.delete(f"{tombstone}/tokens", w.admin), [])) == []

    world.service.clock.advance(timedelta(minutes=2))
    again = world.service.provider.sign_in("user@example.com")
    returned = happened(world, Case(lambda w: w.api.get("/v1/me", again), []))

    assert ["tokens_revoked" in event.changes for event in removed + returned] == [True, False]
    assert [(e.type, e.actor_kind, e.actor_id) for e in returned] == [(EventType.USER_ACTIVATED, *PERSON)]


def test_reads_and_refused_calls_leave_none(world: World) -> None:
    """So does everything that is refused."""
    calls: list[Step] = [
        lambda w: w.api.get("/v1/tokens", w.person),
        lambda w: w.api.get("/api/whoami", w.token["token"]),
        lambda w: w.api.patch(w.own, w.person, {"name": "x" * 101}),
        lambda w: w.api.patch(w.theirs, w.person, {"status": "inactive"}),
        lambda w: w.api.delete(f"/v1/users/{ADMIN_ID}", w.admin),
        lambda w: w.api.delete(w.own, w.admin),
        lambda w: w.api.post("/v1/tokens", w.person, {"scopes": ["nothing"]}),
        lambda w: w.api.post("/v1/exposed", None, {"tokens": [w.token["token"][:-40]]}),
        lambda w: w.api.post(
            "/v1/admin/revocations",
            w.admin,
            {"filter": {"all": True}, "reason": "admin", "dry_run": True},
            headers={"Idempotency-Key": "dry"},
        ),
        lambda w: w.api.post(
            "/v1/admin/revocations",
            w.admin,
            {"filter": {"all": True}, "reason": "admin", "action": "pause", "dry_run": True},
            headers={"Idempotency-Key": "dry-pause"},
        ),
    ]
    for call in calls:
        assert happened(world, Case(call, [])) == []
