"""Signing in with a browser: authorization code flow with PKCE, by Authlib."""

from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session

from chalicelib.adapters.oidc import OidcProvider, ProviderDocuments
from chalicelib.domain.errors import IdentityProviderUnavailable, LoginFailed, SignInRefused
from chalicelib.domain.refusals import LoginReason, ProviderReason
from chalicelib.domain.sessions import PendingLogin
from chalicelib.domain.users import Identity

_TIMEOUT_SECONDS = 5


class OidcLogin:
    """One client at one provider (OpenID Connect Core section 3.1, RFC 7636)."""

    def __init__(
        self,
        provider: OidcProvider,
        documents: ProviderDocuments,
        client_id: str,
        client_secret: str | None,
        scopes: str,
    ) -> None:
        self._provider = provider
        self._documents = documents
        self._client_id = client_id
        self._client_secret = client_secret
        self._scopes = scopes

    def authorization_url(self, login: PendingLogin, redirect_uri: str) -> str:
        """Return where to send the browser. Raises IdentityProviderUnavailable."""
        url, _ = self._client(redirect_uri).create_authorization_url(
            self._documents.endpoint("authorization_endpoint"),
            state=login.state,
            nonce=login.nonce,
            code_verifier=login.verifier,
        )
        return str(url)

    def redeem(self, login: PendingLogin, code: str, redirect_uri: str) -> Identity:
        """Return who signed in. Raises LoginFailed or IdentityProviderUnavailable."""
        tokens = self._tokens(login, code, redirect_uri)
        id_token = tokens.get("id_token")
        if not isinstance(id_token, str):
            raise LoginFailed(LoginReason.NO_ID_TOKEN)
        try:
            return self._provider.verify_id_token(id_token, login.nonce)
        except SignInRefused as error:
            raise LoginFailed(error.reason, error.facts) from error

    def _tokens(self, login: PendingLogin, code: str, redirect_uri: str) -> dict[str, Any]:
        endpoint = self._documents.endpoint("token_endpoint")
        try:
            tokens: dict[str, Any] = self._client(redirect_uri).fetch_token(
                endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=login.verifier,
                allow_redirects=False,
            )
        except AuthlibBaseError as error:
            raise LoginFailed(LoginReason.CODE_REFUSED) from error
        except (requests.RequestException, ValueError) as error:
            raise IdentityProviderUnavailable(ProviderReason.UNREACHABLE) from error
        return tokens

    def _client(self, redirect_uri: str) -> OAuth2Session:
        method = "client_secret_basic" if self._client_secret else "none"
        return OAuth2Session(
            self._client_id,
            self._client_secret,
            scope=self._scopes,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            token_endpoint_auth_method=method,
            default_timeout=_TIMEOUT_SECONDS,
        )
