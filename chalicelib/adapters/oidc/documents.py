"""The documents of an OpenID provider (OpenID Connect Discovery 1.0)."""

import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import urllib3

from chalicelib.adapters.oidc.http import exchange, json_object
from chalicelib.adapters.oidc.reloads import Reloads
from chalicelib.domain.errors import IdentityProviderUnavailable
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.reasons import ProviderReason
from chalicelib.logs import fact

SECONDS = 5.0

_CHARACTERS = re.compile(r"[!#-;=?-\[\]_a-z~]+")  # RFC 3986 section 2


class ProviderDocuments:
    """The configuration, the keys and other JSON documents of one provider.

    Redirects are not followed, so only configured hosts are asked. ``seconds`` limits all requests of
    one call together.
    """

    def __init__(
        self,
        issuer: str,
        discovery_url: str,
        http: urllib3.PoolManager,
        clock: Clock,
        *,
        seconds: float = SECONDS,
    ) -> None:
        self._issuer = issuer
        self._discovery_url = discovery_url
        self._http = http
        self._seconds = seconds
        self._configuration = Reloads(lambda: self._read_configuration(self._deadline()), clock)

    def configuration(self) -> Mapping[str, Any]:
        """Return the configuration, at most a few minutes old. Its ``issuer`` was checked.

        Raises IdentityProviderUnavailable.
        """
        return self._configuration.current().value

    def endpoint(self, name: str) -> str:
        """Return an address from the configuration.

        Raises IdentityProviderUnavailable, also for an http address if the issuer's is https.
        """
        return self._endpoint(self.configuration(), name)

    def key_set(self) -> Mapping[str, Any]:
        """Return the keys, read anew together with the configuration (RFC 7517 section 5).

        Raises IdentityProviderUnavailable.
        """
        until = self._deadline()
        configuration = self._read_configuration(until)
        self._configuration.put(configuration)
        return self._get(self._endpoint(configuration, "jwks_uri"), until)

    def _read_configuration(self, until: float) -> Mapping[str, Any]:
        """Return the configuration, whose ``issuer`` must be the configured one (section 4.3)."""
        configuration = self._get(self._discovery_url, until)
        issuer = configuration.get("issuer")
        if issuer != self._issuer:
            facts = {"expected_iss": fact(self._issuer), "received_iss": fact(issuer)}
            raise IdentityProviderUnavailable(ProviderReason.WRONG_ISSUER, facts)
        return configuration

    def _endpoint(self, configuration: Mapping[str, Any], name: str) -> str:
        url = configuration.get(name)
        facts = {"endpoint": name, "url": fact(url)}
        if not isinstance(url, str) or not url:
            raise IdentityProviderUnavailable(ProviderReason.MISSING_ENDPOINT, facts)
        try:
            parts = urlsplit(url)
            # Reading ``port`` raises ValueError if it is not a valid port.
            is_address = bool(parts.hostname) and parts.port != 0 and parts.username is None
        except ValueError as error:
            raise IdentityProviderUnavailable(ProviderReason.BAD_ANSWER, facts) from error
        if parts.scheme not in {"https", urlsplit(self._issuer).scheme}:
            raise IdentityProviderUnavailable(ProviderReason.INSECURE_ENDPOINT, facts)
        if not is_address or not _CHARACTERS.fullmatch(url):
            raise IdentityProviderUnavailable(ProviderReason.BAD_ANSWER, facts)
        return url

    def _get(self, url: str, until: float) -> Mapping[str, Any]:
        response = exchange(self._http, "GET", url, until)
        if response.status != HTTPStatus.OK:
            facts = {"url": fact(url), "provider_status": str(response.status)}
            raise IdentityProviderUnavailable(ProviderReason.BAD_STATUS, facts)
        return json_object(response.body, url)

    def _deadline(self) -> float:
        return time.monotonic() + self._seconds
