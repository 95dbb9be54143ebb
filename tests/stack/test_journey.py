"""The calls of people, through the API Gateway of the deployed stack."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import attributes, primary_keys
from tests.stack.calls import Caller
from tests.support import challenges
from tests.support.jws import issued_at
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.e2e]


def test_person_creates_uses_changes_rotates_and_revokes_a_token(caller: Caller) -> None:
    """Everything that the specification promises a person, in one go."""
    person = caller.newcomer()
    created = caller.create(person, name="ci", description="nightly build")
    token, path = created["token"], f"/v1/tokens/{created['id']}"

    whoami = caller.call("GET", "/api/whoami", token).json
    assert (whoami["auth"], whoami["token_id"], whoami["token_name"]) == ("token", created["id"], "ci")
    assert caller.call("POST", "/api/echo", token, {"message": "hi"}).json == {"message": "hi"}
    (listed,) = caller.call("GET", "/v1/tokens", person).json["tokens"]
    assert listed["last_used_at"] is not None

    assert caller.call("PATCH", path, person, {"name": "weekly"}).json["name"] == "weekly"
    assert caller.call("PATCH", path, person, {"status": "inactive"}).json["status"] == "inactive"
    assert caller.whoami(token) == 401
    assert caller.call("PATCH", path, person, {"status": "active"}).json["status"] == "active"
    assert caller.whoami(token) == 200

    rotated = caller.call("POST", f"{path}/rotate", person, {})
    assert rotated.status == 201
    successor = rotated.json
    assert (caller.whoami(token), caller.whoami(successor["token"])) == (401, 200)

    assert caller.call("DELETE", f"/v1/tokens/{successor['id']}", person).status == 204
    assert caller.whoami(successor["token"]) == 401
    reasons = {t["revoked_reason"] for t in caller.call("GET", "/v1/tokens", person).json["tokens"]}
    assert reasons == {"rotated", "owner"}


def test_new_token_is_where_its_location_says(caller: Caller) -> None:
    """The address in the answer has the stage in it, as callers need it."""
    person = caller.newcomer()

    answer = caller.call("POST", "/v1/tokens", person, {})

    location = answer.headers["Location"]
    assert location.startswith(f"{caller.stack.prefix}/v1/tokens/")
    found = caller.call("GET", location.removeprefix(caller.stack.prefix), person)
    assert found.json["id"] == answer.json["id"]


def test_read_only_token_cannot_write(caller: Caller) -> None:
    """The policy opens routes by scope. The gateway refuses all other routes as RFC 6750 says."""
    token = caller.create(caller.newcomer(), scopes=["api:read"])["token"]

    assert caller.whoami(token) == 200
    refused = caller.call("POST", "/api/echo", token, {"message": "hi"})
    assert (refused.status, refused.code) == (403, "forbidden")
    assert refused.headers["WWW-Authenticate"] == challenges.FORBIDDEN


def _user(caller: Caller, person: str) -> tuple[str, Any]:
    return f"/v1/users/{caller.call('GET', '/v1/me', person).json['id']}", caller.admin()


def test_deactivated_users_tokens_stop_at_once_and_come_back_if_asked(caller: Caller) -> None:
    """Deactivation refuses sign-in and tokens. Only ``restore_tokens`` brings the same tokens back."""
    person = caller.newcomer()
    token = caller.create(person)["token"]
    path, admin = _user(caller, person)

    assert caller.call("PATCH", path, admin, {"status": "inactive"}).status == 200
    assert caller.whoami(token) == 401
    assert caller.call("POST", "/v1/tokens", person, {}).code == "user_inactive"
    restored = {"status": "active", "restore_tokens": True}
    assert caller.call("PATCH", path, admin, restored).status == 200
    assert caller.whoami(token) == 200

    assert caller.call("PATCH", path, admin, {"status": "inactive"}).status == 200
    assert caller.call("PATCH", path, admin, {"status": "active"}).status == 200
    assert caller.whoami(token) == 401
    assert caller.whoami(caller.create(person)["token"]) == 200


def test_removed_user_starts_afresh(caller: Caller) -> None:
    """The tokens of a removed user are dead, also after the same subject signs in again."""
    subject = f"{uuid.uuid4().hex[:12]}@example.com"
    person = caller.sign_in(subject)
    token = caller.create(person)["token"]
    path, admin = _user(caller, person)

    assert caller.call("DELETE", path, admin).status == 204
    assert caller.whoami(token) == 401
    assert caller.call("POST", "/v1/tokens", person, {}).code == "user_inactive"
    # A JWT says in whole seconds when it was made, which has to be after the removal.
    removed = datetime.now(UTC).timestamp()
    wait_until(lambda: issued_at(caller.sign_in(subject)) > removed)
    soon = caller.call("POST", "/v1/tokens", caller.sign_in(subject), {})
    assert (soon.code, soon.headers["Retry-After"]) == ("sign_in_too_soon", "60")
    _let_a_minute_pass_since_the_removal(caller, path)
    fresh = caller.create(caller.sign_in(subject))["token"]
    assert (caller.whoami(fresh), caller.whoami(token)) == (200, 401)


def _let_a_minute_pass_since_the_removal(caller: Caller, path: str) -> None:
    stack = caller.stack
    earlier = datetime.now(UTC) - timedelta(seconds=120)
    stack.client("dynamodb").update_item(
        TableName=stack.physical("TokenTable"),
        Key=primary_keys.user_key(path.rpartition("/")[2]),
        UpdateExpression="SET removed_at = :earlier",
        ExpressionAttributeValues={":earlier": attributes.time(earlier)},
    )


def test_all_tokens_of_a_user_are_revoked_at_once(caller: Caller) -> None:
    """One call of an administrator, whatever the number of tokens."""
    person = caller.newcomer()
    tokens = [caller.create(person)["token"] for _ in range(2)]
    path, admin = _user(caller, person)

    assert caller.call("DELETE", f"{path}/tokens", admin).status == 204

    assert [caller.whoami(token) for token in tokens] == [401, 401]


def test_tokens_cannot_manage_tokens(caller: Caller) -> None:
    """Management calls reach the function, which refuses API tokens."""
    token = caller.create(caller.newcomer())["token"]

    answer = caller.call("GET", "/v1/tokens", token)

    assert (answer.status, answer.code) == (403, "api_token_not_allowed")
