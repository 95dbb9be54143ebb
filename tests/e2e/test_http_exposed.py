"""Leak reports over HTTP."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from chalicelib.domain import leaks
from chalicelib.domain.administrators import ActingAdmin
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.events import Event
from chalicelib.domain.ids import user_id_for
from chalicelib.domain.lines import Ending
from tests.support import canaries
from tests.support.api import Answer, Api
from tests.support.builders import ISSUER
from tests.support.pasted import AROUND, ENCODED, NOT_FOUND
from tests.support.service import MemoryService

DOCUMENT = Path(__file__).parents[2] / "docs" / "secret-scanning.md"
USER = user_id_for(ISSUER, "user@example.com")


@pytest.fixture
def person(service: MemoryService) -> str:
    """Return a user's sign-in."""
    return service.provider.sign_in("user@example.com")


def report(api: Api, *strings: str) -> Answer:
    """Report strings, without a sign-in."""
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
    """A caller cannot learn by trying which strings are or were genuine."""
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
    [None, [], "x", {}, [1], [None], ["x", 1], ["x"] * 101, [["x"]]],
    ids=lambda tokens: str(tokens)[:20],
)
def test_malformed_report_is_refused(api: Api, tokens: object) -> None:
    """The sentence says what a report is."""
    answer = api.post("/v1/exposed", body={"tokens": tokens})
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.json["detail"] == "'tokens' must be a list of 1 to 100 strings."


def test_largest_report_is_taken(api: Api) -> None:
    """A report may have a hundred strings of 4096 characters, or one that fills the body."""
    assert report(api, *[f"{n:04d}" + "x" * 4092 for n in range(100)]).status == 202
    assert report(api, "x" * (512 * 1024 - len('{"tokens": [""]}'))).status == 202


@pytest.mark.parametrize("text", AROUND.values(), ids=AROUND)
def test_token_is_revoked_wherever_it_stands(api: Api, person: str, text: str) -> None:
    """A token is found in pasted text."""
    token = api.create_token(person)
    assert report(api, text.format(t=token["token"])).status == 202
    assert reason(api, person, token) == "exposed"


@pytest.mark.parametrize("encode", ENCODED.values(), ids=ENCODED)
def test_percent_encoded_token_is_revoked(api: Api, person: str, encode: Callable[[str], str]) -> None:
    """Percent-encoded tokens are found, because addresses and server logs hold them."""
    token = api.create_token(person)
    assert report(api, encode(token["token"])).status == 202
    assert reason(api, person, token) == "exposed"


@pytest.mark.parametrize("change", NOT_FOUND.values(), ids=NOT_FOUND)
def test_near_miss_revokes_nothing(api: Api, person: str, change: Callable[[str], str]) -> None:
    """A string that is almost a token revokes nothing. The report is accepted anyway."""
    token = api.create_token(person)
    assert report(api, change(token["token"])).status == 202
    assert reason(api, person, token) is None


def test_tokens_of_one_string_are_revoked_together(api: Api, person: str) -> None:
    """Several tokens in one string are found, even two without a gap."""
    tokens = [api.create_token(person) for _ in range(4)]
    one, two, three, four = (token["token"] for token in tokens)
    assert report(api, f"A={one}\nB={two}{three}\n%62{four[1:]}").status == 202
    assert {reason(api, person, token) for token in tokens} == {"exposed"}


def test_token_is_found_in_a_string_of_half_a_megabyte(api: Api, person: str) -> None:
    """A whole log file is searched to its end."""
    token = api.create_token(person)
    assert report(api, "bodhi_eyJ" * 56_000 + "\n" + token["token"]).status == 202
    assert reason(api, person, token) == "exposed"


@pytest.mark.parametrize("spread", [1, 10, 100])
def test_more_than_a_hundred_candidates_are_too_many(api: Api, person: str, spread: int) -> None:
    """A report with too many candidates revokes nothing. A repeated candidate counts once."""
    token = api.create_token(person)
    others = [f"bodhi_eyJh.eyJ{n:03d}.{'A' * 86}" for n in range(99)]
    held = [token["token"], *others]
    texts = [" ".join(held[n::spread]) for n in range(spread)]
    answer = report(api, *texts[:-1], f"{texts[-1]} bodhi_eyJh.eyJnew.{'A' * 86}")
    assert (answer.status, answer.code) == (413, "payload_too_large")
    assert answer.json["detail"] == "A report may contain at most 100 different tokens."
    assert reason(api, person, token) is None
    assert report(api, *texts[:-1], f"{texts[-1]} {others[0]}").status == 202
    assert reason(api, person, token) == "exposed"


def test_string_longer_than_a_token_fails_no_report(api: Api, person: str) -> None:
    """A string that is too long for a token is skipped. The token beside it is revoked."""
    token = api.create_token(person)
    too_long = f"bodhi_eyJh.eyJ{'x' * 5_000}.{'A' * 86}"
    assert report(api, *[f"{too_long}{n}" for n in range(99)], f"{too_long} {token['token']}").status == 202
    assert reason(api, person, token) == "exposed"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"[]", {}, 400),
        (b"{", {}, 400),
        (b"\xff", {}, 400),
        (b"{}", {}, 400),
        # Finding a repeated name must not compare each name with every other.
        (
            b'{"tokens": ["x"], ' + b"".join(b'"%d": 1, ' % n for n in range(40_000)) + b'"39999": 1}',
            {},
            400,
        ),
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
    """The first report gets 503 after all were tried. The second report revokes the rest."""
    first, second = api.create_token(person), api.create_token(person)
    revoke = service.store.end_line

    def fail_for_the_first(
        ending: Ending, events: Sequence[Event], admin: ActingAdmin | None = None, *, as_read: bool = False
    ) -> None:
        if ending.changes[0].before.id == first["id"]:
            raise StoreUnavailable
        revoke(ending, events, admin, as_read=as_read)

    with monkeypatch.context() as patched:
        patched.setattr(service.store, "end_line", fail_for_the_first)
        answer = report(api, first["token"], second["token"])
    assert (answer.status, answer.code) == (503, "unavailable")
    assert answer.headers["Retry-After"]
    assert (reason(api, person, first), reason(api, person, second)) == (None, "exposed")
    assert report(api, first["token"], second["token"]).status == 202
    assert reason(api, person, first) == "exposed"


def test_report_is_logged_with_numbers_and_ids(api: Api, person: str) -> None:
    """The line has the number of reported strings, and the number and ids of revoked tokens."""
    token = api.create_token(person)
    with canaries.recorded() as recorder:
        report(api, "x", token["token"])
    (line,) = recorder.lines("token.report_exposed")
    assert (line["outcome"], line["reported"], line["revoked"]) == ("ok", 2, 1)
    assert line["candidates"] == 1
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

    def test_finds_what_a_report_finds(self, api: Api, person: str, scanner: "re.Pattern[str]") -> None:
        """The scanner finds the same tokens once it has decoded the text."""
        token = api.create_token(person)["token"]
        for text in (each.format(t=token) for each in AROUND.values()):
            reported = set(leaks.candidates([text]))
            assert token in reported
            assert {found.group() for found in scanner.finditer(text)} <= reported
        for miss in (change(token) for change in NOT_FOUND.values()):
            assert (scanner.search(miss), list(leaks.candidates([miss]))) == (None, [])
        for encode in ENCODED.values():
            decoded = unquote(unquote(encode(token)))
            assert [found.group() for found in scanner.finditer(decoded)] == [token]

    def test_is_the_one_that_reports_are_searched_with(self, scanner: "re.Pattern[str]") -> None:
        """A report therefore accepts everything that a scanner finds."""
        assert scanner.pattern == leaks.EXPRESSION

    def test_passes_near_misses_over(self, api: Api, person: str, scanner: "re.Pattern[str]") -> None:
        """A token cut short, padded, of another prefix or spelling is none of ours."""
        token = api.create_token(person)["token"]
        jws = token.removeprefix("bodhi_")
        header, payload, signature = jws.split(".")
        misses = [
            jws,
            f"bodhi-{jws}",
            f"BODHI_{jws}",
            token[:-1],
            f"{token[:-1]}B",
            f"bodhi_{header}.{payload}",
            f"bodhi_{header}.{payload}.",
            f"bodhi_.{payload}.{signature}",
            f"bodhi_{header}..{signature}",
            f"bodhi_{header}.{payload}={signature}",
        ]
        assert [miss for miss in misses if scanner.search(miss)] == []
