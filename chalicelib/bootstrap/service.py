"""The service with authentication: all that its handlers ask for."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from chalicelib.bootstrap.decision import Decision
from chalicelib.services.callers import ApiCaller, token_caller
from chalicelib.settings import GatewaySettings

if TYPE_CHECKING:
    from urllib3 import PoolManager

    from chalicelib.adapters.oidc.client_secret import ClientSecret
    from chalicelib.adapters.oidc.provider import OidcProvider, ProviderDocuments, ProviderRules
    from chalicelib.bootstrap.oauth import OAuth
    from chalicelib.domain.ports import AuthorizerCaches, LoginProvider, TokenSigner
    from chalicelib.domain.users import Role, User
    from chalicelib.services.accounts import Accounts
    from chalicelib.services.flush import FlushCaches
    from chalicelib.services.issue import IssueToken
    from chalicelib.services.listing import ListTokens
    from chalicelib.services.login import Login
    from chalicelib.services.manage import ManageTokens
    from chalicelib.services.reactivations import CountReactivation
    from chalicelib.services.revocation import RevokeExposed
    from chalicelib.services.rotate import RotateToken
    from chalicelib.services.self_service import SelfService
    from chalicelib.services.sessions import Sessions
    from chalicelib.services.sign_in import SignIn
    from chalicelib.services.users import ManageUsers

_Authorizer = TypeVar("_Authorizer")


class Service(Decision):
    """The service with authentication: the usual one."""

    def check(self) -> None:
        """Raises SettingsError unless every setting makes sense."""
        _ = self.settings

    def guard(self, authorizer: _Authorizer) -> _Authorizer | None:
        """Return the authorizer that stands before the protected API."""
        return authorizer

    def api_caller(self, context: Mapping[str, str] | None) -> ApiCaller:
        """Return who calls the protected API. Raises NotAuthenticated."""
        return token_caller(context, self.settings.scopes)

    @property
    def published_at(self) -> str | None:
        """The address that published documents name, or None if it is not configured."""
        return self.settings.issuer

    def role_of(self, user: "User") -> "Role":
        """Return the role of a user that counts now."""
        return self.rules.administrators.role_of(user, self.clock.now())

    @property
    def sign_in(self) -> "SignIn":
        """Who makes a management call: every one begins here."""
        return self._sign_in

    @property
    def sessions(self) -> "Sessions":
        """Sessions of people at the page."""
        return self._sessions

    @property
    def login(self) -> "Login":
        """Signing in at the page; only this loads what speaks to the provider for it."""
        return self._login

    @property
    def oauth(self) -> "OAuth":
        """The parts behind the OAuth endpoints."""
        return self._oauth

    @cached_property
    def issue(self) -> "IssueToken":
        """Issuing tokens."""
        from chalicelib.services.issue import IssueToken

        return IssueToken(self.tokens, self.users, self._signer, self.clock, self.rules)

    @cached_property
    def rotate(self) -> "RotateToken":
        """The rotation of tokens."""
        from chalicelib.services.rotate import RotateToken

        return RotateToken(self.tokens, self.rotations, self._signer, self.clock, self.rules)

    @cached_property
    def _signer(self) -> "TokenSigner":
        from chalicelib.adapters.api_token import ApiTokenSigner

        return ApiTokenSigner(self.signing_key, self.settings.issuer, self.settings.audience)

    @cached_property
    def listing(self) -> "ListTokens":
        """Listing tokens."""
        from chalicelib.services.listing import ListTokens

        return ListTokens(self.tokens, self.clock, self.rules)

    @cached_property
    def manage(self) -> "ManageTokens":
        """Changing and revoking tokens."""
        from chalicelib.services.manage import ManageTokens

        return ManageTokens(
            self.tokens, self.listing, self._count_reactivation, self.clock, self.rules
        )

    @property
    def self_service(self) -> "SelfService":
        """What a token may do to itself."""
        return self._self_service

    @property
    def revoke_exposed(self) -> "RevokeExposed":
        """Leak reports."""
        return self._revoke_exposed

    @cached_property
    def administer(self) -> "ManageUsers":
        """What administrators do with users."""
        from chalicelib.services.users import ManageUsers

        return ManageUsers(self.users, self.clock, self.rules, self._count_reactivation)

    @cached_property
    def _count_reactivation(self) -> "CountReactivation":
        from chalicelib.services.reactivations import CountReactivation
    from chalicelib.services.revocation import RevokeExposed
    from chalicelib.services.rotate import RotateToken

        most = self.settings.max_reactivations_per_day
        return CountReactivation(self.reactivation_store, self.clock, most)

    @cached_property
    def cache_ttl(self) -> timedelta:
        """How long the gateway may keep a decision."""
        return timedelta(seconds=self._gateway.authorizer_cache_seconds)

    @cached_property
    def staleness(self) -> timedelta:
        """The longest time for which a decision from before a change may count."""
        return self.cache_ttl + self.settings.decision_reuse

    @property
    def flush(self) -> "FlushCaches":
        """Ending the gateway's cached decisions."""
        return self._flush

    @cached_property
    def authorizer_caches(self) -> "AuthorizerCaches":
        """The gateway's caches of decisions."""
        from chalicelib.adapters.api_gateway import ApiGatewayCaches
        from chalicelib.adapters.aws import http_apis_client, rest_apis_client

        return ApiGatewayCaches(rest_apis_client, http_apis_client)

    @cached_property
    def login_provider(self) -> "LoginProvider":
        """The users' own OpenID provider, as a browser meets it."""
        from chalicelib.adapters.oidc.http import KeptConnections
        from chalicelib.adapters.oidc.login import OidcLogin

        settings = self.settings
        return OidcLogin(
            self.identity_provider,
            self._provider_rules,
            self._provider_documents,
            self._client_secret,
            settings.oidc_scope,
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
    def http(self) -> "PoolManager":
        """The kept connections to the OpenID provider."""
        from chalicelib.adapters.oidc.http import KeptConnections

        return KeptConnections(self.clock)

    @cached_property
    def identity_provider(self) -> "OidcProvider":
        """The users' own OpenID provider."""
        from chalicelib.adapters.oidc.provider import OidcProvider

        return OidcProvider(self._provider_rules, self._provider_documents, self.clock)

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

    @cached_property
    def _oauth(self) -> "OAuth":
        from chalicelib.bootstrap.oauth import OAuth

        return OAuth(self)

    @cached_property
    def _sign_in(self) -> "SignIn":
        from chalicelib.services.sign_in import SignIn

        return SignIn(self.accounts, self._sessions, self.rules.administrators, self.clock)

    @cached_property
    def _sessions(self) -> "Sessions":
        from chalicelib.services.sessions import Sessions

        return Sessions(self.session_store, self.users, self.clock)

    @cached_property
    def _login(self) -> "Login":
        from chalicelib.services.login import Login

        store = self.session_store
        return Login(self.login_provider, self.accounts, self._sessions, store, self.clock)

    @cached_property
    def accounts(self) -> "Accounts":
        """The people behind sign-ins."""
        from chalicelib.services.accounts import Accounts

        return Accounts(self.identity_provider, self.users, self.clock, self.rules.administrators)

    @cached_property
    def _self_service(self) -> "SelfService":
        from chalicelib.services.self_service import SelfService

        may_rotate = self.settings.self_rotation
        return SelfService(
            self.verify, self.users, self.rotate, self.manage, self.revoke, may_rotate=may_rotate
        )

    @cached_property
    def _exposed(self) -> "RevokeExposed":
    
        return RevokeExposed(self.verifier, self.presented, self.revocations)

    @cached_property
    def presented(self) -> "FindPresented":
        """Finding the tokens behind strings that are presented to be revoked."""
    
        return FindPresented(self.authorization, self.rotations)

    @cached_property
    def _gateway(self) -> GatewaySettings:
        return GatewaySettings.from_environ(self._environ)

    @cached_property
    def _flush(self) -> "FlushCaches":
        from chalicelib.adapters.dynamodb.stream import read_change
        from chalicelib.domain.flush_budget import FlushLimits
        from chalicelib.services.flush import FlushCaches
        from chalicelib.services.shared_budget import SharedBudget

        gateway = self._gateway
        stages, rate = gateway.authorizer_cache_stages, gateway.flush_calls_per_second
        limits = FlushLimits(len(stages), rate, gateway.flush_calls_burst, self.cache_ttl)
        budget = SharedBudget(limits, self.flush_store, self.clock)
        caches, reuse = self.authorizer_caches, self.settings.decision_reuse
        return FlushCaches(stages, read_change, budget, caches, self.clock, self.sleep, reuse)
