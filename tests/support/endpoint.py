"""A DynamoDB that the contract suite is pointed at: DynamoDB Local, AWS, or another one with its API."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit
from uuid import uuid4

from botocore.config import Config

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb.lean.access import Access
from infra.aws.account import session_of_environment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.support.dynamodb import Cloud

VARIABLE = "CONTRACT_ENDPOINT"
"""The URL; `make test-contract` sets it. Empty or absent for the stores of this process."""

_BATCH = 25
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Endpoint:
    """A client that tries once, and what the lean client needs to call the same place."""

    dynamodb: DynamoDBClient
    access: Access

    @classmethod
    def from_environment(cls) -> Endpoint | None:
        """Return the endpoint that the environment names, with its region and credentials.

        Call it before the tests hide the environment's account. Raises NoRegionError, NoCredentialsError.
        """
        url = os.environ.get(VARIABLE, "")
        if not url:
            return None
        session = session_of_environment()
        config = Config(
            connect_timeout=5,
            read_timeout=20,
            retries={"mode": "standard", "total_max_attempts": 1},
            max_pool_connections=32,
        )
        client = session.create_client("dynamodb", endpoint_url=url, config=config)
        # botocore's own objects; their types tell less than what is read here.
        return cls(cast("DynamoDBClient", client), _access(client, session.get_credentials()))


@contextmanager
def endpoint_cloud(endpoint: Endpoint) -> Iterator[Cloud]:
    """Make one table under a name of its own, and delete it in the end, also after a failure.

    KMS has no keys, because stores never call it.
    """
    from tests.support.dynamodb import Cloud, new_table

    client, name = endpoint.dynamodb, f"bodhi-contract-{uuid4()}"
    try:
        new_table(client, name)
        client.get_waiter("table_exists").wait(
            TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
        )
        yield Cloud(client, cast("Any", None), name, "", "")
    finally:
        _delete(client, name)


@contextmanager
def lean_endpoint(cloud: Cloud, endpoint: Endpoint) -> Iterator[Cloud]:
    """Give the cloud a lean client of the same endpoint."""
    from chalicelib.adapters.dynamodb.lean.client import LeanDynamoDB

    client = LeanDynamoDB(endpoint.access, SystemClock())
    try:
        yield replace(cloud, lean=cast("DynamoDBClient", client))
    finally:
        client.close()


def emptied(cloud: Cloud) -> Cloud:
    """Delete every row, because making a table takes AWS ten seconds and a test a tenth of one."""
    rows = [{"pk": row["pk"], "sk": row["sk"]} for row in cloud.rows()]
    for start in range(0, len(rows), _BATCH):
        left: Any = {cloud.table: [{"DeleteRequest": {"Key": key}} for key in rows[start : start + _BATCH]]}
        while left:
            left = cloud.dynamodb.batch_write_item(RequestItems=left)["UnprocessedItems"]
    return cloud


def _delete(client: DynamoDBClient, name: str) -> None:
    """Delete the table as soon as it is not being made any more; it may not be there at all."""
    for _ in range(2):
        try:
            client.delete_table(TableName=name)
        except client.exceptions.ResourceNotFoundException:
            return
        except client.exceptions.ResourceInUseException:
            client.get_waiter("table_exists").wait(TableName=name)
        else:
            return


def _access(client: Any, credentials: Any) -> Access:
    url, given = urlsplit(client.meta.endpoint_url), credentials.get_frozen_credentials()
    port = url.port or _PORTS[url.scheme]
    region: str = client.meta.region_name
    return Access(
        region, url.scheme, url.hostname or "", port, given.access_key, given.secret_key, given.token or ""
    )
