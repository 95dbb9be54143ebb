"""The provider's documents over HTTP: whole answers in time, or errors with their reason."""

import contextlib
import gzip
import io
import json
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import urllib3

from chalicelib.adapters.connections import LONGEST_IDLE
from chalicelib.adapters.oidc import documents as oidc_documents
from chalicelib.adapters.oidc import kept_connections
from chalicelib.adapters.oidc.documents import SECONDS
from chalicelib.adapters.oidc.http import (
    MOST_BYTES,
    Response,
    exchange,
    json_object,
)
from chalicelib.adapters.oidc.kept_connections import KeptConnections
from chalicelib.adapters.oidc.provider import OidcProvider, ProviderDocuments, ProviderRules
from chalicelib.adapters.oidc.reloads import COOL_DOWN, MAX_AGE
from chalicelib.domain.errors import IdentityProviderUnavailable
from chalicelib.domain.reasons import ProviderReason
from tests.support.builders import ISSUER
from tests.support.certificates import Authority, an_authority
from tests.support.clock import FixedClock
from tests.support.http import FakeHttp
from tests.support.jws import saying
from tests.support.provider import AUDIENCE, TestProvider
from tests.support.waiting import A_HANG, PassingTime, threads_in, wait_until

CONFIGURATION = f"{ISSUER}/.well-known/openid-configuration"
JWKS = f"{ISSUER}/jwks"
DEADLINE = 60.0
"""Seconds, which pass on a clock that servers move on."""
SHORT = 0.4
"""Seconds, for a server that says nothing, so that the socket itself has to wait."""
PROMPT = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" + b'{"ok": true}'

Behaviour = Callable[[socket.socket, int], None]


@pytest.fixture
def clock() -> FixedClock:
    """Return a clock that the test sets."""
    return FixedClock()


@pytest.fixture
def http() -> FakeHttp:
    """Return the documents that the provider publishes."""
    return FakeHttp(TestProvider.documents())


@pytest.fixture
def documents(http: FakeHttp, clock: FixedClock) -> ProviderDocuments:
    """Return the documents of the provider in memory."""
    return ProviderDocuments(ISSUER, CONFIGURATION, http, clock)


@pytest.fixture
def connections(clock: FixedClock) -> Iterator[KeptConnections]:
    """Return real connections."""
    with KeptConnections(clock) as kept:
        yield kept


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> PassingTime:
    """Return the clock of deadlines, which servers move on."""
    passing = PassingTime()
    for module in (kept_connections, oidc_documents):
        monkeypatch.setattr(module, "time", passing)
    return passing


class Server:
    """A server on loopback with a behaviour for each connection. It counts connections and requests."""

    def __init__(self, behaviour: Behaviour, certificate: Path | None = None) -> None:
        self._behaviour = behaviour
        self._context = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self.requests: list[str] = []
        self._open: list[socket.socket] = []
        self._threads = [Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """The address."""
        return f"http{'s' if self._context else ''}://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop, and end every connection."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(2)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            self._threads.append(
                Thread(target=self._serve, args=(connection, self.connections), daemon=True)
            )
            self._threads[-1].start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            self._behaviour(connection, number)
        except OSError:
            pass  # the client left, or the test is over
        finally:
            connection.close()


@contextmanager
def serving(behaviour: Behaviour, certificate: Path | None = None) -> Iterator[Server]:
    """Run a server, over TLS if it has a certificate."""
    server = Server(behaviour, certificate)
    try:
        yield server
    finally:
        server.close()


def request_of(connection: socket.socket) -> str:
    """Return the next request, or "" if there is none."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(4096)
        if not part:
            return ""
        received += part
    return received.decode()


def response(document: object, **headers: str) -> bytes:
    """Return a whole response with this JSON."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body


def answering(*answers: bytes) -> Behaviour:
    """Response each connection's requests in this order, again and again."""

    def behave(connection: socket.socket, number: int) -> None:
        count = 0
        while request_of(connection):
            connection.sendall(answers[count % len(answers)])
            count += 1

    return behave


Drips = Callable[[PassingTime], Behaviour]


def dripping(prompt: bytes, drops: bytes, pause: float = DEADLINE / 8) -> Drips:
    """Send one part at once, and the other part byte by byte without an end, a pause before each byte."""

    def drips(passing: PassingTime) -> Behaviour:
        def behave(connection: socket.socket, number: int) -> None:
            request_of(connection)
            connection.sendall(prompt)
            while True:
                for drop in drops:
                    passing.skip(pause)
                    connection.sendall(bytes([drop]))
                    # The client reads now. A server far ahead would meet other limits, as that of headers.
                    time.sleep(0.001)

        return behave

    return drips


def skip_during_read(passing: PassingTime, seconds: float) -> None:
    """Move the clock on while a client waits for its response."""
    # With its class, because servers of other tests in this process read from sockets too.
    wait_until(lambda: threads_in("_UntilDeadline.readinto"))
    passing.skip(seconds)


def late(answer: bytes) -> bytes:
    """Return a response so long that the client looks at its clock again while it reads."""
    return response(answer.partition(b"\r\n\r\n")[2] + b" " * 100_000)


def silent(connection: socket.socket, number: int) -> None:
    """Read, and never answer."""
    while connection.recv(4096):
        pass


def reset(connection: socket.socket) -> None:
    """End a connection with a reset (RST), like a peer that has forgotten it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def outcome(action: Callable[[], Any]) -> ProviderReason | None:
    """Return the reason of an outage, or None."""
    try:
        action()
    except IdentityProviderUnavailable as error:
        return error.reason
    return None


def get(connections: urllib3.PoolManager, url: str, seconds: float = DEADLINE) -> Response:
    """Ask for a document."""
    return exchange(connections, "GET", url, time.monotonic() + seconds)


class TestDeadline:
    """The one deadline for everything in a call."""

    def test_deadline_is_five_seconds(self) -> None:
        """Configuration and keys share one deadline of five seconds."""
        assert SECONDS == 5.0

    @pytest.mark.parametrize(
        "behaviour",
        [
            dripping(b"", b"HTTP/1.1 200 OK "),
            dripping(b"HTTP/1.1 ", b"1"),
            dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
            dripping(b"HTTP/1.1 200 OK\r\nX: ", b"y"),
            dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n", DEADLINE / 80),
            dripping(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
            dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" "),
            dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
            dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
            dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
            dripping(b"HTTP/1.1 500 Error\r\nContent-Length: 9999\r\n\r\n", b" "),
            dripping(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", b"\x1f\x8b\x08" + bytes(7)),
        ],
        ids=[
            "status line",
            "long status",
            "headers",
            "long header",
            "interim answers",
            "body to the end",
            "body by length",
            "chunks",
            "chunk extension",
            "trailers",
            "body of an error",
            "compressed body",
        ],
    )
    def test_answer_that_drips_is_given_up(
        self, connections: KeptConnections, passing: PassingTime, behaviour: Drips
    ) -> None:
        """An answer that comes byte by byte without an end is given up at the deadline, not before."""
        with serving(behaviour(passing)) as server:
            begun = passing.monotonic()
            assert outcome(partial(get, connections, server.url)) is ProviderReason.TOO_SLOW
            assert passing.monotonic() - begun >= DEADLINE

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_silent_server_is_given_up(self, connections: KeptConnections, scheme: str) -> None:
        """The TLS handshake counts towards the deadline."""
        with serving(silent) as server:
            url = server.url.replace("http", scheme, 1)
            begun = time.monotonic()
            assert outcome(partial(get, connections, url, SHORT)) is ProviderReason.TOO_SLOW
            assert SHORT * 0.9 < time.monotonic() - begun < A_HANG

    def test_discovery_and_keys_share_the_deadline(
        self, connections: KeptConnections, clock: FixedClock, passing: PassingTime
    ) -> None:
        """Two answers share the deadline, so both can be fast enough alone but too slow together."""

        def behave(connection: socket.socket, number: int) -> None:
            while request := request_of(connection):
                skip_during_read(passing, DEADLINE * 0.7)
                url = f"http://127.0.0.1:{connection.getsockname()[1]}"
                is_first = "openid-configuration" in request
                document: object = {"issuer": url, "jwks_uri": f"{url}/jwks"} if is_first else {}
                connection.sendall(late(response(document)))

        with serving(behave) as server:
            discovery = f"{server.url}/.well-known/openid-configuration"
            documents = ProviderDocuments(server.url, discovery, connections, clock, seconds=DEADLINE)
            assert outcome(documents.key_set) is ProviderReason.TOO_SLOW

    def test_call_after_the_deadline_sends_nothing(self, connections: KeptConnections) -> None:
        """Its time is over before it begins."""
        with serving(answering(PROMPT)) as server:
            assert outcome(partial(get, connections, server.url, -1)) is ProviderReason.TOO_SLOW
            assert server.connections == 0

    def test_many_dead_addresses_share_the_deadline(
        self, connections: KeptConnections, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All addresses of a host share the deadline, even if each of them times out."""
        with full_listener() as port:
            found = [address_of("127.0.0.1", port)] * 20
            monkeypatch.setattr(socket, "getaddrinfo", resolving("many.example", found))
            begun = time.monotonic()
            url = f"http://many.example:{port}"
            assert outcome(partial(get, connections, url, SHORT)) is ProviderReason.TOO_SLOW
            assert time.monotonic() - begun < len(found) * SHORT / 2

    def test_next_address_is_tried(
        self, connections: KeptConnections, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """If one address refuses, the next one is tried."""
        with serving(answering(PROMPT)) as server:
            found = [address_of("127.0.0.2", 1), address_of("127.0.0.1", server.port)]
            monkeypatch.setattr(socket, "getaddrinfo", resolving("many.example", found))
            assert get(connections, f"http://many.example:{server.port}").status == 200


def address_of(host: str, port: int) -> Any:
    """Return an address as the resolver does."""
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))


def resolving(name: str, found: list[Any]) -> Callable[..., Any]:
    """Return a resolver that knows one name."""
    real = socket.getaddrinfo
    return lambda host, *args, **options: found if host == name else real(host, *args, **options)


@contextmanager
def full_listener() -> Iterator[int]:
    """Return a port where connections are neither accepted nor refused: its queue is full."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = [socket.socket() for _ in range(4)]
    try:
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        time.sleep(0.05)
        yield listener.getsockname()[1]
    finally:
        for one in [*waiting, listener]:
            one.close()


class TestKeptConnections:
    """Kept connections, which are often dead because Lambda freezes processes."""

    def test_connection_is_kept(self, connections: KeptConnections) -> None:
        """Several calls use one connection."""
        with serving(answering(PROMPT)) as server:
            assert [get(connections, server.url).status for _ in range(3)] == [200] * 3
            assert server.connections == 1

    @pytest.mark.parametrize(
        ("idle", "expected"),
        [
            (LONGEST_IDLE, 1),
            (LONGEST_IDLE + timedelta(milliseconds=1), 2),
            (timedelta(hours=8), 2),
            (timedelta(hours=-1), 2),
        ],
        ids=str,
    )
    def test_idle_connection_is_dropped(
        self, connections: KeptConnections, clock: FixedClock, idle: timedelta, expected: int
    ) -> None:
        """A connection is dropped after 20 idle seconds, even if the process was frozen meanwhile."""
        assert timedelta(seconds=20) == LONGEST_IDLE
        with serving(answering(PROMPT)) as server:
            get(connections, server.url)
            clock.advance(idle)
            get(connections, server.url)
            assert server.connections == expected

    @pytest.mark.parametrize("ends", [reset, socket.socket.close], ids=["reset", "closed"])
    def test_call_over_a_dead_connection_is_repeated_once(
        self, connections: KeptConnections, ends: Callable[[socket.socket], None]
    ) -> None:
        """If the peer ends a kept connection instead of answering, the GET is sent again."""

        def behave(connection: socket.socket, number: int) -> None:
            request_of(connection)
            connection.sendall(PROMPT)
            if number == 1:
                request_of(connection)
                ends(connection)
            else:
                request_of(connection)

        with serving(behave) as server:
            get(connections, server.url)
            assert get(connections, server.url).body == b'{"ok": true}'
            assert server.connections == 2

    @pytest.mark.parametrize("ends", [reset, socket.socket.close], ids=["reset", "closed"])
    def test_dead_connection_is_noticed_before_its_use(
        self, connections: KeptConnections, ends: Callable[[socket.socket], None]
    ) -> None:
        """If a kept connection ended while it was idle, the call uses a new one and sends nothing twice."""

        is_idle, has_ended = Event(), Event()

        def behave(connection: socket.socket, number: int) -> None:
            request_of(connection)
            connection.sendall(PROMPT)
            if number == 1:
                is_idle.wait(A_HANG)
                ends(connection)
                has_ended.set()
            else:
                request_of(connection)

        with serving(behave) as server:
            get(connections, server.url)
            is_idle.set()
            assert has_ended.wait(A_HANG)
            assert get(connections, server.url).status == 200

    @pytest.mark.parametrize("ends", [reset, socket.socket.close], ids=["reset", "closed"])
    def test_fresh_connection_that_ends_is_an_outage(
        self, connections: KeptConnections, ends: Callable[[socket.socket], None]
    ) -> None:
        """If a new connection ends, the call is not repeated."""

        def behave(connection: socket.socket, number: int) -> None:
            request_of(connection)
            ends(connection)

        with serving(behave) as server:
            assert outcome(partial(get, connections, server.url)) is ProviderReason.UNREACHABLE
            assert server.connections == 1

    def test_connection_that_replaces_an_idle_one_is_fresh(
        self, connections: KeptConnections, clock: FixedClock
    ) -> None:
        """Its end is that of a fresh connection: the call is not repeated."""

        def behave(connection: socket.socket, number: int) -> None:
            request_of(connection)
            if number == 1:
                connection.sendall(PROMPT)
                request_of(connection)
            reset(connection)

        with serving(behave) as server:
            get(connections, server.url)
            clock.advance(LONGEST_IDLE * 2)
            assert outcome(partial(get, connections, server.url)) is ProviderReason.UNREACHABLE
            assert server.connections == 2

    def test_call_is_repeated_once_only(self, connections: KeptConnections) -> None:
        """If the second connection ends as well, the call fails."""

        def behave(connection: socket.socket, number: int) -> None:
            request_of(connection)
            if number == 1:
                connection.sendall(PROMPT)
                request_of(connection)
            reset(connection)

        with serving(behave) as server:
            get(connections, server.url)
            assert outcome(partial(get, connections, server.url)) is ProviderReason.UNREACHABLE
            assert server.connections == 2

    def test_repeated_call_has_the_same_deadline(
        self, connections: KeptConnections, passing: PassingTime
    ) -> None:
        """A peer that ends a connection late does not double the deadline."""

        def behave(connection: socket.socket, number: int) -> None:
            request_of(connection)
            if number > 1:
                skip_during_read(passing, DEADLINE * 0.7)
                connection.sendall(late(PROMPT))
            connection.sendall(PROMPT)
            request_of(connection)
            skip_during_read(passing, DEADLINE * 0.7)
            reset(connection)

        with serving(behave) as server:
            get(connections, server.url)
            assert outcome(partial(get, connections, server.url)) is ProviderReason.TOO_SLOW
            assert server.connections == 2

    def test_change_is_never_repeated(self, connections: KeptConnections) -> None:
        """A POST is not repeated, because the peer may have used the code already."""

        def behave(connection: socket.socket, number: int) -> None:
            request_of(connection)
            connection.sendall(PROMPT)
            request_of(connection)
            reset(connection)

        with serving(behave) as server:
            get(connections, server.url)
            until = time.monotonic() + DEADLINE
            post = partial(exchange, connections, "POST", server.url, until, body=b"code=x")
            assert outcome(post) is ProviderReason.UNREACHABLE
            assert server.connections == 1

    def test_connection_with_unread_bytes_is_not_kept(self, connections: KeptConnections) -> None:
        """The unread rest of an answer never becomes the beginning of the next one."""
        large = response(b" " * (MOST_BYTES + 500))
        with serving(answering(large, PROMPT)) as server:
            seconds = 5.0
            assert outcome(partial(get, connections, server.url, seconds)) is ProviderReason.TOO_LARGE
            assert outcome(partial(get, connections, server.url, seconds)) is ProviderReason.TOO_LARGE
            assert server.connections == 2


class TestTls:
    """The same over TLS, and servers that cannot prove their name."""

    @pytest.fixture
    def authority(self, tmp_path: Path) -> Authority:
        """Return an authority."""
        return an_authority(tmp_path / "authority.pem")

    @pytest.fixture
    def trusting(
        self, connections: KeptConnections, authority: Authority, tmp_path: Path
    ) -> KeptConnections:
        """Return connections that trust the authority."""
        connections.connection_pool_kw["ca_certs"] = str(tmp_path / "authority.pem")
        return connections

    def test_trusted_server_is_asked(
        self, trusting: KeptConnections, authority: Authority, tmp_path: Path
    ) -> None:
        """The connection is kept, and replaced when it was idle."""
        certificate = authority.certificate(tmp_path / "server.pem", "127.0.0.1")
        with serving(answering(PROMPT), certificate) as server:
            assert [get(trusting, server.url, 5.0).status for _ in range(2)] == [200] * 2
            assert server.connections == 1

    @pytest.mark.parametrize("name", ["localhost", "127.0.0.2"])
    def test_server_with_another_name_is_refused(
        self, trusting: KeptConnections, authority: Authority, tmp_path: Path, name: str
    ) -> None:
        """A certificate is for the host that is asked."""
        certificate = authority.certificate(tmp_path / "server.pem", name)
        with serving(answering(PROMPT), certificate) as server:
            assert outcome(partial(get, trusting, server.url, 5.0)) is ProviderReason.UNREACHABLE

    def test_server_of_an_unknown_authority_is_refused(
        self, connections: KeptConnections, authority: Authority, tmp_path: Path
    ) -> None:
        """Certificates are always verified."""
        certificate = authority.certificate(tmp_path / "server.pem", "127.0.0.1")
        with serving(answering(PROMPT), certificate) as server:
            with pytest.raises(IdentityProviderUnavailable) as unavailable:
                get(connections, server.url, 5.0)
            assert unavailable.value.facts == {"url": server.url, "network_error": "SSLError"}

    @pytest.mark.parametrize("prompt", [b"", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["status", "body"])
    def test_answer_that_drips_is_given_up(
        self,
        trusting: KeptConnections,
        authority: Authority,
        passing: PassingTime,
        tmp_path: Path,
        prompt: bytes,
    ) -> None:
        """The deadline holds for what comes out of the cipher."""
        certificate = authority.certificate(tmp_path / "server.pem", "127.0.0.1")
        with serving(dripping(prompt, b"HTTP/1.1 200 OK ")(passing), certificate) as server:
            assert outcome(partial(get, trusting, server.url)) is ProviderReason.TOO_SLOW

    @pytest.mark.parametrize("is_polite", [True, False])
    def test_call_over_a_dead_connection_is_repeated_once(
        self, trusting: KeptConnections, authority: Authority, tmp_path: Path, is_polite: bool
    ) -> None:
        """The peer may end TLS first, or not."""

        def behave(connection: socket.socket, number: int) -> None:
            request_of(connection)
            connection.sendall(PROMPT)
            request_of(connection)
            if number == 1 and is_polite:
                connection.close()
            elif number == 1:
                reset(connection)

        certificate = authority.certificate(tmp_path / "server.pem", "127.0.0.1")
        with serving(behave, certificate) as server:
            get(trusting, server.url, 5.0)
            assert get(trusting, server.url, 5.0).status == 200
            assert server.connections == 2


class TestAnswers:
    """Everything that a server sends is an answer, or an outage with its reason."""

    @pytest.mark.parametrize(
        ("raw", "reason"),
        [
            (b"", ProviderReason.UNREACHABLE),
            (b"\r\n", ProviderReason.UNREACHABLE),
            (b"garbage\r\n\r\n", ProviderReason.UNREACHABLE),
            (b"HTTP/1.1 abc OK\r\n\r\n", ProviderReason.UNREACHABLE),
            (b"HTTP/1.1 99999 OK\r\n\r\n", ProviderReason.UNREACHABLE),
            (b"HTTP/9.9 200 OK\r\n\r\n", ProviderReason.UNREACHABLE),
            (b"\x16\x03\x01" * 100, ProviderReason.UNREACHABLE),
            (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", ProviderReason.UNREACHABLE),
            (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", ProviderReason.UNREACHABLE),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n{}", ProviderReason.UNREACHABLE),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}", ProviderReason.UNREACHABLE),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ProviderReason.UNREACHABLE),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}", ProviderReason.UNREACHABLE),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}", ProviderReason.UNREACHABLE),
            (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot gzip", ProviderReason.UNREACHABLE),
            (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n{}", None),
            (b"HTTP/1.1 200 OK\r\n\r\n{}", None),
            (b"HTTP/1.1 200 OK\r\nBad Header\r\nContent-Length: 2\r\n\r\n{}", None),
            (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}", None),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}", None),
            (b"HTTP/1.1 204 No Content\r\n\r\n", ProviderReason.BAD_STATUS),
            (b"HTTP/1.1 302 Found\r\nLocation: https://evil.example\r\n\r\n", ProviderReason.BAD_STATUS),
            (b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n", ProviderReason.BAD_STATUS),
            (b"HTTP/1.1 503 Busy\r\nRetry-After: 99999\r\n\r\n", ProviderReason.BAD_STATUS),
            (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (MOST_BYTES + 1), ProviderReason.TOO_LARGE),
            (
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b" " * 50_000_000),
                ProviderReason.TOO_LARGE,
            ),
        ],
        ids=lambda value: str(value)[:60],
    )
    def test_every_answer_is_a_document_or_an_outage(
        self,
        connections: KeptConnections,
        clock: FixedClock,
        raw: bytes,
        reason: ProviderReason | None,
    ) -> None:
        """Any bytes lead to an answer or to IdentityProviderUnavailable."""

        def behave(connection: socket.socket, number: int) -> None:
            request_of(connection)
            connection.sendall(raw)

        with serving(behave) as server:
            assert outcome(partial(fetched, connections, server.url)) is reason

    @pytest.mark.parametrize(
        "url",
        [
            "http://[",
            "http://[::1",
            "http://",
            "http:///path",
            "http://host:99999/",
            "http://host:x/",
            "http://a\x00b/",
            "http://" + "a" * 300 + ".example/",
            "http://a..b/",
            "ftp://example.com/",
            "http://\ud800/",
            "http://127.0.0.1:1/",
            "http://name.invalid/",
        ],
    )
    def test_every_address_is_an_outage(self, connections: KeptConnections, url: str) -> None:
        """An address that cannot be parsed is an error of the provider too."""
        reason = outcome(partial(get, connections, url, 2.0))
        assert reason in {ProviderReason.UNREACHABLE, ProviderReason.TOO_SLOW}

    def test_redirect_is_not_followed(self, connections: KeptConnections, clock: FixedClock) -> None:
        """A redirect is not followed, so only configured hosts are asked."""
        paths: list[str] = []

        def behave(connection: socket.socket, number: int) -> None:
            while request := request_of(connection):
                paths.append(request.split()[1])
                connection.sendall(
                    b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
                )

        with serving(behave) as server:
            discovery = f"{server.url}/.well-known/openid-configuration"
            documents = ProviderDocuments(server.url, discovery, connections, clock)
            provider = OidcProvider(ProviderRules(server.url, {AUDIENCE}, AUDIENCE), documents, clock)
            with pytest.raises(IdentityProviderUnavailable) as unavailable:
                provider.verify(saying(iss=server.url))
        assert paths == ["/.well-known/openid-configuration"]
        assert unavailable.value.facts == {"url": discovery, "provider_status": "302"}

    def test_headers_of_a_call_are_sent(self, connections: KeptConnections, clock: FixedClock) -> None:
        """The userinfo endpoint needs the access token."""
        asked: list[str] = []

        def behave(connection: socket.socket, number: int) -> None:
            asked.append(request_of(connection))
            connection.sendall(PROMPT)

        with serving(behave) as server:
            assert fetched(connections, server.url, Authorization="Bearer x") == {"ok": True}
        assert "Authorization: Bearer x\r\n" in asked[0]


def fetched(connections: KeptConnections, url: str, **headers: str) -> Mapping[str, Any]:
    """Return the JSON object of a good answer. Raises IdentityProviderUnavailable for any other."""
    answer = exchange(connections, "GET", url, time.monotonic() + 5, headers=headers)
    if answer.status != 200:
        raise IdentityProviderUnavailable(ProviderReason.BAD_STATUS)
    return json_object(answer.body, url)


def raw_response(body: bytes, status: int = 200, **headers: str) -> urllib3.HTTPResponse:
    """Return a response as it comes from the network."""
    return urllib3.HTTPResponse(io.BytesIO(body), status=status, headers=headers, preload_content=False)


class TestDocuments:
    """The rules for the provider's documents."""

    @pytest.mark.parametrize("url", [CONFIGURATION, JWKS])
    @pytest.mark.parametrize(
        ("trouble", "reason"),
        [
            (lambda: urllib3.exceptions.ConnectTimeoutError("x"), ProviderReason.TOO_SLOW),
            (
                lambda: urllib3.exceptions.ReadTimeoutError(urllib3.HTTPConnectionPool("x"), "/", "x"),
                ProviderReason.TOO_SLOW,
            ),
            (lambda: urllib3.exceptions.ProtocolError("x"), ProviderReason.UNREACHABLE),
            (lambda: urllib3.exceptions.SSLError("x"), ProviderReason.UNREACHABLE),
            (lambda: raw_response(b"{}", 500), ProviderReason.BAD_STATUS),
            (lambda: raw_response(b"{}", 404), ProviderReason.BAD_STATUS),
            (lambda: raw_response(b"{}", 201), ProviderReason.BAD_STATUS),
            (lambda: raw_response(b""), ProviderReason.NOT_JSON),
            (lambda: raw_response(b"not json"), ProviderReason.NOT_JSON),
            (lambda: raw_response(b"\xff\xfe"), ProviderReason.NOT_JSON),
            (lambda: raw_response(b"[" * 100_000), ProviderReason.NOT_JSON),
            (lambda: raw_response(b'{"a":' * 40_000), ProviderReason.NOT_JSON),
            (lambda: raw_response(b'{"a": ' + b"1" * 5000 + b"}"), ProviderReason.NOT_JSON),
            (lambda: raw_response(b"[]"), ProviderReason.BAD_ANSWER),
            (lambda: raw_response(b"null"), ProviderReason.BAD_ANSWER),
            (lambda: raw_response(b'"text"'), ProviderReason.BAD_ANSWER),
            (lambda: raw_response(b" " * (256 * 1024 + 1)), ProviderReason.TOO_LARGE),
            (
                lambda: raw_response(b'{"keys": [' + b"{}," * 200_000 + b"{}]}"),
                ProviderReason.TOO_LARGE,
            ),
            (
                lambda: raw_response(b"", 302, location="https://evil.example.com/jwks"),
                ProviderReason.BAD_STATUS,
            ),
            (
                lambda: raw_response(b"", 307, location="http://169.254.169.254/latest/meta-data"),
                ProviderReason.BAD_STATUS,
            ),
        ],
    )
    def test_trouble_is_an_outage_and_passes(
        self,
        http: FakeHttp,
        documents: ProviderDocuments,
        clock: FixedClock,
        url: str,
        trouble: Callable[[], object],
        reason: ProviderReason,
    ) -> None:
        """Each fault of the provider has its reason. After the fault the next call works."""
        provider = OidcProvider(ProviderRules(ISSUER, {AUDIENCE}, AUDIENCE), documents, clock)
        good = http.documents[url]
        http.documents[url] = trouble()
        with pytest.raises(IdentityProviderUnavailable) as unavailable:
            provider.verify(saying())
        assert (unavailable.value.reason, unavailable.value.facts["url"]) == (reason, url)
        assert {CONFIGURATION, JWKS} >= set(http.asked)
        http.documents[url] = good
        clock.advance(COOL_DOWN)
        assert provider.verify(saying()).subject == "user-1"

    @pytest.mark.parametrize(
        "issuer",
        ["https://evil.example.com", ISSUER + "/", ISSUER.upper(), None, "", 7, [ISSUER], {ISSUER: 1}],
        ids=str,
    )
    def test_configuration_of_another_issuer_is_an_outage(
        self, http: FakeHttp, documents: ProviderDocuments, issuer: object
    ) -> None:
        """The document at our provider's address must be our provider's. No key of another is read."""
        http.documents[CONFIGURATION]["issuer"] = issuer
        for action in (documents.configuration, documents.key_set, partial(documents.endpoint, "jwks_uri")):
            assert outcome(action) is ProviderReason.WRONG_ISSUER
        assert set(http.asked) == {CONFIGURATION}

    def test_discovery_may_be_elsewhere(self, http: FakeHttp, clock: FixedClock) -> None:
        """Azure B2C publishes at another path than its issuer's. The issuer is compared anyway."""
        elsewhere = "https://contoso.b2clogin.example/policy/.well-known/openid-configuration?p=signin"
        http.documents[elsewhere] = http.documents.pop(CONFIGURATION)
        documents = ProviderDocuments(ISSUER, elsewhere, http, clock)
        assert documents.configuration()["issuer"] == ISSUER
        http.documents[elsewhere]["issuer"] = "https://contoso.b2clogin.example"
        with pytest.raises(IdentityProviderUnavailable) as unavailable:
            documents.key_set()
        assert unavailable.value.reason is ProviderReason.WRONG_ISSUER
        assert unavailable.value.facts == {
            "expected_iss": ISSUER,
            "received_iss": "https://contoso.b2clogin.example",
        }

    @pytest.mark.parametrize(
        ("endpoint", "reason"),
        [
            (None, ProviderReason.MISSING_ENDPOINT),
            ("", ProviderReason.MISSING_ENDPOINT),
            (7, ProviderReason.MISSING_ENDPOINT),
            (["https://login.example.com/x"], ProviderReason.MISSING_ENDPOINT),
            ({"url": 1}, ProviderReason.MISSING_ENDPOINT),
            ("http://login.example.com/x", ProviderReason.INSECURE_ENDPOINT),
            ("HTTP://login.example.com/x", ProviderReason.INSECURE_ENDPOINT),
            ("file:///etc/passwd", ProviderReason.INSECURE_ENDPOINT),
            ("javascript:alert(1)", ProviderReason.INSECURE_ENDPOINT),
            ("//login.example.com/x", ProviderReason.INSECURE_ENDPOINT),
            ("/x", ProviderReason.INSECURE_ENDPOINT),
            ("x", ProviderReason.INSECURE_ENDPOINT),
            ("http://[", ProviderReason.BAD_ANSWER),
            ("https://[", ProviderReason.BAD_ANSWER),
            ("https://[::1", ProviderReason.BAD_ANSWER),
            ("https://", ProviderReason.BAD_ANSWER),
            ("https:///x", ProviderReason.BAD_ANSWER),
            ("https:x", ProviderReason.BAD_ANSWER),
            ("https://login.example.com:99999/x", ProviderReason.BAD_ANSWER),
            ("https://login.example.com:x/", ProviderReason.BAD_ANSWER),
            ("https://login.example.com:0/", ProviderReason.BAD_ANSWER),
            ("https://jo:secret@login.example.com/", ProviderReason.BAD_ANSWER),
            ("https://login.example.com/a b", ProviderReason.BAD_ANSWER),
            ("https://login.example.com/\r\nX:y", ProviderReason.BAD_ANSWER),
            ("https://login.example.com/\t", ProviderReason.BAD_ANSWER),
            ("https://login.example.com/\x00", ProviderReason.BAD_ANSWER),
            ('https://login.example.com/"><script>', ProviderReason.BAD_ANSWER),
            ("https://login.example.com/\ud800", ProviderReason.BAD_ANSWER),
            ("https://lögin.example.com/", ProviderReason.BAD_ANSWER),
            ("https://login.example.com\\@evil.example/", ProviderReason.BAD_ANSWER),
        ],
        ids=repr,
    )
    def test_endpoint_that_cannot_be_used_is_an_outage(
        self, http: FakeHttp, documents: ProviderDocuments, endpoint: object, reason: ProviderReason
    ) -> None:
        """An endpoint that is missing, insecure or unreadable is named in the log."""
        http.documents[CONFIGURATION] |= {"token_endpoint": endpoint, "jwks_uri": endpoint}
        with pytest.raises(IdentityProviderUnavailable) as unavailable:
            documents.endpoint("token_endpoint")
        assert (unavailable.value.reason, unavailable.value.facts["endpoint"]) == (reason, "token_endpoint")
        assert all(fact.isascii() and fact.isprintable() for fact in unavailable.value.facts.values())
        assert outcome(documents.key_set) is reason
        assert set(http.asked) == {CONFIGURATION}

    @pytest.mark.parametrize("url", ["https://login.example.com/x?a=b", "https://other.example:8443/y#z"])
    def test_endpoint_is_returned_as_it_is(
        self, http: FakeHttp, documents: ProviderDocuments, url: str
    ) -> None:
        """An endpoint may be on another host, and have its own query."""
        http.documents[CONFIGURATION]["token_endpoint"] = url
        assert documents.endpoint("token_endpoint") == url

    def test_provider_on_loopback_needs_no_tls(self, http: FakeHttp, clock: FixedClock) -> None:
        """If the issuer uses https, an http endpoint is refused."""
        issuer = "http://127.0.0.1:9000"
        http.documents[issuer] = {"issuer": issuer, "jwks_uri": f"{issuer}/jwks", "x_endpoint": "ftp://h/"}
        documents = ProviderDocuments(issuer, issuer, http, clock)
        assert documents.endpoint("jwks_uri") == f"{issuer}/jwks"
        assert outcome(partial(documents.endpoint, "x_endpoint")) is ProviderReason.INSECURE_ENDPOINT

    def test_configuration_is_kept_for_five_minutes(
        self, http: FakeHttp, documents: ProviderDocuments, clock: FixedClock
    ) -> None:
        """The configuration is kept, because a sign-in at the page needs it several times."""
        for _ in range(3):
            documents.configuration()
            documents.endpoint("jwks_uri")
        assert http.asked == [CONFIGURATION]
        clock.advance(MAX_AGE)
        documents.configuration()
        assert http.asked == [CONFIGURATION] * 2

    def test_configuration_comes_with_the_keys(
        self, http: FakeHttp, documents: ProviderDocuments, clock: FixedClock
    ) -> None:
        """Reading the keys also reads the configuration again."""
        documents.configuration()
        http.documents[CONFIGURATION]["token_endpoint"] = f"{ISSUER}/token"
        documents.key_set()
        assert documents.endpoint("token_endpoint") == f"{ISSUER}/token"
        assert http.asked == [CONFIGURATION, CONFIGURATION, JWKS]

    def test_configuration_that_cannot_be_read_cools_down(
        self, http: FakeHttp, documents: ProviderDocuments, clock: FixedClock
    ) -> None:
        """Five sign-ins at the page make one request."""
        good, http.documents[CONFIGURATION] = http.documents[CONFIGURATION], None
        assert [outcome(documents.configuration) for _ in range(5)] == [ProviderReason.BAD_STATUS] * 5
        assert http.asked == [CONFIGURATION]
        http.documents[CONFIGURATION] = good
        clock.advance(COOL_DOWN)
        assert outcome(documents.configuration) is None

    @pytest.mark.parametrize("reason", list(ProviderReason))
    def test_every_reason_has_a_sentence(self, reason: ProviderReason) -> None:
        """Each reason has a sentence for callers."""
        assert reason.sentence.endswith(".")


URL = "https://login.example.com/jwks"


@pytest.mark.parametrize(
    "body",
    [
        b'{"keys": [], "keys": []}',
        b'{"issuer": "a", "\\u0069ssuer": "b"}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": 1} {"a": 2}',
        b"\xff\xfe{\x00}\x00",
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-32"),
        b'{"a": "\xff"}',
        b'{"a": [' + b"1," * 30_000 + b"1]}",
        b'{"a":' * 33 + b"1" + b"}" * 33,
    ],
)
def test_a_document_with_two_readings_is_an_outage(body: bytes) -> None:
    """Two readers of it could see two issuers, two key sets or two subjects."""
    with pytest.raises(IdentityProviderUnavailable) as unavailable:
        json_object(body, URL)
    assert unavailable.value.reason is ProviderReason.NOT_JSON


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b"\xef\xbb\xbf" + b'{"a": 1}\r\n', {"a": 1}),
        (b' \n{"a": "caf\xc3\xa9 \\ud83d"} ', {"a": "caf\u00e9 \ud83d"}),
        (b'{"groups": [' + b'"g",' * 5_000 + b'"g"]}', {"groups": ["g"] * 5_001}),
        (b'{"a":' * 20 + b"1" + b"}" * 20, None),
    ],
)
def test_documents_as_providers_write_them_are_read(body: bytes, document: object) -> None:
    """A byte order mark, a name that was cut within an emoji, many groups, and nested claims."""
    assert json_object(body, URL) == (document or json.loads(body))
