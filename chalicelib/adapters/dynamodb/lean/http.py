"""HTTP/1.1 responses, as RFC 9112 lets a server send them.

``http.client`` reads them too, but it parses headers by the package for e-mails. Everything that the RFC
forbids a server to send is an error here, also if a recipient may be lenient about it.
"""

import re
from collections.abc import Iterator, Mapping
from socket import socket

MOST_BYTES = 4 * 1024 * 1024
_MOST_OF_HEAD = 16 * 1024
_MOST_FIELDS = 100
_MOST_INTERIM = 8
# Chunks of one byte each are legal. This bounds what they and their extensions add.
_MOST_RECEIVED = 2 * MOST_BYTES
_AT_ONCE = 64 * 1024

# RFC 9112 section 4.
_STATUS_LINE = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9]{2}) [\t\x20-\x7e\x80-\xff]*+")
# RFC 9112 section 5. A line that begins with white space would continue the last one (obs-fold).
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]++):([\t\x20-\x7e\x80-\xff]*+)")
# RFC 9112 section 7.1. An extension may have every character of a quoted string.
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*+|[\t ]*+)")
_LENGTH = re.compile(rb"[0-9]{1,16}")


class BadResponse(Exception):
    """A response that is malformed, cut short or too long. It quotes nothing of it."""


class NotBegun(ConnectionError):
    """The connection ended before the first byte of a response."""


class Response:
    """A whole response. The names of its headers are in lower case."""

    def __init__(self, status: int, headers: Mapping[bytes, bytes], body: bytes, *, is_last: bool) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.is_last = is_last
        """True if the connection must not be used again."""


def exchanged(sock: socket, message: bytes) -> Response:
    """Send a request that is not a HEAD, and return the response to it.

    Raises NotBegun, OSError or BadResponse.
    """
    try:
        sock.sendall(message)
        received = sock.recv(_AT_ONCE)
    except ConnectionError as error:
        raise NotBegun from error
    if not received:
        raise NotBegun
    return _Reading(sock, received).response()


class _Reading:
    """The bytes that were received, and the place up to which they were read."""

    def __init__(self, sock: socket, received: bytes) -> None:
        self._sock = sock
        self._received = received
        self._at = 0
        self._count = len(received)

    def response(self) -> Response:
        for _ in range(_MOST_INTERIM):
            minor, status = self._status()
            headers = self._headers()
            # 101 would begin another protocol, which no request asks for (RFC 9110 section 15.2).
            if status >= 200 or status == 101:
                break
        if status < 200:
            raise BadResponse("too many interim responses, or another protocol")
        body, is_last = self._body(status, minor, headers)
        words = headers.get(b"connection", b"").lower().split(b",")
        is_last = is_last or minor == 0 or b"close" in [word.strip() for word in words]
        # Bytes behind the response do not belong to a call of ours.
        return Response(status, headers, body, is_last=is_last or self._at < len(self._received))

    def _status(self) -> tuple[int, int]:
        match = _STATUS_LINE.fullmatch(self._line(_MOST_OF_HEAD))
        if match is None:
            raise BadResponse("no status line")
        return int(match[1]), int(match[2])

    def _headers(self) -> dict[bytes, bytes]:
        """Return the fields up to an empty line. Values of one name are a list (RFC 9110 section 5.3)."""
        headers: dict[bytes, bytes] = {}
        room = _MOST_OF_HEAD
        for _ in range(_MOST_FIELDS):
            line = self._line(room)
            if not line:
                return headers
            room -= len(line)
            match = _FIELD.fullmatch(line)
            if match is None:
                raise BadResponse("no header field")
            name, value = match[1].lower(), match[2].strip(b"\t ")
            headers[name] = b"%b, %b" % (headers[name], value) if name in headers else value
        raise BadResponse("too many header fields")

    def _body(self, status: int, minor: int, headers: Mapping[bytes, bytes]) -> tuple[bytes, bool]:
        """Return the body, and True if only the end of the connection ends it (RFC 9112 section 6.3)."""
        coding, length = headers.get(b"transfer-encoding"), headers.get(b"content-length")
        if status in (204, 304):
            return b"", False
        # A server must not send both (section 6.2). Two recipients could read them differently.
        if coding is not None and length is not None:
            raise BadResponse("two lengths")
        if coding is not None:
            # No request offers another coding, and HTTP/1.0 knows none (sections 6.1 and 7.4).
            if coding.lower() != b"chunked" or minor == 0:
                raise BadResponse("unknown transfer coding")
            return b"".join(self._chunks()), False
        if length is None:
            return self._rest(), True
        # A length that is sent twice is a list, which is refused too.
        if not _LENGTH.fullmatch(length):
            raise BadResponse("no length")
        return self._exactly(int(length)), False

    def _chunks(self) -> Iterator[bytes]:
        total = 0
        while True:
            match = _CHUNK.fullmatch(self._line(_MOST_OF_HEAD))
            if match is None:
                raise BadResponse("no chunk")
            size = int(match[1], 16)
            if not size:
                break
            total += size
            if total > MOST_BYTES:
                raise BadResponse("too long")
            yield self._exactly(size)
            if self._line(0):
                raise BadResponse("no end of a chunk")
        # Trailers decide nothing. They must be fields all the same.
        self._headers()

    def _line(self, longest: int) -> bytes:
        """Return the next line without its end, which is CR LF."""
        while (end := self._received.find(b"\r\n", self._at)) < 0:
            if len(self._received) - self._at > longest + 1:
                raise BadResponse("a long line")
            self._receive()
        line, self._at = self._received[self._at : end], end + 2
        if len(line) > longest:
            raise BadResponse("a long line")
        return line

    def _exactly(self, length: int) -> bytes:
        if length > MOST_BYTES:
            raise BadResponse("too long")
        parts = [self._received[self._at : self._at + length]]
        self._at += len(parts[0])
        left = length - len(parts[0])
        while left:
            self._receive()
            parts.append(self._received[:left])
            self._at = len(parts[-1])
            left -= self._at
        return b"".join(parts)

    def _rest(self) -> bytes:
        parts = [self._received[self._at :]]
        self._at, size = len(self._received), len(parts[0])
        while more := self._sock.recv(_AT_ONCE):
            parts.append(more)
            size += len(more)
            if size > MOST_BYTES:
                raise BadResponse("too long")
        return b"".join(parts)

    def _receive(self) -> None:
        """Receive more behind the bytes that were not read yet."""
        more = self._sock.recv(_AT_ONCE)
        self._count += len(more)
        if not more or self._count > _MOST_RECEIVED:
            raise BadResponse("cut short, or too much")
        self._received, self._at = self._received[self._at :] + more, 0
