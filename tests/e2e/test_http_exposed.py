"""Leak reports over HTTP."""

import re
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.ids import user_id_for
from chalicelib.domain.tokens import Token
from tests.support import canaries
from tests.support.api import Answer, Api
from tests.support.builders import ISSUER
from tests.support.service import MemoryService

DOCUMENT = Path(__file__).parents[2] / "docs" / "secret-scanning.md"
USER = user_id_for(ISSUER, "user@example.com")


@pytest.fixture
def person(service: MemoryService) -> str:
    """Return a user's sign-in."""
    return service.provider.sign_in("user@example.com")


def report(api: Api, *strings: str) -> Answer:
    """Report strings, as anybody may."""
    return api.post("/v1/exposed", body={"tokens": list(strings)})


def reason(api: Api, person: str, token: dict[str, Any]) -> object:
    """Return why a token is revoked."""
    return api.get(f"/v1/tokens/{token['id']}", person).json["revoked_reason"]


def test_reported_token_is_revoked_and_its_owner_sees_why(api: Api, person: str) -> None:
    """From the next uncached request on."""
    token, other = api.create_token(person), api.create_token(person)
    assert report(api, token["token"]).status == 202
    assert api.get("/api/whoami", token["token"]).status == 401
    assert api.get("/api/whoami", other["token"]).status == 200
    assert reason(api, person, token) == "exposed"


def test_answer_is_the_same_whatever_was_reported(api: Api, person: str) -> None:
    """Nobody learns by trying what is genuine, or was."""
    token = api.create_token(person)["token"]
    flipped = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBQ")
    answers = [
        report(api, *strings) for strings in ([token], [token], [flipped], ["x"], ["", token, "\u2603"])
    ]
    assert {(a.status, a.text) for a in answers} == {(202, '{"status": "accepted"}\n')}
    volatile = {"x-request-id"}
    headers = [{k: v for k, v in a.headers.items() if k.lower() not in volatile} for a in answers]
    assert headers == [headers[0]] * len(headers)
    assert headers[0]["Cache-Control"] == "no-store"


@pytest.mark.parametrize("state", ["paused", "rotated", "out"])
def test_token_that_may_come_back_ends_too(
    api: Api, service: MemoryService, person: str, state: str
) -> None:
    """Paused, in its overlap, or of a deactivated owner."""
    token = api.create_token(person)
    path = f"/v1/tokens/{token['id']}"
    admin = service.provider.sign_in("admin@example.com")
    if state == "paused":
        api.patch(path, person, {"status": "inactive"})
    elif state == "rotated":
        api.post(f"{path}/rotate", person, {"overlap_seconds": 60})
    else:
        api.patch(f"/v1/users/{USER}", admin, {"status": "inactive"})
    report(api, token["token"])
    if state == "out":
        api.patch(f"/v1/users/{USER}", admin, {"status": "active", "restore_tokens": True})
    assert reason(api, person, token) == "exposed"


@pytest.mark.parametrize(
    "tokens",
    [None, [], "x", {}, [1], [None], ["x", 1], ["x"] * 101, ["x" * 4097], [["x"]]],
    ids=str,
)
def test_malformed_report_is_refused(api: Api, tokens: object) -> None:
    """The sentence says what a report is."""
    answer = api.post("/v1/exposed", body={"tokens": tokens})
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.json["detail"] == (
        "'tokens' must be a list of 1 to 100 strings of at most 4096 characters."
    )


def test_largest_report_is_taken(api: Api) -> None:
    """A hundred strings of 4096 characters."""
    assert report(api, *[f"{n:04d}" + "x" * 4092 for n in range(100)]).status == 202


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"[]", {}, 400),
        (b"{", {}, 400),
        (b"\xff", {}, 400),
        (b"{}", {}, 400),
        (b'{"tokens": ["x"], "more": 1}', {}, 400),
        (b'{"tokens": ["x"]}', {"Content-Type": "text/plain"}, 415),
        (b" " * (512 * 1024 + 1), {}, 413),
    ],
)
def test_bad_body_is_refused_as_elsewhere(
    api: Api, body: bytes, headers: dict[str, str], status: int
) -> None:
    """Each with the answer of every other call."""
    assert api.post("/v1/exposed", body=body, headers=headers).status == status


def test_broken_store_asks_to_try_again(
    api: Api, service: MemoryService, person: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 after the others were tried; the second report does the rest."""
    first, second = api.create_token(person), api.create_token(person)
    revoke = service.store.revoke_token

    def fail_for_the_first(before: Token, after: Token, *, frees_slot: bool) -> None:
        if before.id == first["id"]:
            raise StoreUnavailable
        revoke(before, after, frees_slot=frees_slot)

    with monkeypatch.context() as patched:
        patched.setattr(service.store, "revoke_token", fail_for_the_first)
        answer = report(api, first["token"], second["token"])
    assert (answer.status, answer.code) == (503, "unavailable")
    assert answer.headers["Retry-After"]
    assert (reason(api, person, first), reason(api, person, second)) == (None, "exposed")
    assert report(api, first["token"], second["token"]).status == 202
    assert reason(api, person, first) == "exposed"


def test_report_is_logged_with_numbers_and_ids(api: Api, person: str) -> None:
    """How many were reported, how many and which were revoked."""
    token = api.create_token(person)
    with canaries.recorded() as recorder:
        report(api, "x", token["token"])
    (line,) = recorder.lines("token.report_exposed")
    assert (line["outcome"], line["reported"], line["revoked"]) == ("ok", 2, 1)
    assert line["token_ids"] == [token["id"]]
    assert len(recorder.written) == 1


class TestDocumentedExpression:
    """The expression for secret scanners, as the document gives it."""

    @pytest.fixture
    def scanner(self) -> "re.Pattern[str]":
        """Return the expression of the document."""
        (expression,) = re.findall(r"```regex\n(.+)\n```", DOCUMENT.read_text())
        return re.compile(expression)

    def test_finds_tokens_in_any_text(self, api: Api, person: str, scanner: "re.Pattern[str]") -> None:
        """Whole, whatever stands around them."""
        for scopes in (["api:read"], ["api:read", "api:write"]):
            for _ in range(5):
                token = api.create_token(person, scopes=scopes, expires_in_days=30)["token"]
                for text in (token, f'TOKEN="{token}"', f"Bearer {token}\n", f"x={token}&y", f"({token})."):
                    assert [found.group() for found in scanner.finditer(text)] == [token]

    def test_passes_near_misses_over(self, api: Api, person: str, scanner: "re.Pattern[str]") -> None:
        """A token cut short, padded, of another prefix or spelling is none of ours."""
        token = api.create_token(person)["token"]
        jws = token.removeprefix("bodhi_")
        header, payload, signature = jws.split(".")
        misses = [
            jws,
            f"bodhi-{jws}",
            f"BODHI_{jws}",
            f"x{token}",
            token[:-1],
            f"{token}A",
            f"{token[:-1]}B",
            f"bodhi_{header}.{payload}",
            f"bodhi_{header}.{payload}.",
            f"bodhi_.{payload}.{signature}",
            f"bodhi_{header}..{signature}",
            f"bodhi_{header}.{payload}={signature}",
        ]
        assert [miss for miss in misses if scanner.search(miss)] == []
