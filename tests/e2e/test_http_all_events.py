"""The events of all users over HTTP, as administrators read them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.domain.events import OF_KEYS, ActorKind, EventType
from chalicelib.domain.ids import user_id_for
from tests.support.actors import an_event
from tests.support.api import Api, api_of
from tests.support.builders import ISSUER
from tests.support.service import MemoryService

PATH = "/v1/events"
USER_ID = user_id_for(ISSUER, "user@example.com")
ADMIN_ID = user_id_for(ISSUER, "admin@example.com")


class World:
    """A person whose token an administrator revoked."""

    def __init__(self, api: Api, service: MemoryService) -> None:
        self.api = api
        self.service = service
        # Events of one millisecond have an order, but not that in which they happened.
        api.around = self._in_a_second_of_its_own
        self.person, self.admin = (
            service.provider.sign_in(f"{who}@example.com") for who in ("user", "admin")
        )
        for person in (self.person, self.admin):
            assert api.get("/v1/me", person).status == 200
        self.token = api.create_token(self.person)
        path = f"/v1/users/{USER_ID}/tokens/{self.token['id']}"
        assert api.delete(path, self.admin).status == 204

    @contextmanager
    def _in_a_second_of_its_own(self, method: str, path: str) -> Iterator[None]:
        yield
        self.service.clock.advance(timedelta(seconds=1))

    def pages(self, **query: Any) -> list[list[dict[str, Any]]]:
        """Return all pages."""
        pages = []
        while True:
            answer = self.api.get(f"{PATH}?{urlencode(query)}", self.admin)
            assert answer.status == 200, answer.text
            pages.append(answer.json["events"])
            if answer.json["next_cursor"] is None:
                return pages
            query["cursor"] = answer.json["next_cursor"]

    def types(self, **query: Any) -> list[str]:
        """Return the types of the events of all pages."""
        return [event["type"] for page in self.pages(**query) for event in page]


@pytest.fixture
def world(api: Api, service: MemoryService) -> World:
    """Return the world."""
    return World(api, service)


def test_administrator_reads_what_happened_in_the_company(world: World) -> None:
    """The newest first, each with its user and its actor."""
    events = [event for page in world.pages() for event in page]
    assert [event["type"] for event in events] == [
        "token.revoked",
        "token.created",
        "user.created",
        "user.created",
    ]
    name = world.api.get("/v1/me", world.admin).json["name"]
    assert events[0].pop("id").startswith("evt_")
    assert events[0] == {
        "type": "token.revoked",
        "at": "2026-01-15T12:00:03.000Z",
        "user": {"id": USER_ID, "name": world.api.get("/v1/me", world.person).json["name"]},
        "token_id": world.token["id"],
        "request_id": None,
        "actor": {
            "kind": "administrator",
            "description": "an administrator",
            "id": ADMIN_ID,
            "name": name,
            "address": "127.0.0.0/24",
            "user_agent": None,
        },
        "changes": {
            "state": {"before": "active", "after": "revoked"},
            "revoked_reason": {"before": None, "after": "admin"},
        },
    }


def test_filters_can_be_combined(world: World) -> None:
    """By type, actor and time. An actor is a kind or an id."""
    assert world.types(type="user.created") == ["user.created"] * 2
    assert world.types(actor="administrator") == world.types(actor=ADMIN_ID, type="token.revoked")
    assert world.types(actor=USER_ID) == ["token.created", "user.created"]
    assert world.types(actor="system") == world.types(actor=world.token["id"]) == []
    assert world.types(since="2026-01-15T12:00:03Z") == ["token.revoked"]
    assert world.types(since="2026-01-15T13:00:03+01:00") == ["token.revoked"]
    assert world.types(until="2026-01-15T12:00:01Z") == ["user.created"]
    assert world.types(since="2026-01-15T12:00:02Z", until="2026-01-15T12:00:03Z") == ["token.created"]


def test_pages_follow_each_other(world: World) -> None:
    """However small they are."""
    pages = world.pages(limit=1)
    assert [len(page) for page in pages if page] == [1] * 4


def test_events_of_signing_keys_have_no_user(world: World) -> None:
    """They are among the others."""
    world.service.store.put(an_event(OF_KEYS, EventType.KEY_ACTIVATED))
    (event,) = world.pages(type="key.activated")[0]
    assert event["user"] is None
    assert event["actor"]["name"] is None


def test_only_administrators_read_them(world: World) -> None:
    """Neither a person, nor a token, nor a former administrator, nor anybody without a sign-in."""
    assert world.api.get(PATH).code == "not_authenticated"
    assert world.api.get(PATH, world.person).code == "admin_required"
    assert world.api.get(PATH, world.token["token"]).code == "api_token_not_allowed"
    service = world.service.redeployed({"ADMIN_SUBJECTS": "somebody@example.com"})
    vars(service)["http"] = world.service.http
    with api_of(service) as api:
        assert api.get(PATH, world.admin).code == "admin_required"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("type=token.read", "invalid_request"),
        ("type=", "invalid_request"),
        ("actor=ada", "invalid_request"),
        ("actor=", "invalid_request"),
        ("actor=administrator%0A", "invalid_request"),
        ("actor=usr_1", "invalid_request"),
        ("since=2026-01-15", "invalid_request"),
        ("since=2026-01-15T12:00:00", "invalid_request"),
        ("since=yesterday", "invalid_request"),
        ("since=1768478400", "invalid_request"),
        ("until=2026-02-30T12:00:00Z", "invalid_request"),
        ("since=2026-01-15T12:00:00Z&until=2026-01-15T12:00:00Z", "invalid_request"),
        ("since=2026-01-16T12:00:00Z&until=2026-01-15T12:00:00Z", "invalid_request"),
        ("limit=0", "invalid_request"),
        ("limit=101", "invalid_request"),
        ("user=x", "invalid_request"),
        ("cursor=", "invalid_cursor"),
        ("cursor=W10", "invalid_cursor"),
    ],
)
def test_bad_filters_are_refused(world: World, query: str, code: str) -> None:
    """Each with its code."""
    answer = world.api.get(f"{PATH}?{query}", world.admin)
    assert (answer.status, answer.code) == (400, code)


def test_refusals_say_what_is_taken(world: World) -> None:
    """With an example of a time, and all kinds of actors."""
    since = world.api.get(f"{PATH}?since=yesterday", world.admin).json["detail"]
    assert since == "'since' must be a time with an offset (RFC 3339), for example 2026-01-31T12:00:00Z."
    actor = world.api.get(f"{PATH}?actor=ada", world.admin).json["detail"]
    assert all(kind.value in actor for kind in ActorKind)


def test_cursor_of_another_list_is_refused(world: World) -> None:
    """Of a history, and of the same list by other filters."""
    cursor = world.api.get(f"{PATH}?limit=1", world.admin).json["next_cursor"]
    history = world.api.get(f"/v1/users/{USER_ID}/events?limit=1", world.admin).json["next_cursor"]
    for query in (
        f"cursor={history}",
        f"cursor={cursor}&type=token.created",
        f"cursor={cursor}&actor=token",
    ):
        assert world.api.get(f"{PATH}?{query}", world.admin).code == "invalid_cursor"
    assert (
        world.api.get(f"/v1/users/{USER_ID}/events?cursor={cursor}", world.admin).code == "invalid_cursor"
    )
    assert world.api.get(f"{PATH}?cursor={cursor}&limit=2", world.admin).status == 200
