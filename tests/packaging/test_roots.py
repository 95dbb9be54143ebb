"""Amazon's own roots in the package."""

import shutil
import ssl
from pathlib import Path
from typing import Any

import certifi
import pytest

from infra.aws.errors import PackagingError
from infra.aws.package.roots import FINGERPRINTS, PLACE, write_roots

END = "-----END CERTIFICATE-----\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return an unpacked package with certifi alone."""
    (tmp_path / "certifi").mkdir()
    (tmp_path / PLACE).parent.mkdir(parents=True)
    shutil.copy(certifi.where(), tmp_path / "certifi" / "cacert.pem")
    return tmp_path


def authorities(path: Path | str) -> set[str]:
    """Return the names of the authorities in a file."""
    certificates: Any = ssl.create_default_context(cafile=str(path)).get_ca_certs()
    return {dict(part[0] for part in each["subject"]).get("commonName", "") for each in certificates}


def test_package_has_the_five_roots_of_amazon(root: Path) -> None:
    """Each is byte for byte the one that certifi has, and there are no others."""
    write_roots(root)
    written = (root / PLACE).read_text()
    certificates = [part + END for part in written.split(END)[:-1]]
    assert len(certificates) == len(FINGERPRINTS) == 5
    assert all(each in Path(certifi.where()).read_text() for each in certificates)
    assert authorities(root / PLACE) == {
        "Amazon Root CA 1",
        "Amazon Root CA 2",
        "Amazon Root CA 3",
        "Amazon Root CA 4",
        "Starfield Services Root Certificate Authority - G2",
    }


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_root_that_certifi_lacks_stops_the_package(root: Path, name: str) -> None:
    """The client would never need the others' set by surprise. A root of the same name is not enough."""
    write_roots(root)
    index = list(FINGERPRINTS).index(name)
    missing = (root / PLACE).read_text().split(END)[index] + END
    store = root / "certifi" / "cacert.pem"
    store.write_text(store.read_text().replace(missing, ""))
    (root / PLACE).unlink()
    with pytest.raises(PackagingError, match=name):
        write_roots(root)
    assert not (root / PLACE).exists()
