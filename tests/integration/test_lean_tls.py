"""The lean client calls only a server that can prove to be DynamoDB."""

import io
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from chalicelib.adapters.dynamodb.lean import trust
from chalicelib.adapters.dynamodb.lean.client import LeanDynamoDB
from chalicelib.adapters.dynamodb.lean.trust import Trust
from chalicelib.adapters.failures import CallFailed
from tests.support import canaries
from tests.support.certificates import DAY, NOW, Authority, an_authority, secret_of, server_context
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
    trust = Trust([lambda: str(trusted)]) if trusted else None
    client = LeanDynamoDB(access, FixedClock(), trust=trust)
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


@pytest.fixture
def theirs(tmp_path: Path) -> Authority:
    """Return the authority of the set that comes second."""
    return an_authority(tmp_path / "theirs.pem")


class Files:
    """Two files of authorities, which notice when they are read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.read: list[str] = []

    def trust(self) -> Trust:
        """Return the trust in ours, and in all of theirs after it."""
        return Trust([lambda: self._file("ours"), lambda: self._file("theirs")])

    def _file(self, name: str) -> str:
        self.read.append(name)
        return str(self.folder / f"{name}.pem")


def call_by(trust: Trust, server: Scripted) -> None:
    """Make a call over a connection of its own."""
    client = LeanDynamoDB(an_access(server.port, scheme="https", name=NAME), FixedClock(), trust=trust)
    try:
        client.query(TableName="t")
    finally:
        client.close()


def test_second_set_is_not_read_while_the_first_one_knows_the_issuer(
    ours: Authority, tmp_path: Path
) -> None:
    """That is the whole gain."""
    files = Files(tmp_path)
    with serving(ours.certificate(tmp_path / "server.pem", NAME)) as server:
        call_by(files.trust(), server)
    assert files.read == ["ours"]


@pytest.mark.parametrize("sends_the_root", [False, True])
def test_unknown_issuer_is_looked_for_in_the_second_set(
    ours: Authority, theirs: Authority, tmp_path: Path, *, sends_the_root: bool
) -> None:
    """Once for all later connections, and with a line. The server may send its root too."""
    files, certificate = Files(tmp_path), theirs.certificate(tmp_path / "server.pem", NAME)
    if sends_the_root:
        certificate.write_bytes(certificate.read_bytes() + (tmp_path / "theirs.pem").read_bytes())
    trust = files.trust()
    with canaries.recorded() as recorder:
        for _ in range(2):
            with serving(certificate) as server:
                call_by(trust, server)
                assert len(server.requests) == 1
    assert files.read == ["ours", "theirs"]
    (line,) = recorder.lines("dynamodb.authorities")
    assert (line["level"], line["because_of"]) == ("WARNING", "unknown issuer")


@pytest.mark.parametrize(
    ("name", "until"),
    [("dynamodb.example.com", NOW + DAY), (NAME, NOW - DAY)],
    ids=["another name", "expired"],
)
def test_second_set_mends_nothing_but_the_issuer(
    ours: Authority, theirs: Authority, tmp_path: Path, name: str, until: datetime
) -> None:
    """A certificate with another error is refused, whichever set knows its issuer."""
    known, files = ours.certificate(tmp_path / "known.pem", name, until), Files(tmp_path)
    with serving(known) as server:
        refused_by(files.trust(), server)
    assert files.read == ["ours"]
    with serving(theirs.certificate(tmp_path / "unknown.pem", name, until)) as server:
        refused_by(files.trust(), server)


def test_certificate_for_another_use_is_not_looked_for_again(ours: Authority, tmp_path: Path) -> None:
    """A certificate of a client is not one of a server."""
    certificate = ours.certificate(tmp_path / "server.pem", NAME, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    files = Files(tmp_path)
    with serving(certificate) as server:
        refused_by(files.trust(), server)
    assert files.read == ["ours"]


def test_self_signed_certificate_is_not_looked_for_again(ours: Authority, tmp_path: Path) -> None:
    """It has no issuer but itself, and no set of authorities knows it."""
    files, path = Files(tmp_path), tmp_path / "server.pem"
    itself = an_authority(tmp_path / "itself.pem")
    path.write_bytes(secret_of(itself.key) + (tmp_path / "itself.pem").read_bytes())
    with serving(path) as server:
        refused_by(files.trust(), server)
    assert files.read == ["ours"]


def test_issuer_that_no_set_knows_is_refused_each_time(ours: Authority, tmp_path: Path) -> None:
    """Both sets are tried, and the first one stays first. No line says that the second one was needed."""
    an_authority(tmp_path / "theirs.pem")
    nobodys, files = an_authority(tmp_path / "nobodys.pem"), Files(tmp_path)
    trust, certificate = files.trust(), nobodys.certificate(tmp_path / "server.pem", NAME)
    with canaries.recorded() as recorder:
        for _ in range(2):
            with serving(certificate) as server:
                refused_by(trust, server)
    assert files.read == ["ours", "theirs", "theirs"]
    assert recorder.lines("dynamodb.authorities") == []


def refused_by(trust: Trust, server: Scripted) -> None:
    """Fail unless the certificate is refused before anything is sent."""
    with pytest.raises(CallFailed) as caught:
        call_by(trust, server)
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
    assert server.requests == []


@pytest.mark.parametrize(
    ("region", "is_packaged", "first"),
    [
        ("eu-west-1", True, "amazon"),
        ("cn-north-1", True, "certifi"),
        ("eu-west-1", False, "certifi"),
    ],
)
def test_amazons_roots_come_first_outside_china(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, region: str, first: str, *, is_packaged: bool
) -> None:
    """If the package has them. In China, AWS has certificates of other authorities."""
    an_authority(tmp_path / "amazon.pem")
    monkeypatch.setattr(trust, "AMAZON", str(tmp_path / ("amazon.pem" if is_packaged else "none.pem")))
    known = Trust.of(region)._context.get_ca_certs()
    assert (len(known) == 1) == (first == "amazon")
