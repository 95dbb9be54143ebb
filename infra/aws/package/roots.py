"""Amazon's own roots, which the authorizer's client of DynamoDB tries first."""

from __future__ import annotations

import hashlib
import re
import ssl
from pathlib import Path

from infra.aws.errors import PackagingError

PLACE = "chalicelib/adapters/dynamodb/lean/amazon.pem"

# SHA-256 of each certificate in DER. Source: https://www.amazontrust.com/repository/
FINGERPRINTS = {
    "Amazon Root CA 1": "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "Amazon Root CA 2": "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "Amazon Root CA 3": "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "Amazon Root CA 4": "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    "Starfield Services Root CA - G2": "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
}
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n")


def write_roots(root: Path) -> None:
    """Write Amazon's roots into an unpacked package, out of its certifi.

    They are found by their fingerprints, so nothing is trusted that certifi does not trust. Raises
    PackagingError if certifi lacks one of them.
    """
    authorities = (root / "certifi" / "cacert.pem").read_text(encoding="utf-8")
    found = {_fingerprint(each): each for each in _CERTIFICATE.findall(authorities)}
    missing = [name for name, fingerprint in FINGERPRINTS.items() if fingerprint not in found]
    if missing:
        raise PackagingError(f"certifi no longer has {', '.join(missing)}. Compare with Amazon's list.")
    roots = "".join(found[fingerprint] for fingerprint in FINGERPRINTS.values())
    (root / PLACE).write_text(roots, encoding="utf-8")


def _fingerprint(certificate: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()
