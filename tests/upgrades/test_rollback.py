"""A rollback to 0.1 and back, with events, a walk of the sweep and a job under way."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.domain.callers import Caller, Door
from chalicelib.domain.events import Actor, ActorKind
from chalicelib.domain.revocation_jobs import JobAction, JobStatus
from chalicelib.domain.revocations import RevocationReason
from chalicelib.services import revocation_jobs
from chalicelib.services.revocation_jobs import WantedRevocations
from chalicelib.services.sign_in import Credentials
from tests.support.actors import CALLER, PERSON
from tests.support.builders import a_request
from tests.support.clock import FixedClock
from tests.support.dynamodb import Cloud, CloudService, moto_cloud, new_table, table_definition
from tests.support.provider import TestProvider
from tests.upgrades.release import V0_1, Release

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# Rows that 0.1 does not have: events, the sweep's checkpoint, jobs.
_NEW = ("E#", "SWEEP", "J#")

# Reads and changes a table as 0.1 does: each user, all their tokens, and each kind of change of a row.
_BY_0_1 = """
import json, sys
from dataclasses import replace
from datetime import timedelta
import botocore.session
from moto import mock_aws
from chalicelib.adapters.dynamodb import items
from chalicelib.adapters.dynamodb.tokens import DynamoDBTokenStore
from chalicelib.adapters.dynamodb.users import DynamoDBUserStore
from chalicelib.domain.tokens import RevocationReason, TokenPolicy
given = json.load(sys.stdin)
with mock_aws():
    client = botocore.session.get_session().create_client(
        "dynamodb", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    client.create_table(TableName="t", **given["table"])
    for row in given["rows"]:
        client.put_item(TableName="t", Item=row)
    users, tokens = DynamoDBUserStore(client, "t"), DynamoDBTokenStore(client, "t")
    found = users.list_users(after=None, limit=100).users
    shown = {
        user.id: tokens.list_tokens(user.id, after=None, newest_first=False, limit=100) for user in found
    }
    by_name = {each.name: each for own in shown.values() for each in own}
    at = by_name["renamed"].updated_at + timedelta(minutes=1)
    renamed = tokens.save_token(by_name["renamed"], by_name["renamed"].described("other", "", at))
    day = timedelta(days=1)
    policy = TokenPolicy(30 * day, day / 288, 90 * day, 100, None, None)
    ended = by_name["revoked"]
    tokens.revoke_token(ended, ended.revoked(RevocationReason.OWNER, at, policy), frees_slot=True)
    added = replace(renamed, id="tok_" + "9" * 36, name="added", version=1)
    client.put_item(TableName="t", Item=items.token_item(added))
    rows = client.scan(TableName="t")["Items"]
    names = {user: [token.name for token in own] for user, own in shown.items()}
    print(json.dumps({"tokens": names, "rows": rows}))
"""


@dataclass
class Company:
    """A user with tokens, an administrator, a walk and a job, each of them under way."""

    cloud: Cloud
    clock: FixedClock
    service: CloudService
    user_id: str
    job_id: str

    def at(self, rows: list[Item]) -> CloudService:
        """Return a service over other rows."""
        cloud = replace(self.cloud, table=new_table(self.cloud.dynamodb))
        for row in rows:
            self.cloud.dynamodb.put_item(TableName=cloud.table, Item=row)
        return CloudService(cloud, self.clock)


@pytest.fixture
def company(monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    """Begin a walk and a job, and do nothing of them yet."""
    monkeypatch.setattr(revocation_jobs, "_AT_ONCE", timedelta(0))
    with moto_cloud() as cloud:
        clock = FixedClock()
        service, provider = CloudService(cloud, clock), TestProvider(clock)

        def sign_in(name: str) -> Any:
            jwt = provider.sign_in(f"{name}@example.com")
            return service.sign_in.user(Credentials(CALLER, unverified_bearer=jwt))

        admin, user = sign_in("admin"), sign_in("user")
        tokens = [
            service.issue(user, a_request(name=name), PERSON).token
            for name in ("renamed", "revoked", "paused")
        ]
        clock.advance(MINUTE)
        service.sweep(clock.now())
        actor = Actor(ActorKind.ADMINISTRATOR, admin.id, Caller(Door.OWN_API))
        ids = [token.id for token in tokens]
        wanted = WantedRevocations(RevocationReason.ADMIN, token_ids=ids, action=JobAction.PAUSE)
        job = service.revocation_jobs.start(admin, wanted, actor, "key")
        assert (job.status, job.done) == (JobStatus.RUNNING, 0)
        yield Company(cloud, clock, service, user.id, job.id)


def _new_rows(rows: list[Item]) -> list[Item]:
    found = [row for row in rows if row["pk"]["S"].startswith(_NEW)]
    return sorted(found, key=lambda row: (row["pk"]["S"], row["sk"]["S"]))


def test_0_1_leaves_new_rows_alone_and_they_go_on_afterwards(company: Company, tmp_path: Path) -> None:
    """0.1 sees users and tokens alone. After the return, the walk and the job go on where they were."""
    release = Release(V0_1, tmp_path)
    before = company.cloud.rows()
    assert {row["pk"]["S"].partition("#")[0] for row in _new_rows(before)} == {"E", "SWEEP", "J"}

    given = {"table": table_definition(), "rows": before}
    told = json.loads(release.run(_BY_0_1, given))

    assert sorted(told["tokens"][company.user_id]) == ["paused", "renamed", "revoked"]
    assert len(told["tokens"]) == 2
    assert _new_rows(told["rows"]) == _new_rows(before)
    company.clock.advance(HOUR)
    service = company.at(told["rows"])
    service.run_revocations.all_running(company.clock.now() + MINUTE)
    job = service.revocation_jobs.get(company.job_id)
    # 0.1 revoked one of the three.
    assert (job.status, job.action) == (JobStatus.FINISHED, JobAction.PAUSE)
    assert (job.tokens, job.already_revoked, job.failed) == (2, 1, 0)
    walk = service.sweep(company.clock.now() + MINUTE).walk
    assert (walk.ended_at, walk.users, walk.tokens) == (company.clock.now(), 2, 4)
    assert service.token_index.find_owner_of("tok_" + "9" * 36) == company.user_id
    events = service.events.list_events(company.user_id, after=None, limit=100).events
    kinds = sorted(event.type.value for event in events)
    assert kinds == ["token.created"] * 3 + ["token.paused"] * 2 + ["user.created"]
