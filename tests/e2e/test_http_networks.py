"""Networks over HTTP: where a token may be used, where it was used, and where it was refused."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from chalice.config import Config

from chalicelib.domain.ids import user_id_for
from chalicelib.domain.network_lists import NetworkFault
from chalicelib.domain.seen_networks import RefusedReason, RefusedUses, SeenNetworks
from chalicelib.handlers.http.refusals import quoted
from infra.aws.package.fixes import IDENTITY_SOURCES
from infra.local.events import HttpRequest
from infra.local.gateway import Gateway
from infra.local.responses import GatewayResponses
from infra.local.template import read_template
from tests.support.api import Answer, Api, api_of
from tests.support.builders import ISSUER
from tests.support.clock import START
from tests.support.service import MemoryService
from tests.unit.domain.test_network_lists import WRONG

USER_ID = user_id_for(ISSUER, "user@example.com")
MINUTE = timedelta(minutes=1)
FAR = int((START + timedelta(days=60)).timestamp())
# Chalice's test client calls from the first of them.
HERE, ELSEWHERE = "127.0.0.0/8", "192.0.2.0/24"

# The end of each fault's sentence.
SENTENCES = {
    NetworkFault.WHITE_SPACE: "Remove the white space.",
    NetworkFault.ZONE: "Remove the zone, which is the part after %.",
    NetworkFault.LEADING_ZERO: "Remove leading zeros, because some programs read such numbers as octal.",
    NetworkFault.NOT_AN_ADDRESS: "It is not an IPv4 or IPv6 network. Write, for example, 192.0.2.0/24.",
    NetworkFault.LENGTH_NOT_A_NUMBER: "The length after / must be a whole number, as in 192.0.2.0/24.",
    NetworkFault.MAPPED_AND_MORE: "It holds more than IPv4 addresses. Write a network like 192.0.2.0/24.",
    NetworkFault.EVERYWHERE: "It holds every address. To allow every address, send an empty list.",
}
# Longer ones do not fit into a body.
SENT = [wrong for wrong in WRONG if len(wrong[0]) <= 10_000]


@pytest.fixture
def person(service: MemoryService) -> str:
    """Return a user's sign-in."""
    return service.provider.sign_in("user@example.com", exp=FAR)


@pytest.fixture
def admin(service: MemoryService) -> str:
    """Return an administrator's sign-in."""
    return service.provider.sign_in("admin@example.com", exp=FAR)


@pytest.fixture
def token(api: Api, person: str) -> dict[str, Any]:
    """Return a token with a list."""
    return api.create_token(person, allowed_networks=[ELSEWHERE])


@pytest.fixture(params=["POST", "PATCH"])
def target(request: pytest.FixtureRequest, token: dict[str, Any]) -> tuple[str, str]:
    """Return a call that takes a list: a creation, then a change."""
    return request.param, "/v1/tokens" if request.param == "POST" else path_of(token)


def path_of(token: dict[str, Any]) -> str:
    """Return the path of a token."""
    return f"/v1/tokens/{token['id']}"


def refused(answer: Answer, detail: str) -> None:
    """Expect a problem with this sentence."""
    assert (answer.status, answer.code) == (400, "invalid_request"), answer.text
    assert answer.json["detail"] == detail


@pytest.mark.parametrize(("text", "fault", "corrected"), SENT, ids=lambda value: repr(value)[:30])
def test_each_wrong_network_has_its_sentence_and_changes_nothing(
    api: Api,
    service: MemoryService,
    person: str,
    target: tuple[str, str],
    text: str,
    fault: NetworkFault,
    corrected: str | None,
) -> None:
    """The sentence names the member, the entry and the rule. It has the form that may have been meant."""
    before = service.store.everything()
    answer = api.call(*target, person, {"name": "new", "allowed_networks": ["198.51.100.7", text]})
    rule = SENTENCES.get(fault)
    if fault is NetworkFault.LENGTH_TOO_LARGE:
        rule = f"The length after / must be at most {32 if ':' not in text else 128}."
    if fault is NetworkFault.HOST_BITS:
        rule = f"The address has bits beyond the length. Write {corrected}."
    refused(answer, f"'allowed_networks' has {quoted(text, 49)}. {rule}")
    assert service.store.everything() == before


@pytest.mark.parametrize(
    ("networks", "detail"),
    [
        (["10.0.0.0/8", "::ffff:10.0.0.0/104"], "10.0.0.0/8 is in the list twice. Remove one."),
        (["192.0.2.1", "192.0.2.1/32"], "192.0.2.1/32 is in the list twice. Remove one."),
        ([f"10.0.0.{host}" for host in range(11)], "must be a list of 0 to 10 strings."),
        (None, "must be a list of 0 to 10 strings."),
        ("10.0.0.0/8", "must be a list of 0 to 10 strings."),
        ([["10.0.0.0/8"]], "must be a list of 0 to 10 strings."),
        ([10], "must be a list of 0 to 10 strings."),
        ({"0": "10.0.0.0/8"}, "must be a list of 0 to 10 strings."),
    ],
    ids=str,
)
def test_wrong_list_is_refused_and_changes_nothing(
    api: Api,
    service: MemoryService,
    person: str,
    target: tuple[str, str],
    networks: object,
    detail: str,
) -> None:
    """A client that writes a missing list as null does not remove a restriction."""
    before = service.store.everything()
    answer = api.call(*target, person, {"name": "new", "allowed_networks": networks})
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.json["detail"].endswith(detail)
    assert service.store.everything() == before


def test_list_is_shown_in_one_spelling(api: Api, person: str) -> None:
    """The order stays, and an address alone is a network of one address."""
    networks = ["2001:DB8:0:0::/32", "192.0.2.1", "::ffff:10.0.0.0/104"]
    created = api.create_token(person, allowed_networks=networks)
    assert created["allowed_networks"] == ["2001:db8::/32", "192.0.2.1/32", "10.0.0.0/8"]
    assert api.get(path_of(created), person).json["allowed_networks"] == created["allowed_networks"]


def test_token_without_a_list_may_be_used_everywhere(api: Api, person: str) -> None:
    """An absent list and an empty one mean the same."""
    assert api.create_token(person)["allowed_networks"] == []
    assert api.create_token(person, allowed_networks=[])["allowed_networks"] == []


def test_list_changes_only_if_the_request_has_it(
    api: Api, service: MemoryService, person: str, token: dict[str, Any]
) -> None:
    """An absent member or the same list changes nothing. An empty list clears the list."""
    service.clock.advance(MINUTE)
    same = api.patch(path_of(token), person, {"allowed_networks": [ELSEWHERE]}).json
    assert (same["allowed_networks"], same["updated_at"]) == ([ELSEWHERE], token["updated_at"])
    renamed = api.patch(path_of(token), person, {"name": "new"}).json
    assert (renamed["allowed_networks"], renamed["name"]) == ([ELSEWHERE], "new")
    cleared = api.patch(path_of(token), person, {"allowed_networks": []}).json
    assert (cleared["allowed_networks"], cleared["name"]) == ([], "new")


def test_change_says_when_it_is_effective(
    api: Api, service: MemoryService, person: str, token: dict[str, Any]
) -> None:
    """The token stays active, so only the header can say by when a narrower list counts."""
    changed = api.patch(path_of(token), person, {"allowed_networks": ["192.0.2.7"]})
    ttl = timedelta(seconds=30)
    assert changed.json["effective_by"] is None
    assert changed.headers["Effective-By"] == f"{START + ttl:%Y-%m-%dT%H:%M:%S}.000Z"


def test_paused_token_may_get_a_list_but_a_revoked_one_may_not(
    api: Api, person: str, token: dict[str, Any]
) -> None:
    """A list is changed like a name."""
    body = {"allowed_networks": [HERE]}
    assert api.patch(path_of(token), person, body | {"status": "inactive"}).json["status"] == "inactive"
    assert api.patch(path_of(token), person, {"allowed_networks": []}).status == 200
    api.delete(path_of(token), person)
    assert api.patch(path_of(token), person, body).code == "token_revoked"


def test_replay_of_a_key_with_another_list_is_refused(api: Api, person: str) -> None:
    """Another list is another request."""
    key = {"Idempotency-Key": "once"}
    assert api.post("/v1/tokens", person, {"allowed_networks": [HERE]}, headers=key).status == 201
    again = api.post("/v1/tokens", person, {"allowed_networks": [HERE]}, headers=key)
    other = api.post("/v1/tokens", person, {"allowed_networks": []}, headers=key)
    assert (again.code, other.code) == ("already_created", "idempotency_key_reused")


def test_successors_inherit_the_list(api: Api, person: str) -> None:
    """The owner or the token rotates. A self-rotation cannot name a list, so it cannot widen its own."""
    token = api.create_token(person, allowed_networks=[HERE])
    by_itself = api.post("/v1/tokens/self/rotate", token["token"])
    assert by_itself.json["allowed_networks"] == [HERE]
    by_owner = api.post(f"{path_of(by_itself.json)}/rotate", person)
    assert by_owner.json["allowed_networks"] == [HERE]
    wider = api.post("/v1/tokens/self/rotate", by_owner.json["token"], {"allowed_networks": []})
    assert wider.code == "invalid_request"


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/tokens/self/rotate"), ("DELETE", "/v1/tokens/self/predecessor")]
)
def test_token_manages_itself_from_its_networks_only(
    api: Api, service: MemoryService, token: dict[str, Any], method: str, path: str
) -> None:
    """The response is that to an invalid token, and no forged header helps."""
    rows = service.store.rows()
    forged = {"X-Forwarded-For": "192.0.2.7", "Forwarded": "for=192.0.2.7", "X-Real-IP": "192.0.2.7"}
    answer = api.call(method, path, token["token"], {} if method == "POST" else None, forged)
    assert (answer.status, answer.code) == (401, "invalid_token")
    unknown = api.call(method, path, "bodhi_unknown", {} if method == "POST" else None)
    assert (unknown.status, unknown.json) == (answer.status, answer.json)
    (row,) = service.store.rows()
    assert (row.last_used_at, row.networks) == (None, SeenNetworks())
    assert row.refused == RefusedUses(1, START, RefusedReason.NETWORK, "127.0.0.0/24", is_elsewhere=True)
    assert [row.successor_id for row in service.store.rows()] == [row.successor_id for row in rows]


def test_token_revokes_itself_from_everywhere(api: Api, person: str, token: dict[str, Any]) -> None:
    """A person who finds a token is elsewhere. The revocation is not counted as a refusal."""
    assert api.delete("/v1/tokens/self", token["token"]).status == 204
    shown = api.get(path_of(token), person).json
    assert (shown["revoked_reason"], shown["refused"]["count"]) == ("owner", 0)


def test_leak_report_asks_for_no_network(api: Api, person: str, token: dict[str, Any]) -> None:
    """The reporter is elsewhere too."""
    assert api.post("/v1/exposed", body={"tokens": [token["token"]]}).status == 202
    assert api.get(path_of(token), person).json["revoked_reason"] == "exposed"


def with_uses(service: MemoryService) -> None:
    """Write two networks and refused uses into every token's row."""
    seen = SeenNetworks().seen("192.0.2.0/24", START, 3).seen("2001:db8::/48", START + MINUTE)
    uses = RefusedUses(4, START + 2 * MINUTE, RefusedReason.NETWORK, "198.51.100.0/24")
    for row in service.store.rows():
        service.store.put(replace(row, networks=seen, refused=uses))


REFUSED = {
    "count": 4,
    "last_at": "2026-01-15T12:02:00.000Z",
    "last_reason": "network",
    "last_from": "198.51.100.0/24",
}


def test_token_shows_its_networks_and_refusals(
    api: Api, service: MemoryService, person: str, token: dict[str, Any]
) -> None:
    """The newest network comes first. A list of tokens has the newest network only."""
    with_uses(service)
    shown = api.get(path_of(token), person).json
    assert shown["networks"] == [
        {"network": "2001:db8::/48", "last_used_at": "2026-01-15T12:01:00.000Z", "at_least": 1},
        {"network": "192.0.2.0/24", "last_used_at": "2026-01-15T12:00:00.000Z", "at_least": 3},
    ]
    (listed,) = api.get("/v1/tokens", person).json["tokens"]
    assert "networks" not in listed
    for one in (shown, listed):
        assert (one["last_used_from"], one["refused"]) == ("2001:db8::/48", REFUSED)
    changed = api.patch(path_of(token), person, {"name": "new"}).json
    assert changed["networks"] == shown["networks"]


@pytest.mark.parametrize(
    ("setting", "used_from", "refused_from", "networks"),
    [
        ("full", "192.0.2.7", "198.51.100.7", ["192.0.2.7", "192.0.2.6"]),
        ("prefix", "192.0.2.0/24", "198.51.100.0/24", ["192.0.2.0/24"]),
        ("off", None, None, []),
    ],
)
def test_row_that_holds_more_than_the_setting_allows_shows_no_more(
    service: MemoryService,
    person: str,
    token: dict[str, Any],
    setting: str,
    used_from: str | None,
    refused_from: str | None,
    networks: list[str],
) -> None:
    """An operator who records less from today on need not wait for the next use of each token."""
    seen = SeenNetworks().seen("192.0.2.6", START).seen("192.0.2.7", START)
    uses = RefusedUses(1, START, RefusedReason.NETWORK, "198.51.100.7")
    (row,) = service.store.rows()
    service.store.put(replace(row, networks=seen, refused=uses))
    with api_of(service.redeployed({"RECORD_NETWORKS": setting})) as api:
        shown = api.get(path_of(token), person).json
        (listed,) = api.get("/v1/tokens", person).json["tokens"]

    assert addresses(shown) == addresses(listed) == (used_from, refused_from)
    assert [each["network"] for each in shown["networks"]] == networks
    assert shown["refused"]["count"] == 1


def test_unused_token_shows_no_network(api: Api, person: str, token: dict[str, Any]) -> None:
    """Every member is there."""
    shown = api.get(path_of(token), person).json
    assert (shown["networks"], shown["last_used_from"]) == ([], None)
    assert shown["refused"] == {"count": 0, "last_at": None, "last_reason": None, "last_from": None}
    assert token["refused"] == shown["refused"]


def test_successor_begins_without_networks(api: Api, service: MemoryService, person: str) -> None:
    """Uses belong to one token."""
    token = api.create_token(person)
    with_uses(service)
    successor = api.post(f"{path_of(token)}/rotate", person, {"overlap_seconds": 60}).json
    shown = api.get(path_of(successor), person).json
    assert (shown["networks"], shown["refused"]["count"]) == ([], 0)


def addresses(listed: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return both addresses that a token in a list shows."""
    return listed["last_used_from"], listed["refused"]["last_from"]


def test_networks_are_not_shown_after_a_removal(
    api: Api, service: MemoryService, person: str, admin: str, token: dict[str, Any]
) -> None:
    """Neither to administrators, nor to the person after a return, for tokens of any generation."""
    users_tokens = f"/v1/users/{USER_ID}/tokens"
    with_uses(service)
    (before,) = api.get(users_tokens, admin).json["tokens"]
    assert addresses(before) == ("2001:db8::/48", "198.51.100.0/24")
    # The tokens of this generation end before the removal, and still show their networks.
    assert api.delete(users_tokens, admin).status == 204
    assert addresses(api.get(users_tokens, admin).json["tokens"][0]) == addresses(before)
    api.create_token(person)
    with_uses(service)

    assert api.delete(f"/v1/users/{USER_ID}", admin).status == 204
    removed = api.get(users_tokens, admin).json["tokens"]
    assert [addresses(each) for each in removed] == [(None, None)] * 2
    assert [each["refused"]["count"] for each in removed] == [4, 4]

    service.clock.advance(timedelta(days=1))
    again = service.provider.sign_in("user@example.com", exp=FAR)
    api.create_token(again)
    with_uses(service)
    new, *old = api.get("/v1/tokens", again).json["tokens"]
    assert addresses(new) == ("2001:db8::/48", "198.51.100.0/24")
    assert [addresses(each) for each in old] == [(None, None)] * 2
    assert api.get(path_of(old[0]), again).json["networks"] == []


def test_networks_stay_hidden_if_0_1_let_the_person_return(
    api: Api, service: MemoryService, person: str, admin: str, token: dict[str, Any]
) -> None:
    """0.1 does not write when the person returned."""
    with_uses(service)
    assert api.delete(f"/v1/users/{USER_ID}", admin).status == 204
    service.clock.advance(timedelta(days=1))
    again = service.provider.sign_in("user@example.com", exp=FAR)
    assert api.get("/v1/me", again).status == 200
    user = service.store.find_user(USER_ID)
    assert user
    service.store.put(replace(user, returned_at=None))
    (old,) = api.get("/v1/tokens", again).json["tokens"]
    assert addresses(old) == (None, None)


@pytest.fixture
def call_from(service: MemoryService) -> Iterator[Callable[[str, str], int]]:
    """Call the protected API from an address, behind our own gateway. It keeps no decision."""
    from app import app

    kind = app.__class__
    with api_of(service):
        gateway = Gateway(
            app,
            Config.create(app_name="bodhi"),
            GatewayResponses(read_template()),
            identity_sources=IDENTITY_SOURCES,
            cache_seconds=0,
        )

        def call(secret: str, address: str) -> int:
            headers = {"authorization": [f"Bearer {secret}"], "x-forwarded-for": ["192.0.2.7"]}
            return int(gateway.respond(HttpRequest("GET", "/api/whoami", headers, b"", address)).status)

        yield call
    # The gateway changes the application, which other tests share.
    app.__class__ = kind


def test_list_decides_who_may_call_the_protected_api(
    api: Api, service: MemoryService, person: str, call_from: Callable[[str, str], int]
) -> None:
    """From the creation through each change, and for a successor. The owner sees uses and refusals."""
    token = api.create_token(person, allowed_networks=[ELSEWHERE, "2001:db8::/32"])
    addresses = (
        "192.0.2.7",
        "2001:db8::7",
        "198.51.100.7",
        "fe80::1",
        "not an address",
    )

    def statuses(secret: str) -> list[int]:
        return [call_from(secret, address) for address in addresses]

    assert statuses(token["token"]) == [200, 200, 401, 401, 401]
    shown = api.get(path_of(token), person).json
    assert [each["network"] for each in shown["networks"]] == ["192.0.2.0/24"]
    refusals = shown["refused"]
    assert (refusals["last_reason"], refusals["last_from"]) == ("network", "198.51.100.0/24")

    assert api.patch(path_of(token), person, {"allowed_networks": ["198.51.100.7"]}).status == 200
    assert statuses(token["token"]) == [401, 401, 200, 401, 401]
    successor = api.post(f"{path_of(token)}/rotate", person).json
    assert statuses(successor["token"]) == [401, 401, 200, 401, 401]
    assert api.patch(path_of(successor), person, {"allowed_networks": []}).status == 200
    assert statuses(successor["token"]) == [200] * 5
