"""The parts behind the OAuth endpoints; a room of the composition root."""

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.ports.time import Clock
from chalicelib.settings import Settings
from chalicelib.settings.endpoints import Endpoints

if TYPE_CHECKING:
    from chalicelib.adapters.jws import SigningKeys
    from chalicelib.adapters.oidc.provider import OidcProvider
    from chalicelib.domain.ports.clients import AssertionStore
    from chalicelib.domain.ports.signing import AccessTokenVerifier, KeyStore, TokenVerifier
    from chalicelib.services.accounts import Accounts
    from chalicelib.services.clients import AuthenticateClients
    from chalicelib.services.exchange import DeriveAccessToken, ExchangeSignIn
    from chalicelib.services.introspect import IntrospectToken
    from chalicelib.services.issue import IssueToken
    from chalicelib.services.lines import FindPresented
    from chalicelib.services.published_keys import PublishedKeys
    from chalicelib.services.revocation import RevokeToken
    from chalicelib.services.revoke import RevokePresented
    from chalicelib.services.verify import VerifyToken


class Parts(Protocol):
    """What the service has already."""

    @property
    def settings(self) -> Settings:
        """The settings."""
        ...

    @property
    def clock(self) -> Clock:
        """The one clock."""
        ...

    @property
    def issue(self) -> "IssueToken":
        """Issuing tokens."""
        ...

    @property
    def revocations(self) -> "RevokeToken":
        """Revoking one token, whoever asks for it."""
        ...

    @property
    def verify(self) -> "VerifyToken":
        """The authorizer's decision."""
        ...

    @property
    def verifier(self) -> "TokenVerifier":
        """Reading API tokens."""
        ...

    @property
    def accounts(self) -> "Accounts":
        """The people behind sign-ins."""
        ...

    @property
    def identity_provider(self) -> "OidcProvider":
        """The users' own OpenID provider."""
        ...

    @property
    def presented(self) -> "FindPresented":
        """Finding the tokens behind strings that are presented to be revoked."""
        ...

    @property
    def assertions(self) -> "AssertionStore":
        """Client assertions that were used."""
        ...

    @property
    def access_token_keys(self) -> "KeyStore":
        """The published keys that sign access tokens."""
        ...

    @property
    def access_token_key(self) -> "SigningKeys":
        """What signs access tokens."""
        ...


class OAuth:
    """The OAuth endpoints' own parts, each built when it is first needed."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @cached_property
    def endpoints(self) -> Endpoints:
        """Where this service is found."""
        settings = self._parts.settings
        return Endpoints(settings.issuer, settings.audience)

    @cached_property
    def clients(self) -> "AuthenticateClients":
        """Telling resource servers from everybody else."""
        from chalicelib.adapters.client_assertion import ClientAssertions
        from chalicelib.services.clients import AssertionPorts, AuthenticateClients

        parts = self._parts
        servers, clock = parts.settings.resource_servers, parts.clock
        verifier = ClientAssertions(servers, self.endpoints.assertion_audiences, clock)
        return AuthenticateClients(servers, AssertionPorts(verifier, parts.assertions), clock)

    @cached_property
    def exchange(self) -> "ExchangeSignIn":
        """A sign-in for an API token."""
        from chalicelib.services.exchange import ExchangeSignIn

        parts = self._parts
        return ExchangeSignIn(parts.identity_provider, parts.accounts, parts.issue, parts.settings.audience)

    @cached_property
    def derive(self) -> "DeriveAccessToken":
        """An API token for an access token."""
        from chalicelib.adapters.access_token import JwtAccessTokenSigner
        from chalicelib.services.exchange import DerivationRules, DeriveAccessToken

        parts = self._parts
        signer = JwtAccessTokenSigner(parts.access_token_key, parts.settings.issuer)
        rules = DerivationRules(parts.settings.derived_token_audiences)
        return DeriveAccessToken(parts.verify, signer, rules, parts.clock)

    @cached_property
    def introspect(self) -> "IntrospectToken":
        """Saying what a token is."""
        from chalicelib.domain.clients import audiences_by_client
        from chalicelib.services.introspect import IntrospectToken

        parts, settings = self._parts, self._parts.settings
        servers, derived = settings.resource_servers, settings.derived_token_audiences
        audiences = audiences_by_client(servers, settings.audience, derived)
        return IntrospectToken(parts.verify, self._access_tokens, settings.audience, audiences)

    @cached_property
    def revoke(self) -> "RevokePresented":
        """Revoking a token by holding it."""
        from chalicelib.services.revoke import RevokePresented

        parts = self._parts
        return RevokePresented(parts.verifier, self._access_tokens, parts.presented, parts.revocations)

    @cached_property
    def published_keys(self) -> "PublishedKeys":
        """The keys that other services verify access tokens with."""
        from chalicelib.services.published_keys import PublishedKeys

        parts = self._parts
        begin = parts.access_token_key.active if parts.settings.derived_token_audiences else None
        return PublishedKeys(parts.access_token_keys, begin)

    @cached_property
    def _access_tokens(self) -> "AccessTokenVerifier":
        from chalicelib.adapters.access_token import JwtAccessTokenVerifier
        from chalicelib.adapters.jws import load_public_keys
        from chalicelib.adapters.key_cache import KeyCache

        parts = self._parts
        keys = KeyCache(lambda: load_public_keys(parts.access_token_keys), parts.clock)
        return JwtAccessTokenVerifier(keys, parts.settings.issuer, parts.clock)
