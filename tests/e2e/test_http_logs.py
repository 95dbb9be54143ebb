"""The log has a line for each decision and change, and never a secret."""

import json
import logging
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import logs
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.ids import user_id_for
from chalicelib.domain.tokens import Token
from chalicelib.domain.users import User
from chalicelib.handlers.authorizer import api_token_authorizer
from tests.support import canaries
from tests.support.api import Api, api_of
from tests.support.builders import ISSUER
from tests.support.events import Context, rest_request, rest_token
from tests.support.memory import InMemoryStore
from tests.support.service import MemoryService

USER = user_id_for(ISSUER, "user@example.com")
ADMIN = user_id_for(ISSUER, "admin@example.com")
HIDDEN = "what only the inside knows"


@pytest.fixture
def person(service: MemoryService) -> str:
    """Return a user's sign-in."""
    return service.provider.sign_in("user@example.com")


def one_line(recorder: canaries.Recorder, event: str) -> dict[str, Any]:
    """Return the only line of an event, which must be complete and a line."""
    (line,) = recorder.lines(event)
    assert line["duration_ms"] >= 0
    assert line["request_id"]
    assert line["time"].endswith("Z")
    assert all("\n" not in written and written.isascii() for written in recorder.written)
    return line


def test_allowed_call_is_one_decision(api: Api, person: str) -> None:
    """The authorizer logs the user and the token. The view logs the caller."""
    created = api.create_token(person)
    with canaries.recorded() as recorder:
        api.get("/api/whoami", created["token"])
    decided = one_line(recorder, "authorize")
    who = {"user_id": USER, "token_id": created["id"]}
    assert (decided["outcome"], {name: decided[name] for name in who}) == ("allowed", who)
    served = one_line(recorder, "api.whoami")
    assert (served["outcome"], {name: served[name] for name in who}) == ("ok", who)
    assert len(recorder.written) == 2


def test_allowed_decisions_are_sampled_but_for_those_that_record_a_use(
    api: Api, service: MemoryService, person: str
) -> None:
    """With a share of nothing, each token still has a line per interval. Refusals have all of theirs."""
    token = api.create_token(person)["token"]
    event = rest_token(f"Bearer {token}")
    try:
        logs.configure("DEBUG", 0)
        with canaries.recorded() as recorder:
            for _ in range(10):
                api_token_authorizer(event, Context())
                with pytest.raises(Exception, match="Unauthorized"):
                    api_token_authorizer(rest_token("Bearer bodhi_x"), Context())
            service.clock.advance(timedelta(minutes=5))
            api_token_authorizer(event, Context())
    finally:
        logs.configure("DEBUG")
    outcomes = Counter(line["outcome"] for line in recorder.lines("authorize"))
    assert outcomes == {"allowed": 2, "refused": 10}


def test_line_of_an_allowed_decision_is_short(api: Api, service: MemoryService, person: str) -> None:
    """CloudWatch Logs asks for each byte. The members that the documentation queries are there."""
    event = rest_token(f"Bearer {api.create_token(person)['token']}")
    with canaries.recorded() as recorder:
        api_token_authorizer(event, None)
    (line,) = recorder.written
    members = {"time", "event", "outcome", "user_id", "token_id", "duration_ms"}
    assert json.loads(line).keys() == members
    assert len(line) < 210


@pytest.mark.parametrize(("record", "network"), [("prefix", "192.0.2.0/24"), ("off", None)])
def test_no_line_has_a_full_address_against_the_setting(record: str, network: str | None) -> None:
    """Not of a call by a token, a rotation, a refusal, a sign-in or a stranger."""
    service = MemoryService({"RECORD_NETWORKS": record})
    with api_of(service) as api, canaries.recorded() as recorder:
        person = service.provider.sign_in("user@example.com")
        created = api.create_token(person)
        event = rest_request(f"Bearer {created['token']}")
        api_token_authorizer(event, Context())
        assert api.post("/v1/tokens/self/rotate", created["token"], {}).status == 201
        for refused in (event, rest_request("Bearer bodhi_x")):
            with pytest.raises(Exception, match="Unauthorized"):
                api_token_authorizer(refused, Context())
        assert api.get("/v1/me", person).status == 200
    lines = [(line["outcome"], line.get("network")) for line in recorder.lines("authorize")]
    assert lines == [("allowed", network), ("refused", network), ("refused", None)]
    written = "".join(recorder.written)
    assert not [address for address in ('192.0.2.1"', "127.0.0.1") if address in written]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("paused", "inactive"),
        ("revoked", "revoked"),
        ("idle", "idle"),
        ("expired", "expired"),
        ("out", "user_inactive"),
    ],
)
def test_refused_call_is_one_decision_with_its_reason(
    api: Api, service: MemoryService, change: str, reason: str
) -> None:
    """The caller learns nothing. The log has the owner of the token and the reason."""
    person = service.provider.sign_in("user@example.com", exp=4_000_000_000)
    admin = service.provider.sign_in("admin@example.com", exp=4_000_000_000)
    created = api.create_token(person, expires_in_days=1 if change == "expired" else None)
    path = f"/v1/tokens/{created['id']}"
    changes: dict[str, Callable[[], object]] = {
        "paused": lambda: api.patch(path, person, {"status": "inactive"}),
        "revoked": lambda: api.delete(path, person),
        "idle": lambda: service.clock.advance(timedelta(days=30)),
        "expired": lambda: service.clock.advance(timedelta(days=1)),
        "out": lambda: api.patch(f"/v1/users/{USER}", admin, {"status": "inactive"}),
    }
    changes[change]()
    with canaries.recorded() as recorder:
        assert api.get("/api/whoami", created["token"]).status == 401
    line = one_line(recorder, "authorize")
    assert (line["outcome"], line["reason"]) == ("refused", reason)
    # Nothing but the string itself is known of an expired one: it is refused before any look-up.
    assert line.get("token_id") == (None if change == "expired" else created["id"])
    assert len(recorder.written) == 1


def test_missing_scope_is_logged_with_who(api: Api, person: str) -> None:
    """A refusal for the scope names token and user."""
    from app import app

    created = api.create_token(person, scopes=["api:read"])
    caller = {"user_id": USER, "token_id": created["id"], "token_name": "", "scopes": "api:read"}
    event = {
        "requestContext": {
            "httpMethod": "POST",
            "resourcePath": "/api/echo",
            "requestId": "gateway-7",
            "authorizer": caller,
        },
        "headers": {"content-type": "application/json"},
        "multiValueQueryStringParameters": None,
        "pathParameters": {},
        "stageVariables": None,
        "body": "{}",
    }
    with canaries.recorded() as recorder:
        app(event, None)
    line = one_line(recorder, "api.echo")
    assert (line["outcome"], line["reason"]) == ("refused", "insufficient_scope")
    assert (line["user_id"], line["token_id"], line["request_id"]) == (USER, created["id"], "gateway-7")


def test_every_change_is_one_line(api: Api, service: MemoryService, person: str) -> None:
    """Each call of management writes exactly one line: who, what, on which token or user."""
    admin = service.provider.sign_in("admin@example.com")
    with canaries.recorded() as recorder:
        token_id = api.create_token(person, name="first")["id"]
        path, user_path = f"/v1/tokens/{token_id}", f"/v1/users/{USER}"
        api.get(path, person)
        api.patch(path, person, {"status": "inactive"})
        api.delete(path, person)
        api.get("/v1/tokens", person)
        api.get("/v1/me", person)
        api.get("/v1/users", admin)
        api.get(user_path, admin)
        api.get(f"{user_path}/tokens", admin)
        api.delete(f"{user_path}/tokens", admin)
        api.patch(user_path, admin, {"status": "inactive"})
        api.patch(user_path, admin, {"status": "active", "restore_tokens": True})
        api.delete(user_path, admin)
    lines = recorder.lines()
    shown = ("event", "user_id", "token_id", "subject_id", "status", "outcome")
    assert [tuple(line.get(name) for name in shown) for line in lines] == [
        ("token.create", USER, token_id, None, None, "ok"),
        ("token.read", USER, token_id, None, None, "ok"),
        ("token.change", USER, token_id, None, "inactive", "ok"),
        ("token.revoke", USER, token_id, None, None, "ok"),
        ("token.list", USER, None, None, None, "ok"),
        ("me.read", USER, None, None, None, "ok"),
        ("user.list", ADMIN, None, None, None, "ok"),
        ("user.read", ADMIN, None, USER, None, "ok"),
        ("user.tokens.list", ADMIN, None, USER, None, "ok"),
        ("user.tokens.revoke", ADMIN, None, USER, None, "ok"),
        ("user.change", ADMIN, None, USER, "inactive", "ok"),
        ("user.change", ADMIN, None, USER, "active", "ok"),
        ("user.remove", ADMIN, None, USER, None, "ok"),
    ]
    assert all(line["request_id"] and line["duration_ms"] >= 0 for line in lines)
    assert len({line["request_id"] for line in lines}) == len(lines)


def test_every_refusal_is_one_line(api: Api, service: MemoryService, person: str) -> None:
    """Refused calls are logged with the code that the caller got."""
    token = api.create_token(person)["token"]
    with canaries.recorded() as recorder:
        api.get("/v1/me")
        api.get("/v1/me", token)
        api.get("/v1/users", person)
        api.get("/v1/tokens/x", person)
        api.post("/v1/tokens", person, {"x": 1})
        api.post("/v1/tokens", person, b"[" * 20_000)
        api.post("/v1/tokens", person, headers={"Content-Type": "text/plain"})
    assert [(line["event"], line["outcome"], line["reason"]) for line in recorder.lines()] == [
        ("me.read", "refused", "not_authenticated"),
        ("me.read", "refused", "api_token_not_allowed"),
        ("user.list", "refused", "admin_required"),
        ("token.read", "refused", "token_not_found"),
        ("token.create", "refused", "invalid_request"),
        ("token.create", "refused", "payload_too_large"),
        ("token.create", "refused", "unsupported_media_type"),
    ]


NASTY = ['a\nb {"event": "authorize"}', "a\r\nb", "a\u2028b", "a\ud800b", "\x1b[2J", "caf\u00e9 \U0001f511"]


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_no_text_breaks_or_forges_a_line(text: str) -> None:
    """Whatever gets into a field stays in it: one ASCII line that reads back the same."""
    with canaries.recorded() as recorder, logs.request(text), logs.entry("event") as entry:
        entry.add(reason=text)
    (written,) = recorder.written
    assert written.isascii()
    assert written.isprintable()
    assert [json.loads(written)[name] for name in ("event", "reason", "request_id")] == [
        "event",
        text,
        text,
    ]


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_nasty_names_leave_one_line(api: Api, person: str, text: str) -> None:
    """Texts of clients do not get into the log, accepted or refused, in a body, a query or an id."""
    with canaries.recorded() as recorder:
        api.post("/v1/tokens", person, {"name": text})
        api.get("/v1/me", headers={"Authorization": f"Bearer {text}"})
    assert len(recorder.written) == 2
    assert [line["event"] for line in recorder.lines()] == ["token.create", "me.read"]
    assert all(json.dumps(text)[1:-1] not in written for written in recorder.written)


# Unexpected exceptions.


class BrokenStore(InMemoryStore):
    """A store that fails with an unexpected exception, which quotes a secret."""

    error: Exception = RuntimeError(HIDDEN)

    def find_token(self, user_id: str, token_id: str) -> Token | None:
        """Fail."""
        raise self.error

    def find_for_authorization(self, user_id: str, token_id: str) -> tuple[Token | None, User | None]:
        """Fail."""
        raise self.error


@pytest.fixture
def broken(service: MemoryService) -> BrokenStore:
    """Return the store of a service that breaks on reading a token."""
    store = BrokenStore()
    service.keep_rows_in(store)
    return store


def test_unexpected_exception_is_a_problem_without_its_message(
    broken: BrokenStore, api: Api, person: str
) -> None:
    """The response is a plain 500. The log has the type of the exception and its place."""
    path = f"/v1/tokens/{api.create_token(person)['id']}"
    with canaries.recorded() as recorder:
        answer = api.get(path, person)
    assert (answer.status, answer.code) == (500, "internal_error")
    assert answer.json["status"] == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    line = one_line(recorder, "token.read")
    assert (line["outcome"], line["error"], line["level"]) == ("error", "RuntimeError", "ERROR")
    assert line["at"].startswith("find_token:")
    assert HIDDEN not in answer.text + "".join(recorder.written)


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (RuntimeError(HIDDEN), {"error": "RuntimeError"}),
        (KeyError("usr_x"), {"error": "KeyError"}),
        (StoreUnavailable(), {"reason": "unavailable", "cause": "StoreUnavailable"}),
    ],
)
def test_failing_decision_is_logged_as_an_error(
    broken: BrokenStore, api: Api, person: str, error: Exception, shown: dict[str, str]
) -> None:
    """The authorizer fails closed with 500, and its line never says that all was well."""
    broken.error = error
    token = api.create_token(person)["token"]
    with canaries.recorded() as recorder:
        assert api.get("/api/whoami", token).status == 500
    line = one_line(recorder, "authorize")
    assert (line["outcome"], line["level"]) == ("error", "ERROR")
    assert {name: line[name] for name in shown} == shown
    assert HIDDEN not in "".join(recorder.written)


def test_unavailable_store_is_a_503_with_its_cause_in_the_log(
    broken: BrokenStore, api: Api, person: str
) -> None:
    """The caller learns when to retry. The log has the dependency that failed."""
    path = f"/v1/tokens/{api.create_token(person)['id']}"
    broken.error = StoreUnavailable()
    with canaries.recorded() as recorder:
        answer = api.get(path, person)
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "unavailable", "2")
    line = one_line(recorder, "token.read")
    assert (line["outcome"], line["cause"], line["level"]) == ("error", "StoreUnavailable", "ERROR")


# The watch for secrets itself: each of these slips must be seen.


@pytest.fixture
def secret(api: Api, person: str) -> str:
    """Return the string of a token that the suite knows."""
    token: str = api.create_token(person)["token"]
    assert canaries.take_slips() == []
    return token


def test_watch_sees_a_token_in_our_own_line(secret: str) -> None:
    """A token in a field of a line is a slip."""
    with logs.entry("event") as entry:
        entry.add(reason=f"refused {secret}")
    assert canaries.take_slips() == ["log line bodhi"]


def test_watch_sees_a_signature_alone(secret: str) -> None:
    """The tail of a token is a secret too, because the rest may be known."""
    logs.warn("event", reason=secret.rpartition(".")[2])
    assert canaries.take_slips() == ["log line bodhi"]


def test_watch_sees_a_sign_in(person: str) -> None:
    """A JWT of the provider is a secret too."""
    logs.warn("event", reason=person)
    assert canaries.take_slips() == ["log line bodhi"]


def test_watch_sees_a_token_in_a_library_s_line(secret: str) -> None:
    """Other loggers are read as well."""
    logging.getLogger("some.library").warning("sending %s", secret)
    assert canaries.take_slips() == ["log line some.library"]


def test_watch_sees_a_token_in_a_traceback(secret: str) -> None:
    """An exception that quotes a token is a slip if it is logged."""
    try:
        raise ValueError(secret)
    except ValueError:
        logging.getLogger("some.library").exception("failed")
    assert canaries.take_slips() == ["log line some.library"]


def test_watch_sees_chalices_own_log(api: Api, secret: str) -> None:
    """Chalice's logger does not pass its lines on. They are read nevertheless."""
    from app import app

    app.log.error("Caught exception for %s", secret)
    assert canaries.take_slips() == [f"log line {app.log.name}"]


def test_watch_sees_a_token_in_an_answer(api: Api, secret: str) -> None:
    """Chalice's own answer to an unknown route quotes the Authorization header."""
    api.get("/v1/nothing", secret)
    assert canaries.take_slips() == ["answer to GET /v1/nothing"]


def test_watch_sees_what_escapes_the_authorizer(secret: str) -> None:
    """Lambda logs an exception that escapes, so its message must not quote the token."""
    store = BrokenStore()
    store.error = RuntimeError(secret)
    service = MemoryService(store=store)
    with api_of(service) as api:
        token = api.create_token(service.provider.sign_in("user@example.com"))["token"]
        assert api.get("/api/whoami", token).status == 500
    assert canaries.take_slips() == ["what GET /api/whoami raised"]


def test_watch_lets_pass_what_is_no_secret(api: Api, person: str) -> None:
    """Ids, names and the one response with a new token are not slips."""
    created = api.create_token(person, name="bodhi_ci")
    logs.warn("event", token_id=created["id"], user_id=USER, reason="bodhi_")
    assert canaries.take_slips() == []
