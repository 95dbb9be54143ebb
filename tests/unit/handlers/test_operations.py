"""What a definition of an operation does, on definitions made for the purpose."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
import pytest
from chalice.app import Blueprint, Request
from msgspec import inspect

from chalicelib.domain import errors
from chalicelib.domain.errors import InvalidRequest
from chalicelib.handlers.http import refusals
from chalicelib.handlers.http.operations import (
    ADMIN,
    OPEN,
    PERSON,
    Documented,
    DocumentedResponse,
    Operation,
)
from chalicelib.handlers.http.requests import FORM, PayloadTooLarge, UnsupportedMediaType

NOTHING = DocumentedResponse(HTTPStatus.NO_CONTENT, media_type=None)


class Order(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Something to buy."""

    item: Annotated[str, msgspec.Meta(max_length=10)]
    count: Annotated[int, msgspec.Meta(ge=1, le=9, extra={"hint": "; ask for more by post"})] = 1
    colour: Literal["red", "blue"] | None = None
    gift: bool = False
    notes: list[str] = []


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """A form that takes what it knows and ignores the rest, as RFC 6749 section 3.2 asks for."""

    token: str
    resource: list[str] = []


ORDER = Operation("POST", "/orders", "order.make", "Orders", OPEN, (NOTHING,), body=Order)
FIND = Operation("GET", "/orders", "order.find", "Orders", OPEN, (NOTHING,), query=Order)
LOOKUP = Operation(
    "POST", "/lookup", "lookup", "Orders", OPEN, (NOTHING,), body=Lookup, media_type=FORM, most_bytes=100
)


def request(
    body: bytes = b"", content_type: str = "application/json", query: Mapping[str, list[str]] | None = None
) -> Request:
    """Return a request as Chalice hands it to a view."""
    event: dict[str, Any] = {
        "multiValueQueryStringParameters": query,
        "headers": {"Content-Type": content_type},
        "pathParameters": {},
        "requestContext": {"httpMethod": "POST", "resourcePath": "/"},
        "body": body.decode("latin-1"),
        "isBase64Encoded": False,
        "stageVariables": None,
    }
    made = Request(event, None)
    made._body = body
    return made


def order(members: object) -> Order:
    """Read an order."""
    return ORDER.body_of(request(json.dumps(members).encode()))


def lookup(*pairs: tuple[str, str]) -> Lookup:
    """Read a form."""
    return LOOKUP.body_of(request(urlencode(pairs).encode(), FORM))


def test_body_is_read_as_the_declared_type() -> None:
    """Every member has its type, every absent one its default."""
    members = {"item": "tea", "count": 2, "colour": "red", "gift": True, "notes": ["a", "b"]}
    assert order(members) == Order(item="tea", count=2, colour="red", gift=True, notes=["a", "b"])
    assert order({"item": "tea"}) == Order(item="tea")


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({}, "'item' is missing."),
        ({"item": 7}, "'item' must be a string of at most 10 characters."),
        ({"item": "x" * 11}, "'item' must be a string of at most 10 characters."),
        ({"item": "x", "count": 10}, "'count' must be a whole number from 1 to 9; ask for more by post."),
        ({"item": "x", "count": "2"}, "'count' must be a whole number from 1 to 9; ask for more by post."),
        ({"item": "x", "count": True}, "'count' must be a whole number from 1 to 9; ask for more by post."),
        ({"item": "x", "colour": "secret"}, "'colour' must be one of: blue, red or null."),
        ({"item": "x", "gift": 1}, "'gift' must be true or false."),
        ({"item": "x", "notes": [1]}, "'notes' must be a list of strings."),
        (
            {"item": "x", "it`em": 1},
            'Unknown member "it`em". Known ones: colour, count, gift, item, notes.',
        ),
        (
            {"item": "x", "k" * 999: 1},
            f'Unknown member "{"k" * 40}". Known ones: colour, count, gift, item, notes.',
        ),
    ],
)
def test_refusal_names_the_member_and_what_is_allowed(members: object, sentence: str) -> None:
    """The sentence comes from the definition and repeats no value that was sent."""
    with pytest.raises(InvalidRequest) as refused:
        order(members)
    assert refused.value.detail == sentence


def test_definition_is_inspected_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies, forms and queries, good and refused, cost one look each at the types of their definition."""
    inspected: list[type] = []
    type_info = inspect.type_info

    def counted(kind: type) -> Any:
        inspected.append(kind)
        return type_info(kind)

    monkeypatch.setattr(inspect, "type_info", counted)
    monkeypatch.setattr(refusals, "_DEFINITIONS", {})
    for _ in range(50):
        order({"item": "tea"})
        lookup(("token", "x"), ("other", "y"))
        FIND.query_of(request(query={"item": ["tea"], "count": ["2"]}))
        for members in ({"item": 7}, {"item": "tea", "unknown": 1}, {}):
            with pytest.raises(InvalidRequest):
                order(members)

    assert inspected == [Order, Lookup]


def test_query_is_read_as_the_declared_type() -> None:
    """Numbers are read from their digits; a parameter that takes several values may be repeated."""
    query = {"item": ["tea"], "count": ["2"], "notes": ["a", "b"]}
    assert FIND.query_of(request(query=query)) == Order(item="tea", count=2, notes=["a", "b"])


@pytest.mark.parametrize("digits", ["1.0", "1e0", "+1", " 1", "1 ", "", "0x1", "\u0661", "null", "1" * 20])
def test_query_takes_digits_for_a_number_and_nothing_else(digits: str) -> None:
    """Other spellings of a number are refused."""
    with pytest.raises(InvalidRequest, match="'count' must be a whole number from 1 to 9"):
        FIND.query_of(request(query={"item": ["tea"], "count": [digits]}))


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"item": ["a", "b"]}, "'item' must be given once."),
        (
            {"item": ["a"], "size": ["b"]},
            'Unknown parameter "size". Known ones: colour, count, gift, item, notes.',
        ),
    ],
)
def test_unknown_and_repeated_parameters_are_refused(query: Mapping[str, list[str]], sentence: str) -> None:
    """Neither is ignored."""
    with pytest.raises(InvalidRequest) as refused:
        FIND.query_of(request(query=query))
    assert refused.value.detail == sentence


def test_form_is_read_as_the_declared_type() -> None:
    """A form that is not closed ignores what it does not know; lists gather what is repeated."""
    asked = lookup(("token", "a b&c"), ("resource", "1"), ("x", "2"), ("resource", "3"))
    assert asked == Lookup(token="a b&c", resource=["1", "3"])


def test_repeated_parameter_of_a_form_is_refused() -> None:
    """RFC 6749 section 3.2: parameters must not be included more than once."""
    with pytest.raises(InvalidRequest, match="'token' must be given once"):
        lookup(("token", "a"), ("token", "b"))
    with pytest.raises(InvalidRequest, match='"x" must be given once'):
        lookup(("token", "a"), ("x", ""), ("x", ""))


def test_empty_parameter_of_a_form_is_as_if_left_out() -> None:
    """RFC 6749 section 3.2: parameters sent without a value must be treated as if omitted."""
    assert lookup(("token", "a"), ("resource", ""), ("x", "")) == Lookup(token="a")
    with pytest.raises(InvalidRequest, match="'token' is missing"):
        lookup(("token", ""))


@pytest.mark.parametrize(
    ("body", "kind", "refusal"),
    [
        (b"token=%ff", FORM, InvalidRequest),
        (b"token=\xff", FORM, InvalidRequest),
        (b"a&" * 50, FORM, InvalidRequest),
        (b"", FORM, InvalidRequest),
        (b"token=" + b"x" * 95, FORM, PayloadTooLarge),
        (b'{"token": "x"}', "application/json", UnsupportedMediaType),
        (b"token=x", "", UnsupportedMediaType),
    ],
)
def test_bad_forms_are_refused(body: bytes, kind: str, refusal: type[errors.ApiTokensError]) -> None:
    """Bytes that are no text, forms without what is needed, and what is too long or no form."""
    with pytest.raises(refusal):
        LOOKUP.body_of(request(body, kind))


def test_media_type_that_is_needed_is_named() -> None:
    """Who sends another one learns which."""
    with pytest.raises(UnsupportedMediaType, match=FORM):
        LOOKUP.body_of(request(b"{}"))


def test_size_is_limited_per_operation() -> None:
    """The largest body is the operation's own."""
    assert LOOKUP.body_of(request(b"token=" + b"x" * 94, FORM)).token == "x" * 94


def test_operation_without_a_definition_reads_nothing() -> None:
    """A view cannot read what is not documented."""
    bare = Operation("GET", "/bare", "bare", "Orders", OPEN, (NOTHING,))
    for read in (bare.body_of, bare.query_of):
        with pytest.raises(TypeError, match="bare takes no"):
            read(request())


def test_path_parameter_needs_a_definition() -> None:
    """A parameter that nothing describes stops the start."""
    with pytest.raises(TypeError, match="colour"):
        Operation("GET", "/orders/{colour}", "x", "Orders", OPEN, (NOTHING,))


def test_errors_follow_from_what_an_operation_takes() -> None:
    """Errors of access, body and query come by themselves, each once."""
    assert ORDER.all_raises == (InvalidRequest, PayloadTooLarge, UnsupportedMediaType)
    assert FIND.all_raises == (InvalidRequest,)
    reading = Operation("GET", "/x", "x", "Orders", PERSON, (NOTHING,), raises=(errors.NotAuthenticated,))
    assert reading.all_raises.count(errors.NotAuthenticated) == 1
    assert errors.CrossSiteRequest not in reading.all_raises
    changing = Operation("DELETE", "/x", "x", "Orders", ADMIN, (NOTHING,))
    assert {errors.CrossSiteRequest, errors.AdminRequired} <= set(changing.all_raises)


@pytest.mark.parametrize(
    ("words", "summary", "description"),
    [
        ("Make an\norder.", "Make an order", ""),
        ("Make an order. Or\ntwo.", "Make an order", "Or two."),
        ("Make ``one``.\n\nMore of\nit.\n\nAnd more.", "Make `one`", "More of it.\n\nAnd more."),
        ("Make one. Or two.\n\nMore.", "Make one", "Or two.\n\nMore."),
    ],
)
def test_words_come_from_the_view(words: str, summary: str, description: str) -> None:
    """The first sentence of its docstring sums up, the rest describes."""
    documented = Documented(ORDER, "make", words)
    assert (documented.summary, documented.description) == (summary, description)


class Wish(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A body without a required member."""

    item: str = "tea"


@pytest.mark.parametrize("content_type", ["", "application/json", "text/plain", FORM])
def test_absent_body_has_the_defaults_if_none_is_needed(content_type: str) -> None:
    """An absent body has no content type. A required body must still be sent."""
    optional = Operation("POST", "/w", "w", "Orders", OPEN, (NOTHING,), body=Wish, needs_body=False)
    assert optional.body_of(request(b"", content_type)) == Wish(item="tea")
    assert optional.body_of(request(b'{"item": "coffee"}')) == Wish(item="coffee")
    needed = Operation("POST", "/w", "w", "Orders", OPEN, (NOTHING,), body=Wish)
    with pytest.raises((InvalidRequest, UnsupportedMediaType)):
        needed.body_of(request(b"", content_type))
    with pytest.raises((InvalidRequest, UnsupportedMediaType)):
        optional.body_of(request(b" ", content_type))


@pytest.mark.parametrize(
    ("operation", "methods"),
    [
        (ORDER, {"POST"}),
        (FIND, {"GET"}),
        (Operation("GET", "/orders", "x", "Orders", OPEN, (NOTHING,), has_head=True), {"GET", "HEAD"}),
    ],
)
def test_view_is_routed_where_the_operation_says(operation: Operation[Any, Any], methods: set[str]) -> None:
    """The decorator registers the route and takes bodies of any content type, to refuse them itself."""
    from chalice.app import Chalice

    from chalicelib.handlers.http import operations

    before = operations.documented()
    orders, app = Blueprint("orders"), Chalice("orders")

    try:

        @operation.on(orders)
        def make() -> Any:
            """Make an order."""

        app.register_blueprint(orders)
        assert operations.documented()[len(before) :] == (Documented(operation, "make", "Make an order."),)
    finally:
        operations._documented[:] = before
    assert list(app.routes) == ["/orders"]
    assert app.routes["/orders"].keys() == methods
    assert all(entry.content_types == ["*/*"] for entry in app.routes["/orders"].values())
