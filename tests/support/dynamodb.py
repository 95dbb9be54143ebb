"""DynamoDB and KMS for tests: moto in process or the emulator, with the deployment's own table."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import botocore.session
from botocore.config import Config
from moto import mock_aws

from chalicelib.adapters.clock import SystemClock, sleep
from chalicelib.adapters.dynamodb import primary_keys
from chalicelib.adapters.dynamodb.assertion_store import DynamoDBAssertionStore
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.authorization_store import DynamoDBAuthorizationStore
from chalicelib.adapters.dynamodb.daily_count_store import DynamoDBDailyCountStore
from chalicelib.adapters.dynamodb.event_store import DynamoDBEventStore
from chalicelib.adapters.dynamodb.flush_store import DynamoDBFlushStore
from chalicelib.adapters.dynamodb.key_store import DynamoDBKeyStore
from chalicelib.adapters.dynamodb.mail_store import DynamoDBMailStore
from chalicelib.adapters.dynamodb.revocation_job_store import DynamoDBRevocationJobStore
from chalicelib.adapters.dynamodb.rotation_store import DynamoDBRotationStore
from chalicelib.adapters.dynamodb.session_store import DynamoDBSessionStore
from chalicelib.adapters.dynamodb.sweep_store import DynamoDBSweepStore
from chalicelib.adapters.dynamodb.token_index import DynamoDBTokenIndex
from chalicelib.adapters.dynamodb.token_store import DynamoDBTokenStore
from chalicelib.adapters.dynamodb.user_store import DynamoDBUserStore
from chalicelib.adapters.repeating import repeating
from chalicelib.adapters.retries import Retries
from chalicelib.bootstrap import Service
from chalicelib.domain.keys import KeyUse
from chalicelib.domain.ports.clients import AssertionStore
from chalicelib.domain.ports.events import EventStore
from chalicelib.domain.ports.flushes import FlushStore
from chalicelib.domain.ports.mails import MailStore
from chalicelib.domain.ports.revocation_jobs import RevocationJobStore
from chalicelib.domain.ports.sign_in import SessionStore
from chalicelib.domain.ports.signing import KeyStore
from chalicelib.domain.ports.sweeps import SweepStore
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import AuthorizationStore, RotationStore, TokenIndex, TokenStore
from chalicelib.domain.ports.users import DailyCountStore, UserStore
from infra.local.template import read_template
from tests.support import moto_tables
from tests.support.http import FakeHttp
from tests.support.local_stack import emulator
from tests.support.memory import InMemoryKeys, InMemoryStore
from tests.support.provider import TestProvider
from tests.support.service import ENVIRON

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

_THREADS = 32
_ACCESS_TOKEN_KEY_ID = "alias/bodhi-test-access-tokens"


@dataclass(frozen=True, slots=True)
class Cloud:
    """Clients that try once, an empty table, and a key of each use that signs.

    ``lean`` is our own client, which the service uses if there is one.
    """

    dynamodb: "DynamoDBClient"
    kms: "KMSClient"
    table: str
    key_id: str
    access_token_key_id: str
    lean: "DynamoDBClient | None" = None

    @property
    def once(self) -> "DynamoDBClient":
        """The client that the service uses."""
        return self.lean or self.dynamodb

    def rows(self) -> list[Item]:
        """Return every row there is, in the order of the keys."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        found = [cast("Item", row) for page in pages for row in page["Items"]]
        return sorted(found, key=lambda row: (row["pk"]["S"], row["sk"]["S"]))


@dataclass(frozen=True, slots=True)
class Stores:
    """The whole store by its ports; ``forget`` deletes a token, or a user, as DynamoDB's TTL may."""

    authorization: AuthorizationStore
    keys: KeyStore
    access_token_keys: KeyStore
    tokens: TokenStore
    token_index: TokenIndex
    rotations: RotationStore
    users: UserStore
    events: EventStore
    sessions: SessionStore
    assertions: AssertionStore
    flushes: FlushStore
    sweeps: SweepStore
    jobs: RevocationJobStore
    mails: MailStore
    daily_counts: DailyCountStore
    forget: Callable[[str, str | None], None]


def memory_stores() -> Stores:
    """Return the store in memory."""
    store = InMemoryStore()
    keys = InMemoryKeys(store), InMemoryKeys(store)
    return Stores(
        store,
        *keys,
        store,
        store,
        store,
        store,
        store,
        store,
        store,
        store,
        store,
        store,
        store,
        store,
        store.forget,
    )


RETRIES = Retries(SystemClock(), sleep)


def dynamodb_stores(cloud: Cloud) -> Stores:
    """Return the DynamoDB adapters over a table."""
    once, client, table = cloud.once, repeating(cloud.once, RETRIES), cloud.table

    def forget(user_id: str, token_id: str | None) -> None:
        key = primary_keys.token_key(user_id, token_id) if token_id else primary_keys.user_key(user_id)
        once.delete_item(TableName=table, Key=key, ConditionExpression="attribute_exists(pk)")

    return Stores(
        DynamoDBAuthorizationStore(client, once, table),
        DynamoDBKeyStore(client, table, KeyUse.API_TOKEN),
        DynamoDBKeyStore(client, table, KeyUse.ACCESS_TOKEN),
        DynamoDBTokenStore(client, table),
        DynamoDBTokenIndex(client, table),
        DynamoDBRotationStore(client, table),
        DynamoDBUserStore(client, table),
        DynamoDBEventStore(client, table),
        DynamoDBSessionStore(client, table),
        DynamoDBAssertionStore(client, table),
        DynamoDBFlushStore(client, table),
        DynamoDBSweepStore(client, table),
        DynamoDBRevocationJobStore(client, table),
        DynamoDBMailStore(client, table),
        DynamoDBDailyCountStore(client, table),
        forget,
    )


@contextmanager
def moto_cloud() -> Iterator[Cloud]:
    """Run moto in this process; it is not atomic, so races are not tested with it."""
    moto_tables.answer_quickly()
    with mock_aws():
        kms = kms_client()
        for alias in (ENVIRON["SIGNING_KEY_ID"], _ACCESS_TOKEN_KEY_ID):
            key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
            kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
        dynamodb = dynamodb_client()
        table = new_table(dynamodb)
        yield Cloud(dynamodb, kms, table, ENVIRON["SIGNING_KEY_ID"], _ACCESS_TOKEN_KEY_ID)


@contextmanager
def emulator_cloud() -> Iterator[Cloud]:
    """Run the emulator, whose writes are atomic, as a process of its own."""
    with emulator() as running:
        dynamodb = dynamodb_client(running.endpoint)
        kms = kms_client(running.endpoint)
        yield Cloud(dynamodb, kms, running.table_name, running.key_id, running.access_token_key_id)


def dynamodb_client(endpoint: str | None = None) -> "DynamoDBClient":
    """Return a client that tries once."""
    return cast("DynamoDBClient", _client("dynamodb", endpoint))


def kms_client(endpoint: str | None = None) -> "KMSClient":
    """Return a client that tries once."""
    return cast("KMSClient", _client("kms", endpoint))


def new_table(client: "DynamoDBClient", name: str | None = None) -> str:
    """Make another table as the deployment's template describes it, without expiry; return its name."""
    name = name or f"test-{uuid4()}"
    client.create_table(TableName=name, **table_definition())
    return name


def table_definition() -> Any:
    """Return the keys and indexes of the table in the deployment's template."""
    wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    properties: dict[str, Any] = _table_properties()
    return {part: properties[part] for part in wanted}


class CloudService(Service):
    """The service over a cloud, with its own clock and OpenID provider."""

    def __init__(self, cloud: Cloud, clock: Clock, environ: dict[str, str] | None = None) -> None:
        here = {
            "TABLE_NAME": cloud.table,
            "SIGNING_KEY_ID": cloud.key_id,
            "DERIVED_TOKEN_KEY_ID": cloud.access_token_key_id,
        }
        super().__init__(
            {**ENVIRON, **here, **(environ or {})},
            clock,
            dynamodb_once=cloud.once,
            kms_once=cloud.kms,
            http=FakeHttp(TestProvider(clock).documents()),
        )


@cache
def _session() -> botocore.session.Session:
    """Return the one session: it keeps the service models, which are slow to load."""
    return botocore.session.get_session()


def _client(service: str, endpoint: str | None) -> object:
    config = Config(
        connect_timeout=5,
        read_timeout=20,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=_THREADS,
    )
    return _session().create_client(service, endpoint_url=endpoint, config=config)


@cache
def _table_properties() -> dict[str, Any]:
    tables = [r for r in read_template()["Resources"].values() if r["Type"] == "AWS::DynamoDB::Table"]
    properties: dict[str, Any] = tables[0]["Properties"]
    return properties
