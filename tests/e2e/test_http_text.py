"""The rule for text from outside over HTTP, and the rows that are older than the rule."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from chalicelib.domain.ids import user_id_for
from chalicelib.domain.tokens import Token
from tests.support.api import Answer, Api
from tests.support.builders import ISSUER, a_token, a_user
from tests.support.service import MemoryService
from tests.support.texts import CASES, Case

ADMIN, PERSON = "admin@example.com", "user@example.com"
EXCHANGE = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
}

cases = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


@pytest.fixture
def person(service: MemoryService) -> str:
    """Return a user's sign-in."""
    return service.provider.sign_in(PERSON)


def tokens_of(service: MemoryService) -> list[Token]:
    """Return all tokens that are stored."""
    return service.store.rows()


def exchange(api: Api, person: str, **members: str) -> Answer:
    """Exchange a sign-in. A lone surrogate is sent as bytes that are not valid UTF-8."""
    form = urlencode({**EXCHANGE, "subject_token": person, **members}, errors="surrogatepass")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return api.call("POST", "/oauth2/token", body=form.encode(), headers=headers)


@cases
@pytest.mark.parametrize("member", ["name", "description"])
def test_create_keeps_a_text_or_refuses_it(
    api: Api, service: MemoryService, person: str, member: str, case: Case
) -> None:
    """A kept text is listed trimmed but otherwise unchanged. A refused text creates no token."""
    answer = api.post("/v1/tokens", person, {member: case.text})
    if case.is_name:
        assert answer.status == 201, answer.text
        (listed,) = api.get("/v1/tokens", person).json["tokens"]
        assert answer.json[member] == listed[member] == case.text.strip()
    else:
        assert (answer.status, answer.code) == (400, "invalid_request")
        assert answer.json["detail"].startswith(f"'{member}' must be ")
        assert tokens_of(service) == []


@cases
@pytest.mark.parametrize("member", ["name", "description"])
def test_patch_keeps_a_text_or_refuses_it(
    api: Api, service: MemoryService, person: str, member: str, case: Case
) -> None:
    """A kept text is read back trimmed but otherwise unchanged. A refused text changes nothing."""
    path = f"/v1/tokens/{api.create_token(person, name='before', description='before')['id']}"
    before = tokens_of(service)
    answer = api.patch(path, person, {member: case.text})
    if case.is_name:
        assert answer.status == 200, answer.text
        assert api.get(path, person).json[member] == case.text.strip()
    else:
        assert (answer.status, answer.code) == (400, "invalid_request")
        assert tokens_of(service) == before


@cases
@pytest.mark.parametrize("member", ["name", "description"])
def test_exchange_keeps_a_text_or_refuses_it(
    api: Api, service: MemoryService, person: str, member: str, case: Case
) -> None:
    """``token_name`` and ``token_description`` follow the same rule."""
    answer = exchange(api, person, **{f"token_{member}": case.text})
    if case.is_name:
        assert answer.status == 200, answer.text
        made = api.get(f"/v1/tokens/{answer.json['token_id']}", person)
        assert made.json[member] == case.text.strip()
    else:
        assert (answer.status, answer.code) == (400, "invalid_request")
        assert tokens_of(service) == []


@cases
def test_kept_name_reaches_the_protected_api(api: Api, person: str, case: Case) -> None:
    """The authorizer passes each allowed name to the view."""
    if case.is_name:
        token = api.create_token(person, name=case.text)
        assert api.get("/api/whoami", token["token"]).json["token_name"] == case.text.strip()


# Rows that are older than the rule.


OLD_NAMES = ["\u200b", "\u061c", "a\u061cb", "\u3164", "\u2800", "\u00ad", "\u180e", "\U000e0041", "\ufffe"]


@pytest.fixture(params=OLD_NAMES, ids=ascii)
def old(request: pytest.FixtureRequest, service: MemoryService) -> Token:
    """Return a token whose name and description would be refused today."""
    owner = a_user(PERSON)
    token = a_token(owner, name=request.param, description=request.param)
    service.store.put(owner, token)
    return token


def test_old_name_is_listed_read_and_found(
    api: Api, service: MemoryService, person: str, old: Token
) -> None:
    """The owner and an administrator see the token, in every order and by a search."""
    admin = service.provider.sign_in(ADMIN)
    owners = f"/v1/users/{user_id_for(ISSUER, PERSON)}/tokens"
    for query in ("", "?sort=name", "?sort=-name&limit=1", f"?q={quote(old.name)}"):
        for path, credential in (("/v1/tokens", person), (owners, admin)):
            (listed,) = api.get(path + query, credential).json["tokens"]
            assert (listed["id"], listed["name"]) == (old.id, old.name)
    assert api.get(f"/v1/tokens/{old.id}", person).json["description"] == old.description


@pytest.mark.parametrize("body", [{"name": "ci"}, {"description": "new"}, {"status": "inactive"}], ids=str)
def test_other_members_of_an_old_row_can_be_changed(
    api: Api, person: str, old: Token, body: dict[str, str]
) -> None:
    """A request holds only the members that change, so an old name does not block it."""
    answer = api.patch(f"/v1/tokens/{old.id}", person, body)
    assert answer.status == 200, answer.text
    kept: dict[str, Any] = {"name": old.name, "description": old.description}
    assert {name: answer.json[name] for name in kept | body} == kept | body


def test_old_name_cannot_be_given_anew(api: Api, person: str, old: Token) -> None:
    """The rule applies to every text in a request, even to the present name."""
    answer = api.patch(f"/v1/tokens/{old.id}", person, {"name": old.name})
    assert (answer.status, answer.code) == (400, "invalid_request")


def test_token_with_an_old_name_can_be_rotated(api: Api, person: str, old: Token) -> None:
    """A token with an old name can be rotated, and the successor keeps the name."""
    successor = api.post(f"/v1/tokens/{old.id}/rotate", person)
    assert (successor.status, successor.json["name"]) == (201, old.name)
    assert api.get("/api/whoami", successor.json["token"]).json["token_name"] == old.name


def test_token_with_an_old_name_can_be_revoked(api: Api, person: str, old: Token) -> None:
    """A token with an old name can be revoked."""
    assert api.delete(f"/v1/tokens/{old.id}", person).status == 204
    assert api.get(f"/v1/tokens/{old.id}", person).json["status"] == "revoked"


# Searches.


SPELLINGS = [
    ("istanbul", "\u0130stanbul"),
    ("\u0130STANBUL", "istanbul"),
    ("cafe", "Caf\u00e9"),
    ("cafe", "Cafe\u0301"),
    ("CAF\u00c9", "Cafe\u0301"),
    ("cafe\u0301", "Caf\u00e9"),
    ("strasse", "Stra\u00dfe"),
]


@pytest.mark.parametrize(("query", "name"), SPELLINGS)
def test_tokens_are_found_in_any_spelling(api: Api, person: str, query: str, name: str) -> None:
    """Case, accents and forms do not matter in a search for tokens."""
    api.create_token(person, name=f"at {name} 7")
    api.create_token(person, name="another")
    found = api.get(f"/v1/tokens?q={quote(query)}", person).json["tokens"]
    assert [token["name"] for token in found] == [f"at {name} 7"]


@pytest.mark.parametrize("member", ["name", "email", "subject"])
@pytest.mark.parametrize(("query", "text"), SPELLINGS)
def test_users_are_found_in_any_spelling(
    api: Api, service: MemoryService, member: str, query: str, text: str
) -> None:
    """The same holds for the name, the e-mail and the subject of a user."""
    user = a_user("subject-1", name="Una", email="una@example.com")
    changes = {member: f"at {text} 7"}
    user = a_user(**{"subject": user.subject, "name": user.name, "email": user.email, **changes})
    service.store.put(user)
    found = api.get(f"/v1/users?q={quote(query)}", service.provider.sign_in(ADMIN)).json["users"]
    assert [each["id"] for each in found] == [user.id]


@pytest.mark.parametrize("query", ["\x00", "\u202e", "\u200b", "\U0001f511", "\ufffe"], ids=ascii)
def test_search_takes_any_text(api: Api, service: MemoryService, person: str, query: str) -> None:
    """A search refuses no text, because it stores none. It finds old names too."""
    api.create_token(person, name="ci")
    admin = service.provider.sign_in(ADMIN)
    assert api.get(f"/v1/tokens?q={quote(query)}", person).json["tokens"] == []
    assert api.get(f"/v1/users?q={quote(query)}", admin).json["users"] == []


def test_document_says_the_rule(api: Api) -> None:
    """The document refers to the published rule for each kept text."""
    schemas = json.loads(api.get("/openapi.json").text)["components"]["schemas"]
    for owner, prefix in (("CreateToken", ""), ("ChangeToken", ""), ("ExchangeForm", "token_")):
        for member in ("name", "description"):
            written = schemas[owner]["properties"][prefix + member]
            assert f"#/components/schemas/Token{member.title()}" in json.dumps(written), (owner, member)
