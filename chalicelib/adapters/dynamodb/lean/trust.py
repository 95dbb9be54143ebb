"""The authorities that may vouch for DynamoDB.

To read all of certifi's certificates takes longer than all other work of a connection. So Amazon's own
roots come first. Packaging takes them out of certifi's. See docs/decisions/0021-lean-client.md.
"""

import ssl
from collections.abc import Callable, Sequence
from os import path
from socket import socket

from chalicelib import logs

AMAZON = path.join(path.dirname(__file__), "amazon.pem")
"""The file with Amazon's roots. Only the package has it."""

# Source: openssl-verify(1), "Diagnostics". No other error is about authorities alone.
_UNKNOWN_ISSUERS = frozenset(
    {
        19,  # X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN
        20,  # X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
    }
)


class Trust:
    """Files of authorities, in the order in which they are tried. Each is read when it is needed.

    The next file is tried only if the authorities of the present one do not include the server's. Every
    other error of a certificate stands: another name, an expiry, an unsuitable use.
    """

    def __init__(self, files: Sequence[Callable[[], str]]) -> None:
        self._context = ssl.create_default_context(cafile=files[0]())
        self._more = list(files[1:])

    @classmethod
    def of(cls, region: str) -> "Trust":
        """Return the trust of a region. In China, AWS has certificates of other authorities."""
        has_amazon = path.exists(AMAZON) and not region.startswith("cn-")
        return cls([lambda: AMAZON, certifi_file] if has_amazon else [certifi_file])

    def connected(self, connect: Callable[[], socket], name: bytes) -> ssl.SSLSocket:
        """Return a connection to a server that proves its name. Raises OSError."""
        context = self._context
        try:
            return _secured(context, connect(), name)
        except ssl.SSLCertVerificationError as error:
            if error.verify_code not in _UNKNOWN_ISSUERS or not self._more:
                raise
        context = ssl.create_default_context(cafile=self._more[0]())
        connection = _secured(context, connect(), name)
        # Once they were needed, all later connections begin with them.
        self._context, self._more = context, self._more[1:]
        logs.warn("dynamodb.authorities", because_of="unknown issuer")
        return connection


def certifi_file() -> str:
    """Return the file of certifi's authorities, which the SDK uses too."""
    # certifi's own function for this loads modules that nothing else needs.
    from importlib.util import find_spec

    found = find_spec("certifi")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("certifi")
    return path.join(path.dirname(found.origin), "cacert.pem")


def _secured(context: ssl.SSLContext, plain: socket, name: bytes) -> ssl.SSLSocket:
    try:
        return context.wrap_socket(plain, server_hostname=name)
    except BaseException:
        plain.close()
        raise
