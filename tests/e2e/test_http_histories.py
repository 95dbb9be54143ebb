"""The events of one person over HTTP: what happened, and who may see what of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.events import ActorKind
from chalicelib.domain.ids import user_id_for
from chalicelib.domain.revocations import Revocation, RevocationReason
from chalicelib.handlers.v1.events import rendering as event_rendering
from tests.support.actors import an_event
from tests.support.api import Api, api_of
from tests.support.builders import ISSUER
from tests.support.clock import START
from tests.support.service import MemoryService

USER_ID = user_id_for(ISSUER, "user@example.com")
ADMIN_ID = user_id_for(ISSUER, "admin@example.com")


class World:
    """A person with a token, another person and an administrator."""

    def __init__(self, api: Api, service: MemoryService) -> None:
        self.api = api
        self.service = service
        # Events of one millisecond have an order, but not that in which they happened.
        api.around = self._in_a_second_of_its_own
        sign_in = service.provider.sign_in
        self.person, self.other, self.admin = (
            sign_in(f"{who}@example.com") for who in ("user", "other", "admin")
        )
        for person in (self.person, self.other, self.admin):
            assert api.get("/v1/me", person).status == 200
        self.token = api.create_token(self.person, name="ci")

    @contextmanager
    def _in_a_second_of_its_own(self, method: str, path: str) -> Iterator[None]:
        yield
        self.service.clock.advance(timedelta(seconds=1))

    @property
    def own(self) -> str:
        """The address of the token."""
        return f"/v1/tokens/{self.token['id']}"

    @property
    def theirs(self) -> str:
        """The address of the token for administrators."""
        return f"/v1/users/{USER_ID}/tokens/{self.token['id']}"

    def events(self, path: str, credential: str) -> list[dict[str, Any]]:
        """Return the events of one page."""
        answer = self.api.get(path, credential)
        assert answer.status == 200, answer.text
        found: list[dict[str, Any]] = answer.json["events"]
        return found


@pytest.fixture
def world(api: Api, service: MemoryService) -> World:
    """Return the world."""
    return World(api, service)


def types(events: list[dict[str, Any]]) -> list[str]:
    """Return the types, the newest first."""
    return [event["type"] for event in events]


def test_owner_reads_what_happened(world: World) -> None:
    """The whole resource, of an account and of a token."""
    world.api.patch(world.own, world.person, {"name": "new"})
    events = world.events("/v1/me/events", world.person)
    assert types(events) == ["token.changed", "token.created", "user.created"]
    assert events[0].pop("id").startswith("evt_")
    events[0].pop("request_id")
    assert events[0] == {
        "type": "token.changed",
        "at": "2026-01-15T12:00:04.000Z",
        "token_id": world.token["id"],
        "actor": {
            "kind": "person",
            "description": "the owner",
            "id": USER_ID,
            "address": "127.0.0.0/24",
            "user_agent": None,
        },
        "changes": {"name": {"before": "ci", "after": "new"}},
    }
    assert types(world.events(f"{world.own}/events", world.person)) == ["token.changed", "token.created"]


def test_owner_never_sees_who_the_administrator_is(world: World) -> None:
    """Neither id nor address, agent or request, on any page and whatever the administrator does."""
    for status in ("inactive", "active"):
        world.api.patch(world.theirs, world.admin, {"status": status})
    world.api.delete(world.theirs, world.admin)
    world.api.delete(f"/v1/users/{USER_ID}/tokens", world.admin)
    for path in ("/v1/me/events", f"{world.own}/events"):
        answer = world.api.get(path, world.person)
        assert ADMIN_ID not in answer.text
        by = [event["actor"] for event in answer.json["events"] if event["actor"]["kind"] != "person"]
        assert by
        assert all(
            actor
            == {
                "kind": "administrator",
                "description": "an administrator",
                "id": None,
                "address": None,
                "user_agent": None,
            }
            for actor in by
        )
    assert world.api.get(world.own, world.person).json["revoked_by"] == "an administrator"


def test_owner_never_sees_who_reported_a_leak(world: World) -> None:
    """A reporter must not fear the owner."""
    world.api.post("/v1/exposed", None, {"tokens": [world.token["token"]]})
    answer = world.api.get(f"{world.own}/events", world.person)
    event = answer.json["events"][0]
    assert event["type"] == "token.exposed"
    assert event["actor"]["description"] == "a person who reported it"
    assert (event["actor"]["address"], event["request_id"]) == (None, None)
    assert world.api.get(world.own, world.person).json["revoked_by"] == "a person who reported it"
    seen = world.events(f"{world.theirs}/events", world.admin)[0]["actor"]
    assert seen["address"] == "127.0.0.0/24"


def test_owner_sees_from_where_the_token_acted(world: World) -> None:
    """This is how a theft shows."""
    world.api.delete("/v1/tokens/self", world.token["token"])
    actor = world.events(f"{world.own}/events", world.person)[0]["actor"]
    assert actor == {
        "kind": "token",
        "description": "the token itself",
        "id": world.token["id"],
        "address": "127.0.0.0/24",
        "user_agent": None,
    }


def test_administrator_sees_ids_and_names(world: World) -> None:
    """Names as they are now, of the owner and of the actor."""
    world.api.delete(world.theirs, world.admin)
    for path in (f"/v1/users/{USER_ID}/events", f"{world.theirs}/events"):
        event = world.events(path, world.admin)[0]
        assert event["type"] == "token.revoked"
        assert event["actor"]["id"] == ADMIN_ID
        assert event["actor"]["name"] == world.api.get("/v1/me", world.admin).json["name"]
        assert event["actor"]["address"] == "127.0.0.0/24"
        assert event["user"] == {"id": USER_ID, "name": world.api.get("/v1/me", world.person).json["name"]}


def test_events_outlive_the_removal_and_the_return(world: World) -> None:
    """An administrator reads them all. The person who returns sees no address from before."""
    world.api.patch(world.own, world.person, {"name": "new"})
    assert world.api.delete(f"/v1/users/{USER_ID}", world.admin).status == 204

    removed = world.events(f"/v1/users/{USER_ID}/events", world.admin)
    assert types(removed) == ["user.removed", "token.changed", "token.created", "user.created"]
    assert removed[1]["actor"]["address"] == "127.0.0.0/24"
    assert {event["user"]["name"] for event in removed} == {""}

    world.service.clock.advance(timedelta(minutes=2))
    again = world.service.provider.sign_in("user@example.com")
    answer = world.api.get("/v1/me/events", again)
    new, *old = answer.json["events"]
    assert (new["type"], new["actor"]["address"]) == ("user.activated", "127.0.0.0/24")
    assert types(old) == types(removed)
    assert {event["actor"]["address"] for event in old} == {None}
    assert {event["request_id"] for event in old} == {None}
    token = world.events(f"{world.own}/events", again)
    assert {event["actor"]["address"] for event in token} == {None}
    seen = world.events(f"/v1/users/{USER_ID}/events", world.admin)
    assert seen[2]["actor"]["address"] == "127.0.0.0/24"


OWN = ("/v1/me/events", "{own}/events")
THEIRS = (f"/v1/users/{USER_ID}/events", "{theirs}/events")


@pytest.mark.parametrize("path", [*OWN, *THEIRS])
def test_nobody_and_no_token_reads_events(world: World, path: str) -> None:
    """A sign-in is needed, and an API token is refused by name."""
    path = path.format(own=world.own, theirs=world.theirs)
    assert world.api.get(path).code == "not_authenticated"
    assert world.api.get(path, world.token["token"]).code == "api_token_not_allowed"
    assert world.api.get(path, "x").code == "not_authenticated"


@pytest.mark.parametrize("path", THEIRS)
def test_person_reads_nothing_as_an_administrator(world: World, path: str) -> None:
    """Not even the own events, where the actors would show."""
    path = path.format(theirs=world.theirs)
    for person in (world.person, world.other):
        assert world.api.get(path, person).code == "admin_required"


@pytest.mark.parametrize("path", THEIRS)
def test_former_administrator_reads_nothing(world: World, path: str) -> None:
    """From the moment on at which the setting names the person no longer."""
    path = path.format(theirs=world.theirs)
    assert world.api.get(path, world.admin).status == 200
    service = world.service.redeployed({"ADMIN_SUBJECTS": "somebody@example.com"})
    service.provider = world.service.provider
    vars(service)["http"] = world.service.http
    with api_of(service) as api:
        assert api.get(path, world.admin).code == "admin_required"


def test_deactivated_person_reads_nothing(world: World) -> None:
    """As everywhere."""
    world.api.patch(f"/v1/users/{USER_ID}", world.admin, {"status": "inactive"})
    assert world.api.get("/v1/me/events", world.person).code == "user_inactive"


def test_anothers_token_looks_like_an_unknown_one(world: World) -> None:
    """For people and for administrators who name the wrong user."""
    other_id = user_id_for(ISSUER, "other@example.com")
    unknown = "tok_" + "0" * 36
    paths = [f"/v1/tokens/{i}/events" for i in (world.token["id"], unknown, "*", "tok_1")]
    answers = [world.api.get(path, world.other) for path in paths]
    answers.append(world.api.get(f"/v1/users/{other_id}/tokens/{world.token['id']}/events", world.admin))
    assert {(answer.status, answer.code) for answer in answers} == {(404, "token_not_found")}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize("user_id", ["usr_" + "a" * 32, "KEYS", "*", "usr_1"])
def test_unknown_user_has_no_events(world: World, user_id: str) -> None:
    """Signing keys are not a user."""
    answer = world.api.get(f"/v1/users/{user_id}/events", world.admin)
    assert (answer.status, answer.code) == (404, "user_not_found")


def test_pages_follow_each_other(world: World) -> None:
    """Until the last one, which has no cursor. A cursor of another list is refused."""
    found, cursor = [], ""
    while True:
        answer = world.api.get(f"/v1/me/events?limit=1{cursor}", world.person)
        found += types(answer.json["events"])
        if answer.json["next_cursor"] is None:
            break
        cursor = f"&cursor={answer.json['next_cursor']}"
    assert found == ["token.created", "user.created"]
    for path in (f"{world.own}/events", "/v1/tokens"):
        assert world.api.get(f"{path}?limit=1{cursor}", world.person).code == "invalid_cursor"
    own = world.api.get(f"/v1/users/{USER_ID}/events?limit=1{cursor}", world.admin)
    assert own.code == "invalid_cursor"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "invalid_request"),
        ("limit=101", "invalid_request"),
        ("limit=x", "invalid_request"),
        ("limit=1&limit=2", "invalid_request"),
        ("type=token.created", "invalid_request"),
        ("cursor=x", "invalid_cursor"),
        ("cursor=", "invalid_cursor"),
    ],
)
@pytest.mark.parametrize("path", OWN)
def test_bad_parameters_are_refused(world: World, path: str, query: str, code: str) -> None:
    """Each with its code."""
    answer = world.api.get(f"{path.format(own=world.own)}?{query}", world.person)
    assert (answer.status, answer.code) == (400, code)


def test_every_actor_and_reason_has_words() -> None:
    """So that none is shown as a blank, and each reason is told in the words of events."""
    words = {event_rendering.description(kind) for kind in ActorKind}
    assert len(words) == len(ActorKind)
    revocations = [Revocation(reason, START) for reason in RevocationReason]
    assert {event_rendering.revoked_by(each) for each in revocations} <= words


def test_token_says_by_whom_it_was_revoked(world: World) -> None:
    """In the list as in the resource, and nothing while it is not."""
    assert world.token["revoked_by"] is None
    world.api.delete(world.own, world.person)
    (listed,) = world.api.get("/v1/tokens", world.person).json["tokens"]
    assert listed["revoked_by"] == "the owner"
    assert world.api.get(world.theirs, world.admin).json["revoked_by"] == "the owner"


def test_events_that_stay_after_a_removal_are_counted(world: World) -> None:
    """The removal adds its own event. Only administrators may count."""
    path = f"/v1/users/{USER_ID}"
    counted = world.api.get(f"{path}/events/summary", world.admin)
    assert (counted.status, counted.json) == (200, {"count": 2, "is_more": False})
    assert counted.headers["Cache-Control"] == "no-store"
    assert world.api.delete(path, world.admin).status == 204
    assert world.api.get(f"{path}/events/summary", world.admin).json["count"] == 3
    assert len(world.events(f"{path}/events", world.admin)) == 3
    for credential, path_, expected in (
        (world.other, path, (403, "admin_required")),
        (world.admin, "/v1/users/usr_unknown", (404, "user_not_found")),
    ):
        refused = world.api.get(f"{path_}/events/summary", credential)
        assert (refused.status, refused.code) == expected


def test_count_of_events_ends_at_a_thousand(world: World) -> None:
    """Events that TTL has not deleted yet are not counted."""
    for number in range(1_005):
        event = an_event(USER_ID)
        world.service.store.put(event)
        if number == 996:
            assert _count(world) == {"count": 999, "is_more": False}
    assert _count(world) == {"count": 1_000, "is_more": True}
    world.service.clock.advance(timedelta(days=3_651))
    assert _count(world) == {"count": 0, "is_more": False}


def _count(world: World) -> Any:
    return world.api.get(
        f"/v1/users/{USER_ID}/events/summary", world.service.provider.sign_in("admin@example.com")
    ).json
