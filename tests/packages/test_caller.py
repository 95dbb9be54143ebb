"""``caller(event)``: the bearer of a token, for every door of API Gateway and AppSync."""

import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from typing import Any

import pytest

from bodhi_tokens import Caller, MissingScope, NotAuthenticated, caller
from chalicelib.handlers import front_doors
from chalicelib.handlers.authorizer import api_token_authorizer
from tests.packages import contexts
from tests.packages.contexts import MEMBERS, Members
from tests.support import events
from tests.support.api import api_of
from tests.support.service import MemoryService

Door = Callable[[Members], dict[str, Any]]
DOORS: list[Door] = [contexts.rest, contexts.http_2, contexts.websocket, contexts.appsync]
SCOPES = {"everything": {"description": "All", "opens": ["* /*", "* /"]}}


@pytest.mark.parametrize("door", DOORS)
def test_each_door_gives_the_same_caller(door: Door) -> None:
    """All six members, the name decoded, the scopes as a set, the times aware."""
    assert caller(door(MEMBERS)) == Caller(
        user_id="usr_1",
        token_id="tok_1",
        token_name="Grüße",
        scopes=frozenset({"orders:read", "live"}),
        expires_at=datetime.fromtimestamp(1798848000, UTC),
        idle_at=datetime.fromtimestamp(1798761600, UTC),
    )


@pytest.mark.parametrize("name", ['x","user_id":"usr_victim', "100%", "Grüße 🔑", "%22", ""])
@pytest.mark.parametrize("days", [None, 7])
def test_what_our_authorizers_say_is_understood(name: str, days: int | None) -> None:
    """Each authorizer's own response, put where its gateway puts it."""
    service = MemoryService({"SCOPES": json.dumps(SCOPES)})
    with api_of(service) as api:
        body = {"name": name} | ({"expires_in_days": days} if days else {})
        token = api.create_token(service.provider.sign_in("user@example.com"), **body)
        bearer, context = f"Bearer {token['token']}", events.Context()
        found = [
            caller(contexts.rest(api_token_authorizer(events.rest_token(bearer), context)["context"])),
            caller(
                contexts.rest(
                    front_doors.rest_request_authorizer(events.rest_request(bearer), context)["context"]
                )
            ),
            caller(
                contexts.http_2(
                    front_doors.http_api_authorizer(events.http_api(bearer), context)["context"]
                )
            ),
            caller(
                contexts.websocket(
                    front_doors.websocket_authorizer(events.websocket(bearer), context)["context"]
                )
            ),
            caller(
                contexts.appsync(
                    front_doors.appsync_authorizer(events.appsync(bearer), context)["resolverContext"]
                )
            ),
        ]
    assert len(set(found)) == 1
    assert (found[0].token_id, found[0].token_name) == (token["id"], name)
    assert found[0].scopes == frozenset(token["scopes"])
    assert (found[0].expires_at is None) is (days is None)
    assert found[0].idle_at is not None


def test_a_caller_is_frozen() -> None:
    """A view cannot give a caller another scope."""
    with pytest.raises(FrozenInstanceError):
        caller(contexts.rest(MEMBERS)).user_id = "usr_2"  # type: ignore[misc]


def test_require_scope() -> None:
    """It returns, or raises with the name of the scope."""
    found = caller(contexts.rest(MEMBERS))
    found.require_scope("live")
    with pytest.raises(MissingScope, match="orders:write") as raised:
        found.require_scope("orders:write")
    assert raised.value.scope == "orders:write"


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"requestContext": None},
        {"requestContext": "text"},
        {"requestContext": {}},
        {"requestContext": {"authorizer": None}},
        contexts.rest({}),
        contexts.http_2({}),
        {"requestContext": {"authorizer": {"claims": MEMBERS}}},
        {"requestContext": {"authorizer": {"jwt": {"claims": MEMBERS}}}},
        {"requestContext": {"authorizer": {"iam": {"userId": "usr_1"}}}},
        {"requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}}},
        {"identity": None},
        {"identity": {"claims": MEMBERS}},
        {"authorizer": MEMBERS},
        {"body": json.dumps(contexts.rest(MEMBERS))},
        {"headers": {"x-amzn-request-context": contexts.header(contexts.rest(MEMBERS))}},
    ],
)
def test_no_authorizer_is_a_clear_error(event: dict[str, Any]) -> None:
    """A route without the authorizer, one with another authorizer, a load balancer, another field."""
    with pytest.raises(NotAuthenticated, match="Attach the authorizer"):
        caller(event)


def test_an_event_of_two_kinds_is_refused() -> None:
    """A template that copies arguments to the top could let a client write the other member."""
    with pytest.raises(NotAuthenticated, match="both"):
        caller(contexts.rest(MEMBERS) | {"identity": {"resolverContext": MEMBERS}})


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("user_id", ""),
        ("user_id", None),
        ("user_id", 7),
        ("token_id", ""),
        ("token_id", ["tok_1"]),
        ("token_name", "%zz"),
        ("token_name", "%"),
        ("token_name", "%ff"),
        ("scopes", ["orders:read"]),
        ("idle_at", "soon"),
        ("idle_at", "-1"),
        ("idle_at", "1.5"),
        ("idle_at", True),
        ("idle_at", "٣"),
        ("expires_at", "999999999999999"),
        ("expires_at", 999999999999),
        ("expires_at", ""),
    ],
)
@pytest.mark.parametrize("door", DOORS)
def test_members_that_no_authorizer_of_ours_writes(door: Door, member: str, value: Any) -> None:
    """Another authorizer's context is not taken for ours. The message names the member, not the value."""
    with pytest.raises(NotAuthenticated, match=member):
        caller(door({**MEMBERS, member: value}))


@pytest.mark.parametrize("missing", ["expires_at", "idle_at", "token_name", "scopes"])
def test_members_that_may_be_missing(missing: str) -> None:
    """A token without expiry, and gateways that drop empty strings."""
    found = caller(contexts.rest({k: v for k, v in MEMBERS.items() if k != missing}))
    assert getattr(found, missing) in (None, "", frozenset())


def test_numbers_may_stay_numbers() -> None:
    """An HTTP API keeps the type of a member."""
    members: Any = MEMBERS | {"expires_at": 1798848000}
    assert caller(contexts.http_2(members)) == caller(contexts.rest(MEMBERS))
