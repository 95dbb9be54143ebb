"""A path in every form in which a backend may read it."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import AmbiguousPath
from chalicelib.domain.paths import readings
from tests.support.work import assert_linear_time


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/orders/7", ["/orders/7"]),
        ("/", ["/"]),
        ("/orders/100%25", ["/orders/100%25", "/orders/100%"]),
        ("/orders/100%", ["/orders/100%"]),
        ("/orders/a%2Fb", ["/orders/a%2Fb", "/orders/a/b"]),
        ("/orders/a%252fb", ["/orders/a%252fb", "/orders/a%2fb", "/orders/a/b"]),
        ("/orders//7", ["/orders//7", "/orders/7"]),
        ("/orders/7;v=1/items", ["/orders/7;v=1/items", "/orders/7/items"]),
        ("/orders/a\\b", ["/orders/a\\b", "/orders/a/b"]),
        ("/orders/7?x#y", ["/orders/7?x#y", "/orders/7"]),
        ("/orders/%C3%A4", ["/orders/%C3%A4", "/orders/ä"]),
    ],
)
def test_path_has_these_readings(path: str, expected: list[str]) -> None:
    """As it is, decoded as often as it can be, and each in its plainest form."""
    assert list(readings(path)) == expected


DOTS = [".", "..", "%2e", "%2E.", ".%2e", "%2e%2e", "%252e%252E", ".;", "..;x=y", "..%3b", ".. ", "..%20"]
ENDS = ["", "/admin", "\\admin", "%2fadmin", "%5cadmin", "%252Fadmin", "%3Fx", "%23x"]
BEGINNINGS = ["/orders/", "/orders\\", "/orders%2f", "/orders%5C", "/orders%252f", "/"]


@pytest.mark.parametrize("dots", DOTS)
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_dot_segment_in_any_spelling_is_refused(beginning: str, dots: str, end: str) -> None:
    """Some backend resolves it, and arrives at another path than the scopes were compared with."""
    with pytest.raises(AmbiguousPath):
        list(readings(beginning + dots + end))


@pytest.mark.parametrize(
    "path",
    [
        "/orders/.%09./admin",
        "/orders/.\t./admin",
        "/orders/7%00.png",
        "/orders/..%00/admin",
        "/orders/7%0d%0aX: y",
        "/orders/%7f",
        "/orders/%c0%ae%c0%ae/admin",
        "/orders/..%c0%af",
        "/orders/%e0%80%ae",
        "/orders/%ff",
        "/orders/%25%32%65%25%32%65/admin",
        "/orders/%%32%65%%32%65/admin",
        "/orders/%2525252525252e",
        "/orders/\ud800%41",
    ],
)
def test_what_no_honest_client_sends_is_refused(path: str) -> None:
    """Control characters, overlong UTF-8, encodings of encodings: parsers differ about all of them."""
    with pytest.raises(AmbiguousPath):
        list(readings(path))


@pytest.mark.parametrize(
    "path",
    [
        "/orders/7..8",
        "/orders/...",
        "/orders/.well-known",
        "/orders/a.b",
        "/a.",
        "/..a",
        "/a%2eb",
        "/orders/",
    ],
)
def test_dots_within_a_name_are_nothing_special(path: str) -> None:
    """RFC 3986 section 3.3 knows two dot segments and no more."""
    assert next(readings(path)) == path
    assert list(readings(path))


@settings(max_examples=200)
@given(st.text(max_size=40))
def test_no_reading_has_a_dot_segment(text: str) -> None:
    """Whatever was sent: a path is refused, or every reading is free of them."""
    try:
        found = list(readings(f"/{text}"))
    except AmbiguousPath:
        return
    for reading in found:
        assert not {".", ".."} & set(reading.replace("\\", "/").split("/"))


@pytest.mark.parametrize("shape", ["%25", "%", "/", ";", "..", "\\", "?", "%2e", "a", "%c3%a4"])
def test_work_is_linear(shape: str) -> None:
    """A path of twice the length takes twice the time."""
    assert_linear_time(_read, lambda size: shape * size, 20_000)


def _read(text: str) -> None:
    with suppress(AmbiguousPath):
        list(readings(f"/{text}"))
