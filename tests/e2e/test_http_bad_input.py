"""Bad input gets a clear answer, and nothing is changed by it."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.domain.ids import user_id_for
from tests.support.api import Answer, Api
from tests.support.builders import ISSUER
from tests.support.service import MemoryService

SIXTEEN_KB = 16 * 1024
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
OTHER_CONTROLS = "\x00\x01\t\n\r\x1b\x7f\x80\x85\x9f\u2028\u2029"


@pytest.fixture
def person(service: MemoryService) -> str:
    """Return a user's sign-in."""
    return service.provider.sign_in("user@example.com")


@pytest.fixture
def path(api: Api, person: str) -> str:
    """Return the path of a token of the user."""
    return f"/v1/tokens/{api.create_token(person, name='untouched')['id']}"


@pytest.fixture(params=["POST", "PATCH"])
def target(request: pytest.FixtureRequest, path: str) -> tuple[str, str]:
    """Return a call that takes a body: creation, then change."""
    return request.param, "/v1/tokens" if request.param == "POST" else path


def state(service: MemoryService) -> tuple[object, ...]:
    """Return everything that is stored."""
    return service.store.everything()


def problem(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """Return the problem document, which must be a whole one."""
    document: dict[str, Any] = answer.json
    assert (answer.status, document["code"]) == (status, code), answer.text
    assert document["status"] == status
    assert document["type"] == "about:blank"
    assert document["title"]
    assert len(document["detail"]) > 10
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return document


def sized(size: int) -> bytes:
    """Return a good body of exactly ``size`` bytes."""
    body = b'{"name": "x"' + b" " * (size - 13) + b"}"
    assert len(body) == size
    return body


def many(members: int) -> bytes:
    """Return an object of so many distinct members."""
    return json.dumps({f"{number:x}": 1 for number in range(members)}, separators=(",", ":")).encode()


BAD_BODIES: dict[str, tuple[bytes, int, str]] = {
    "white space": (b" \r\n\t", 400, "invalid_request"),
    "no JSON": (b"name=x", 400, "invalid_request"),
    "cut off": (b'{"name": "x"', 400, "invalid_request"),
    "followed by more": (b'{"name": "x"} {}', 400, "invalid_request"),
    "trailing comma": (b'{"name": "x",}', 400, "invalid_request"),
    "single quotes": (b"{'name': 'x'}", 400, "invalid_request"),
    "null": (b"null", 400, "invalid_request"),
    "list": (b'[{"name": "x"}]', 400, "invalid_request"),
    "string": (b'"name"', 400, "invalid_request"),
    "number": (b"7", 400, "invalid_request"),
    "member twice": (b'{"name": "x", "name": "y"}', 400, "invalid_request"),
    "same member spelled with an escape": (b'{"name": "x", "n\\u0061me": "y"}', 400, "invalid_request"),
    "member twice, deeper": (b'{"name": {"a": 1, "a": 2}}', 400, "invalid_request"),
    "NaN": (b'{"name": NaN}', 400, "invalid_request"),
    "Infinity": (b'{"name": Infinity}', 400, "invalid_request"),
    "minus Infinity": (b'{"name": -Infinity}', 400, "invalid_request"),
    "unknown member": (b'{"name": "x", "colour": "red"}', 400, "invalid_request"),
    "unknown member in another case": (b'{"Name": "x"}', 400, "invalid_request"),
    "unknown member, a lone surrogate": (b'{"\\ud800": "x"}', 400, "invalid_request"),
    "unknown member of 10 KB": (b'{"' + b"k" * 10_000 + b'": 1}', 400, "invalid_request"),
    "not UTF-8": (b'{"name": "\xff"}', 400, "invalid_request"),
    "overlong UTF-8": (b'{"name": "\xc0\xaf"}', 400, "invalid_request"),
    "surrogate in UTF-8": (b'{"name": "\xed\xa0\x80"}', 400, "invalid_request"),
    "latin-1": ('{"name": "é"}'.encode("latin-1"), 400, "invalid_request"),
    "UTF-16": ('{"name": "x"}'.encode("utf-16"), 400, "invalid_request"),
    "byte order mark": (b"\xef\xbb\xbf" + b'{"name": "x"}', 400, "invalid_request"),
    "raw control character": (b'{"name": "a\nb"}', 400, "invalid_request"),
    "nested 9 deep": (b'{"name": ' + b"[" * 8 + b"]" * 8 + b"}", 400, "invalid_request"),
    "nested 15000 deep": (b"[" * 15_000, 400, "invalid_request"),
    "nested 15000 deep in objects": (b'{"a":' * 3_000, 400, "invalid_request"),
    "[ a hundred thousand times": (b"[" * 100_000, 413, "payload_too_large"),
    "quotes only": (b'"' * 16_001, 400, "invalid_request"),
    "unterminated string of escaped quotes": (b'{"name": "' + b'\\"' * 8_000, 400, "invalid_request"),
    "unterminated string of backslashes": (b'{"name": "' + b"\\" * 16_001, 400, "invalid_request"),
    "number of 15000 digits": (b'{"name": ' + b"9" * 15_000 + b"}", 400, "invalid_request"),
    "number beyond floats": (b'{"name": 1e999}', 400, "invalid_request"),
    "one byte more than 16 KB": (sized(SIXTEEN_KB + 1), 413, "payload_too_large"),
    "1001 members": (many(1_001), 400, "invalid_request"),
    "15000 elements": (b'{"scopes": [' + b"0," * 7_500 + b"0]}", 400, "invalid_request"),
    "6 MB": (b" " * 6_000_000, 413, "payload_too_large"),
}


@pytest.mark.parametrize(("body", "status", "code"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_bad_body_is_refused(
    api: Api,
    service: MemoryService,
    person: str,
    target: tuple[str, str],
    body: bytes,
    status: int,
    code: str,
) -> None:
    """A body that is not one of our JSON objects gets its problem document."""
    before = state(service)
    answer = api.call(*target, person, body)
    document = problem(answer, status, code)
    assert len(document["detail"]) < 300
    assert state(service) == before


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_constants_that_json_lacks_are_named(
    api: Api, person: str, target: tuple[str, str], constant: str
) -> None:
    """The problem says that the constant is not JSON, not that a member has another type."""
    answer = api.call(*target, person, b'{"name": ' + constant.encode() + b"}")
    detail = f"The body has {constant}, which is not valid JSON."
    assert problem(answer, 400, "invalid_request")["detail"] == detail


def test_body_of_exactly_16_kb_is_read(api: Api, person: str, target: tuple[str, str]) -> None:
    """The limit is the last size that is accepted."""
    assert api.call(*target, person, sized(SIXTEEN_KB)).status in (200, 201)


def test_braces_in_a_text_are_no_nesting(api: Api, person: str, target: tuple[str, str]) -> None:
    """Depth counts structure, not characters of a name."""
    name = '[[[[[[[[[["\\{{{{{{{{{{{{'
    answer = api.call(*target, person, {"name": name})
    assert answer.status in (200, 201)
    assert answer.json["name"] == name


def test_change_without_a_body_is_refused(api: Api, service: MemoryService, person: str, path: str) -> None:
    """A missing body is a bad request if one is required, with a content type and without."""
    before = state(service)
    with_type = api.call("PATCH", path, person, headers={"Content-Type": "application/json"})
    problem(with_type, 400, "invalid_request")
    problem(api.call("PATCH", path, person, b""), 400, "invalid_request")
    problem(api.call("PATCH", path, person), 415, "unsupported_media_type")
    assert state(service) == before


@pytest.mark.parametrize("body", [b" ", b"\n", b"null", b"\x00"])
def test_creation_with_a_body_that_says_nothing_is_refused(
    api: Api, service: MemoryService, person: str, body: bytes
) -> None:
    """A body of white space is not an object. Without a content type it is not read."""
    api.get("/v1/me", person)
    before = state(service)
    problem(api.call("POST", "/v1/tokens", person, body), 400, "invalid_request")
    refused = api.call("POST", "/v1/tokens", person, body, {"Content-Type": ""})
    problem(refused, 415, "unsupported_media_type")
    assert state(service) == before


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "*/*",
        "application/*",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/merge-patch+json",
        "application/jsonp",
        "application/json, text/plain",
        "text/plain; application/json",
        "json",
    ],
)
def test_other_content_types_are_refused(
    api: Api, service: MemoryService, person: str, target: tuple[str, str], content_type: str
) -> None:
    """Only JSON said to be JSON is read, so that no form of another site can make a token."""
    before = state(service)
    answer = api.call(*target, person, {"name": "x"}, headers={"Content-Type": content_type})
    problem(answer, 415, "unsupported_media_type")
    assert state(service) == before


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", "application/json; charset=utf-8", "application/json ;x=y"],
)
def test_spellings_of_the_content_type_are_read(
    api: Api, person: str, target: tuple[str, str], content_type: str
) -> None:
    """Case and parameters of the media type do not matter (RFC 9110 section 8.3.1)."""
    answer = api.call(*target, person, {"name": "x"}, headers={"Content-Type": content_type})
    assert answer.status in (200, 201)


WRONG_NAMES: list[object] = [None, 1, True, 1.5, [], ["x"], {}, {"a": "b"}]
WRONG_DESCRIPTIONS: list[object] = [None, 1, False, [], {}]
WRONG_SCOPES: list[object] = [
    None,
    "api:read",
    1,
    True,
    {},
    {"api:read": True},
    [1],
    [None],
    [["api:read"]],
    ["api:read", True],
]
UNKNOWN_SCOPES: list[list[str]] = [
    [],
    ["admin"],
    ["api:read", "admin"],
    ["API:READ"],
    ["api:read "],
    [""],
    ["*"],
]
WRONG_LIFETIMES: list[object] = [0, -1, 3651, 10**30, 1e30, 0.0, 1.5, "1", True, False, [], {}]
WRONG_STATUSES: list[object] = [None, 1, True, [], {}, "paused"]


def members(**values: list[object]) -> list[tuple[str, object]]:
    """Return each value with the name of its member."""
    return [(name, value) for name, listed in values.items() for value in listed]


IN_CREATION = members(
    name=WRONG_NAMES, description=WRONG_DESCRIPTIONS, scopes=WRONG_SCOPES, expires_in_days=WRONG_LIFETIMES
)
IN_CHANGE = members(name=WRONG_NAMES, description=WRONG_DESCRIPTIONS, status=WRONG_STATUSES)


@pytest.mark.parametrize(("name", "value"), IN_CREATION, ids=str)
def test_creation_takes_no_senseless_member(
    api: Api, service: MemoryService, person: str, name: str, value: object
) -> None:
    """A member of another type or out of range is refused, and the answer names it."""
    api.get("/v1/me", person)
    before = state(service)
    document = problem(api.post("/v1/tokens", person, {name: value}), 400, "invalid_request")
    assert f"'{name}'" in document["detail"]
    assert state(service) == before


@pytest.mark.parametrize("names", UNKNOWN_SCOPES, ids=str)
def test_creation_takes_no_scopes_that_do_not_exist(
    api: Api, service: MemoryService, person: str, names: list[str]
) -> None:
    """The answer names the scopes that there are."""
    api.get("/v1/me", person)
    before = state(service)
    document = problem(api.post("/v1/tokens", person, {"scopes": names}), 400, "invalid_scope")
    assert document["detail"] == "'scopes' must name at least one of: api:read, api:write."
    assert state(service) == before


@pytest.mark.parametrize(("name", "value"), IN_CHANGE, ids=str)
def test_change_takes_no_senseless_member(
    api: Api, service: MemoryService, person: str, path: str, name: str, value: object
) -> None:
    """A member of another type is refused, and the answer names it."""
    before = state(service)
    document = problem(api.patch(path, person, {name: value}), 400, "invalid_request")
    assert f"'{name}'" in document["detail"]
    assert state(service) == before


@pytest.mark.parametrize("days", [1, 3650])
def test_limits_of_the_lifetime_are_allowed(api: Api, person: str, days: int) -> None:
    """The first and the last number of days make a token."""
    assert api.create_token(person, expires_in_days=days)["expires_at"] is not None


@pytest.mark.parametrize("spelling", ["7", "7.0", "7e0", "70e-1"])
def test_a_number_counts_however_it_is_spelled(api: Api, person: str, spelling: str) -> None:
    """JSON has one kind of number: 7.0 is the integer 7 (JSON Schema Core section 4.2.2)."""
    answer = api.call("POST", "/v1/tokens", person, b'{"expires_in_days": ' + spelling.encode() + b"}")
    assert answer.status == 201
    assert answer.json["expires_at"] is not None


def test_null_lifetime_means_none(api: Api, person: str) -> None:
    """As ``expires_at`` says it."""
    assert api.create_token(person, expires_in_days=None)["expires_at"] is None


def test_scope_named_twice_counts_once(api: Api, person: str) -> None:
    """Scopes are a set."""
    created = api.create_token(person, scopes=["api:read", "api:read"])
    assert created["scopes"] == ["api:read"]


@pytest.mark.parametrize(("member", "longest"), [("name", 100), ("description", 500)])
def test_texts_up_to_their_length_are_kept(
    api: Api, person: str, target: tuple[str, str], member: str, longest: int
) -> None:
    """The length counts characters after trimming, whatever they are."""
    for text in ("", "x" * longest, "\U0001f511" * longest, "\u05d0\u0301" * (longest // 2)):
        answer = api.call(*target, person, {member: f" \t{text}\n "})
        assert answer.status in (200, 201), answer.text
        assert answer.json[member] == text
    assert api.call(*target, person, {member: " \n "}).json[member] == ""


@pytest.mark.parametrize(("member", "longest"), [("name", 100), ("description", 500)])
def test_longer_texts_are_refused(
    api: Api, service: MemoryService, person: str, target: tuple[str, str], member: str, longest: int
) -> None:
    """One character too many is refused. The problem says how many are allowed."""
    before = state(service)
    document = problem(api.call(*target, person, {member: "x" * (longest + 1)}), 400, "invalid_request")
    assert str(longest) in document["detail"]
    assert state(service) == before


@pytest.mark.parametrize("member", ["name", "description"])
def test_characters_that_deceive_are_refused(
    api: Api, service: MemoryService, person: str, target: tuple[str, str], member: str
) -> None:
    """Control characters and those that turn the reading direction have no place in plain text."""
    before = state(service)
    for character in BIDI + OTHER_CONTROLS + "\ud800\udfff":
        answer = api.call(*target, person, {member: f"a{character}b"})
        assert (repr(character), answer.status) == (repr(character), 400)
    assert state(service) == before


# Query parameters.


BAD_QUERIES = [
    "colour=red",
    "Status=active",
    "status=",
    "status=paused",
    "status=active,idle",
    "status=active&status=idle",
    "q=a&q=b",
    "limit=1&limit=2",
    "q=" + "x" * 101,
    "sort=",
    "sort=colour",
    "sort=--name",
    "sort=id",
    "ended=",
    "ended=yes",
    "ended=True",
    "ended=true&ended=false",
    "limit=",
    "limit=0",
    "limit=101",
    "limit=-1",
    "limit=1.5",
    "limit=abc",
    "limit=%D9%A3",
    "limit=1e1",
    "limit=99999999999999999999",
]


@pytest.mark.parametrize("query", BAD_QUERIES)
def test_senseless_query_is_refused(api: Api, service: MemoryService, person: str, query: str) -> None:
    """Unknown, repeated and senseless parameters are errors, never ignored."""
    problem(api.get(f"/v1/tokens?{query}", person), 400, "invalid_request")
    admin = service.provider.sign_in("admin@example.com")
    own = user_id_for(ISSUER, "admin@example.com")
    problem(api.get(f"/v1/users/{own}/tokens?{query}", admin), 400, "invalid_request")


@pytest.mark.parametrize(
    "query", ["sort=name", "status=idle", "status=revoked", "limit=0", "q=a&q=b", "ended=true"]
)
def test_senseless_query_for_users_is_refused(api: Api, service: MemoryService, query: str) -> None:
    """The list of users has its own parameters."""
    admin = service.provider.sign_in("admin@example.com")
    problem(api.get(f"/v1/users?{query}", admin), 400, "invalid_request")


def cursor_of(value: object) -> str:
    """Return a value as a cursor would be written."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


TOKEN_ID = "tok_" + "0" * 36
BAD_CURSORS = {
    "garbage": "garbage",
    "one character": "A",
    "not base64": "%21%21",
    "not ASCII": "%C3%A9",
    "no JSON": cursor_of(b"{"),
    "not UTF-8": cursor_of(b"\xff\xfe\xff"),
    "null": cursor_of(None),
    "object": cursor_of({"a": 1}),
    "two parts": cursor_of(["-created_at", ""]),
    "other order": cursor_of(["name", "", TOKEN_ID]),
    "no such order": cursor_of(["colour", "", TOKEN_ID]),
    "key a number": cursor_of(["-created_at", 7, TOKEN_ID]),
    "id of another form": cursor_of(["-created_at", "", "#"]),
    "id a list": cursor_of(["-created_at", "", [TOKEN_ID]]),
    "nested deep": cursor_of(b"[" * 700),
    "too long": "A" * 1_001,
}


@pytest.mark.parametrize("cursor", BAD_CURSORS.values(), ids=BAD_CURSORS.keys())
def test_foreign_cursor_is_refused(api: Api, person: str, cursor: str) -> None:
    """A cursor that this list did not hand out for this order is an error of its own."""
    problem(api.get(f"/v1/tokens?cursor={cursor}", person), 400, "invalid_cursor")


@pytest.mark.parametrize(
    "cursor", ["garbage", "A", "%21", "%C3%A9", cursor_of(b"x#usr_y"), cursor_of(b"0" * 15), "A" * 2_000]
)
def test_foreign_cursor_of_users_is_refused(api: Api, service: MemoryService, cursor: str) -> None:
    """The list of users knows its own cursors too."""
    admin = service.provider.sign_in("admin@example.com")
    problem(api.get(f"/v1/users?cursor={cursor}", admin), 400, "invalid_cursor")


def test_cursor_of_one_order_is_refused_in_another(api: Api, person: str) -> None:
    """A cursor names its order."""
    for name in "abc":
        api.create_token(person, name=name)
    cursor = api.get("/v1/tokens?sort=name&limit=1", person).json["next_cursor"]
    assert api.get(f"/v1/tokens?sort=name&cursor={cursor}", person).status == 200
    for sort in ("-name", "created_at", "-created_at"):
        problem(api.get(f"/v1/tokens?sort={sort}&cursor={cursor}", person), 400, "invalid_cursor")


def test_anothers_cursor_opens_nothing(api: Api, service: MemoryService, person: str) -> None:
    """A cursor is a place in an order: used by another user it shows that user's own tokens only."""
    for name in "abc":
        api.create_token(person, name=f"secret {name}")
    other = service.provider.sign_in("other@example.com")
    api.create_token(other, name="own")
    for sort in ("name", "-name", "created_at", "-created_at"):
        cursor = api.get(f"/v1/tokens?sort={sort}&limit=1", person).json["next_cursor"]
        page = api.get(f"/v1/tokens?sort={sort}&cursor={cursor}", other)
        assert page.status == 200
        assert {token["name"] for token in page.json["tokens"]} <= {"own"}


# Headers.


@pytest.mark.parametrize(
    "key", ["", " ", "k" * 256, "a b", "caf\u00e9", "\U0001f511", "a\nb", "\x7f"], ids=repr
)
def test_senseless_idempotency_key_is_refused(
    api: Api, service: MemoryService, person: str, key: str
) -> None:
    """A key that cannot be one is refused rather than ignored."""
    api.get("/v1/me", person)
    before = state(service)
    headers = {"Idempotency-Key": key}
    problem(api.post("/v1/tokens", person, {}, headers=headers), 400, "invalid_request")
    assert state(service) == before


def test_longest_idempotency_key_counts(api: Api, person: str) -> None:
    """255 visible characters are a key."""
    headers = {"Idempotency-Key": "~" * 255}
    answers = [api.post("/v1/tokens", person, {}, headers=headers) for _ in range(2)]
    assert answers[0].status == 201
    document = problem(answers[1], 409, "already_created")
    assert document["token_id"] == answers[0].json["id"]


def test_reused_idempotency_key_is_a_problem_document(api: Api, person: str) -> None:
    """The same key with another body is 422."""
    headers = {"Idempotency-Key": "k"}
    api.post("/v1/tokens", person, {}, headers=headers)
    problem(api.post("/v1/tokens", person, {"name": "x"}, headers=headers), 422, "idempotency_key_reused")


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "1",
        'W/"1"',
        'W/"1", W/"2"',
        'W/"1", "2"',
        '"x"',
        '"01"',
        '"2", "7"',
        '"1" "2"',
        '*, "1"',
        '"' + "1" * 16 + '"',
        '"-1"',
        "\u2603",
    ],
    ids=repr,
)
def test_if_match_that_names_no_present_version_fails(
    api: Api, service: MemoryService, person: str, path: str, condition: str
) -> None:
    """Weak, foreign and malformed tags match nothing (RFC 9110 section 13.1.1)."""
    before = state(service)
    answer = api.patch(path, person, {"name": "x"}, headers={"If-Match": condition})
    problem(answer, 412, "precondition_failed")
    assert state(service) == before


@pytest.mark.parametrize("condition", ['"1"', 'W/"1"', "garbage", '"1", "7"', "*"])
def test_unknown_token_stays_unknown_under_a_condition(api: Api, person: str, condition: str) -> None:
    """An unknown token is answered with 404, with or without the condition."""
    path = "/v1/tokens/tok_0" + "1" * 35
    answer = api.patch(path, person, {"name": "x"}, headers={"If-Match": condition})
    problem(answer, 404, "token_not_found")


def test_stale_if_match_is_a_problem_document(
    api: Api, service: MemoryService, person: str, path: str
) -> None:
    """Another version than the present one is 412 and changes nothing."""
    before = state(service)
    answer = api.patch(path, person, {"name": "x"}, headers={"If-Match": '"2"'})
    problem(answer, 412, "precondition_failed")
    assert state(service) == before


# Every refusal is a problem document.


@pytest.fixture
def refusals(api: Api, service: MemoryService, person: str, path: str) -> Mapping[str, Answer]:
    """Return one answer of each kind of refusal that is not about a body."""
    admin = service.provider.sign_in("admin@example.com")
    token = api.create_token(person)
    own = user_id_for(ISSUER, "admin@example.com")
    api.delete(f"/v1/tokens/{token['id']}", person)
    return {
        "not_authenticated": api.get("/v1/me"),
        "api_token_not_allowed": api.get("/v1/me", token["token"]),
        "admin_required": api.get("/v1/users", person),
        "token_not_found": api.get(f"/v1/tokens/{TOKEN_ID}", person),
        "user_not_found": api.get("/v1/users/x", admin),
        "token_revoked": api.patch(f"/v1/tokens/{token['id']}", person, {"name": "x"}),
        "own_account": api.delete(f"/v1/users/{own}", admin),
    }


STATUSES = {
    "not_authenticated": 401,
    "api_token_not_allowed": 403,
    "admin_required": 403,
    "token_not_found": 404,
    "user_not_found": 404,
    "token_revoked": 409,
    "own_account": 409,
}


@pytest.mark.parametrize("code", STATUSES)
def test_refusal_is_a_problem_document(refusals: Mapping[str, Answer], code: str) -> None:
    """Each kind of refusal has its stable code and its status."""
    problem(refusals[code], STATUSES[code], code)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "TRACE"])
def test_other_methods_are_refused_without_an_echo(api: Api, person: str, method: str) -> None:
    """A method that a route does not have changes nothing and quotes nothing."""
    answer = api.call(method, "/v1/tokens", person)
    assert answer.status == 405
    assert answer.headers["Allow"] == "POST, GET"
    assert person not in answer.text


def test_unknown_route_is_refused(api: Api) -> None:
    """An address without a route is not found."""
    assert api.get("/v1/nothing").status == 403
