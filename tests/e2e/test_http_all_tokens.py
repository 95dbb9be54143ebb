"""The tokens of all users, as administrators find them over HTTP."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.domain.ids import new_token_id, user_id_for
from chalicelib.domain.seen_networks import RefusedReason, RefusedUses
from tests.support.api import Api, api_of
from tests.support.builders import ISSUER
from tests.support.clock import START
from tests.support.service import MemoryService

PATH = "/v1/admin/tokens"
USER_ID = user_id_for(ISSUER, "user@example.com")


@pytest.fixture
def admin(service: MemoryService) -> str:
    """Return an administrator's sign-in."""
    return service.provider.sign_in("admin@example.com")


@pytest.fixture
def person(service: MemoryService) -> str:
    """Return a user's sign-in."""
    return service.provider.sign_in("user@example.com")


@pytest.fixture
def named(api: Api, service: MemoryService, person: str) -> dict[str, dict[str, Any]]:
    """Return tokens of two users by their names, each of which has something to find it by."""
    other = service.provider.sign_in("other@example.com", name="Zoë")
    tokens = {
        "plain": api.create_token(person, name="plain"),
        "short": api.create_token(person, name="short", expires_in_days=10),
        "paused": api.create_token(other, name="paused"),
        "ended": api.create_token(other, name="ended"),
    }
    api.patch(f"/v1/tokens/{tokens['paused']['id']}", other, {"status": "inactive"})
    api.delete(f"/v1/tokens/{tokens['ended']['id']}", other)
    (row,) = [row for row in service.store.rows() if row.name == "plain"]
    service.store.put(replace(row, refused=RefusedUses(1, START, RefusedReason.NETWORK, None)))
    return tokens


def found(api: Api, admin: str, **query: object) -> list[str]:
    """Return the names of the tokens that a query finds."""
    answer = api.get(f"{PATH}?{urlencode(query)}", admin)
    assert answer.status == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return sorted(token["name"] for token in answer.json["tokens"])


def test_each_token_is_shown_with_its_owner(
    api: Api, admin: str, person: str, named: dict[str, dict[str, Any]]
) -> None:
    """It is the resource that its owner sees in a list, and says whose it is. No string is in it."""
    answer = api.get(PATH, admin)
    (shown,) = [each for each in answer.json["tokens"] if each["name"] == "short"]
    (own,) = api.get("/v1/tokens?q=short", person).json["tokens"]
    assert shown == own | {"owner": {"id": USER_ID, "name": "User", "email": None, "status": "active"}}
    assert answer.json["next_cursor"] is None
    assert not [token for token in named.values() if token["token"] in answer.text]


def test_filters_find_tokens(api: Api, service: MemoryService, admin: str, named: dict[str, Any]) -> None:
    """Each filter finds its tokens, and all that are given must match."""
    every = sorted(named)
    assert found(api, admin) == every
    assert found(api, admin, status="active") == ["plain", "short"]
    assert found(api, admin, status="inactive") == ["paused"]
    assert found(api, admin, status="revoked") == ["ended"]
    assert found(api, admin, q="PLA") == ["plain"]
    assert found(api, admin, owner=USER_ID) == ["plain", "short"]
    assert found(api, admin, owner=" zoe ") == ["ended", "paused"]
    assert found(api, admin, owner="zoe", status="inactive", q="p") == ["paused"]
    assert found(api, admin, without_expiry="true") == ["paused", "plain"]
    assert found(api, admin, without_expiry="false") == ["short"]
    assert found(api, admin, expires_within_days=9) == []
    assert found(api, admin, expires_within_days=10) == ["short"]
    assert found(api, admin, idle_within_days=29) == []
    assert found(api, admin, idle_within_days=30) == ["plain", "short"]
    assert found(api, admin, unused_days=1) == []
    assert found(api, admin, refused="true") == ["plain"]
    assert found(api, admin, refused="false", status="active") == ["short"]
    assert found(api, admin, reused="true") == []
    assert found(api, admin, reused="false") == every
    service.clock.advance(timedelta(days=1))
    later = service.provider.sign_in("admin@example.com")
    assert found(api, later, unused_days=1) == ["paused", "plain", "short"]
    assert found(api, later, unused_days=1, without_expiry="false") == ["short"]


def test_owner_tells_why_tokens_are_refused(api: Api, admin: str, named: dict[str, Any]) -> None:
    """The status of a deactivated owner is beside each token, which only says `inactive` itself."""
    zoe = api.get(f"{PATH}?q=paused", admin).json["tokens"][0]["owner"]["id"]
    assert api.patch(f"/v1/users/{USER_ID}", admin, {"status": "inactive"}).status == 200
    tokens = {token["name"]: token for token in api.get(PATH, admin).json["tokens"]}
    assert {name: (token["status"], token["owner"]["status"]) for name, token in tokens.items()} == {
        "plain": ("inactive", "inactive"),
        "short": ("inactive", "inactive"),
        "paused": ("inactive", "active"),
        "ended": ("revoked", "active"),
    }
    api.delete(f"/v1/users/{zoe}", admin)
    owners = [token["owner"] for token in api.get(f"{PATH}?owner={zoe}", admin).json["tokens"]]
    assert owners == [{"id": zoe, "name": "", "email": None, "status": "removed"}] * 2


@pytest.mark.parametrize(
    ("is_verified", "shown"), [(True, "boss@example.com"), (False, None), (None, None)]
)
def test_email_is_shown_only_if_it_is_verified(
    api: Api, service: MemoryService, admin: str, is_verified: bool | None, shown: str | None
) -> None:
    """An e-mail that anybody may claim does not stand beside a name."""
    claims = {} if is_verified is None else {"email_verified": is_verified}
    jwt = service.provider.sign_in("third@example.com", email="boss@example.com", **claims)
    api.create_token(jwt, name="claimed")
    (only,) = api.get(f"{PATH}?q=claimed", admin).json["tokens"]
    assert only["owner"]["email"] == shown
    assert ("boss" in json.dumps(only)) is bool(shown)


def test_one_box_finds_names_owners_and_ids(api: Api, admin: str, named: dict[str, Any]) -> None:
    """One text is a part of a token's name or of its owner's texts, or a whole id."""
    other = user_id_for(ISSUER, "other@example.com")
    for text, names in {
        "PLA": ["plain"],
        "zoe": ["ended", "paused"],
        " other@ ": ["ended", "paused"],
        "e": sorted(named),
        named["short"]["id"]: ["short"],
        named["short"]["id"][:-1]: [],
        named["short"]["id"].upper(): [],
        new_token_id(START): [],
        USER_ID: ["plain", "short"],
        other: ["ended", "paused"],
        USER_ID[:-1]: [],
        "nothing": [],
        "": sorted(named),
    }.items():
        assert found(api, admin, any=text) == names, text
    assert found(api, admin, any="zoe", status="inactive") == ["paused"]
    assert found(api, admin, any="p", q="a", owner=other) == ["paused"]
    assert found(api, admin, any=named["short"]["id"], owner=other) == []
    assert found(api, admin, any=named["short"]["id"], token_id=named["plain"]["id"]) == []
    assert found(api, admin, any=USER_ID, owner=other) == []
    assert found(api, admin, any=USER_ID, q="short") == ["short"]


def test_uses_are_included_on_request(api: Api, service: MemoryService, admin: str, person: str) -> None:
    """As in the own list: 30 days, today last."""
    token = api.create_token(person)
    assert api.get("/api/whoami", token["token"]).status == 200
    (plain,) = api.get(PATH, admin).json["tokens"]
    (counted,) = api.get(f"{PATH}?include=usage", admin).json["tokens"]
    (own,) = api.get("/v1/tokens?include=usage", person).json["tokens"]
    assert (len(counted["usage"]), counted["usage"][-1]) == (30, 1)
    assert counted == own | {"owner": plain["owner"]}
    assert "usage" not in plain
    assert counted == plain | {"usage": own["usage"]}


def test_owner_of_an_id_in_a_log_is_found(api: Api, admin: str, named: dict[str, Any]) -> None:
    """An unknown id finds nothing."""
    (only,) = api.get(f"{PATH}?token_id={named['short']['id']}", admin).json["tokens"]
    assert (only["name"], only["owner"]["id"]) == ("short", USER_ID)
    assert api.get(f"/v1/users/{only['owner']['id']}/tokens/{only['id']}", admin).status == 200
    assert found(api, admin, token_id=new_token_id(START)) == []


def test_pages_hold_all_tokens_once(api: Api, admin: str, named: dict[str, Any]) -> None:
    """A cursor leads on, with the same filters."""
    names: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get(f"{PATH}?{urlencode({'limit': 1, **cursor})}", admin).json
        names += [token["name"] for token in page["tokens"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert sorted(names) == sorted(named)


@pytest.mark.parametrize(
    "query",
    [
        "status=gone",
        "status=",
        "token_id=",
        "token_id=tok_1",
        f"token_id={'TOK_' + '0' * 36}",
        f"owner={'x' * 101}",
        f"q={'x' * 101}",
        *(
            f"{name}={value}"
            for name in ("unused_days", "expires_within_days", "idle_within_days")
            for value in ("0", "-1", "3651", "1.5", "x", "", "1e3", "999999999999999999999")
        ),
        *(
            f"{name}={value}"
            for name in ("without_expiry", "reused", "refused")
            for value in ("", "1", "yes", "True", "null")
        ),
        f"any={'x' * 101}",
        "any=a&any=b",
        "anywhere=a",
        "include=",
        "include=networks",
        "limit=0",
        "limit=101",
        "sort=name",
        "user=x",
        "Status=active",
        "status=active&status=active",
        "owner=a&owner=b",
    ],
)
def test_bad_filters_are_refused(api: Api, admin: str, query: str) -> None:
    """A filter is never guessed or ignored: a job could end the wrong tokens."""
    answer = api.get(f"{PATH}?{query}", admin)
    assert (answer.status, answer.code) == (400, "invalid_request")


def test_refusal_says_what_is_wanted(api: Api, admin: str) -> None:
    """The sentence names the parameter and its form."""
    details = {
        query: api.get(f"{PATH}?{query}", admin).json["detail"]
        for query in ("token_id=x", "unused_days=0", "reused=1")
    }
    assert details == {
        "token_id=x": "'token_id' must be a string that is the id of a token.",
        "unused_days=0": "'unused_days' must be a whole number from 1 to 3650.",
        "reused=1": "'reused' must be one of: false, true.",
    }


def test_cursors_of_other_lists_and_filters_are_refused(
    api: Api, admin: str, person: str, named: dict[str, Any]
) -> None:
    """In both directions."""
    mine = api.get(f"{PATH}?limit=1", admin).json["next_cursor"]
    of_users = api.get("/v1/users?limit=1", admin).json["next_cursor"]
    of_tokens = api.get("/v1/tokens?limit=1", person).json["next_cursor"]
    assert mine
    assert of_users
    assert of_tokens
    for path, credential in (
        (f"{PATH}?cursor={of_users}", admin),
        (f"{PATH}?cursor={of_tokens}", admin),
        (f"{PATH}?cursor=", admin),
        (f"{PATH}?cursor={mine}x", admin),
        (f"{PATH}?cursor={mine}&status=active", admin),
        (f"{PATH}?cursor={mine}&owner=user", admin),
        (f"{PATH}?cursor={mine}&any=user", admin),
        (f"{PATH}?cursor={mine}&reused=false", admin),
        (f"/v1/users?cursor={mine}", admin),
        (f"/v1/users/{USER_ID}/tokens?cursor={mine}", admin),
        (f"/v1/tokens?cursor={mine}", person),
    ):
        answer = api.get(path, credential)
        assert (answer.status, answer.code) == (400, "invalid_cursor"), path
    assert api.get(f"{PATH}?limit=5&include=usage&cursor={mine}", admin).status == 200


def test_former_administrator_finds_nothing(service: MemoryService, named: dict[str, Any]) -> None:
    """The role is as of each call."""
    admin = service.provider.sign_in("admin@example.com")
    demoted = MemoryService({"ADMIN_SUBJECTS": "somebody-else"}, store=service.store)
    with api_of(demoted) as api:
        answer = api.get(PATH, admin)
    assert (answer.status, answer.code) == (403, "admin_required")
