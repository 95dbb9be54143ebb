"""``POST /oauth2/token``: what is exchanged, and each error of the RFCs."""

import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from tests.oauth.caller import (
    ACCESS_TOKEN,
    ID_TOKEN,
    JWT,
    NO_WHITE_SPACE,
    TOKEN,
    TYPE,
    WHITE_SPACE,
    Caller,
    Values,
    basic,
    refused,
)
from tests.oauth.service import OTHER, SECOND, oauth_service
from tests.support import canaries
from tests.support.api import Answer, api_of
from tests.support.clients import SECRET, SERVER
from tests.support.provider import KID

AUDIENCE = "https://api.example.com/api"


class TestSignInForApiToken:
    """The provider's JWT becomes an API token."""

    def test_answer_is_of_rfc_8693(self, caller: Caller) -> None:
        """All that it must have, and the token's id; nothing about an end where there is none."""
        answer = caller.exchange()
        document = answer.json
        token = document.pop("access_token")
        assert answer.status == 200
        assert document == {
            "issued_token_type": ACCESS_TOKEN,
            "token_type": "Bearer",
            "scope": "api:read api:write",
            "token_id": document["token_id"],
        }
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Pragma"] == "no-cache"
        assert token.startswith("bodhi_")
        assert caller.api.get("/api/whoami", token).json["token_id"] == document["token_id"]

    def test_token_is_one_like_any_other(self, caller: Caller) -> None:
        """Named, described, narrowed, ended: listed as if made by ``POST /v1/tokens``."""
        answer = caller.exchange(
            scope="api:read",
            token_name=" nightly ",
            token_description="for the build",
            token_expires_in_days="7",
        )
        assert answer.json["scope"] == "api:read"
        assert answer.json["expires_in"] == 7 * 86_400
        listed = caller.api.get(f"/v1/tokens/{answer.json['token_id']}", caller.person).json
        assert (listed["name"], listed["description"], listed["scopes"]) == (
            "nightly",
            "for the build",
            ["api:read"],
        )
        assert listed["expires_at"] == "2026-01-22T12:00:00.000Z"

    @pytest.mark.parametrize("kind", [ACCESS_TOKEN, JWT])
    def test_access_token_of_the_provider_is_exchanged(self, caller: Caller, kind: str) -> None:
        """As what it is, or as any JWT."""
        token = caller.service.provider.access_token("user@example.com")
        canaries.remember(token)
        assert caller.exchange(subject_token=token, subject_token_type=kind).status == 200

    @pytest.mark.parametrize(
        "changes",
        [
            {"resource": AUDIENCE},
            {"audience": AUDIENCE},
            {"resource": [AUDIENCE, AUDIENCE], "audience": [AUDIENCE]},
            {"requested_token_type": ACCESS_TOKEN},
            {"client_id": "anybody"},
            {"unknown": "parameter", "token_unknown": "\u2603"},
            {"scope": "", "resource": "", "audience": ["", ""], "actor_token": "", "client_secret": ""},
            {"token_expires_in_days": "", "requested_token_type": ""},
        ],
        ids=str,
    )
    def test_other_parameters_change_nothing(self, caller: Caller, changes: dict[str, Values]) -> None:
        """Our own resource, the only type, unknown names, and empty ones, which are as left out."""
        answer = caller.exchange(**changes)
        assert (answer.status, answer.json["scope"]) == (200, "api:read api:write")

    def test_content_type_may_name_its_charset(self, caller: Caller) -> None:
        """As browsers do."""
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
        assert caller.exchange(headers).status == 200

    def test_repeated_request_with_a_key_makes_one_token(self, caller: Caller) -> None:
        """The second is told which, the same key with another request is refused."""
        headers = {"Idempotency-Key": "order-7"}
        made = caller.exchange(headers).json["token_id"]
        again = refused(caller.exchange(headers), "invalid_request")
        assert (again["code"], again["token_id"]) == ("already_created", made)
        other = refused(caller.exchange(headers, token_name="x"), "invalid_request")
        assert other["code"] == "idempotency_key_reused"
        # Across the two ways to make a token it is the same key of the same person.
        there = caller.api.post("/v1/tokens", caller.person, {}, headers=headers)
        assert (there.status, there.code) == (409, "already_created")

    def test_every_way_to_a_token_counts_for_the_day(self) -> None:
        """Creation, both rotations and the exchange share one count. A refusal says when to retry."""
        service = oauth_service({"MAX_CREATIONS_PER_DAY": "4"})
        with api_of(service) as api:
            caller = Caller(api, service)
            person = service.provider.sign_in("user@example.com", exp=4_000_000_000)

            def attempts(token: dict[str, Any]) -> list[Answer]:
                return [
                    api.post("/v1/tokens", person),
                    api.post(f"/v1/tokens/{token['id']}/rotate", person),
                    api.post("/v1/tokens/self/rotate", token["token"]),
                    caller.exchange(subject_token=person),
                ]

            first = api.create_token(person)
            second = api.post(f"/v1/tokens/{first['id']}/rotate", person).json
            third = api.post("/v1/tokens/self/rotate", second["token"]).json
            fourth = caller.exchange(subject_token=person)
            service.clock.advance(timedelta(hours=2, milliseconds=1))
            refusals = attempts(third)

            assert fourth.status == 200
            assert [answer.status for answer in refusals] == [429] * 4
            assert [answer.json["code"] for answer in refusals] == ["too_many_creations"] * 4
            # From 14:00 UTC and a millisecond to midnight, rounded up.
            assert [answer.headers["Retry-After"] for answer in refusals] == ["36000"] * 4
            assert refusals[3].json["error"] == "temporarily_unavailable"
            assert api.get("/api/whoami", third["token"]).status == 200
            assert api.post("/v1/tokens", service.provider.sign_in("other@example.com")).status == 201
            service.clock.advance(timedelta(hours=10))
            assert api.post("/v1/tokens", person).status == 201

    def test_quota_is_the_same(self, caller: Caller) -> None:
        """No way around it."""
        for _ in range(100):
            assert caller.exchange().status == 200
        assert refused(caller.exchange(), "invalid_request")["code"] == "token_limit_reached"

    def test_deactivated_person_gets_nothing(self, caller: Caller) -> None:
        """However valid the JWT."""
        user = caller.api.get("/v1/me", caller.person).json["id"]
        admin = caller.service.provider.sign_in("admin@example.com")
        assert caller.api.patch(f"/v1/users/{user}", admin, {"status": "inactive"}).status == 200
        assert refused(caller.exchange(), "invalid_request")["code"] == "user_inactive"


class TestApiTokenForAccessToken:
    """An API token becomes an access token for one other service."""

    def test_answer_and_token(self, caller: Caller) -> None:
        """For five minutes, and no API token's id."""
        answer = caller.derive()
        assert answer.status == 200
        document = answer.json
        claims = jwt.decode(document.pop("access_token"), options={"verify_signature": False})
        assert document == {
            "issued_token_type": ACCESS_TOKEN,
            "token_type": "Bearer",
            "scope": "api:read api:write",
            "expires_in": 300,
        }
        assert (claims["aud"], claims["client_id"]) == (OTHER, caller.created["id"])
        assert answer.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("around", WHITE_SPACE, ids=repr)
    def test_white_space_around_the_subject_token_is_no_part_of_it(
        self, caller: Caller, around: str
    ) -> None:
        """White space around an API token or a sign-in is ignored."""
        assert caller.derive(subject_token=around.format(t=caller.token)).status == 200
        assert caller.exchange(subject_token=around.format(t=caller.person)).status == 200

    @pytest.mark.parametrize("around", NO_WHITE_SPACE, ids=repr)
    def test_other_characters_around_the_subject_token_are_not_ignored(
        self, caller: Caller, around: str
    ) -> None:
        """The exception is ASCII white space alone."""
        assert caller.derive(subject_token=around.format(t=caller.token)).status == 400
        refused(caller.exchange(subject_token=around.format(t=caller.person)), "invalid_request")

    def test_scope_and_resource_are_honoured(self, caller: Caller) -> None:
        """A resource names the service as well as an audience does."""
        answer = caller.derive(scope="api:read", audience=None, resource=SECOND)
        claims = jwt.decode(answer.json["access_token"], options={"verify_signature": False})
        assert (claims["aud"], claims["scope"], answer.json["scope"]) == (SECOND, "api:read", "api:read")

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"audience": None}, "invalid_request"),
            ({"audience": ""}, "invalid_request"),
            ({"audience": "https://evil.example"}, "invalid_target"),
            ({"audience": AUDIENCE}, "invalid_target"),
            ({"audience": [OTHER, SECOND]}, "invalid_target"),
            ({"resource": SECOND}, "invalid_target"),
            ({"scope": "admin"}, "invalid_scope"),
            ({"scope": " "}, "invalid_scope"),
            ({"subject_token_type": JWT}, "invalid_request"),
            ({"subject_token_type": ID_TOKEN}, "invalid_request"),
            ({"requested_token_type": JWT}, "invalid_request"),
        ],
        ids=str,
    )
    def test_what_cannot_be_derived(self, caller: Caller, changes: dict[str, Values], error: str) -> None:
        """Each wrong wish has its error."""
        changes = {"audience": AUDIENCE, **changes} if "subject_token_type" in changes else changes
        refused(caller.derive(**changes), error)

    def test_refused_api_token_is_a_bad_request(self, caller: Caller) -> None:
        """Whatever the reason, which only the log tells."""
        assert caller.api.delete(f"/v1/tokens/{caller.created['id']}", caller.person).status == 204
        with canaries.recorded() as recorder:
            revoked = refused(caller.derive(), "invalid_request")
            forged = refused(caller.derive(subject_token=caller.token[:-4] + "AAAA"), "invalid_request")
        assert revoked == forged
        assert [line["cause"] for line in recorder.lines("oauth.token")] == ["revoked", "bad_signature"]

    def test_access_token_opens_nothing_of_ours(self, caller: Caller) -> None:
        """Neither the API, nor management, nor another exchange, as whatever it is presented."""
        derived = caller.access_token()
        for candidate in (derived, f"bodhi_{derived}"):
            assert caller.api.get("/api/whoami", candidate).status == 401
            assert caller.api.get("/v1/me", candidate).status in (401, 403)
            for kind in (ACCESS_TOKEN, ID_TOKEN, JWT):
                answer = caller.derive(subject_token=candidate, subject_token_type=kind, audience=AUDIENCE)
                assert answer.status == 400
                assert answer.json["error"] in ("invalid_request", "invalid_target")


class TestRefusals:
    """Each error of RFC 6749, 8693 and 8707, provoked."""

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"grant_type": None}, "invalid_request"),
            ({"grant_type": ""}, "invalid_request"),
            ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
            ({"grant_type": "authorization_code", "subject_token": None}, "unsupported_grant_type"),
            ({"subject_token": None}, "invalid_request"),
            ({"subject_token": ""}, "invalid_request"),
            ({"subject_token_type": None}, "invalid_request"),
            ({"subject_token_type": f"{TYPE}saml2"}, "invalid_request"),
            ({"subject_token_type": "id_token"}, "invalid_request"),
            ({"subject_token_type": ACCESS_TOKEN}, "invalid_request"),
            ({"requested_token_type": ID_TOKEN}, "invalid_request"),
            ({"requested_token_type": JWT}, "invalid_request"),
            ({"actor_token": "x", "actor_token_type": ACCESS_TOKEN}, "invalid_request"),
            ({"actor_token_type": ACCESS_TOKEN}, "invalid_request"),
            ({"resource": OTHER}, "invalid_target"),
            ({"resource": "/api"}, "invalid_target"),
            ({"resource": f"{AUDIENCE}#x"}, "invalid_target"),
            ({"resource": [AUDIENCE, OTHER]}, "invalid_target"),
            ({"resource": AUDIENCE + "/"}, "invalid_target"),
            ({"audience": OTHER}, "invalid_target"),
            ({"audience": [AUDIENCE, "bodhi"]}, "invalid_target"),
            ({"scope": "admin"}, "invalid_scope"),
            ({"scope": "api:read admin"}, "invalid_scope"),
            ({"scope": '\u2603 "\\'}, "invalid_scope"),
            ({"token_name": "n" * 101}, "invalid_request"),
            ({"token_name": "a\nb"}, "invalid_request"),
            ({"token_description": "d" * 501}, "invalid_request"),
            ({"token_expires_in_days": "0"}, "invalid_request"),
            ({"token_expires_in_days": "3651"}, "invalid_request"),
            ({"token_expires_in_days": "soon"}, "invalid_request"),
            ({"token_expires_in_days": "1.5"}, "invalid_request"),
            ({"client_secret": "x"}, "invalid_request"),
            ({"client_assertion": "x"}, "invalid_request"),
            ({"client_assertion_type": "x"}, "invalid_request"),
        ],
        ids=lambda value: str(value)[:60],
    )
    def test_wrong_parameter(self, caller: Caller, changes: dict[str, Values], error: str) -> None:
        """One wrong thing, the right word for it, and no token."""
        refused(caller.exchange(**changes), error)
        assert caller.service.store.rows() == []

    @pytest.mark.parametrize(
        "name",
        [
            "grant_type",
            "subject_token",
            "subject_token_type",
            "scope",
            "token_name",
            "client_id",
            "unknown",
        ],
    )
    @pytest.mark.parametrize("values", [["a", "a"], ["", "a"], ["", ""]])
    def test_repeated_parameter(self, caller: Caller, name: str, values: list[str]) -> None:
        """Even an unknown one, even an empty one (RFC 6749 section 3.2)."""
        refused(caller.exchange(**{name: values}), "invalid_request")

    @pytest.mark.parametrize("kind", [ID_TOKEN, JWT, ACCESS_TOKEN])
    @pytest.mark.parametrize(
        "claims",
        [
            {"exp": 1},
            {"aud": "another-client"},
            {"iss": "https://evil.example"},
            {"sub": None},
            {"nbf": 4_000_000_000},
            {"iat": 4_000_000_000},
        ],
        ids=str,
    )
    def test_expired_or_foreign_subject_token(
        self, caller: Caller, kind: str, claims: dict[str, Any]
    ) -> None:
        """A bad request, as RFC 8693 section 2.2.2 has it; not a 401, which is about clients."""
        provider = caller.service.provider
        sign = provider.access_token if kind == ACCESS_TOKEN else provider.sign_in
        token = sign("user@example.com", **claims)
        document = refused(caller.exchange(subject_token=token, subject_token_type=kind), "invalid_request")
        assert "subject_token" in document["error_description"]

    def test_token_that_ended_meanwhile(self, caller: Caller) -> None:
        """By the clock."""
        assert caller.exchange().status == 200
        caller.service.clock.advance(timedelta(hours=2))
        refused(caller.exchange(), "invalid_request")

    def test_forged_subject_token(self, caller: Caller) -> None:
        """Another key, no key, and no JWT at all."""
        claims = jwt.decode(caller.person, options={"verify_signature": False})
        other = generate_private_key(65537, 2048)
        forgeries = [
            jwt.encode(claims, other, algorithm="RS256", headers={"kid": KID}),
            jwt.encode(claims, "", algorithm="none", headers={"kid": KID}),
            caller.person[:-4] + "AAAA",
            "x",
            "a.b.c",
            "\u2603",
            "bodhi_x",
        ]
        for forged in forgeries:
            refused(caller.exchange(subject_token=forged, subject_token_type=JWT), "invalid_request")
            refused(caller.exchange(subject_token=forged), "invalid_request")

    def test_each_kind_is_taken_for_itself(self, caller: Caller) -> None:
        """An ID token is no access token and the other way round, which says nothing about why."""
        access_token = caller.service.provider.access_token("user@example.com")
        as_id = refused(caller.exchange(subject_token=access_token), "invalid_request")
        as_access = refused(caller.exchange(subject_token_type=ACCESS_TOKEN), "invalid_request")
        assert as_id == as_access

    @pytest.mark.parametrize("size", [17_000, 40_000, 6_000_000])
    def test_huge_subject_token(self, caller: Caller, size: int) -> None:
        """Refused by its length, before anything else looks at it."""
        refused(caller.exchange(subject_token="x" * size), "invalid_request")

    @pytest.mark.parametrize(
        "content_type",
        [
            "application/json",
            "multipart/form-data",
            "text/plain",
            "",
            "application/x-www-form-urlencoded2",
        ],
    )
    def test_wrong_content_type(self, caller: Caller, content_type: str) -> None:
        """RFC 6749 knows no 415."""
        refused(caller.exchange({"Content-Type": content_type}), "invalid_request")

    @pytest.mark.parametrize(
        "body", [b"\xff\xfe", b"scope=%ff", b"a=%00&" * 300, b"", b"[1]", b"&&&", b"="]
    )
    def test_body_that_is_no_form(self, caller: Caller, body: bytes) -> None:
        """Whatever it is, it is answered."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        refused(caller.api.call("POST", TOKEN, body=body, headers=headers), "invalid_request")

    def test_parameters_in_the_address(self, caller: Caller) -> None:
        """Tokens and secrets would be in every log on the way."""
        for query in ("client_secret=x", f"subject_token={caller.person}", "scope=api:read"):
            refused(caller.send(f"{TOKEN}?{query}", {"grant_type": "x"}), "invalid_request")

    def test_json_body_is_no_form(self, caller: Caller) -> None:
        """Not even a good one."""
        body = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange"}
        refused(caller.api.post(TOKEN, body=body), "invalid_request")

    @pytest.mark.parametrize("key", ["", "a b", "\u00e9", "k" * 256])
    def test_senseless_idempotency_key(self, caller: Caller, key: str) -> None:
        """The same rule as for the other way to make a token."""
        refused(caller.exchange({"Idempotency-Key": key}), "invalid_request")


class TestClients:
    """No client is needed, but one that is named has to be itself."""

    def test_good_client_is_welcome(self, caller: Caller) -> None:
        """By each method."""
        assert caller.exchange(basic()).status == 200
        assert caller.exchange(client_id=SERVER, client_secret=SECRET).status == 200
        assert caller.exchange(**caller.assertion()).status == 200

    def test_bad_client_is_refused(self, caller: Caller) -> None:
        """Although nobody asked who it is."""
        by_header = caller.exchange(basic(secret="wrong"))
        refused(by_header, "invalid_client", 401)
        assert by_header.headers["WWW-Authenticate"] == 'Basic realm="bodhi-api-tokens"'
        by_body = caller.exchange(client_id=SERVER, client_secret="wrong")
        refused(by_body, "invalid_client", 401)
        assert "WWW-Authenticate" not in by_body.headers
        refused(caller.exchange({"Authorization": f"Bearer {caller.person}"}), "invalid_client", 401)
        assert caller.service.store.rows() == []

    def test_unforeseen_error_is_a_server_error(
        self, caller: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In OAuth's words, and with nothing about the cause."""

        def broken(*_: object) -> None:
            raise RuntimeError("secret detail")

        monkeypatch.setattr(caller.service.store, "find_signed_in", broken)
        document = refused_by_server(caller.exchange().text)
        assert (document["error"], document["code"]) == ("server_error", "internal_error")

    def test_store_trouble_is_temporary(self, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
        """With a word on when to come back."""
        from chalicelib.domain.errors import StoreUnavailable

        def broken(*_: object) -> None:
            raise StoreUnavailable

        monkeypatch.setattr(caller.service.store, "find_signed_in", broken)
        answer = caller.exchange()
        refused(answer, "temporarily_unavailable", 503)
        assert answer.headers["Retry-After"] == "2"

    def test_refusal_that_passes_says_when_to_retry(self, caller: Caller) -> None:
        """The provider's keys are read again at most once in 5 seconds. Other refusals name no time."""
        stranger = generate_private_key(65537, 2048)
        claims = jwt.decode(caller.person, options={"verify_signature": False})
        forged = jwt.encode(claims, stranger, algorithm="RS256", headers={"kid": KID})
        answers = [caller.exchange(subject_token=forged) for _ in range(6)]
        refused(answers[0], "invalid_request", 400)
        assert (answers[0].json["reason"], answers[0].headers.get("Retry-After")) == ("bad_signature", None)
        refused(answers[-1], "invalid_request", 400)
        assert (answers[-1].json["reason"], answers[-1].headers["Retry-After"]) == ("keys_not_current", "5")

    def test_sign_in_soon_after_a_removal_says_when_to_retry(self, caller: Caller) -> None:
        """As the management calls do."""
        admin = caller.service.provider.sign_in("admin@example.com")
        user_id = caller.api.get("/v1/me", caller.person).json["id"]
        assert caller.api.delete(f"/v1/users/{user_id}", admin).status == 204
        caller.service.clock.advance(timedelta(seconds=30))
        answer = caller.exchange(subject_token=caller.service.provider.sign_in("user@example.com"))
        refused(answer, "invalid_request", 400)
        assert (answer.json["code"], answer.headers["Retry-After"]) == ("sign_in_too_soon", "60")


def refused_by_server(text: str) -> dict[str, Any]:
    """Return the document of a server error, which must not tell its cause."""
    assert "secret detail" not in text
    document: dict[str, Any] = json.loads(text)
    return document
