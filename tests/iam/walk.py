"""Everything deployed, walked through: what each function asks of AWS on the way is recorded."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import count
from typing import Any, cast
from urllib.parse import urlencode

from moto import mock_aws

from chalicelib import bootstrap
from infra.local.template import read_template
from tests.iam import flows
from tests.iam.gateway import Gateway
from tests.iam.policy import Request
from tests.iam.recorder import Recorder
from tests.iam.stack import BUS, SENDER, STAGES, TABLE, Stack, asked_by_lambda
from tests.support import moto_tables
from tests.support.api import Answer
from tests.support.clients import resource_servers
from tests.support.clock import FixedClock
from tests.support.dynamodb import Cloud, dynamodb_client, kms_client, new_table
from tests.support.lean import bridged
from tests.support.provider import TestProvider

MOST_TOKENS = 5


@dataclass(frozen=True)
class Walked:
    """The requests of each function to IAM, and the routes that were called."""

    requests: Mapping[str, list[Request]]
    called: frozenset[str]


@cache
def walked(*, families_are_revoked: bool) -> Walked:
    """Return what was met on the whole way, with ROTATED_TOKEN_REUSE in one of its two settings."""
    reuse = "revoke_family" if families_are_revoked else "record"
    before = bootstrap.current()
    try:
        walks = [
            _walk(with_clients, {"ROTATED_TOKEN_REUSE": reuse}) for with_clients in (nullcontext, bridged)
        ]
    finally:
        bootstrap.install(before)
    requests = {
        function: [
            *(asked for walk in walks for asked in walk.recorder.requests[function]),
            *asked_by_lambda(function),
        ]
        for function in walks[0].recorder.requests
    }
    return Walked(requests, frozenset(walks[0].gateway.called))


def _walk(
    with_clients: Callable[[Cloud], AbstractContextManager[Cloud]], environ: Mapping[str, str]
) -> "Walk":
    """Walk with a decision's calls made by one of the two clients: the SDK's or our own."""
    with mock_aws(), with_clients(_cloud()) as cloud:
        walk = Walk(cloud, environ)
        for flow in flows.ALL:
            flow(walk)
    return walk


class Walk:
    """People with their tokens, and what is deployed for them in a cloud of its own."""

    def __init__(self, cloud: Cloud, environ: Mapping[str, str]) -> None:
        self.clock = FixedClock()
        self.provider = TestProvider(self.clock)
        self.cloud = cloud
        self.recorder = Recorder(_tags_of)
        for client in (self.cloud.dynamodb, self.cloud.kms):
            self.recorder.watch(client)
        settings = {
            "MAX_TOKENS_PER_USER": str(MOST_TOKENS),
            "ADMIN_CLAIM": "groups=admins",
            "DERIVED_TOKEN_AUDIENCES": "https://other.example.com",
            "AUTHORIZER_CACHE_STAGES": STAGES,
            "NOTICES_FROM": SENDER,
            "EVENT_BUS_NAME": BUS,
            "RESOURCE_SERVERS": json.dumps(resource_servers()),
        }
        self.gateway = Gateway(self.cloud, self.recorder, self.clock, {**settings, **environ})
        self._numbers = count()

    @property
    def admin(self) -> str:
        """A fresh sign-in of the administrator."""
        return self.provider.sign_in("admin@example.com")

    def somebody(self) -> str:
        """Return the name of a new person."""
        return f"person-{next(self._numbers)}@example.com"

    def advance(self, **by: float) -> None:
        """Move the clock."""
        self.clock.advance(timedelta(**by))

    def call(
        self,
        method: str,
        path: str,
        bearer: str | None = None,
        body: Mapping[str, Any] | None = None,
        **headers: str,
    ) -> Answer:
        """Call and expect success; an underscore in the name of a header stands for a hyphen."""
        answer = self.refused(method, path, bearer, body, **headers)
        assert answer.status < 400, f"{method} {path}: {answer.status} {answer.text}"
        return answer

    def refused(
        self,
        method: str,
        path: str,
        bearer: str | None = None,
        body: Mapping[str, Any] | None = None,
        **headers: str,
    ) -> Answer:
        """Call, whatever comes of it."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        text = json.dumps({} if body is None else body) if method in {"POST", "PATCH"} else None
        return self.gateway.call(method, path, bearer, text, sent)

    def form(self, path: str, parameters: Mapping[str, str], **headers: str) -> Answer:
        """Send a form and expect success."""
        sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        answer = self.gateway.call("POST", path, body=urlencode(parameters), headers=sent)
        assert answer.status < 400, f"{path}: {answer.status} {answer.text}"
        return answer

    def token(self, person: str, **members: Any) -> Mapping[str, Any]:
        """Return a new token of a person, with its string."""
        return self.made("/v1/tokens", person, **members)

    def made(self, path: str, person: str, **members: Any) -> Mapping[str, Any]:
        """Return the token that a call by a person makes."""
        answer = self.call("POST", path, self.provider.sign_in(person), members)
        return cast("Mapping[str, Any]", answer.json)


def _cloud() -> Cloud:
    """Return the table and the keys, with their tags, as the template describes them."""
    moto_tables.answer_quickly()
    dynamodb, kms = dynamodb_client(), kms_client()
    arns = []
    for name in ("SigningKey", "AccessTokenKey"):
        properties = Stack({}).resolved(read_template()["Resources"][name]["Properties"]["Tags"])
        tags: Any = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in properties]
        made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Tags=tags)
        arns.append(made["KeyMetadata"]["Arn"])
    signing, access = arns
    return Cloud(dynamodb, kms, new_table(dynamodb, TABLE), signing, access)


def _tags_of(key_id: str) -> tuple[str, Mapping[str, str]]:
    """Return a key's ARN and tags, read by a client that is not recorded."""
    kms = kms_client()
    tags = kms.list_resource_tags(KeyId=key_id)["Tags"]
    return kms.describe_key(KeyId=key_id)["KeyMetadata"]["Arn"], {t["TagKey"]: t["TagValue"] for t in tags}
