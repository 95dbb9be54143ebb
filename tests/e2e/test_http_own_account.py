"""``/v1/me``: a person turns mails off and on."""

from typing import Any

import pytest

from chalicelib.domain.ids import user_id_for
from chalicelib.domain.mails import gets_mails
from chalicelib.domain.users import User
from tests.support.api import Api
from tests.support.builders import ISSUER
from tests.support.service import MemoryService

USER_ID = user_id_for(ISSUER, "user@example.com")
PATH = "/v1/me"


@pytest.fixture
def person(service: MemoryService) -> str:
    """Return a JWT of a person with a verified e-mail."""
    return service.provider.sign_in("user@example.com", email_verified=True)


def row(service: MemoryService) -> User:
    """Return the person's row."""
    user = service.store.find_user(USER_ID)
    assert user is not None
    return user


def test_mails_are_on_until_a_person_turns_them_off(api: Api, service: MemoryService, person: str) -> None:
    """The response and the next read say the same. Mails follow, and nothing else changes."""
    assert api.get(PATH, person).json["notices"] is True
    before = row(service)
    assert gets_mails(before)

    for wanted in (False, True):
        answer = api.patch(PATH, person, {"notices": wanted})
        assert (answer.status, answer.json) == (200, api.get(PATH, person).json)
        assert answer.json["notices"] is wanted
        assert gets_mails(row(service)) is wanted
    assert (row(service).updated_at, row(service).generation) == (before.updated_at, before.generation)


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com,b@example.net",
        "a@example.com b@example.net",
        "Una <a@example.com>",
        '"a,b"@example.com',
        "a@example.com@example.net",
        "a@[192.0.2.1]",
        "a:b@example.com;",
        "a\u200b@example.com",
        "example.com",
        "@example.com",
        f"{'a' * 65}@example.com",
    ],
)
def test_mails_go_to_one_mailbox(api: Api, service: MemoryService, address: str) -> None:
    """The provider may verify a text that a mail program reads as several addresses, or as another one."""
    signed_in = service.provider.sign_in("user@example.com", email=address, email_verified=True)
    assert api.get(PATH, signed_in).json["notices"] is True
    assert (row(service).email, row(service).email_verified) == (address, True)
    assert not gets_mails(row(service))


def test_choice_survives_a_sign_in(api: Api, service: MemoryService, person: str) -> None:
    """A later JWT with another name does not turn the mails on."""
    api.patch(PATH, person, {"notices": False})
    renamed = service.provider.sign_in("user@example.com", name="New", email_verified=True)
    assert api.get(PATH, renamed).json["notices"] is False


def test_removed_person_loses_the_choice(api: Api, service: MemoryService, person: str) -> None:
    """A tombstone keeps nothing that is not needed."""
    admin = service.provider.sign_in("admin@example.com")
    api.patch(PATH, person, {"notices": False})
    assert api.delete(f"/v1/users/{USER_ID}", admin).status == 204
    assert row(service).wants_notices is True
    assert not gets_mails(row(service))


def test_choice_leaves_no_event(api: Api, service: MemoryService, person: str) -> None:
    """It changes no right."""
    api.get(PATH, person)
    known = service.store.events()
    assert api.patch(PATH, person, {"notices": False}).status == 200
    assert service.store.events() == known


@pytest.mark.parametrize(
    "body",
    [{}, {"notices": None}, {"notices": "false"}, {"notices": 0}, {"notices": True, "role": "admin"}, []],
)
def test_anything_but_a_boolean_is_refused(
    api: Api, service: MemoryService, person: str, body: Any
) -> None:
    """No other member of the account can be changed, and nothing is guessed."""
    api.get(PATH, person)
    before = row(service)
    answer = api.patch(PATH, person, body)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert row(service) == before


def test_api_token_does_not_turn_mails_off(api: Api, service: MemoryService, person: str) -> None:
    """A thief of a token must not silence the mails about it."""
    token = api.create_token(person)["token"]
    answer = api.patch(PATH, token, {"notices": False})
    assert (answer.status, answer.code) == (403, "api_token_not_allowed")
    assert row(service).wants_notices is True


def test_administrators_do_not_see_or_change_the_choice(
    api: Api, service: MemoryService, person: str
) -> None:
    """It is the person's own."""
    admin = service.provider.sign_in("admin@example.com")
    api.patch(PATH, person, {"notices": False})
    assert "notices" not in api.get(f"/v1/users/{USER_ID}", admin).json
    assert api.patch(f"/v1/users/{USER_ID}", admin, {"status": "active", "notices": True}).status == 400
    assert api.patch(PATH, admin, {"notices": True}).status == 200
    assert row(service).wants_notices is False
