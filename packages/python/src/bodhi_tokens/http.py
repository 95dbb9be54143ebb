"""One HTTP call of the token service: no redirects, no proxies, bounded in time and size."""

from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from json import loads
from typing import Any
from urllib.parse import urlsplit

from bodhi_tokens.errors import TokenServiceUnavailable

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# A set of 1,000 keys has about 250 KB.
_MAX_BYTES = 524_288


class TokenService:
    """The token service at its ``issuer``. ``timeout`` is in seconds, for each wait on the network.

    Raises ValueError unless the issuer is an https URL, or an http URL of this machine.
    """

    def __init__(self, issuer: str, timeout: float) -> None:
        url = urlsplit(issuer)
        is_local = url.scheme == "http" and url.hostname in _LOOPBACK
        if not url.hostname or not (url.scheme == "https" or is_local) or url.query or url.username:
            raise ValueError(f"issuer must be an https URL, such as https://tokens.example.com: {issuer!r}")
        if timeout <= 0:
            raise ValueError("timeout must be more than 0 seconds")
        self._host, self._port, self._is_local = url.hostname, url.port, is_local
        self._base = url.path.rstrip("/")
        self._timeout = timeout

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """Return the JSON of a 200 response. Raises TokenServiceUnavailable for everything else."""
        kind = HTTPConnection if self._is_local else HTTPSConnection
        connection = kind(self._host, self._port, timeout=self._timeout)
        try:
            connection.request(method, f"{self._base}{path}", body, dict(headers or {}))
            response = connection.getresponse()
            content = response.read(_MAX_BYTES + 1)
        except (OSError, HTTPException) as error:
            raise TokenServiceUnavailable(
                f"The token service did not respond: {type(error).__name__}."
            ) from error
        finally:
            connection.close()
        if response.status != 200:
            raise TokenServiceUnavailable(f"The token service responded to {path} with {response.status}.")
        return _document(content)


def _document(content: bytes) -> Any:
    try:
        if len(content) <= _MAX_BYTES:
            return loads(content)
    except (ValueError, RecursionError):
        pass
    # The response of a proxy may repeat the token.
    raise TokenServiceUnavailable("The response of the token service is not valid JSON.") from None
