"""Responses of HTTP/1.1 as RFC 9112 allows them, in any pieces, beside the standard library's reader."""

import contextlib
import io
import itertools
from collections.abc import Iterator, Sequence
from http.client import HTTPException, HTTPResponse
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.dynamodb.lean import http
from chalicelib.adapters.dynamodb.lean.http import BadResponse, NotBegun, Response, exchanged


class Pieces:
    """A socket that receives these pieces, and then the end of the connection."""

    def __init__(self, pieces: Sequence[bytes | Exception]) -> None:
        self.pieces = list(pieces)
        self.sent = b""

    def sendall(self, message: bytes) -> None:
        """Send."""
        self.sent += message

    def recv(self, most: int) -> bytes:
        """Return the next piece, or a part of it."""
        if not self.pieces:
            return b""
        piece = self.pieces.pop(0)
        if isinstance(piece, Exception):
            raise piece
        if len(piece) > most:
            self.pieces.insert(0, piece[most:])
        return piece[:most]


def read(*pieces: bytes | Exception) -> Response:
    """Return the response in these pieces."""
    return exchanged(cast("Any", Pieces(pieces)), b"request")


def read_by_the_library(message: bytes) -> tuple[int, bytes, bool]:
    """Return status, body and whether the connection ends. Raises HTTPException or ValueError."""

    class Opened:
        def makefile(self, mode: str) -> io.BytesIO:
            return io.BytesIO(message)

    response = HTTPResponse(cast("Any", Opened()), method="POST")
    response.begin()
    body = response.read()
    if response.length:
        raise HTTPException("cut short")
    return response.status, body, response.will_close


TOKEN = st.text("abcXYZ019-_!#$%&'*+.^`|~", min_size=1, max_size=8)
TEXT = st.text(
    st.characters(
        min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="".join(map(chr, range(0x7F, 0xA1)))
    )
)
SPACE = st.sampled_from(["", " ", "\t", " \t "])
BODY = st.binary(max_size=200)
RESERVED = {"content-length", "transfer-encoding", "connection"}


@st.composite
def fields(draw: st.DrawFn) -> bytes:
    """Return header fields that decide nothing."""
    names = [name for name in draw(st.lists(TOKEN, max_size=4)) if name.lower() not in RESERVED]
    lines = [f"{name}:{draw(SPACE)}{draw(TEXT).strip()}{draw(SPACE)}\r\n" for name in names]
    return "".join(lines).encode("latin-1")


@st.composite
def chunked(draw: st.DrawFn, body: bytes) -> bytes:
    """Return a body in chunks, with extensions, zeros and trailers as the RFC allows them."""
    message, at = b"", 0
    while at < len(body):
        size = draw(st.integers(1, len(body) - at))
        extension = draw(st.sampled_from([b"", b";a", b"; a=b", b';a="b c"', b" ;a=b;c"]))
        digits = draw(st.sampled_from(["%x", "%X", "0%x"])) % size
        message += digits.encode() + extension + b"\r\n" + body[at : at + size] + b"\r\n"
        at += size
    return message + draw(st.sampled_from([b"0", b"000", b"0;last"])) + b"\r\n" + draw(fields()) + b"\r\n"


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    """Return a response that a server may send to a POST."""
    status, body = draw(st.sampled_from([200, 201, 204, 205, 304, 400, 404, 500, 503, 599])), draw(BODY)
    interim = b"HTTP/1.1 100 Continue\r\n\r\n" * draw(st.integers(0, 2))
    head = f"HTTP/1.1 {status} {draw(TEXT)}\r\n".encode("latin-1") + draw(fields())
    connection = draw(st.sampled_from([b"", b"Connection: close\r\n", b"connection:keep-alive\r\n"]))
    if status in (204, 304):
        return interim + head + connection + b"\r\n"
    kind = draw(st.sampled_from(["length", "chunks", "end"]))
    if kind == "length":
        return interim + head + connection + b"Content-Length: %d\r\n\r\n" % len(body) + body
    if kind == "chunks":
        # The library does not remove white space at the end, as RFC 9112 section 5.1 tells it to.
        coding = draw(st.sampled_from([b"chunked", b"Chunked", b" \tchunked"]))
        head += connection + b"Transfer-Encoding:" + coding + b"\r\n\r\n"
        return interim + head + draw(chunked(body))
    return interim + head + connection + b"\r\n" + body


def cut(message: bytes, places: Sequence[int]) -> Iterator[bytes]:
    """Yield the pieces between these places."""
    ends = sorted({place % (len(message) + 1) for place in places} | {0, len(message)})
    return (message[start:end] for start, end in itertools.pairwise(ends))


@given(responses(), st.lists(st.integers(0, 2000), max_size=8))
def test_every_response_is_read_as_the_library_reads_it(message: bytes, places: list[int]) -> None:
    """In whatever pieces it comes. An end without a length is the connection's."""
    response = read(*cut(message, places))
    status, body, will_close = read_by_the_library(message)
    assert (response.status, response.body) == (status, body)
    assert response.is_last == will_close


@given(responses(), st.integers(0, 2000), st.sampled_from([b"", b"\r", b"\n", b"\x00", b":", b"5", b" "]))
def test_damaged_response_is_an_error_or_read_as_the_library_reads_it(
    message: bytes, place: int, put: bytes
) -> None:
    """No damage makes another response of it, and no other exception gets out."""
    at = place % len(message)
    damaged = message[:at] + put + message[at + 1 :]
    try:
        response = read(damaged)
    except (BadResponse, NotBegun):
        return
    status, body, _ = read_by_the_library(damaged)
    # The library reads over no other interim response than 100.
    if status < 200:
        return
    assert (response.status, response.body) == (status, body)


@given(responses(), st.integers(0, 2000))
def test_response_that_is_cut_short_is_never_whole(message: bytes, place: int) -> None:
    """Unless only the end of the connection ends it."""
    whole, at = read(message), place % len(message)
    try:
        response = read(message[:at])
    except (BadResponse, NotBegun):
        return
    assert response.is_last
    assert whole.body.startswith(response.body)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_error_or_a_response(message: bytes) -> None:
    """No other exception gets out."""
    for begin in (b"", b"HTTP/1.1 200 \r\n", b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n"):
        with contextlib.suppress(BadResponse, NotBegun):
            read(begin + message)


@pytest.mark.parametrize("status", [102, 103, 199])
def test_interim_response_is_read_over(status: int) -> None:
    """A client must (RFC 9110 section 15.2). 101 is none, because nothing asks for another protocol."""
    early = b"HTTP/1.1 %d \r\nLink: </a>\r\n\r\n" % status
    assert read(early * 7 + b"HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx").body == b"x"


CHUNKS = b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n"
LONG = b"x" * 20_000


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"HTTP/1.1 100 \r\n\r\n" * 8 + b"HTTP/1.1 200 \r\n\r\n", id="interim for ever"),
        pytest.param(b"HTTP/1.1 101 \r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200\r\n\r\n", id="no space before the reason"),
        pytest.param(b"HTTP/1.1  200 \r\n\r\n", id="two spaces"),
        pytest.param(b"HTTP/1.1 20 \r\n\r\n", id="short status"),
        pytest.param(b"HTTP/1.1 2000 \r\n\r\n", id="long status"),
        pytest.param(b"HTTP/1.1 099 \r\n\r\n", id="status below 100"),
        pytest.param(b"HTTP/2.0 200 \r\n\r\n", id="another version"),
        pytest.param(b"http/1.1 200 \r\n\r\n", id="lower case"),
        pytest.param(b"HTTP/1.1 200 a\x00b\r\n\r\n", id="control character in the reason"),
        pytest.param(b"\r\nHTTP/1.1 200 \r\n\r\n", id="empty line first"),
        pytest.param(b"HTTP/1.1 200 \n\n", id="lines that end with LF"),
        pytest.param(b"HTTP/1.1 200 \r\na: b\nc: d\r\n\r\n", id="LF within a field"),
        pytest.param(b"HTTP/1.1 200 \r\na: b\rc\r\n\r\n", id="CR within a field"),
        pytest.param(b"HTTP/1.1 200 \r\na: b\r\n c\r\n\r\n", id="obs-fold"),
        pytest.param(b"HTTP/1.1 200 \r\n a: b\r\n\r\n", id="white space before the first field"),
        pytest.param(b"HTTP/1.1 200 \r\na : b\r\n\r\n", id="white space before the colon"),
        pytest.param(b"HTTP/1.1 200 \r\na\r\n\r\n", id="no colon"),
        pytest.param(b"HTTP/1.1 200 \r\n: b\r\n\r\n", id="no name"),
        pytest.param(b"HTTP/1.1 200 \r\n\xe9: b\r\n\r\n", id="name that is not ASCII"),
        pytest.param(b"HTTP/1.1 200 \r\n" + b"a: b\r\n" * 100 + b"\r\n", id="many fields"),
        pytest.param(b"HTTP/1.1 200 \r\na: " + LONG + b"\r\n\r\n", id="a long field"),
        pytest.param(b"HTTP/1.1 200 \r\n" + b"a: %b\r\n" % LONG[:9_000] * 2 + b"\r\n", id="long fields"),
        pytest.param(b"HTTP/1.1 200 " + LONG + b"\r\n\r\n", id="a long reason"),
        pytest.param(b"HTTP/1.1 200 " + LONG, id="a long reason without an end"),
        pytest.param(b"HTTP/1.1 200 \r\nContent-Length: 1, 1\r\n\r\nx", id="a list of lengths"),
        pytest.param(b"HTTP/1.1 200 \r\n" + b"Content-Length: 1\r\n" * 2 + b"\r\nx", id="two lengths"),
        pytest.param(b"HTTP/1.1 200 \r\nContent-Length: +1\r\n\r\nx", id="a sign"),
        pytest.param(b"HTTP/1.1 200 \r\nContent-Length: 0x1\r\n\r\nx", id="another base"),
        pytest.param(b"HTTP/1.1 200 \r\nContent-Length: \r\n\r\nx", id="no digits"),
        pytest.param(b"HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\n", id="cut short"),
        pytest.param(b"HTTP/1.1 200 \r\nContent-Length: 4194305\r\n\r\n", id="too long"),
        pytest.param(b"HTTP/1.1 200 \r\nContent-Length: " + b"9" * 17 + b"\r\n\r\n", id="many digits"),
        pytest.param(CHUNKS.replace(b"\r\n\r\n", b"\r\nContent-Length: 1\r\n\r\n"), id="both lengths"),
        pytest.param(CHUNKS.replace(b"1.1", b"1.0") + b"0\r\n\r\n", id="chunks of HTTP/1.0"),
        pytest.param(CHUNKS.replace(b"chunked", b"gzip, chunked") + b"0\r\n\r\n", id="another coding"),
        pytest.param(CHUNKS.replace(b"chunked", b"chunked, chunked") + b"0\r\n\r\n", id="chunks of chunks"),
        pytest.param(CHUNKS.replace(b"chunked", b"") + b"0\r\n\r\n", id="no coding"),
        pytest.param(CHUNKS + b"\r\n\r\n", id="no size"),
        pytest.param(CHUNKS + b"-1\r\n\r\n", id="a negative size"),
        pytest.param(CHUNKS + b"0x1\r\nx\r\n0\r\n\r\n", id="a size of another base"),
        pytest.param(CHUNKS + b"1_0\r\n" + LONG[:16] + b"\r\n0\r\n\r\n", id="an underscore"),
        pytest.param(CHUNKS + b" 1\r\nx\r\n0\r\n\r\n", id="white space before the size"),
        pytest.param(CHUNKS + b"1" * 17 + b"\r\n", id="a long size"),
        pytest.param(CHUNKS + b"1;" + LONG + b"\r\nx\r\n0\r\n\r\n", id="a long extension"),
        pytest.param(CHUNKS + b"1;\x00\r\nx\r\n0\r\n\r\n", id="control character in an extension"),
        pytest.param(CHUNKS + b"1\r\nxy\r\n0\r\n\r\n", id="a chunk longer than its size"),
        pytest.param(CHUNKS + b"1\r\nx0\r\n\r\n", id="a chunk without its end"),
        pytest.param(CHUNKS + b"400001\r\n", id="a chunk that is too long"),
        pytest.param(CHUNKS + b"3\r\nxyz\r\n3ffffe\r\n", id="chunks that are too long together"),
        pytest.param(CHUNKS + b"1\r\nx\r\n0\r\n", id="no end of the trailer"),
        pytest.param(CHUNKS + b"0\r\na: b\r\n c\r\n\r\n", id="obs-fold in the trailer"),
        pytest.param(CHUNKS + b"0\r\n" + b"a: b\r\n" * 100 + b"\r\n", id="a long trailer"),
        pytest.param(CHUNKS + b"0\r\na\r\n\r\n", id="a trailer without a colon"),
    ],
)
def test_what_no_server_may_send_is_an_error(message: bytes) -> None:
    """Also if a recipient might be lenient: two readers could then read it differently."""
    with pytest.raises(BadResponse):
        read(message)


def test_chunks_cannot_cost_more_than_twice_their_content() -> None:
    """Their sizes and extensions are bounded as a whole."""
    chunk = b"1;" + b"e" * 10_000 + b"\r\nx\r\n"
    pieces = Pieces([CHUNKS, *[chunk] * 2_000])
    with pytest.raises(BadResponse):
        exchanged(cast("Any", pieces), b"")
    assert len(pieces.pieces) > 1_000


def test_end_without_a_length_is_bounded() -> None:
    """A server cannot fill the memory."""
    pieces = Pieces([b"HTTP/1.1 200 \r\n\r\n", *[b"x" * 65_536] * 100])
    with pytest.raises(BadResponse):
        exchanged(cast("Any", pieces), b"")
    assert len(pieces.pieces) >= 100 - http.MOST_BYTES // 65_536 - 2


@pytest.mark.parametrize(
    ("head", "is_last"),
    [
        (b"HTTP/1.1 200 \r\nContent-Length: 0\r\n", False),
        (b"HTTP/1.0 200 \r\nContent-Length: 0\r\nConnection: keep-alive\r\n", True),
        (b"HTTP/1.1 200 \r\nContent-Length: 0\r\nConnection: CLOSE\r\n", True),
        (b"HTTP/1.1 200 \r\nContent-Length: 0\r\nConnection: a\t,Close , b\r\n", True),
        (b"HTTP/1.1 200 \r\nContent-Length: 0\r\nConnection: a\r\nConnection: close\r\n", True),
        (b"HTTP/1.1 200 \r\nContent-Length: 0\r\nConnection: closed\r\n", False),
        (b"HTTP/1.1 200 \r\n", True),
    ],
)
def test_connection_is_kept_only_if_both_sides_keep_it(head: bytes, *, is_last: bool) -> None:
    """RFC 9112 section 9.3. A list may be in one field or in several."""
    assert read(head + b"\r\n").is_last == is_last


def test_bytes_behind_a_response_end_the_connection() -> None:
    """They belong to no call of ours."""
    assert read(b"HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nxy").is_last
    assert read(CHUNKS + b"0\r\n\r\nHTTP/1.1 200 \r\n\r\n").is_last


@pytest.mark.parametrize("pieces", [[], [ConnectionResetError()], [BrokenPipeError()]])
def test_end_before_the_first_byte_is_told_apart(pieces: list[Exception]) -> None:
    """A read may then be sent again. A time limit is not such an end: the request may have been read."""
    with pytest.raises(NotBegun):
        read(*pieces)
    with pytest.raises(TimeoutError):
        read(TimeoutError())
    with pytest.raises(ConnectionResetError):
        read(b"HTTP/1.1", ConnectionResetError())


def test_error_quotes_nothing() -> None:
    """A response may hold rows."""
    with pytest.raises(BadResponse) as caught:
        read(b"HTTP/1.1 200 \r\nsecret\r\n\r\n")
    assert "secret" not in repr(caught.value)
