"""The parts that speak to the users' OpenID provider."""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.stores import Stores

if TYPE_CHECKING:
    from urllib3 import PoolManager

    from chalicelib.adapters.oidc.client_secret import ClientSecret
    from chalicelib.adapters.oidc.provider import OidcProvider, ProviderDocuments, ProviderRules
    from chalicelib.domain.ports.sign_in import LoginProvider


class Provider(Stores):
    """The users' OpenID provider, as the API and as browsers meet it."""

    @cached_property
    def http(self) -> "PoolManager":
        """The kept connections to the OpenID provider."""
        from chalicelib.adapters.oidc.kept_connections import KeptConnections

        return KeptConnections(self.clock)

    @cached_property
    def identity_provider(self) -> "OidcProvider":
        """The verifier of the provider's JWTs and access tokens."""
        from chalicelib.adapters.oidc.provider import OidcProvider

        return OidcProvider(self._provider_rules, self._provider_documents, self.clock)

    @cached_property
    def login_provider(self) -> "LoginProvider":
        """The provider's sign-in for browsers."""
        from chalicelib.adapters.oidc.kept_connections import KeptConnections
        from chalicelib.adapters.oidc.login import OidcLogin

        return OidcLogin(
            self.identity_provider,
            self._provider_rules,
            self._provider_documents,
            self._client_secret,
            self.settings.oidc_scope,
            # Each sign-in has connections of its own. A code cannot be sent again over another one.
            lambda: KeptConnections(self.clock),
        )

    @cached_property
    def _client_secret(self) -> "ClientSecret":
        from chalicelib.adapters.aws import secret_client
        from chalicelib.adapters.oidc.client_secret import FixedSecret, StoredSecret, stored_value

        arn = self.settings.oidc_client_secret_arn
        if arn is None:
            return FixedSecret(self.settings.oidc_client_secret)
        return StoredSecret(lambda: stored_value(arn, secret_client), self.clock)

    @cached_property
    def _provider_rules(self) -> "ProviderRules":
        from chalicelib.adapters.oidc.provider import ProviderRules

        settings = self.settings
        return ProviderRules(
            issuer=settings.oidc_issuer,
            audiences=settings.oidc_audiences,
            client_id=settings.oidc_client_id,
            subject_claim=settings.subject_claim,
            admin_claim=settings.admin_claim,
            admin_claim_in=settings.admin_claim_in,
            allow_machines=settings.allow_machines,
            trust_provider_email=settings.trust_provider_email,
        )

    @cached_property
    def _provider_documents(self) -> "ProviderDocuments":
        from chalicelib.adapters.oidc.provider import ProviderDocuments

        settings = self.settings
        return ProviderDocuments(settings.oidc_issuer, settings.oidc_discovery_url, self.http, self.clock)
