"""The lean client calls only a server that can prove to be DynamoDB."""

import io
import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from chalicelib.adapters.dynamodb.lean.client import LeanDynamoDB
from chalicelib.adapters.failures import CallFailed
from tests.support.clock import FixedClock
from tests.support.lean import an_access
from tests.support.scripted import Answer, Scripted, http, scripted

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
NAME = "localhost"


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority that signs certificates."""

    key: ec.EllipticCurvePrivateKey
    name: x509.Name

    def certificate(self, path: Path, name: str, until: datetime = NOW + DAY) -> Path:
        """Write a certificate with its key; the name may be an address."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternative = (
            x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
        )
        certificate = (
            _builder(x509.Name([]), self.name, key, until)
            .add_extension(x509.SubjectAlternativeName([alternative]), critical=True)
            .sign(self.key, SHA256())
        )
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
        return path


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 10 * DAY)
        .not_valid_after(until)
    )


def an_authority(path: Path) -> Authority:
    """Return an authority whose own certificate is written."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, path.stem)])
    certificate = (
        _builder(name, name, key, NOW + DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return Authority(key, name)


@contextmanager
def serving(
    certificate: Path, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, first: Answer = None
) -> Iterator[Scripted]:
    """Serve over TLS with a certificate; ``first`` is the first answer, if not the usual one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
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
