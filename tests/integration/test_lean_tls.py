"""The lean client calls only a server that can prove to be DynamoDB."""

import io
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chalicelib.adapters.dynamodb.lean.client import LeanDynamoDB
from chalicelib.adapters.failures import CallFailed
from tests.support.certificates import DAY, NOW, Authority, an_authority, server_context
from tests.support.clock import FixedClock
from tests.support.lean import an_access
from tests.support.scripted import Answer, Scripted, http, scripted

NAME = "localhost"


@contextmanager
def serving(
    certificate: Path, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, first: Answer = None
) -> Iterator[Scripted]:
    """Serve over TLS with a certificate; ``first`` is the first answer, if not the usual one."""
    context = server_context(certificate)
    context.maximum_version = newest
    with scripted([[first or http(), http()]], context) as server:
        yield server


def called(server: Scripted, trusted: Path | None) -> None:
    """Make two calls over one connection."""
    access = an_access(server.port, scheme="https", name=NAME)
    client = LeanDynamoDB(access, FixedClock(), trusted=trusted)
    try:
        client.query(TableName="t")
        client.update_item(TableName="t")
    finally:
        client.close()


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    """Return the authority that is trusted."""
    return an_authority(tmp_path / "ours.pem")


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_who_proves_its_name_is_spoken_to(ours: Authority, tmp_path: Path, newest: ssl.TLSVersion) -> None:
    """Over one connection, which is kept."""
    with serving(ours.certificate(tmp_path / "server.pem", NAME), newest) as server:
        called(server, tmp_path / "ours.pem")
    assert server.connections == [0, 0]


def test_answer_that_nobody_asked_for_is_no_answer(ours: Authority, tmp_path: Path) -> None:
    """Bytes behind the first response were decrypted with it, so the socket does not show them."""
    certificate = ours.certificate(tmp_path / "server.pem", NAME)
    one = http()
    # What is read at once into the first answer's buffer is dropped with it.
    two = one.ljust(io.DEFAULT_BUFFER_SIZE, b"x") + http({"Items": ["of somebody else"]})
    with serving(certificate, first=two) as server:
        called(server, tmp_path / "ours.pem")
    assert server.connections == [0, 1]


def refused(server: Scripted, trusted: Path | None) -> None:
    """Fail unless the call fails by the certificate, and before anything is sent."""
    with pytest.raises(CallFailed) as caught:
        called(server, trusted)
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
    assert server.requests == []


@pytest.mark.parametrize("name", ["dynamodb.example.com", "127.0.0.1", "*.localhost"])
def test_another_name_is_refused(ours: Authority, tmp_path: Path, name: str) -> None:
    """A valid certificate for another name is refused."""
    with serving(ours.certificate(tmp_path / "server.pem", name)) as server:
        refused(server, tmp_path / "ours.pem")


def test_another_authority_is_refused(ours: Authority, tmp_path: Path) -> None:
    """A certificate with the right name is not enough, if another authority signed it."""
    theirs = an_authority(tmp_path / "theirs.pem")
    with serving(theirs.certificate(tmp_path / "server.pem", NAME)) as server:
        refused(server, tmp_path / "ours.pem")


def test_certificate_of_the_past_is_refused(ours: Authority, tmp_path: Path) -> None:
    """Its key may be anybody's by now."""
    with serving(ours.certificate(tmp_path / "server.pem", NAME, NOW - DAY)) as server:
        refused(server, tmp_path / "ours.pem")


def test_only_known_authorities_are_trusted_by_default(ours: Authority, tmp_path: Path) -> None:
    """The deployed client does not trust a private authority."""
    with serving(ours.certificate(tmp_path / "server.pem", NAME)) as server:
        refused(server, None)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_versions_are_refused(ours: Authority, tmp_path: Path) -> None:
    """Before 1.2 nothing is sent."""
    certificate = ours.certificate(tmp_path / "server.pem", NAME)
    with serving(certificate, ssl.TLSVersion.TLSv1_1) as server, pytest.raises(CallFailed):
        called(server, tmp_path / "ours.pem")
    assert server.requests == []


def test_who_does_not_speak_tls_is_refused(tmp_path: Path, ours: Authority) -> None:
    """Nothing is ever sent in the clear to where TLS is expected."""
    with scripted([[http()]]) as server, pytest.raises(CallFailed) as caught:
        called(server, tmp_path / "ours.pem")
    assert isinstance(caught.value.__cause__, OSError)
    assert all("authorization" not in request.head for request in server.requests)
