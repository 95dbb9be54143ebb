"""The work of every parser grows no faster than its input.

To add a parser, add a line to ``PARSERS``: a function that hands a text to it, and pieces of hostile texts.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, get_args

import jwt
import pytest
from chalice.app import Request
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import base64url, strict_json
from chalicelib.adapters import api_token, jws
from chalicelib.adapters.access_token import JwtAccessTokenVerifier
from chalicelib.adapters.api_token import ApiTokenVerifier
from chalicelib.adapters.client_assertion import ClientAssertions
from chalicelib.adapters.jws import public_key
from chalicelib.adapters.key_cache import KeyCache
from chalicelib.domain import leaks, text
from chalicelib.domain.errors import ApiTokensError
from chalicelib.domain.ids import TOKEN_ID, USER_ID
from chalicelib.domain.paths import readings
from chalicelib.domain.scopes import DEFAULT_CATALOGUE, Route, Scope, ScopeCatalogue
from chalicelib.domain.users import Role
from chalicelib.handlers.http import requests
from chalicelib.handlers.http.authorization_header import presented
from chalicelib.handlers.http.credentials import credentials
from chalicelib.handlers.oauth import clients
from chalicelib.handlers.oauth import endpoints as oauth
from chalicelib.handlers.oauth.forms import ClientForm
from chalicelib.handlers.page.return_paths import return_path
from chalicelib.handlers.v1 import exposed, tokens
from chalicelib.handlers.v1 import users as user_calls
from chalicelib.services import cursors, list_orders, user_lists
from chalicelib.settings.client_definitions import parse_resource_servers
from chalicelib.settings.scope_definitions import parse_catalogue
from tests.support.clients import KEYED_SERVER, ec_key, resource_servers
from tests.support.clock import FixedClock
from tests.support.keys import LocalSigningKey
from tests.support.work import Parse, Shape, assert_linear_steps, assert_linear_time

KEY = LocalSigningKey()
CLOCK = FixedClock()
KEYS = KeyCache(lambda: {KEY.kid: public_key(KEY.public)}, CLOCK)
API_TOKENS = ApiTokenVerifier(KEYS, "https://api.example.com", "https://api.example.com/api", CLOCK)
ACCESS_TOKENS = JwtAccessTokenVerifier(KEYS, "https://api.example.com", CLOCK)
ASSERTIONS = ClientAssertions(
    parse_resource_servers(resource_servers()), frozenset({"https://api.example.com"}), CLOCK
)
MANY_STARS = ScopeCatalogue(
    [
        Scope("s", "S", [Route("GET", "/tenants/*/orders/*/lines/*/notes/*/x"), Route("GET", "/*a*a*a*b")]),
    ]
)


def request(
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, Sequence[str]] | None = None,
) -> Request:
    """Return a request as Chalice hands it to a view."""
    event: dict[str, Any] = {
        "multiValueQueryStringParameters": query,
        "headers": headers or {},
        "pathParameters": {},
        "requestContext": {"httpMethod": "POST", "resourcePath": "/"},
        "body": None,
        "isBase64Encoded": False,
        "stageVariables": None,
    }
    made = Request(event, None)
    made._body = body
    return made


def refusing(parse: Parse) -> Parse:
    """Return a parser for which a refusal is an answer like any other."""

    def tried(given: str) -> None:
        with suppress(ApiTokensError, ValueError):
            parse(given)

    return tried


def json_body(given: str) -> object:
    """Read a report, the largest body that there is."""
    sent = request(given.encode("utf-8", "replace"), {"Content-Type": requests.JSON})
    return list(leaks.candidates(exposed.REPORT.body_of(sent).tokens))


def report(given: str) -> object:
    """Read a report with one long text."""
    return json_body(json.dumps({"tokens": [given]}))


def form(given: str) -> object:
    """Read a form of the token endpoint, and what it carries."""
    sent = request(given.encode("utf-8", "replace"), {"Content-Type": requests.FORM})
    asked = oauth.EXCHANGE.body_of(sent)
    return oauth._subject(asked), oauth._targets(asked), oauth._token_request(asked)


def form_scope(given: str) -> object:
    """Read the scopes that a form asks for."""
    return DEFAULT_CATALOGUE.granted(given.split(), Role.USER)


def query(given: str) -> None:
    """Read parameters with this text as each name and value."""
    for asked in ({given: [given]}, {"q": [given]}, {"limit": [given]}, {"sort": [given]}, {"q": [*given]}):
        for operation in (tokens.LIST, user_calls.LIST):
            with suppress(ApiTokensError):
                operation.query_of(request(query=asked))


def cursor(given: str) -> None:
    """Read a cursor of each list, as it is and with this text inside."""
    for written in (given, cursors.write(given.encode("utf-8", "replace").decode())):
        for sort in get_args(list_orders.Sort):
            with suppress(ApiTokensError):
                list_orders.Order(sort).read(written)
        with suppress(ApiTokensError):
            user_lists._position(written)


HEADER_READERS: tuple[Callable[[Request], object], ...] = (
    credentials,
    requests.if_match,
    requests.idempotency_key,
    exposed.REPORT.body_of,
    lambda sent: clients.presented(sent, ClientForm()),
)


def header(given: str) -> None:
    """Read every header that is read."""
    names = ("authorization", "cookie", "if-match", "idempotency-key", "content-type", "host", "origin")
    for scheme in ("", "Bearer ", "Basic "):
        sent = request(headers={**dict.fromkeys(names, given), "authorization": scheme + given})
        presented("bearer", scheme + given)
        for read in HEADER_READERS:
            with suppress(ApiTokensError):
                read(sent)


def path(given: str) -> None:
    """Compare a path with scopes at the door of an HTTP API, and ids with their form, and return to it."""
    with suppress(ApiTokensError):
        list(readings(f"/{given}"))
    TOKEN_ID.fullmatch(given)
    USER_ID.fullmatch(given)
    MANY_STARS.require(frozenset({"s"}), "GET", f"/{given}")
    return_path(f"/{given}")
    return_path(f"/a?q={given}")


def token_string(given: str) -> None:
    """Verify a text as every kind of token, with and without our prefix and a good signature."""
    jws._unverified_header.cache_clear()
    for string in (given, f"bodhi_{given}", f"bodhi_{given}.{given}.{'A' * 86}"):
        for verify in (API_TOKENS.verify, ACCESS_TOKENS.verify, ASSERTIONS.verify):
            with suppress(ApiTokensError):
                verify(string)


def own_payload(given: str) -> None:
    """Verify tokens that carry this text as their header and as their payload, each truly signed."""
    jws._unverified_header.cache_clear()
    good = jws.encode_json({"alg": "ES256", "kid": KEY.kid, "typ": api_token.TYPE})
    segment = base64url.encode(given.encode("utf-8", "replace"))
    for message in (f"{good}.{segment}", f"{segment}.{segment}"):
        with suppress(ApiTokensError):
            API_TOKENS.verify(f"bodhi_{message}.{base64url.encode(KEY.sign(message.encode()))}")


def assertion_payload(given: str) -> None:
    """Verify client assertions that carry this text beside good claims, truly signed."""
    claims = json.dumps({"iss": KEYED_SERVER, "x": given})
    for payload in (claims, claims[:-1] + f', "y": {given}}}'):
        ASSERTIONS.verify(jwt.api_jws.encode(payload.encode("utf-8", "replace"), ec_key(), "ES256"))


def texts(given: str) -> None:
    """Judge a text as a name, a profile, a subject and a search."""
    with suppress(ApiTokensError):
        text.plain_text(given, 100)
    text.profile_text(given, 100)
    text.is_valid_subject(given)
    text.search_key(given)


def setting(given: str) -> None:
    """Read the settings that are JSON."""
    for parse in (parse_catalogue, parse_resource_servers):
        with suppress(ValueError):
            parse(strict_json.parse(given, strict_json.Bounds(2**30, 8, 20_000)))


@dataclass(frozen=True, slots=True)
class Parser:
    """How a text is parsed, the pieces that hostile texts consist of, and a size to start from."""

    parse: Parse
    pieces: tuple[str, ...]
    size: int


JSON_PIECES = (
    "[",
    "]",
    "{",
    "}",
    '"',
    "\\",
    ",",
    ":",
    "1",
    "{}",
    '"a":',
    "[[",
    '\\"',
    " ",
    "e",
    "-",
    "1e9",
)
PARSERS: dict[str, Parser] = {
    "JSON body": Parser(json_body, JSON_PIECES, 16_000),
    "report": Parser(report, ("bodhi_", "eyJ", ".", "A", "-", "%62", "%25", "_", "\\", "é"), 16_000),
    "form": Parser(form, ("a=", "&", "=", "%", "%41", "+", ";", "scope=", "resource=", "é", " "), 2_000),
    "scope": Parser(form_scope, ("a", " ", "api:read", ":", "\u2003"), 4_000),
    "query": Parser(query, ("1", "-", "a", "%", "é", " ", "created_at"), 2_000),
    "cursor": Parser(cursor, ("A", "_", "-", "=", "[", ",", '"', "0", "#", "usr_"), 60),
    "header": Parser(
        header, ("a", " ", "\t", ",", '"', '""', "W/", ";", "=", ":", "QQ", "%", "*", "."), 4_000
    ),
    "path": Parser(path, ("/", "a", ".", "..", "%", "orders/", "/lines/", "tok_", "/notes/"), 1_000),
    "token": Parser(token_string, ("a", ".", "eyJ", "_", "=", "bodhi_", "-", "A."), 400),
    "own payload": Parser(own_payload, JSON_PIECES, 300),
    "client assertion": Parser(assertion_payload, JSON_PIECES, 600),
    "text": Parser(
        texts,
        ("a", " ", "\u0301", "\u200d", "\U0001f3f4", "\U000e0067", "\u202e", "\n", "bodhi_", "eyJ", "."),
        2_000,
    ),
    "setting": Parser(setting, JSON_PIECES, 16_000),
}


def last_member_twice(size: int) -> str:
    """Return an object of distinct members, of which only the last is repeated."""
    names = [f"{number:x}" for number in range(size // 10)]
    return "{" + ",".join(f'"{name}":1' for name in [*names, names[-1]]) + "}"


# Texts that were slow once, or would be for a parser that looks back.
KNOWN: dict[str, tuple[str, Shape]] = {
    "many members, the last one twice": (
        "JSON body",
        last_member_twice,
    ),
    "commas": ("setting", lambda n: "," * n),
    "many members in a setting": (
        "setting",
        last_member_twice,
    ),
    "long names, all alike but for the end": (
        "JSON body",
        lambda n: "{" + ",".join(f'"{"a" * 500}{i}":1' for i in range(n // 500)) + "}",
    ),
    "digits": ("JSON body", lambda n: '{"tokens": ' + "9" * n + "}"),
    "digits behind a point": ("JSON body", lambda n: '{"tokens": 0.' + "9" * n + "}"),
    "escapes": ("JSON body", lambda n: '{"tokens": ["' + "\\u0041" * (n // 6) + '"]}'),
    "prefixes": ("report", lambda n: "bodhi_eyJ" * (n // 9)),
    "headers without an end": ("report", lambda n: "bodhi_eyJ" + "A" * n),
    "encoded twice": ("report", lambda n: "%2562odhi_" * (n // 10)),
    "many names": ("form", lambda n: "&".join(f"{i}={i}" for i in range(n // 8))),
    "one name": ("form", lambda n: "&".join(["a=b"] * (n // 4))),
    "many resources": ("form", lambda n: "&".join(f"resource=https://{i}.example" for i in range(n // 30))),
    "stars in the pattern": ("path", lambda n: "tenants/" + "/orders/lines/notes" * (n // 19)),
    "stars that match each time": (
        "path",
        lambda n: "tenants/" + "/orders/1/lines/2/notes/3" * (n // 25),
    ),
    "one letter for many stars": ("path", lambda n: "a" * n),
    "list of tags": ("header", lambda n: '"1", ' * (n // 5) + "x"),
    "unclosed tag": ("header", lambda n: '"' + "a" * n),
    "cookies": ("header", lambda n: "a=b; " * (n // 5)),
    "spaces before a credential": ("header", lambda n: " " * n + "x"),
    "marks": ("text", lambda n: "a" + "\u0301\u0327" * (n // 2)),
    "flags": ("text", lambda n: "\U0001f3f4\U000e0067\U000e0062\U000e007f" * (n // 4)),
}


def repeated(before: str, unit: str, after: str) -> Shape:
    """Return texts that repeat a unit."""
    return lambda size: before + unit * (size // len(unit)) + after


def shapes(parser: Parser) -> st.SearchStrategy[Shape]:
    """Return texts of a parser's pieces."""
    some = st.lists(st.sampled_from(parser.pieces), max_size=3).map("".join)
    return st.builds(repeated, some, some.filter(bool), some)


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=15, derandomize=True)
@given(data=st.data())
def test_steps_grow_no_faster_than_the_input(name: str, data: st.DataObject) -> None:
    """Twice the input takes about twice the bytecodes of Python."""
    parser = PARSERS[name]
    assert_linear_steps(refusing(parser.parse), data.draw(shapes(parser)), min(parser.size, 2_000))


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=8, derandomize=True)
@given(data=st.data())
def test_time_grows_no_faster_than_the_input(name: str, data: st.DataObject) -> None:
    """Eight times the input takes less than three times eight times as long, in C too."""
    parser = PARSERS[name]
    assert_linear_time(refusing(parser.parse), data.draw(shapes(parser)), parser.size)


@pytest.mark.parametrize("known", KNOWN)
def test_known_texts_are_read_in_linear_work(known: str) -> None:
    """Each stands for a way in which a parser may look back at what it has read."""
    name, shape = KNOWN[known]
    parser = PARSERS[name]
    assert_linear_steps(refusing(parser.parse), shape, min(parser.size, 2_000))
    assert_linear_time(refusing(parser.parse), shape, parser.size)


def members_as_in_version_0_1(given: str) -> object:
    """Find a repeated member as version 0.1 did."""
    names = given.split(",")
    return next((name for name in names if names.count(name) > 1), None)


def repeated_in_python(given: str) -> object:
    """Look through all that was read for each character."""
    return [any(given[j] == "x" for j in range(i)) for i in range(len(given))]


def test_measures_notice_what_was_slow() -> None:
    """A test that passes for everything proves nothing: the code of version 0.1 fails it."""
    numbered: Shape = lambda n: ",".join(str(i) for i in range(n))  # noqa: E731
    with pytest.raises(AssertionError, match="doublings"):
        assert_linear_time(members_as_in_version_0_1, numbered, 2_000)
    stars = re.compile("/tenants/.*/orders/.*/lines/.*/x", re.DOTALL)
    paths: Shape = lambda n: "/tenants/" + "/orders/lines" * n  # noqa: E731
    with pytest.raises(AssertionError, match="doublings"):
        assert_linear_time(stars.fullmatch, paths, 30)
    with pytest.raises(AssertionError, match="steps"):
        assert_linear_steps(repeated_in_python, lambda n: "a" * n, 100)
