"""``POST /oauth2/introspect`` and ``POST /oauth2/revoke``: what they say, to whom, and each error."""

import base64
from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib.domain.errors import ConcurrentChange, StoreUnavailable
from tests.oauth.caller import (
    ASSERTION_TYPE,
    ENDPOINTS,
    INTROSPECT,
    ISSUER,
    NO_WHITE_SPACE,
    REVOKE,
    WHITE_SPACE,
    Caller,
    Values,
    basic,
    refused,
)
from tests.support import canaries
from tests.support.clients import KEYED_SERVER, SECRET, SERVER

INACTIVE = {"active": False}
START_SECONDS = 1_768_478_400


def _forget(caller: Caller) -> None:
    caller.service.store.purge(*caller.service.store.rows())


def _pause(caller: Caller) -> None:
    body = {"status": "inactive"}
    assert caller.api.patch(f"/v1/tokens/{caller.created['id']}", caller.person, body).status == 200


def _revoke(caller: Caller) -> None:
    assert caller.api.delete(f"/v1/tokens/{caller.created['id']}", caller.person).status == 204


def _rotate(caller: Caller, **members: object) -> None:
    path = f"/v1/tokens/{caller.created['id']}/rotate"
    assert caller.api.post(path, caller.person, members).status == 201


def _change_user(caller: Caller, method: str) -> None:
    admin = caller.service.provider.sign_in("admin@example.com")
    user = caller.api.get("/v1/me", caller.person).json["id"]
    body = {"status": "inactive"} if method == "PATCH" else None
    assert caller.api.call(method, f"/v1/users/{user}", admin, body).status in (200, 204)


def _deactivate(caller: Caller) -> None:
    _change_user(caller, "PATCH")


def _remove(caller: Caller) -> None:
    _change_user(caller, "DELETE")


def _wait(caller: Caller) -> None:
    caller.service.clock.advance(timedelta(days=31))


ENDS: list[Callable[[Caller], None]] = [_forget, _pause, _revoke, _rotate, _deactivate, _remove, _wait]


class TestIntrospection:
    """What a token is, for resource servers."""

    def test_api_token(self, caller: Caller) -> None:
        """Everything that RFC 7662 has a name for, and no end where there is none."""
        answer = caller.introspect(caller.token)
        assert answer.status == 200
        assert answer.json == {
            "active": True,
            "scope": "api:read api:write",
            "token_type": "Bearer",
            "iat": START_SECONDS,
            "sub": caller.api.get("/v1/me", caller.person).json["id"],
            "aud": "https://api.example.com/api",
            "iss": ISSUER,
            "jti": caller.created["id"],
        }
        assert answer.headers["Cache-Control"] == "no-store"

    def test_end_is_told(self, caller: Caller) -> None:
        """Where there is one."""
        created = caller.api.create_token(caller.person, expires_in_days=1, scopes=["api:read"])
        document = caller.introspect(created["token"]).json
        assert (document["exp"], document["scope"]) == (START_SECONDS + 86_400, "api:read")
        caller.service.clock.advance(timedelta(days=1))
        assert caller.introspect(created["token"]).json == INACTIVE

    def test_rotated_token_ends_with_its_overlap(self, caller: Caller) -> None:
        """A resource server that remembers the answer forgets it in time; so does an access token's."""
        _rotate(caller, overlap_seconds=60)
        assert caller.introspect(caller.token).json["exp"] == START_SECONDS + 60
        document = caller.introspect(caller.access_token()).json
        assert document["exp"] == START_SECONDS + 60

    def test_introspection_is_no_reuse(self, caller: Caller) -> None:
        """Asking about a token is not using it."""
        _rotate(caller)
        assert caller.introspect(caller.token).json == INACTIVE
        seen = caller.api.get(f"/v1/tokens/{caller.created['id']}", caller.person).json
        assert (seen["reuse_count"], seen["last_reused_at"]) == (0, None)

    def test_access_token(self, caller: Caller) -> None:
        """With the API token that acts."""
        document = caller.introspect(caller.access_token()).json
        assert (document["client_id"], document["aud"]) == (
            caller.created["id"],
            "https://other.example.com",
        )
        assert document["exp"] - document["iat"] == 300

    @pytest.mark.parametrize("end", ENDS)
    def test_token_out_of_use_says_nothing_else(
        self, caller: Caller, end: Callable[[Caller], None]
    ) -> None:
        """One answer for every reason, to the byte."""
        access_token = caller.access_token()
        end(caller)
        nobody = caller.introspect("bodhi_nobody")
        assert nobody.json == INACTIVE
        for token in (caller.token, access_token):
            answer = caller.introspect(token)
            assert (answer.status, answer.text) == (200, nobody.text)

    def test_other_tokens_say_nothing_else(self, caller: Caller) -> None:
        """The provider's JWTs, forged tokens, and secrets of others."""
        for token in (caller.person, caller.token[:-4] + "AAAA", SECRET, "\u2603", "x" * 20_000):
            assert caller.introspect(token).json == INACTIVE

    def test_asking_is_no_use(self, caller: Caller) -> None:
        """Not a single write, however often."""
        caller.introspect(caller.token)
        before = caller.service.store.calls
        for _ in range(3):
            caller.introspect(caller.token)
        reads, touches, _ = (b - a for a, b in zip(before, caller.service.store.calls, strict=True))
        assert (reads, touches) == (3, 0)
        assert caller.service.store.assertions() == []
        listed = caller.api.get(f"/v1/tokens/{caller.created['id']}", caller.person).json
        assert listed["last_used_at"] is None

    @pytest.mark.parametrize("hint", ["access_token", "refresh_token", "pat", "\u2603"])
    def test_hint_changes_nothing(self, caller: Caller, hint: str) -> None:
        """Tokens say themselves what they are."""
        assert caller.introspect(caller.token, token_type_hint=hint).json["active"] is True

    def test_signed_answers_are_not_offered(self, caller: Caller) -> None:
        """Who prefers them gets JSON (RFC 9701 is not supported)."""
        headers = {**basic(), "Accept": "application/token-introspection+jwt"}
        answer = caller.introspect(caller.token, headers)
        assert answer.headers["Content-Type"] == "application/json"

    @pytest.mark.parametrize("around", WHITE_SPACE, ids=repr)
    def test_white_space_around_a_token_is_no_part_of_it(self, caller: Caller, around: str) -> None:
        """White space around API tokens and access tokens does not matter."""
        for token in (caller.token, caller.access_token()):
            asked = caller.introspect(around.format(t=token)).json
            assert asked["active"] is True
            assert asked == caller.introspect(token).json

    @pytest.mark.parametrize("around", NO_WHITE_SPACE, ids=repr)
    def test_other_characters_around_a_token_are_not_ignored(self, caller: Caller, around: str) -> None:
        """Only ASCII white space at the ends is ignored."""
        assert caller.introspect(around.format(t=caller.token)).json == INACTIVE

    @pytest.mark.parametrize("spelling", ["basic", "BASIC  ", "Basic   ", " Basic", "\tBasic"])
    def test_clients_header_may_have_white_space(self, caller: Caller, spelling: str) -> None:
        """Extra white space in an Authorization header is allowed (RFC 9110 sections 5.5 and 11.6.2)."""
        credential = basic()["Authorization"].removeprefix("Basic ")
        for after in ("", " ", "\t"):
            headers = {"Authorization": f"{spelling} {credential}{after}"}
            assert caller.introspect(caller.token, headers).json["active"] is True
        for bad in (
            f"{spelling} {credential} x",
            f"{spelling} {credential}, x",
            f"{spelling}\t{credential}",
        ):
            refused(caller.introspect(caller.token, {"Authorization": bad}), "invalid_client", 401)

    def test_client_that_signs_is_welcome_once(self, caller: Caller) -> None:
        """The same assertion is refused the second time, a new one is not."""
        presented = caller.assertion()
        assert caller.introspect(caller.token, {}, **presented).json["active"] is True
        again = refused(caller.introspect(caller.token, {}, **presented), "invalid_client", 401)
        assert "used before" in again["error_description"]
        assert caller.introspect(caller.token, {}, **caller.assertion(jti="2")).status == 200

    @pytest.mark.parametrize("path", ["", *ENDPOINTS])
    def test_assertion_may_be_for_any_address_of_ours(self, caller: Caller, path: str) -> None:
        """The issuer, or where it is sent."""
        assert caller.introspect(caller.token, {}, **caller.assertion(aud=f"{ISSUER}{path}")).status == 200

    def test_client_with_a_secret_in_the_body_is_welcome(self, caller: Caller) -> None:
        """The other method of RFC 6749 section 2.3.1."""
        answer = caller.introspect(caller.token, {}, client_id=SERVER, client_secret=SECRET)
        assert answer.json["active"] is True


class TestRevocation:
    """Ending a token by holding it."""

    def test_token_is_revoked(self, caller: Caller) -> None:
        """An empty 200, and the token opens nothing any more; the owner sees why."""
        answer = caller.revoke(caller.token)
        assert (answer.status, answer.text) == (200, "")
        assert answer.headers["Cache-Control"] == "no-store"
        assert caller.api.get("/api/whoami", caller.token).status == 401
        listed = caller.api.get(f"/v1/tokens/{caller.created['id']}", caller.person).json
        assert (listed["status"], listed["revoked_reason"]) == ("revoked", "owner")

    @pytest.mark.parametrize("around", WHITE_SPACE, ids=repr)
    def test_white_space_around_a_token_is_no_part_of_it(self, caller: Caller, around: str) -> None:
        """`curl --data-urlencode token@file` sends the line break. The 200 must be true."""
        assert caller.revoke(around.format(t=caller.token)).status == 200
        assert caller.api.get("/api/whoami", caller.token).status == 401

    @pytest.mark.parametrize("around", WHITE_SPACE, ids=repr)
    def test_white_space_does_not_hide_an_access_token(self, caller: Caller, around: str) -> None:
        """White space around an access token does not change the refusal."""
        refused(caller.revoke(around.format(t=caller.access_token())), "unsupported_token_type")

    @pytest.mark.parametrize("around", NO_WHITE_SPACE, ids=repr)
    def test_other_characters_around_a_token_are_not_ignored(self, caller: Caller, around: str) -> None:
        """Exactly one string is accepted per token. The exception is ASCII white space alone."""
        assert caller.revoke(around.format(t=caller.token)).status == 200
        assert caller.api.get("/api/whoami", caller.token).status == 200

    @pytest.mark.parametrize("token", ["\n", " ", "\t\r\n", "bodhi_\n"])
    def test_white_space_alone_is_not_a_token(self, caller: Caller, token: str) -> None:
        """White space alone is answered like an unknown token."""
        assert caller.revoke(token).status == 200
        assert caller.introspect(token).json == INACTIVE

    def test_answer_tells_nothing(self, caller: Caller) -> None:
        """Revoked, again, unknown, forged or somebody's sign-in: one answer."""
        tokens = [
            caller.token,
            caller.token,
            "bodhi_x",
            "\u2603",
            caller.person,
            "x" * 20_000,
            caller.token[:-4] + "AAAA",
        ]
        answers = [caller.revoke(token, token_type_hint="x") for token in tokens]
        assert {(answer.status, answer.text) for answer in answers} == {(200, "")}

    def test_access_token_is_of_another_kind(self, caller: Caller) -> None:
        """It ends by itself; revoking its API token makes it inactive for those who ask."""
        access_token = caller.access_token()
        refused(caller.revoke(access_token), "unsupported_token_type")
        assert caller.revoke(caller.token).status == 200
        assert caller.introspect(access_token).json == INACTIVE

    def test_client_has_to_be_itself(self, caller: Caller) -> None:
        """If it is named at all; a refusal revokes nothing."""
        refused(caller.revoke(caller.token, basic(secret="x")), "invalid_client", 401)
        assert caller.introspect(caller.token).json["active"] is True
        assert caller.revoke(caller.token, basic()).status == 200


class TestRefusals:
    """What every endpoint refuses alike."""

    @pytest.mark.parametrize("path", [INTROSPECT, REVOKE])
    @pytest.mark.parametrize(
        "parameters",
        [{}, {"token": ""}, {"token": ["a", "b"]}, {"token": "a", "x": ["1", "2"]}],
        ids=str,
    )
    def test_token_is_given_once(self, caller: Caller, path: str, parameters: dict[str, Values]) -> None:
        """Missing, empty or repeated: a bad request."""
        refused(caller.send(path, parameters, basic()), "invalid_request")

    @pytest.mark.parametrize("path", ENDPOINTS)
    def test_two_ways_to_authenticate_are_one_too_many(self, caller: Caller, path: str) -> None:
        """Even if both are good (RFC 6749 section 2.3)."""
        in_body: dict[str, Values] = {"token": "x", "client_id": SERVER, "client_secret": SECRET}
        refused(caller.send(path, in_body, basic()), "invalid_request")
        refused(caller.send(path, {"token": "x", **caller.assertion()}, basic()), "invalid_request")
        both = {**in_body, **caller.assertion()}
        refused(caller.send(path, both), "invalid_request")
        other: dict[str, Values] = {"token": "x", "client_id": KEYED_SERVER}
        refused(caller.send(path, other, basic()), "invalid_request")

    @pytest.mark.parametrize("path", ENDPOINTS)
    @pytest.mark.parametrize(
        "authorization",
        [
            "",
            "Basic",
            "Basic ",
            "Basic !!!",
            "Basic " + base64.b64encode(b"no colon").decode(),
            "Basic " + base64.b64encode(b"\xff:\xff").decode(),
            "Basic " + base64.b64encode(b"%ff:x").decode(),
            "Basic " + base64.b64encode(f"{SERVER}:{SECRET}".encode()).decode(),
            "Bearer x",
            "Digest x",
            basic(secret="")["Authorization"],
            basic(client_id="nobody")["Authorization"],
            basic(client_id=KEYED_SERVER)["Authorization"],
        ],
    )
    def test_bad_header(self, caller: Caller, path: str, authorization: str) -> None:
        """Refused with the challenge of the scheme that would do."""
        answer = caller.send(path, {"token": "x"}, {"Authorization": authorization})
        refused(answer, "invalid_client", 401)
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="bodhi-api-tokens"'

    def test_nobody_introspects(self, caller: Caller) -> None:
        """A resource server has to say who it is; a name alone, a person or a token is not enough."""
        for parameters in ({}, {"client_id": SERVER}):
            answer = caller.introspect(caller.token, {}, **parameters)
            refused(answer, "invalid_client", 401)
            assert "WWW-Authenticate" not in answer.headers
        for credential in (caller.person, caller.token):
            headers = {"Authorization": f"Bearer {credential}"}
            refused(caller.introspect(caller.token, headers), "invalid_client", 401)

    @pytest.mark.parametrize("path", ENDPOINTS)
    @pytest.mark.parametrize(
        "changes",
        [
            {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
            {"client_assertion": "x"},
            {"client_id": SERVER},
        ],
        ids=str,
    )
    def test_bad_assertion(self, caller: Caller, path: str, changes: dict[str, Values]) -> None:
        """Another type, no JWT, or another client's."""
        refused(caller.send(path, {"token": "x", **caller.assertion(), **changes}), "invalid_client", 401)

    @pytest.mark.parametrize("missing", ["client_assertion", "client_assertion_type"])
    def test_half_an_assertion(self, caller: Caller, missing: str) -> None:
        """The two parameters go together."""
        given = {name: value for name, value in caller.assertion().items() if name != missing}
        refused(caller.introspect(caller.token, {}, **given), "invalid_request")

    @pytest.mark.parametrize("path", [INTROSPECT, REVOKE])
    def test_wrong_content_type_and_address(self, caller: Caller, path: str) -> None:
        """As at the token endpoint."""
        refused(caller.api.post(path, body={"token": caller.token}, headers=basic()), "invalid_request")
        refused(caller.send(f"{path}?token=x", {"token": "x"}, basic()), "invalid_request")

    @pytest.mark.parametrize("path", [INTROSPECT, REVOKE])
    def test_store_trouble_is_temporary(
        self, caller: Caller, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Never an answer about the token."""
        token = caller.token

        def broken(*_: object) -> None:
            raise StoreUnavailable

        monkeypatch.setattr(caller.service.store, "find_for_authorization", broken)
        monkeypatch.setattr(caller.service.store, "find_user", broken)
        answer = caller.send(path, {"token": token}, basic())
        refused(answer, "temporarily_unavailable", 503)
        assert answer.headers["Retry-After"] == "2"

    def test_change_that_meets_others_all_the_time_is_temporary(
        self, caller: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Trying again is all that a client can do about it."""

        def beaten(*_: object, **__: object) -> None:
            raise ConcurrentChange

        token = caller.token
        monkeypatch.setattr(caller.service.store, "end_line", beaten)
        refused(caller.revoke(token), "temporarily_unavailable", 503)

    def test_nothing_secret_is_logged(self, caller: Caller) -> None:
        """Neither tokens, sign-ins, secrets nor assertions; that clients called is."""
        presented = caller.assertion()
        with canaries.recorded() as recorder:
            issued = caller.exchange().json["access_token"]
            derived = caller.access_token()
            caller.introspect(caller.token)
            caller.introspect(caller.token, {}, **presented)
            caller.introspect(caller.token, basic(secret="wr0ng-secret-of-a-client"))
            caller.revoke(caller.token)
        written = "\n".join(recorder.written)
        secrets = [issued, derived, caller.person, caller.token, presented["client_assertion"]]
        for secret in [*secrets, SECRET, "wr0ng-secret-of-a-client", "assertion-1"]:
            assert secret not in written
        clients = [line.get("client_id") for line in recorder.lines("oauth.introspect")]
        assert clients == [SERVER, KEYED_SERVER, None]
        assert ASSERTION_TYPE not in written
