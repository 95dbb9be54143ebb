"""The parts that everything else is built on: settings, clock, AWS clients and stores."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, cast

from chalicelib import logs
from chalicelib.adapters.clock import SystemClock
from chalicelib.domain.keys import KeyUse
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from typing import Unpack

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

    from chalicelib.adapters.retries import Retries
    from chalicelib.bootstrap.parts import Parts
    from chalicelib.domain.ports.clients import AssertionStore
    from chalicelib.domain.ports.events import EventStore
    from chalicelib.domain.ports.flushes import FlushStore
    from chalicelib.domain.ports.sign_in import SessionStore
    from chalicelib.domain.ports.signing import KeyStore
    from chalicelib.domain.ports.time import Clock, Sleep
    from chalicelib.domain.ports.tokens import AuthorizationStore, RotationStore, TokenIndex, TokenStore
    from chalicelib.domain.ports.users import DailyCountStore, UserStore


class Stores:
    """The settings, the clock, the AWS clients and the stores."""

    def __init__(
        self, environ: Mapping[str, str], clock: "Clock | None" = None, **parts: "Unpack[Parts]"
    ) -> None:
        self._environ = environ
        self.clock: Clock = clock or SystemClock()
        # A cached property finds its value here, so a part that is given is never built.
        vars(self).update(parts)

    @cached_property
    def settings(self) -> Settings:
        """The settings. Raises SettingsError."""
        return Settings.from_environ(self._environ)

    @cached_property
    def sleep(self) -> "Sleep":
        """The function that waits."""
        from chalicelib.adapters.clock import sleep

        return sleep

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """The DynamoDB client, which repeats calls that failed."""
        return self._repeating(self.dynamodb_once)

    @cached_property
    def dynamodb_once(self) -> "DynamoDBClient":
        """The DynamoDB client that tries once.

        It is our own client, unless only the SDK can make the calls. It is logged once, with the variable
        that requires the SDK if there is one.
        """
        from chalicelib.adapters.dynamodb.lean.access import Access, LeftToSdk

        access = Access.from_environ(self._environ)
        against = access.variable if isinstance(access, LeftToSdk) else None
        logs.note("dynamodb.client", client="sdk" if against else "lean", because_of=against)
        if isinstance(access, LeftToSdk):
            from chalicelib.adapters.aws import dynamodb_client

            return dynamodb_client(self.clock)
        from chalicelib.adapters.dynamodb.lean.client import LeanDynamoDB

        return cast("DynamoDBClient", LeanDynamoDB(access, self.clock))

    @cached_property
    def kms(self) -> "KMSClient":
        """The KMS client, which repeats calls that failed."""
        from chalicelib.adapters.repeating import RepeatingKms

        return cast("KMSClient", RepeatingKms(self.kms_once, self._retries))

    @cached_property
    def kms_once(self) -> "KMSClient":
        """The KMS client that tries once."""
        from chalicelib.adapters.aws import kms_client

        return kms_client(self.clock)

    @cached_property
    def authorization(self) -> "AuthorizationStore":
        """The calls of a decision. A use and a refusal are recorded by one attempt each."""
        from chalicelib.adapters.dynamodb.authorization_store import DynamoDBAuthorizationStore

        return DynamoDBAuthorizationStore(self.dynamodb, self.dynamodb_once, self.settings.table_name)

    @cached_property
    def keys(self) -> "KeyStore":
        """The public keys that verify API tokens."""
        return self._key_store(KeyUse.API_TOKEN)

    @cached_property
    def access_token_keys(self) -> "KeyStore":
        """The public keys that verify access tokens. The authorizer never reads them."""
        return self._key_store(KeyUse.ACCESS_TOKEN)

    @cached_property
    def tokens(self) -> "TokenStore":
        """Token rows."""
        from chalicelib.adapters.dynamodb.token_store import DynamoDBTokenStore

        return DynamoDBTokenStore(self.dynamodb, self.settings.table_name)

    @cached_property
    def token_index(self) -> "TokenIndex":
        """Owners of tokens by the ids of the tokens."""
        from chalicelib.adapters.dynamodb.token_index import DynamoDBTokenIndex

        return DynamoDBTokenIndex(self.dynamodb, self.settings.table_name)

    @cached_property
    def rotations(self) -> "RotationStore":
        """Rotations, and the rows of lines and families."""
        from chalicelib.adapters.dynamodb.rotation_store import DynamoDBRotationStore

        return DynamoDBRotationStore(self.dynamodb, self.settings.table_name)

    @cached_property
    def users(self) -> "UserStore":
        """User rows."""
        from chalicelib.adapters.dynamodb.user_store import DynamoDBUserStore

        return DynamoDBUserStore(self.dynamodb, self.settings.table_name)

    @cached_property
    def events(self) -> "EventStore":
        """Events, for reading."""
        from chalicelib.adapters.dynamodb.event_store import DynamoDBEventStore

        return DynamoDBEventStore(self.dynamodb, self.settings.table_name)

    @cached_property
    def assertions(self) -> "AssertionStore":
        """Used client assertions."""
        from chalicelib.adapters.dynamodb.assertion_store import DynamoDBAssertionStore

        return DynamoDBAssertionStore(self._dynamodb_writing_once, self.settings.table_name)

    @cached_property
    def session_store(self) -> "SessionStore":
        """Sessions and pending sign-ins."""
        from chalicelib.adapters.dynamodb.session_store import DynamoDBSessionStore

        return DynamoDBSessionStore(self.dynamodb, self.settings.table_name)

    @cached_property
    def daily_count_store(self) -> "DailyCountStore":
        """Counts of re-activations."""
        from chalicelib.adapters.dynamodb.daily_count_store import DynamoDBDailyCountStore

        return DynamoDBDailyCountStore(self.dynamodb, self.settings.table_name)

    @cached_property
    def flush_store(self) -> "FlushStore":
        """The budget of flushes."""
        from chalicelib.adapters.dynamodb.flush_store import DynamoDBFlushStore

        return DynamoDBFlushStore(self.dynamodb, self.settings.table_name)

    @cached_property
    def _retries(self) -> "Retries":
        from chalicelib.adapters.retries import Retries

        return Retries(self.clock, self.sleep)

    @cached_property
    def _dynamodb_writing_once(self) -> "DynamoDBClient":
        """The DynamoDB client for writes that must not be made twice."""
        return self._repeating(self.dynamodb_once, repeats_writes=False)

    def _repeating(self, once: "DynamoDBClient", *, repeats_writes: bool = True) -> "DynamoDBClient":
        from chalicelib.adapters.repeating import repeating

        return repeating(once, self._retries, repeats_writes=repeats_writes)

    def _key_store(self, use: KeyUse) -> "KeyStore":
        from chalicelib.adapters.dynamodb.key_store import DynamoDBKeyStore

        return DynamoDBKeyStore(self.dynamodb, self.settings.table_name, use)
