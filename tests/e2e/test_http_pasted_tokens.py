"""API tokens in texts and parameters over HTTP: refused, not repeated, not logged, not kept."""

from urllib.parse import quote, urlencode

import pytest

from chalicelib.domain.ids import user_id_for
from tests.e2e.test_http_text import ADMIN, PERSON, exchange
from tests.support.api import Answer, Api
from tests.support.builders import ISSUER, a_token, a_user
from tests.support.service import MemoryService
from tests.unit.domain.test_leaks import token as shaped

USER = user_id_for(ISSUER, PERSON)
NAMES = [
    "bodhi_",
    "bodhi_production",
    "bodhi_eu.west.1",
    "bodhi_eyJ",
    "my bodhi_ tokens (1.2.3)",
    "bodhi_eyJ... (old)",
]


@pytest.fixture
def person(service: MemoryService) -> str:
    """Return a user's sign-in."""
    return service.provider.sign_in(PERSON)


@pytest.fixture
def admin(service: MemoryService) -> str:
    """Return an administrator's sign-in."""
    return service.provider.sign_in(ADMIN)


@pytest.fixture
def string(api: Api, person: str) -> str:
    """Return the string of a token that works."""
    return str(api.create_token(person, name="ci", description="before")["token"])


def require_refused(answer: Answer, string: str) -> None:
    """Fail unless a call was refused as invalid without a part of the token. The suite watches the log."""
    assert (answer.status, answer.code) == (400, "invalid_request"), answer.text
    for part in (string, *string.removeprefix("bodhi_").split(".")):
        assert part[:12] not in answer.text


@pytest.mark.parametrize("around", ["{}", "  {}\n", "export TOKEN={} # ci", "bodhi_{}"])
@pytest.mark.parametrize("member", ["name", "description"])
def test_text_of_a_token_refuses_a_token(
    api: Api, service: MemoryService, person: str, string: str, member: str, around: str
) -> None:
    """Creating, changing and exchanging say what is wrong. Nothing is stored."""
    before = service.store.rows()
    text = around.format(string)
    path = f"/v1/tokens/{before[0].id}"
    for answer in (
        api.post("/v1/tokens", person, {member: text}),
        api.patch(path, person, {member: text}),
        exchange(api, person, **{f"token_{member}": text}),
    ):
        require_refused(answer, string)
        assert answer.json["detail"].endswith(f"{member}' must not hold the string of an API token.")
    assert service.store.rows() == before


SPLIT = ["{}\n{}", "{} {}", "{}\u200b{}", "{}\xad{}", "{}\u202e{}", "{}=\r\n{}"]


@pytest.mark.parametrize("split", [*SPLIT, "wide"])
@pytest.mark.parametrize("member", ["name", "description"])
def test_text_of_a_token_refuses_other_forms_of_a_token(
    api: Api, person: str, string: str, member: str, split: str
) -> None:
    """A mail program wraps a token, and a person may hide one. So may a provider's JWT be."""
    for secret, words in ((string, "the string of an API token"), (person, "a JWT")):
        text = secret.replace(".", "\uff0e") if split == "wide" else split.format(secret[:30], secret[30:])
        for answer in (
            api.post("/v1/tokens", person, {member: text}),
            exchange(api, person, **{f"token_{member}": text}),
            api.get(f"/v1/tokens?{urlencode({'q': text})}", person),
        ):
            require_refused(answer, secret)
            assert answer.json["detail"].endswith(f" must not hold {words}.")


def test_jwt_of_the_caller_is_not_repeated(api: Api, person: str, admin: str) -> None:
    """A person may paste the JWT of the provider at any place."""
    for answer in (
        api.post("/v1/tokens", person, {person: "x"}),
        api.post("/v1/tokens", person, {"allowed_networks": [person]}),
        api.get(f"/v1/tokens?{quote(person)}=x", person),
        api.get(f"/v1/events?actor={quote(person)}", admin),
    ):
        require_refused(answer, person)


@pytest.mark.parametrize("member", ["name", "description", "note", "status"])
def test_changes_without_a_text_refuse_a_token(
    api: Api, person: str, admin: str, string: str, member: str
) -> None:
    """A rotation and an administrator's change take no text, and repeat none."""
    token_id = api.get("/v1/tokens", person).json["tokens"][0]["id"]
    require_refused(api.post(f"/v1/tokens/{token_id}/rotate", person, {member: string}), string)
    require_refused(api.patch(f"/v1/users/{USER}/tokens/{token_id}", admin, {member: string}), string)
    require_refused(api.patch(f"/v1/users/{USER}", admin, {member: string}), string)


def test_name_of_a_member_or_parameter_is_not_repeated(api: Api, person: str, string: str) -> None:
    """A refusal names what it does not know, but never a token."""
    answer = api.post("/v1/tokens", person, {string: "x"})
    require_refused(answer, string)
    assert 'Unknown member "bodhi_..."' in answer.json["detail"]
    require_refused(api.get(f"/v1/tokens?{quote(string)}=x", person), string)
    require_refused(exchange(api, person, **{string: "x", "token_name": string}), string)


@pytest.mark.parametrize(
    "path",
    [
        *(f"/v1/tokens?{name}=" for name in ("q", "cursor", "status", "sort", "limit", "search")),
        *(f"/v1/users?{name}=" for name in ("q", "issuer", "cursor")),
        *(f"/v1/users/{USER}/tokens?{name}=" for name in ("q", "cursor")),
        *(f"/v1/admin/tokens?{name}=" for name in ("q", "owner", "any", "token_id", "cursor")),
        *(f"/v1/events?{name}=" for name in ("actor", "type", "since", "cursor")),
        f"/v1/users/{USER}/events?cursor=",
        "/v1/me/events?cursor=",
    ],
)
def test_parameter_refuses_a_token(api: Api, admin: str, string: str, path: str) -> None:
    """A parameter is part of an address, which many programs keep. So the caller must hear of it."""
    answer = api.get(path + quote(string), admin)
    require_refused(answer, string)
    assert answer.json["detail"] == "A query parameter must not hold the string of an API token."


@pytest.mark.parametrize(
    "path", ["/v1/tokens/{}", "/v1/users/{}", "/v1/users/{}/tokens/tok_1", "/v1/admin/revocations/{}"]
)
def test_path_with_a_token_is_not_repeated(api: Api, admin: str, string: str, path: str) -> None:
    """The string of a token is not an id. The 404 and the log say nothing of it."""
    answer = api.get(path.format(string), admin)
    assert answer.status in (403, 404)
    assert string.split(".")[1][:12] not in answer.text


@pytest.mark.parametrize("member", ["token_ids", "owner", "q", "reason"])
def test_job_refuses_a_token(api: Api, admin: str, string: str, member: str) -> None:
    """The string of a token is not its id, and finds nothing in names."""
    about = {"token_ids": [string]} if member == "token_ids" else {"filter": {member: string}}
    body = {"reason": "admin", **about} if member != "reason" else {"reason": string, "token_ids": []}
    headers = {"Idempotency-Key": "key-1"}
    require_refused(api.call("POST", "/v1/admin/revocations", admin, body, headers), string)


@pytest.mark.parametrize(
    "path",
    ["/", "/settings/api-tokens", "/login/callback", "/signed-out", "/assets/v/x.js", "/docs"],
)
def test_media_type_of_a_page_is_not_repeated(api: Api, string: str, path: str) -> None:
    """Chalice would refuse it with 415 and repeat it, without a line in the log and without our headers."""
    plain = api.get(path)
    answer = api.call("GET", path, headers={"Content-Type": string})
    assert answer.status == plain.status != 415
    assert string[:40] not in f"{answer.headers}{answer.text}"


def test_no_view_leaves_the_media_type_to_chalice() -> None:
    """Each view takes every type. The ones that read a body refuse others in our own words."""
    from app import app

    views = {
        f"{method} {path}": entry.content_types
        for path, methods in app.routes.items()
        for method, entry in methods.items()
    }
    assert {name for name, types in views.items() if types != ["*/*"]} == set()


def test_networks_refuse_a_token(api: Api, person: str, string: str) -> None:
    """The refusal of a network repeats its text, but never a token."""
    require_refused(api.post("/v1/tokens", person, {"allowed_networks": [string]}), string)


def test_user_agent_with_a_token_is_not_recorded(api: Api, person: str, string: str) -> None:
    """A program that sends its token in a wrong header leaves none in the events."""
    headers = {"User-Agent": f"curl/8 {string}"}
    made = api.call("POST", "/v1/tokens", person, {"name": "second"}, headers).json["id"]
    events = api.get(f"/v1/tokens/{made}/events", person).json["events"]
    assert [(each["type"], each["actor"]["user_agent"]) for each in events] == [("token.created", None)]


@pytest.mark.parametrize("name", NAMES)
def test_ordinary_text_with_the_prefix_is_kept(api: Api, person: str, name: str) -> None:
    """A name may begin as a token does. It is listed, found, and changed."""
    made = api.create_token(person, name=name, description=name)
    assert (made["name"], made["description"]) == (name, name)
    found = api.get(f"/v1/tokens?{urlencode({'q': name})}", person)
    assert [each["id"] for each in found.json["tokens"]] == [made["id"]]
    assert api.patch(f"/v1/tokens/{made['id']}", person, {"description": f"{name}!"}).status == 200


def test_older_row_with_a_token_in_its_text_stays_readable(
    api: Api, service: MemoryService, person: str, admin: str
) -> None:
    """The row is listed, read and changed in its other members, also by an administrator."""
    # A canary of the suite would see a real one in the response.
    text = shaped(claims="eyJ_").replace("bodhi_eyJhbGciOiJFUzI1NiJ9", "bodhi_eyJ9")
    owner = a_user(PERSON)
    service.store.put(owner, a_token(owner, name="old", description=text))
    (listed,) = api.get("/v1/tokens", person).json["tokens"]
    assert listed["description"] == text
    path = f"/v1/tokens/{listed['id']}"
    assert api.patch(path, person, {"name": "new"}).json["description"] == text
    assert api.patch(path, person, {"description": text}).status == 400
    successor = api.post(f"{path}/rotate", person)
    assert (successor.status, successor.json["description"]) == (201, text)
    admins = f"/v1/users/{owner.id}/tokens/{successor.json['id']}"
    assert api.patch(admins, admin, {"status": "inactive"}).json["description"] == text
