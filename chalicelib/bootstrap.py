"""The composition root: which parts make up the service, each built when it is first needed.

Adapters are imported where they are built, so that the authorizer loads only what a decision needs.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from chalicelib import logs
from chalicelib.adapters.clock import SystemClock
from chalicelib.domain.errors import TokensUnavailable
from chalicelib.domain.keys import KeyUse
from chalicelib.domain.ports import Clock
from chalicelib.domain.scopes import DEFAULT_CATALOGUE, ScopeCatalogue
from chalicelib.domain.tokens import Token, TokenPolicy
from chalicelib.services.callers import AnonymousCaller, ApiCaller, token_caller
from chalicelib.settings import (
    AuthMode,
    GatewaySettings,
    RotatedTokenReuse,
    Settings,
    is_packaging,
    process_environ,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from urllib3 import PoolManager

    from chalicelib.adapters.api_token import SigningKeys
    from chalicelib.adapters.oidc import OidcProvider, ProviderDocuments
    from chalicelib.domain.ports import (
        AssertionStore,
        AuthorizationStore,
        KeyStore,
        LoginProvider,
        RotationStore,
        SessionStore,
        TokenStore,
        TokenVerifier,
        UserStore,
    )
    from chalicelib.oauth import OAuth
    from chalicelib.services.accounts import Accounts
    from chalicelib.services.exposed import RevokeExposed
    from chalicelib.services.issue import IssueToken
    from chalicelib.services.listing import ListTokens
    from chalicelib.services.login import Login
    from chalicelib.services.manage import ManageTokens
    from chalicelib.services.reuse import RecordReuse
    from chalicelib.services.revocation import RevokeToken
    from chalicelib.services.self_service import SelfService
    from chalicelib.services.sessions import Sessions
    from chalicelib.services.sign_in import SignIn
    from chalicelib.services.users import ManageUsers
    from chalicelib.services.verify import VerifyToken

_Authorizer = TypeVar("_Authorizer")


class Service:
    """The service with authentication: the usual one."""

    def __init__(self, environ: Mapping[str, str], clock: Clock | None = None) -> None:
        self._environ = environ
        self.clock: Clock = clock or SystemClock()

    @cached_property
    def settings(self) -> Settings:
        """The settings. Raises SettingsError."""
        return Settings.from_environ(self._environ)

    def check(self) -> None:
        """Raises SettingsError unless every setting makes sense."""
        _ = self.settings

    @property
    def scopes(self) -> ScopeCatalogue:
        """The scopes that there are."""
        return self.settings.scopes

    def guard(self, authorizer: _Authorizer) -> _Authorizer | None:
        """Return the authorizer that stands before the protected API."""
        return authorizer

    def api_caller(self, context: Mapping[str, str] | None) -> ApiCaller:
        """Return who calls the protected API. Raises NotAuthenticated."""
        return token_caller(context, self.settings.scopes)

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
    def policy(self) -> TokenPolicy:
        """The durations, the quota and the scopes that govern tokens."""
        settings = self.settings
        return TokenPolicy(
            idle_timeout=settings.idle_timeout,
            refresh_interval=settings.last_used_refresh,
            retention=settings.retention,
            max_live_tokens=settings.max_tokens_per_user,
            max_lifetime=settings.max_token_lifetime,
            scopes=settings.scopes,
        )

    @cached_property
    def verify(self) -> "VerifyToken":
        """The authorizer's decision."""
        from chalicelib.services.verify import VerifyToken

        store, policy = self.authorization, self.policy
        return VerifyToken(self.verifier, store, self.clock, policy, self._note_reuse)

    @cached_property
    def issue(self) -> "IssueToken":
        """Issuing tokens."""
        from chalicelib.adapters.api_token import ApiTokenSigner
        from chalicelib.services.issue import IssueStores, IssueToken

        signer = ApiTokenSigner(self.signing_key, self.settings.issuer, self.settings.audience)
        stores = IssueStores(self.tokens, self.users, self.rotations)
        return IssueToken(stores, signer, self.clock, self.policy)

    @cached_property
    def listing(self) -> "ListTokens":
        """Listing tokens."""
        from chalicelib.services.listing import ListTokens

        return ListTokens(self.tokens, self.clock)

    @cached_property
    def manage(self) -> "ManageTokens":
        """Changing and revoking tokens."""
        from chalicelib.services.manage import ManageTokens

        return ManageTokens(self.tokens, self.listing, self.revocations, self.clock, self.policy)

    @property
    def self_service(self) -> "SelfService":
        """What a token may do to itself."""
        return self._self_service

    @property
    def exposed(self) -> "RevokeExposed":
        """Leak reports."""
        return self._exposed

    @cached_property
    def administer(self) -> "ManageUsers":
        """What administrators do with users."""
        from chalicelib.services.users import ManageUsers

        return ManageUsers(self.users, self.clock, self.policy)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """The DynamoDB client."""
        from chalicelib.adapters.aws import dynamodb_client

        return dynamodb_client()

    @cached_property
    def kms(self) -> "KMSClient":
        """The KMS client."""
        from chalicelib.adapters.aws import kms_client

        return kms_client()

    @cached_property
    def authorization(self) -> "AuthorizationStore":
        """The two calls of a decision; a use that cannot be recorded is not tried twice."""
        from chalicelib.adapters.aws import dynamodb_client
        from chalicelib.adapters.dynamodb.authorization import DynamoDBAuthorizationStore

        touch_client = dynamodb_client(attempts=1)
        return DynamoDBAuthorizationStore(self.dynamodb, touch_client, self.settings.table_name)

    @cached_property
    def keys(self) -> "KeyStore":
        """The published keys that sign API tokens."""
        return self._key_store(KeyUse.API_TOKEN)

    @cached_property
    def access_token_keys(self) -> "KeyStore":
        """The published keys that sign access tokens; the authorizer never reads them."""
        return self._key_store(KeyUse.ACCESS_TOKEN)

    @cached_property
    def tokens(self) -> "TokenStore":
        """Token rows."""
        from chalicelib.adapters.dynamodb.tokens import DynamoDBTokenStore

        return DynamoDBTokenStore(self.dynamodb, self.settings.table_name)

    @cached_property
    def rotations(self) -> "RotationStore":
        """Rotations; a reuse that cannot be recorded is not tried twice."""
        from chalicelib.adapters.aws import dynamodb_client
        from chalicelib.adapters.dynamodb.rotation import DynamoDBRotationStore

        reuse_client = dynamodb_client(attempts=1)
        return DynamoDBRotationStore(self.dynamodb, reuse_client, self.settings.table_name)

    @cached_property
    def users(self) -> "UserStore":
        """User rows."""
        from chalicelib.adapters.dynamodb.users import DynamoDBUserStore

        return DynamoDBUserStore(self.dynamodb, self.settings.table_name)

    @cached_property
    def signing_key(self) -> "SigningKeys":
        """What signs new API tokens."""
        return self._kms_key(self.settings.signing_key_id, self.keys)

    @cached_property
    def access_token_key(self) -> "SigningKeys":
        """What signs access tokens; without a setting for it nobody asks for any."""
        return self._kms_key(self.settings.derived_token_key_id or "", self.access_token_keys)

    @cached_property
    def assertions(self) -> "AssertionStore":
        """Client assertions that were used."""
        from chalicelib.adapters.dynamodb.assertions import DynamoDBAssertionStore

        return DynamoDBAssertionStore(self.dynamodb, self.settings.table_name)

    @cached_property
    def session_store(self) -> "SessionStore":
        """Sessions and sign-ins under way."""
        from chalicelib.adapters.dynamodb.sessions import DynamoDBSessionStore

        return DynamoDBSessionStore(self.dynamodb, self.settings.table_name)

    @cached_property
    def login_provider(self) -> "LoginProvider":
        """The users' own OpenID provider, as a browser meets it."""
        from chalicelib.adapters.oidc_login import OidcLogin

        settings = self.settings
        return OidcLogin(
            self.identity_provider,
            self._provider_documents,
            settings.oidc_client_id,
            settings.oidc_client_secret,
        )

    @cached_property
    def http(self) -> "PoolManager":
        """What reads the provider's documents."""
        import urllib3

        return urllib3.PoolManager()

    @cached_property
    def identity_provider(self) -> "OidcProvider":
        """The users' own OpenID provider."""
        from chalicelib.adapters.oidc import OidcProvider, ProviderRules

        settings = self.settings
        claim = settings.admin_claim
        rules = ProviderRules(
            issuer=settings.oidc_issuer,
            audiences=settings.oidc_audiences,
            admin_subjects=settings.admin_subjects,
            admin_claim=(claim.name, claim.value) if claim else None,
        )
        return OidcProvider(rules, self._provider_documents, self.clock)

    def _key_store(self, use: KeyUse) -> "KeyStore":
        from chalicelib.adapters.dynamodb.keys import DynamoDBKeyStore

        return DynamoDBKeyStore(self.dynamodb, self.settings.table_name, use)

    def _kms_key(self, first_key_id: str, keys: "KeyStore") -> "SigningKeys":
        from chalicelib.adapters.kms import KmsSigningKeys

        return KmsSigningKeys(self.kms, first_key_id, keys, self.clock)

    @cached_property
    def _provider_documents(self) -> "ProviderDocuments":
        from chalicelib.adapters.oidc import ProviderDocuments

        return ProviderDocuments(self.settings.oidc_issuer, self.http)

    @cached_property
    def _oauth(self) -> "OAuth":
        from chalicelib.oauth import OAuth

        return OAuth(self)

    @cached_property
    def _sign_in(self) -> "SignIn":
        from chalicelib.services.sign_in import SignIn

        return SignIn(self.accounts, self._sessions)

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

        return Accounts(self.identity_provider, self.users, self.clock)

    def _note_reuse(self, token: Token) -> None:
        """Record it: only a refused decision loads what does."""
        self._reuse.record(token)

    @cached_property
    def _reuse(self) -> "RecordReuse":
        from chalicelib.services.reuse import RecordReuse, RevokeFamily

        respond = None
        if self.settings.rotated_token_reuse is RotatedTokenReuse.REVOKE_FAMILY:
            family = RevokeFamily(self.rotations, self.authorization, self.revocations, self.clock)
            respond = family.revoke
        return RecordReuse(self.rotations, self.clock, self.policy, respond)

    @cached_property
    def revocations(self) -> "RevokeToken":
        """Revoking one token, whoever asks for it."""
        from chalicelib.services.revocation import RevokeToken

        return RevokeToken(self.tokens, self.clock, self.policy)

    @cached_property
    def _self_service(self) -> "SelfService":
        from chalicelib.services.self_service import SelfService

        return SelfService(self.verify, self.users, self.issue, self.manage)

    @cached_property
    def _exposed(self) -> "RevokeExposed":
        from chalicelib.services.exposed import RevokeExposed

        return RevokeExposed(self.verifier, self.authorization, self.revocations)

    @cached_property
    def verifier(self) -> "TokenVerifier":
        """Reading API tokens."""
        from chalicelib.adapters.api_token import ApiTokenVerifier, load_public_keys
        from chalicelib.adapters.key_cache import KeyCache

        settings = self.settings
        keys = KeyCache(lambda: load_public_keys(self.keys), self.clock)
        return ApiTokenVerifier(keys, settings.issuer, settings.audience, self.clock)


class OpenService(Service):
    """The service in non-authenticated mode: the API is open to all, tokens do not exist."""

    def check(self) -> None:
        """Warn: nothing else needs to be set."""
        logs.warn(
            "authentication_disabled",
            detail="AUTH_MODE=none: anybody who can reach this API can call it. "
            "API tokens are not available.",
        )

    @property
    def scopes(self) -> ScopeCatalogue:
        """The usual scopes; no token has them."""
        return DEFAULT_CATALOGUE

    def guard(self, authorizer: _Authorizer) -> _Authorizer | None:
        """Return that nothing stands before the protected API.

        API Gateway refuses callers without a token before it asks even the most lenient authorizer.
        """
        return None

    def api_caller(self, context: Mapping[str, str] | None) -> ApiCaller:
        """Return that anybody calls, whatever the Authorization header holds."""
        return AnonymousCaller()

    @property
    def sign_in(self) -> "SignIn":
        """Raises TokensUnavailable: every management call begins here."""
        raise TokensUnavailable

    @property
    def sessions(self) -> "Sessions":
        """Raises TokensUnavailable."""
        raise TokensUnavailable

    @property
    def oauth(self) -> "OAuth":
        """Raises TokensUnavailable."""
        raise TokensUnavailable

    @property
    def login(self) -> "Login":
        """Raises TokensUnavailable."""
        raise TokensUnavailable

    @property
    def self_service(self) -> "SelfService":
        """Raises TokensUnavailable."""
        raise TokensUnavailable

    @property
    def exposed(self) -> "RevokeExposed":
        """Raises TokensUnavailable."""
        raise TokensUnavailable


_SERVICES: dict[AuthMode, type[Service]] = {AuthMode.OIDC: Service, AuthMode.NONE: OpenService}
_installed: Service | None = None


def gateway() -> GatewaySettings:
    """Return what decides the shape of the API. Raises SettingsError."""
    return GatewaySettings.from_environ(process_environ())


def current() -> Service:
    """Return the service of this process. Raises SettingsError."""
    return _installed or install(_SERVICES[gateway().auth_mode](process_environ()))


def install(service: Service) -> Service:
    """Make ``service`` the one of this process and return it."""
    global _installed
    _installed = service
    return service


def start() -> None:
    """Begin to log and check the settings, unless the app is only being packaged.

    Raises SettingsError.
    """
    logs.configure(gateway().log_level)
    if not is_packaging(process_environ()):
        current().check()
