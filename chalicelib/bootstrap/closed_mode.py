"""Closed mode: the service with authentication, which is the usual one."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Self, TypeVar

from chalicelib.bootstrap.decision import Decision
from chalicelib.bootstrap.mails import Mails
from chalicelib.bootstrap.provider import Provider
from chalicelib.domain.keys import KeyUse
from chalicelib.services.callers import ApiCaller, token_caller
from chalicelib.settings import GatewaySettings

if TYPE_CHECKING:
    from chalicelib.adapters.jws import SigningKeys
    from chalicelib.bootstrap.oauth import OAuth
    from chalicelib.domain.ports.events import EventBus
    from chalicelib.domain.ports.flushes import AuthorizerCaches
    from chalicelib.domain.ports.revocation_jobs import RevocationJobStore
    from chalicelib.domain.ports.signing import TokenSigner
    from chalicelib.domain.ports.sweeps import SweepStore
    from chalicelib.domain.users import Role, User
    from chalicelib.services.accounts import Accounts
    from chalicelib.services.all_events import ListAllEvents
    from chalicelib.services.all_tokens import ListAllTokens
    from chalicelib.services.daily_limits import CountChange
    from chalicelib.services.flush import FlushCaches
    from chalicelib.services.histories import ReadHistories
    from chalicelib.services.issue import IssueToken
    from chalicelib.services.listing import ListTokens
    from chalicelib.services.login import Login
    from chalicelib.services.manage import ManageTokens
    from chalicelib.services.preferences import ChangePreferences
    from chalicelib.services.publish import PublishEvents
    from chalicelib.services.revocation import RevokeExposed
    from chalicelib.services.revocation_jobs import RevocationJobs
    from chalicelib.services.rotate import RotateToken
    from chalicelib.services.run_revocations import RunRevocations
    from chalicelib.services.self_service import SelfService
    from chalicelib.services.sessions import Sessions
    from chalicelib.services.sign_in import SignIn
    from chalicelib.services.summary import SummarizeTokens
    from chalicelib.services.sweep import SweepTokens
    from chalicelib.services.users import ManageUsers
    from chalicelib.services.users_tokens import AdministerTokens

_Authorizer = TypeVar("_Authorizer")


class Service(Decision, Provider, Mails):
    """The service with authentication. Parts such as ``issue`` are called like methods."""

    def check(self) -> None:
        """Check the settings. Raises SettingsError."""
        _ = self.settings

    @property
    def service(self) -> Self:
        """The service itself, because this mode has tokens."""
        return self

    @property
    def published_at(self) -> str | None:
        """The address that published documents name, or None if it is not configured."""
        return self.settings.issuer

    def guard(self, authorizer: _Authorizer) -> _Authorizer | None:
        """Return the authorizer of the protected API."""
        return authorizer

    def api_caller(self, context: Mapping[str, str] | None) -> ApiCaller:
        """Return the caller of the protected API. Raises NotAuthenticated."""
        return token_caller(context, self.catalogue)

    def role_of(self, user: "User") -> "Role":
        """Return the role of a user that counts now."""
        return self.rules.administrators.role_of(user, self.clock.now())

    @cached_property
    def cache_ttl(self) -> timedelta:
        """The time for which the gateway may keep a decision."""
        return timedelta(seconds=self._gateway.authorizer_cache_seconds)

    @property
    def staleness(self) -> timedelta:
        """The longest time for which a decision from before a change may count."""
        return self.cache_ttl + self.settings.decision_reuse

    @cached_property
    def issue(self) -> "IssueToken":
        """The creation of tokens."""
        from chalicelib.services.issue import IssueToken

        return IssueToken(self.tokens, self.users, self._signer, self.clock, self.rules, self.journal)

    @cached_property
    def rotate(self) -> "RotateToken":
        """The rotation of tokens."""
        from chalicelib.services.rotate import RotateToken

        return RotateToken(self.tokens, self.rotations, self._signer, self.clock, self.rules, self.journal)

    @cached_property
    def listing(self) -> "ListTokens":
        """Lists of tokens."""
        from chalicelib.services.listing import ListTokens

        return ListTokens(self.tokens, self.clock, self.rules)

    @cached_property
    def summary(self) -> "SummarizeTokens":
        """Counts of tokens."""
        from chalicelib.services.summary import SummarizeTokens

        return SummarizeTokens(self.tokens, self.clock, self.rules)

    @cached_property
    def manage(self) -> "ManageTokens":
        """Changes to tokens."""
        from chalicelib.services.manage import ManageTokens

        return ManageTokens(
            self.tokens,
            self.listing,
            self._count_change,
            self.clock,
            self.rules,
            self.journal,
        )

    @cached_property
    def self_service(self) -> "SelfService":
        """Changes by a token to itself."""
        from chalicelib.services.self_service import SelfService

        may_rotate = self.settings.self_rotation
        return SelfService(self.verify, self.rotate, self.manage, self.revoke, may_rotate=may_rotate)

    @cached_property
    def revoke_exposed(self) -> "RevokeExposed":
        """Leak reports."""
        from chalicelib.services.revocation import RevokeExposed

        return RevokeExposed(self.verifier, self.revoke)

    @cached_property
    def change_preferences(self) -> "ChangePreferences":
        """Changes of the own account."""
        from chalicelib.services.preferences import ChangePreferences

        return ChangePreferences(self.users, self._count_change)

    @cached_property
    def administer(self) -> "ManageUsers":
        """Changes to users."""
        from chalicelib.services.users import ManageUsers

        return ManageUsers(self.users, self.clock, self.rules, self._count_change, self.journal)

    @cached_property
    def administer_tokens(self) -> "AdministerTokens":
        """Changes to one token by administrators."""
        from chalicelib.services.users_tokens import AdministerTokens

        return AdministerTokens(self.administer, self.manage, self.revoke)

    @cached_property
    def all_tokens(self) -> "ListAllTokens":
        """Lists of the tokens of all users."""
        from chalicelib.services.all_tokens import ListAllTokens

        users, tokens, rows, index = self.users, self.tokens, self.authorization, self.token_index
        return ListAllTokens(users, tokens, rows, index, self.listing, self.clock, self.rules)

    @cached_property
    def histories(self) -> "ReadHistories":
        """The events of one user."""
        from chalicelib.services.histories import ReadHistories

        return ReadHistories(self.events, self.users, self.clock, self.rules.record_networks)

    @cached_property
    def all_events(self) -> "ListAllEvents":
        """Lists of the events of all users."""
        from chalicelib.services.all_events import ListAllEvents

        return ListAllEvents(self.events, self.users, self.clock, self.rules.record_networks)

    @cached_property
    def accounts(self) -> "Accounts":
        """The users behind sign-ins."""
        from chalicelib.services.accounts import Accounts

        return Accounts(
            self.identity_provider,
            self.users,
            self.clock,
            self.rules.administrators,
            self.journal,
        )

    @cached_property
    def sessions(self) -> "Sessions":
        """Sessions at the page."""
        from chalicelib.services.sessions import Sessions

        return Sessions(self.session_store, self.users, self.clock)

    @cached_property
    def sign_in(self) -> "SignIn":
        """The callers of the management API."""
        from chalicelib.services.sign_in import SignIn

        administrators, clock = self.rules.administrators, self.clock
        return SignIn(lambda: self.accounts, lambda: self.sessions, administrators, clock)

    @cached_property
    def login(self) -> "Login":
        """Sign-ins at the page."""
        from chalicelib.services.login import Login

        store = self.session_store
        return Login(self.login_provider, self.accounts, self.sessions, store, self.clock)

    @cached_property
    def oauth(self) -> "OAuth":
        """The parts behind the OAuth endpoints."""
        from chalicelib.bootstrap.oauth import OAuth

        return OAuth(self)

    @cached_property
    def authorizer_caches(self) -> "AuthorizerCaches":
        """The gateway's caches of decisions."""
        from chalicelib.adapters.api_gateway import ApiGatewayCaches
        from chalicelib.adapters.aws import http_apis_client, rest_apis_client

        return ApiGatewayCaches(rest_apis_client, http_apis_client)

    @cached_property
    def flush(self) -> "FlushCaches":
        """The end of the gateway's cached decisions."""
        from chalicelib.bootstrap.streams import flush_of

        return flush_of(self, self._gateway)

    @cached_property
    def event_bus(self) -> "EventBus":
        """The bus that the settings name, or the default bus."""
        from chalicelib.adapters.aws import event_bridge_client
        from chalicelib.adapters.event_bridge import EventBridgeBus

        return EventBridgeBus(event_bridge_client(), self._gateway.event_bus_name or "default")

    @cached_property
    def publish(self) -> "PublishEvents":
        """The reader of the table's stream that looks after events."""
        from chalicelib.bootstrap.streams import publish_of

        return publish_of(self, self._gateway)

    @cached_property
    def sweep_store(self) -> "SweepStore":
        """The sweep's checkpoint, and rows as the sweep reads and corrects them."""
        from chalicelib.adapters.dynamodb.sweep_store import DynamoDBSweepStore

        return DynamoDBSweepStore(self.dynamodb, self.settings.table_name)

    @cached_property
    def sweep(self) -> "SweepTokens":
        """The daily walk through all tokens."""
        from chalicelib.bootstrap.sweep import sweep_of

        return sweep_of(self)

    @cached_property
    def revocation_job_store(self) -> "RevocationJobStore":
        """Jobs that revoke many tokens."""
        from chalicelib.adapters.dynamodb.revocation_job_store import DynamoDBRevocationJobStore

        return DynamoDBRevocationJobStore(self.dynamodb, self.settings.table_name)

    @cached_property
    def run_revocations(self) -> "RunRevocations":
        """The work of jobs that revoke many tokens."""
        from chalicelib.bootstrap.revocations import runs_of

        return runs_of(self)

    @cached_property
    def revocation_jobs(self) -> "RevocationJobs":
        """Jobs that revoke many tokens, for administrators."""
        from chalicelib.bootstrap.revocations import jobs_of

        return jobs_of(self)

    @cached_property
    def signing_key(self) -> "SigningKeys":
        """The keys that sign API tokens."""
        from chalicelib.bootstrap.signing import signing_keys

        return signing_keys(self, KeyUse.API_TOKEN)

    @cached_property
    def access_token_key(self) -> "SigningKeys":
        """The keys that sign access tokens. Without its setting no access token is derived."""
        from chalicelib.bootstrap.signing import signing_keys

        return signing_keys(self, KeyUse.ACCESS_TOKEN)

    @cached_property
    def _signer(self) -> "TokenSigner":
        from chalicelib.adapters.api_token import ApiTokenSigner

        return ApiTokenSigner(self.signing_key, self.settings.issuer, self.settings.audience)

    @cached_property
    def _count_change(self) -> "CountChange":
        from chalicelib.services.daily_limits import CountChange

        most = self.settings.max_reactivations_per_day
        return CountChange(self.daily_count_store, self.clock, most, self.settings.max_changes_per_day)

    # Not part of ``settings``: a package is built with these alone.
    @cached_property
    def _gateway(self) -> GatewaySettings:
        return GatewaySettings.from_environ(self._environ)
