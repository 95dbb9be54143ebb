"""A client of the token service's introspection (RFC 7662), for services without an authorizer."""

import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus, urlencode

from bodhi_tokens.active_tokens import ActiveTokens
from bodhi_tokens.errors import InactiveToken, TokenServiceUnavailable
from bodhi_tokens.http import TokenService
from bodhi_tokens.verified import VerifiedToken, verified_token

PATH = "/oauth2/introspect"
# The token service refuses longer strings unasked.
MAX_LENGTH = 4096


class IntrospectionClient:
    """Asks the token service whether a token may be used now.

    ``client_id`` and ``client_secret`` are those of ``RESOURCE_SERVERS``. A token for another ``audience``
    is not active. ``timeout`` is in seconds, for each wait on the network. ``cache_seconds`` (0 to 30) lets
    an active token in for so long after its revocation. Tokens that are restricted to networks are never
    cached.
    Raises ValueError for an invalid parameter.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: str,
        *,
        audience: str,
        timeout: float = 2.0,
        cache_seconds: float = 0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._service = TokenService(issuer, timeout)
        # Encoded as RFC 6749 section 2.3.1 asks.
        pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}".encode()
        self._authorization = f"Basic {b64encode(pair).decode()}"
        self._issuer = issuer
        self._audience = audience
        self._now = now
        self._active_tokens = ActiveTokens(cache_seconds)

    def verify(self, unverified_token: str, caller_address: str | None) -> VerifiedToken:
        """Return the token if it may be used now, from this address.

        ``caller_address`` is the address that your own server or your own proxy saw. Never take it from a
        header that a client can set. With None, a token that is restricted to networks is not active.
        Raises InactiveToken, or TokenServiceUnavailable if no decision was possible.
        """
        if not 0 < len(unverified_token) <= MAX_LENGTH or not unverified_token.isascii():
            raise InactiveToken("The token is not active.")
        if not self._active_tokens.is_on:
            return self._ask(unverified_token, caller_address)
        found = self._active_tokens.get(unverified_token)
        if found is not None:
            return self._unexpired(found)
        try:
            # Without an address only a token without a list of networks is active. It may be cached.
            asked_at = self._active_tokens.now()
            found = self._ask(unverified_token, None)
        except InactiveToken:
            if caller_address is None:
                raise
            return self._ask(unverified_token, caller_address)
        self._active_tokens.put(unverified_token, found, asked_at)
        return found

    def _ask(self, unverified_token: str, caller_address: str | None) -> VerifiedToken:
        form = {"token": unverified_token}
        if caller_address is not None:
            form["caller_address"] = caller_address
        headers = {
            "Authorization": self._authorization,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        state = self._service.call("POST", PATH, urlencode(form).encode(), headers)
        return self._unexpired(self._token(state))

    def _token(self, state: Any) -> VerifiedToken:
        active = state.get("active") if isinstance(state, dict) else None
        if active is False:
            raise InactiveToken("The token is not active.")
        if active is not True:
            raise TokenServiceUnavailable("The response of the token service has no valid 'active'.")
        try:
            token = verified_token(state)
        except (ValueError, KeyError):
            raise TokenServiceUnavailable("The response of the token service lacks a member.") from None
        if state.get("iss") != self._issuer:
            raise TokenServiceUnavailable("The token service has another issuer.")
        if token.audience != self._audience:
            raise InactiveToken("The token is not active.")
        return token

    def _unexpired(self, token: VerifiedToken) -> VerifiedToken:
        if token.expires_at is not None and token.expires_at.timestamp() <= self._now():
            raise InactiveToken("The token is not active.")
        return token
