"""Signing in with a browser: the authorization code flow with PKCE (OpenID Connect Core section 3.1)."""

import base64
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit, urlunsplit

import urllib3

from chalicelib import base64url, logs
from chalicelib.adapters.oidc import userinfo
from chalicelib.adapters.oidc.client_secret import ClientSecret
from chalicelib.adapters.oidc.http import Response, exchange, json_object
from chalicelib.adapters.oidc.provider import OidcProvider, ProviderDocuments, ProviderRules
from chalicelib.domain.errors import IdentityProviderUnavailable, LoginFailed, SignInRefused
from chalicelib.domain.frozen import replace
from chalicelib.domain.reasons import LoginReason, ProviderReason, provider_error, reason_of_error
from chalicelib.domain.sessions import PendingLogin
from chalicelib.domain.users import Identity
from chalicelib.logs import fact

SECONDS = 5.0
_HEADERS = {"Accept": "application/json", "User-Agent": "bodhi-api-tokens"}
_BASIC, _POST = "client_secret_basic", "client_secret_post"

_ACCESS_TOKEN = re.compile(r"[!-~]{1,65536}")  # RFC 6749 appendix A.12, except the space


class OidcLogin:
    """This service as a client of one provider (RFC 6749 section 4.1, RFC 7636).

    A code cannot be sent twice, so it must not meet a dead connection. Each sign-in therefore opens new
    connections with ``connect``. ``seconds`` limits a sign-in, except for reading documents and keys.
    """

    def __init__(
        self,
        provider: OidcProvider,
        rules: ProviderRules,
        documents: ProviderDocuments,
        client_secret: ClientSecret,
        scopes: str,
        connect: Callable[[], urllib3.PoolManager],
        *,
        seconds: float = SECONDS,
    ) -> None:
        self._provider = provider
        self._rules = rules
        self._documents = documents
        self._client_secret = client_secret
        self._scopes = scopes
        self._connect = connect
        self._seconds = seconds

    def authorization_url(self, login: PendingLogin, redirect_uri: str) -> str:
        """Return the address at the provider for the browser. Raises IdentityProviderUnavailable."""
        challenge = hashlib.sha256(login.verifier.encode()).digest()
        parameters = {
            "response_type": "code",
            "client_id": self._rules.client_id,
            "redirect_uri": redirect_uri,
            "scope": self._scopes,
            "state": login.state,
            "nonce": login.nonce,
            "code_challenge": base64url.encode(challenge),
            "code_challenge_method": "S256",
        }
        address = urlsplit(self._documents.endpoint("authorization_endpoint"))
        # The endpoint's own query must be kept (RFC 6749 section 3.1).
        query = "&".join(part for part in (address.query, urlencode(parameters)) if part)
        return urlunsplit(address._replace(query=query, fragment=""))

    def redeem(self, login: PendingLogin, code: str, redirect_uri: str) -> Identity:
        """Exchange a code for tokens, and return the person who signed in.

        Raises LoginFailed or IdentityProviderUnavailable.
        """
        until = time.monotonic() + self._seconds
        grant = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": login.verifier,
        }
        with self._connect() as connections:
            tokens = self._tokens(connections, grant, until)
            id_token = tokens.get("id_token")
            if not isinstance(id_token, str):
                raise LoginFailed(LoginReason.NO_ID_TOKEN)
            try:
                claims = self._provider.id_token_claims(id_token, login.nonce)
                return self._identity(connections, claims, tokens, until)
            except SignInRefused as error:
                raise LoginFailed(error.reason, error.facts) from error

    def _tokens(
        self, connections: urllib3.PoolManager, grant: Mapping[str, str], until: float
    ) -> Mapping[str, Any]:
        """Return the token endpoint's response to a code (RFC 6749 section 5.1).

        If the provider refuses the secret, it may have been changed there and where it is kept. The
        provider authenticates the client before it looks at the code (section 4.1.3).
        """
        secret = self._client_secret.current()
        try:
            return self._post_grant(connections, grant, secret, until)
        except LoginFailed as error:
            changed = self._client_secret.instead_of(secret) if _blames_secret(error) else None
            if changed is None:
                raise
        # A POST is not repeated, and the provider may end the connection of a client that it refused.
        connections.clear()
        return self._post_grant(connections, grant, changed, until)

    def _post_grant(
        self, connections: urllib3.PoolManager, grant: Mapping[str, str], secret: str | None, until: float
    ) -> Mapping[str, Any]:
        credentials, authorization = self._client_authentication(secret)
        url = self._documents.endpoint("token_endpoint")
        headers = {**_HEADERS, "Content-Type": "application/x-www-form-urlencoded", **authorization}
        # The browser brings the code, so it may have a lone surrogate, which cannot be encoded.
        body = urlencode({**grant, **credentials}, errors="replace").encode()
        response = exchange(connections, "POST", url, until, headers=headers, body=body)
        _require_no_error(response, url)
        return _document(response, url)

    def _client_authentication(self, secret: str | None) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return the parameters and the headers that authenticate this client.

        Raises LoginFailed if the provider offers neither Basic nor POST for the secret.
        """
        client_id = self._rules.client_id
        if secret is None:
            return {"client_id": client_id}, {}
        offered = self._documents.configuration().get("token_endpoint_auth_methods_supported")
        if not (isinstance(offered, list) and offered):
            offered = [_BASIC]  # OpenID Connect Discovery section 3
        if _BASIC in offered:
            # Form-encoding comes first, because the id may have a colon (RFC 6749 section 2.3.1).
            pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
            return {}, {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        if _POST in offered:
            return {"client_id": client_id, "client_secret": secret}, {}
        facts = {"expected_auth_methods": f"{_BASIC} {_POST}", "received_auth_methods": fact(offered)}
        raise LoginFailed(LoginReason.CLIENT_REFUSED, facts)

    def _identity(
        self,
        connections: urllib3.PoolManager,
        claims: Mapping[str, Any],
        tokens: Mapping[str, Any],
        until: float,
    ) -> Identity:
        """Return the person of an ID token. The userinfo endpoint adds claims that the token lacks."""
        admin_claim = self._rules.admin_claim
        without_role = userinfo.lacks_role(claims, admin_claim)
        asks = without_role or userinfo.lacks_profile(claims)
        if not asks or self._documents.configuration().get("userinfo_endpoint") is None:
            return self._provider.identity(claims)
        try:
            found = self._userinfo(connections, tokens, until)
        except IdentityProviderUnavailable as error:
            logs.warn("login.userinfo_failed", reason=error.reason.value, **error.facts)
            identity = self._provider.identity(claims)
            # Without the response the role is unknown, so this sign-in must not take it away.
            return replace(identity, role=None) if without_role else identity
        if found["sub"] != claims.get("sub"):
            raise LoginFailed(LoginReason.USERINFO_REFUSED)
        return self._provider.identity(userinfo.completed(claims, found, admin_claim))

    def _userinfo(
        self, connections: urllib3.PoolManager, tokens: Mapping[str, Any], until: float
    ) -> Mapping[str, Any]:
        """Return the response of the userinfo endpoint. Raises IdentityProviderUnavailable.

        A response that is a JWT is not supported.
        """
        access_token, kind = tokens.get("access_token"), tokens.get("token_type", "Bearer")
        if not (isinstance(access_token, str) and _ACCESS_TOKEN.fullmatch(access_token)):
            raise IdentityProviderUnavailable(ProviderReason.BAD_ANSWER, {"lacks": "access_token"})
        if not (isinstance(kind, str) and kind.lower() == "bearer"):
            raise IdentityProviderUnavailable(ProviderReason.BAD_ANSWER, {"lacks": "bearer"})
        url = self._documents.endpoint("userinfo_endpoint")
        headers = {**_HEADERS, "Authorization": f"Bearer {access_token}"}
        found = _document(exchange(connections, "GET", url, until, headers=headers), url)
        if not isinstance(found.get("sub"), str):
            raise IdentityProviderUnavailable(ProviderReason.BAD_ANSWER, {"lacks": "sub"})
        return found


def _require_no_error(response: Response, url: str) -> None:
    """Raise LoginFailed if the response of the token endpoint is an error (RFC 6749 section 5.2)."""
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return
    try:
        error = json_object(response.body, url).get("error")
    except IdentityProviderUnavailable:
        error = None
    facts = {"provider_status": str(response.status), "provider_error": provider_error(error)}
    if isinstance(error, str):
        raise LoginFailed(reason_of_error(error), facts)
    if response.status == HTTPStatus.UNAUTHORIZED:
        raise LoginFailed(LoginReason.CLIENT_REFUSED, facts)


def _blames_secret(refusal: LoginFailed) -> bool:
    """Return True if the token endpoint did not authenticate this client (RFC 6749 section 5.2).

    Some providers name another error beside the status 401.
    """
    error, status = refusal.facts.get("provider_error"), refusal.facts.get("provider_status")
    return error == "invalid_client" or status == str(HTTPStatus.UNAUTHORIZED.value)


def _document(response: Response, url: str) -> Mapping[str, Any]:
    """Return the JSON object of a response with status 200. Raises IdentityProviderUnavailable."""
    if response.status != HTTPStatus.OK:
        facts = {"provider_status": str(response.status)}
        raise IdentityProviderUnavailable(ProviderReason.BAD_STATUS, facts)
    return json_object(response.body, url)
