"""The parts behind the OAuth endpoints."""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.settings.endpoints import Endpoints

if TYPE_CHECKING:
    from chalicelib.bootstrap.closed_mode import Service
    from chalicelib.domain.ports.signing import AccessTokenVerifier
    from chalicelib.services.access_tokens import DeriveAccessToken, PublishedKeys
    from chalicelib.services.clients import AuthenticateClients
    from chalicelib.services.exchange import ExchangeSignIn
    from chalicelib.services.introspect import IntrospectToken
    from chalicelib.services.revocation import RevokePresented


class OAuth:
    """The OAuth endpoints' own parts, each built when it is first needed."""

    def __init__(self, service: "Service") -> None:
        self._service = service

    @cached_property
    def endpoints(self) -> Endpoints:
        """The addresses of this service."""
        settings = self._service.settings
        return Endpoints(settings.issuer, settings.audience)

    @cached_property
    def clients(self) -> "AuthenticateClients":
        """The authentication of resource servers."""
        from chalicelib.adapters.client_assertion import ClientAssertions
        from chalicelib.services.clients import AuthenticateClients

        service = self._service
        servers, clock = service.settings.resource_servers, service.clock
        verifier = ClientAssertions(servers, self.endpoints.assertion_audiences, clock)
        return AuthenticateClients(servers, verifier, service.assertions, clock)

    @cached_property
    def exchange(self) -> "ExchangeSignIn":
        """The exchange of a sign-in for an API token."""
        from chalicelib.services.exchange import ExchangeSignIn

        service = self._service
        return ExchangeSignIn(
            service.identity_provider, service.accounts, service.issue, service.settings.audience
        )

    @cached_property
    def derive(self) -> "DeriveAccessToken":
        """The exchange of an API token for an access token."""
        from chalicelib.adapters.access_token import JwtAccessTokenSigner
        from chalicelib.services.access_tokens import DeriveAccessToken

        service = self._service
        signer = JwtAccessTokenSigner(service.access_token_key, service.settings.issuer)
        return DeriveAccessToken(
            service.verify, signer, service.settings.derived_token_audiences, service.clock
        )

    @cached_property
    def introspect(self) -> "IntrospectToken":
        """Introspection."""
        from chalicelib.domain.clients import audiences_by_client
        from chalicelib.services.introspect import IntrospectToken

        service, settings = self._service, self._service.settings
        servers, derived = settings.resource_servers, settings.derived_token_audiences
        audiences = audiences_by_client(servers, settings.audience, derived)
        return IntrospectToken(service.verify, self._access_tokens, settings.audience, audiences)

    @cached_property
    def revoke(self) -> "RevokePresented":
        """Revocation by a bearer."""
        from chalicelib.services.revocation import RevokePresented

        service = self._service
        return RevokePresented(service.verifier, self._access_tokens, service.revoke)

    @cached_property
    def published_keys(self) -> "PublishedKeys":
        """The keys that other services verify access tokens with."""
        from chalicelib.services.access_tokens import PublishedKeys

        service = self._service
        begin = service.access_token_key.active if service.settings.derived_token_audiences else None
        return PublishedKeys(service.access_token_keys, begin)

    @cached_property
    def _access_tokens(self) -> "AccessTokenVerifier":
        from chalicelib.adapters.access_token import JwtAccessTokenVerifier
        from chalicelib.adapters.jws import load_public_keys
        from chalicelib.adapters.key_cache import KeyCache

        service = self._service
        keys = KeyCache(lambda: load_public_keys(service.access_token_keys), service.clock)
        return JwtAccessTokenVerifier(keys, service.settings.issuer, service.clock)
