"""Moves of a user to another identity while the API is in use."""

import pytest

from chalicelib.domain.identities import SubjectIdentifier
from chalicelib.domain.ids import user_id_for
from chalicelib.services.identities import MoveUsers
from tests.support.actors import CALLER, JOURNAL, OPERATOR
from tests.support.api import Api
from tests.support.builders import ISSUER
from tests.support.service import MemoryService

OLD, NEW = "old-subject", "new-subject"
USER_ID = user_id_for(ISSUER, OLD)


def move(service: MemoryService, subject: str) -> None:
    """Move the user to another subject of the same issuer."""
    MoveUsers(service.store, service.clock, JOURNAL).move(
        USER_ID, SubjectIdentifier(ISSUER, subject), OPERATOR
    )


def test_tokens_work_on_and_the_former_sign_in_reaches_nothing(api: Api, service: MemoryService) -> None:
    """The JWT of the former identity has not expired. The new identity manages the old tokens."""
    old, new = service.provider.sign_in(OLD), service.provider.sign_in(NEW)
    created = api.create_token(old, name="ci")
    move(service, NEW)
    assert api.get("/api/whoami", created["token"]).json["user_id"] == USER_ID
    for path in ("/v1/me", "/v1/tokens", f"/v1/tokens/{created['id']}"):
        refused = api.get(path, old)
        assert (refused.status, refused.code) == (401, "not_authenticated")
    assert api.post("/v1/tokens", old).status == 401
    assert api.get("/v1/me", new).json["id"] == USER_ID
    assert [token["id"] for token in api.get("/v1/tokens", new).json["tokens"]] == [created["id"]]
    assert api.delete(f"/v1/tokens/{created['id']}", new).status == 204
    assert api.get("/api/whoami", created["token"]).status == 401


def test_session_of_the_former_identity_ends(api: Api, service: MemoryService) -> None:
    """A browser that signed in as the former identity has to sign in again."""
    user = service.accounts.sign_in(service.provider.sign_in(OLD), CALLER)
    session = service.sessions.begin(user, service.clock.now(), None)
    cookie = {"Cookie": f"bodhi_session={session}; __Host-bodhi_session={session}"}
    assert api.get("/v1/me", headers=cookie).status == 200
    move(service, NEW)
    assert api.get("/v1/me", headers=cookie).status == 401


@pytest.mark.parametrize("kind", ["id_token", "jwt"])
def test_former_sign_in_is_not_exchanged(api: Api, service: MemoryService, kind: str) -> None:
    """The exchange refuses the former identity too."""
    old = service.provider.sign_in(OLD)
    api.get("/v1/me", old)
    move(service, NEW)
    answer = api.form(
        "/oauth2/token",
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": old,
            "subject_token_type": f"urn:ietf:params:oauth:token-type:{kind}",
        },
    )
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert list(service.store.list_tokens(USER_ID, after=None, newest_first=True, limit=5)) == []


def test_move_back_reaches_the_account_again(api: Api, service: MemoryService) -> None:
    """A wrong move can be undone. The identity in between then gets a user of its own."""
    api.get("/v1/me", service.provider.sign_in(OLD))
    move(service, NEW)
    move(service, OLD)
    assert api.get("/v1/me", service.provider.sign_in(OLD)).json["id"] == USER_ID
    stranger = api.get("/v1/me", service.provider.sign_in(NEW)).json["id"]
    assert stranger == user_id_for(ISSUER, NEW)
