"""What the service stands on: its settings, its clock, AWS, and what is kept there."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, cast

from chalicelib.adapters.clock import SystemClock
from chalicelib.domain.keys import KeyUse
from chalicelib.domain.ports import Clock
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

    from chalicelib.adapters.api_token import SigningKeys
    from chalicelib.domain.ports import (
        AssertionStore,
        AuthorizationStore,
        FlushStore,
        KeyStore,
        ReactivationStore,
        RotationStore,
        SessionStore,
        TokenStore,
        UserStore,
    )


class Stores:
    """The stores and the signing keys, by one table's name and two keys' ids."""

    def __init__(self, environ: Mapping[str, str], clock: Clock | None = None) -> None:
        self._environ = environ
        self.clock: Clock = clock or SystemClock()

    @cached_property
    def settings(self) -> Settings:
        """The settings. Raises SettingsError."""
        return Settings.from_environ(self._environ)

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
    def lean(self) -> "DynamoDBClient | None":
        """What makes the calls of a decision without the SDK, or None where only the SDK can."""
        from chalicelib.adapters.dynamodb.access import Access

        access = Access.from_environ(self._environ)
        if access is None:
            return None
        from chalicelib.adapters.dynamodb.lean import LeanDynamoDB

        return cast("DynamoDBClient", LeanDynamoDB(access, self.clock))

    @cached_property
    def authorization(self) -> "AuthorizationStore":
        """The two calls of a decision; a use that cannot be recorded is not tried twice."""
        from chalicelib.adapters.dynamodb.authorization import DynamoDBAuthorizationStore

        table = self.settings.table_name
        if self.lean:
            return DynamoDBAuthorizationStore(self.lean, self.lean, table)
        from chalicelib.adapters.aws import dynamodb_client

        return DynamoDBAuthorizationStore(self.dynamodb, dynamodb_client(attempts=1), table)

    @property
    def verification_keys(self) -> "KeyStore":
        """The published keys that sign API tokens, to be read only."""
        return self._key_store(KeyUse.API_TOKEN, self.lean) if self.lean else self.keys

    @cached_property
    def keys(self) -> "KeyStore":
        """The published keys that sign API tokens."""
        return self._key_store(KeyUse.API_TOKEN, self.dynamodb)

    @cached_property
    def access_token_keys(self) -> "KeyStore":
        """The published keys that sign access tokens; the authorizer never reads them."""
        return self._key_store(KeyUse.ACCESS_TOKEN, self.dynamodb)

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
    def reactivation_store(self) -> "ReactivationStore":
        """Counts of re-activations."""
        from chalicelib.adapters.dynamodb.reactivations import DynamoDBReactivationStore

        return DynamoDBReactivationStore(self.dynamodb, self.settings.table_name)

    @cached_property
    def flush_store(self) -> "FlushStore":
        """Who flushed which stage last."""
        from chalicelib.adapters.dynamodb.flushes import DynamoDBFlushStore

        return DynamoDBFlushStore(self.dynamodb, self.settings.table_name)

    @cached_property
    def signing_key(self) -> "SigningKeys":
        """What signs new API tokens."""
        return self._kms_key(self.settings.signing_key_id, self.keys, self.access_token_keys)

    @cached_property
    def access_token_key(self) -> "SigningKeys":
        """What signs access tokens; without a setting for it nobody asks for any."""
        first = self.settings.derived_token_key_id or ""
        return self._kms_key(first, self.access_token_keys, self.keys)

    def _key_store(self, use: KeyUse, client: "DynamoDBClient") -> "KeyStore":
        from chalicelib.adapters.dynamodb.keys import DynamoDBKeyStore

        return DynamoDBKeyStore(client, self.settings.table_name, use)

    def _kms_key(
        self, first_key_id: str, keys: "KeyStore", other_ring: "KeyStore | None" = None
    ) -> "SigningKeys":
        from chalicelib.adapters.kms import KmsSigningKeys

        return KmsSigningKeys(self.kms, first_key_id, keys, self.clock, other_ring)
