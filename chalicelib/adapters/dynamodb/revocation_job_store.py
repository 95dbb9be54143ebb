"""Rows of jobs about many tokens: one with the progress, and one with the tokens that are named."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb import items, primary_keys
from chalicelib.adapters.dynamodb.attributes import (
    Codec,
    Derived,
    Item,
    Member,
    RowKind,
    StoredItem,
    choice,
    number,
    prefixed,
    purge_time,
    text,
    time,
)
from chalicelib.adapters.dynamodb.errors import ConditionFailed
from chalicelib.adapters.dynamodb.reads import get, query, read_row
from chalicelib.adapters.dynamodb.turns import new_write_id, write_in_turn
from chalicelib.adapters.dynamodb.writes import transact
from chalicelib.domain.callers import Caller, Door
from chalicelib.domain.events import Actor, ActorKind
from chalicelib.domain.ports.revocation_jobs import KeptJob
from chalicelib.domain.revocation_jobs import JobAction, JobPlace, JobStatus, RevocationJob
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.token_filters import TokenFilter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TOKEN_IDS = "token_ids"  # noqa: S105 (ids are not secret)


_filter: Codec[TokenFilter] = Codec(
    "S",
    lambda wanted: json.dumps(wanted.members(), ensure_ascii=False, separators=(",", ":")),
    lambda stored: TokenFilter.of_members(json.loads(stored)),
)
_owners: Codec[frozenset[str]] = Codec(
    "S", lambda owners: " ".join(sorted(owners)), lambda stored: frozenset(stored.split())
)
# Any other number is an error, because a dry run must not become a real one.
_flag: Codec[bool] = Codec("N", lambda value: str(int(value)), {"0": False, "1": True}.__getitem__)


def _write_actor(job: RevocationJob) -> Item:
    caller = job.actor.caller
    known = {"admin_id": job.actor.id}
    if caller:
        known |= {
            "address": caller.address,
            "user_agent": caller.unverified_user_agent,
            "request_id": caller.request_id,
        }
    return {name: text(value) for name, value in known.items() if value}


def _read_actor(item: StoredItem) -> Mapping[str, Actor]:
    known = {name: item[name]["S"] for name in ("address", "user_agent", "request_id") if name in item}
    caller = Caller(
        Door.OWN_API,
        address=known.get("address"),
        unverified_user_agent=known.get("user_agent"),
        request_id=known.get("request_id"),
    )
    return {"actor": Actor(ActorKind.ADMINISTRATOR, text.read(item["admin_id"]), caller)}


_PLACE = ("position", "owner_position", "token_id")


def _write_place(job: RevocationJob) -> Item:
    values = {name: getattr(job.place, name) for name in _PLACE}
    return {name: text(value) for name, value in values.items() if value}


def _read_place(item: StoredItem) -> Mapping[str, JobPlace]:
    return {"place": JobPlace(**{name: item[name]["S"] for name in _PLACE if name in item})}


def _index_keys(job: RevocationJob) -> Item:
    return primary_keys.running_job_index_key(job.created_at) if job.is_running else {}


_ACTION = choice(JobAction)


def _write_action(job: RevocationJob) -> Item:
    # Rows from before there were other actions lack it.
    return {} if job.action is JobAction.REVOKE else {"action": _ACTION(job.action)}


def _read_action(item: StoredItem) -> Mapping[str, JobAction]:
    return {"action": _ACTION.read(item["action"])} if "action" in item else {}


JOB = RowKind(
    RevocationJob,
    Member("id", prefixed(primary_keys.JOBS), "pk"),
    Member("body_hash", text),
    Member("reason", choice(RevocationReason)),
    Member("is_dry_run", _flag),
    Member("created_at", time),
    Member("updated_at", time),
    Member("purge_at", purge_time),
    Member("token_count", number),
    Member("owner", text, optional=True),
    Member("filter", _filter),
    Member("status", choice(JobStatus)),
    Member("owners", _owners, optional=True),
    Member("tokens", number),
    Member("people", number),
    Member("already_revoked", number),
    Member("not_found", number),
    Member("failed", number),
    Derived(_write_actor, _read_actor),
    Derived(_write_place, _read_place),
    Derived(_index_keys),
    Derived(_write_action, _read_action),
    Derived(lambda _: {"sk": text("#")}),
)


class DynamoDBRevocationJobStore:
    """Jobs. A job's ids are in a row of their own, because each progress is billed by the whole row."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def add_job(self, job: RevocationJob, token_ids: Sequence[str]) -> KeptJob | None:
        """Write a job and the ids. Raises StoreUnavailable."""
        kept = KeptJob(job, new_write_id())
        rows = [JOB.item(job) | {"write_id": text(kept.write_id)}]
        if token_ids:
            ids = {_TOKEN_IDS: text(" ".join(token_ids)), "purge_at": purge_time(job.purge_at)}
            rows.append(primary_keys.job_token_ids_key(job.id) | ids)
        condition = "attribute_not_exists(pk)"
        puts = [
            {"Put": {"TableName": self._table, "Item": row, "ConditionExpression": condition}}
            for row in rows
        ]
        try:
            transact(self._client, puts)
        except ConditionFailed:
            # If a response is lost, the transaction is repeated and meets its own row.
            found = self.find_job(job.id)
            return kept if found and found.write_id == kept.write_id else None
        return kept

    def find_job(self, job_id: str) -> KeptJob | None:
        """Return a job. Raises StoreUnavailable."""
        item = get(self._client, self._table, primary_keys.job_key(job_id))
        return read_row(_read_job, item) if item else None

    def find_token_ids(self, job_id: str) -> Sequence[str]:
        """Return the ids of the tokens that a job names. Raises StoreUnavailable."""
        item = get(self._client, self._table, primary_keys.job_token_ids_key(job_id))
        return read_row(_read_token_ids, item) if item else ()

    def save_job(self, before: KeptJob, after: RevocationJob) -> KeptJob | None:
        """Write a job if the table still has ``before``. Raises StoreUnavailable."""
        old, new, key = JOB.item(before.job), JOB.item(after), primary_keys.job_key(after.id)
        own = write_in_turn(self._client, self._table, key, old, new, before.write_id)
        return KeptJob(after, own) if own else None

    def list_running(self, limit: int) -> Sequence[str]:
        """Return the ids of running jobs, the oldest first. Raises StoreUnavailable."""
        page = query(
            self._client,
            TableName=self._table,
            IndexName=items.GENERIC_INDEX,
            KeyConditionExpression="by_pk = :jobs",
            ExpressionAttributeValues={":jobs": text(primary_keys.RUNNING_JOBS)},
            Limit=limit,
        )
        return [row["pk"]["S"].removeprefix(primary_keys.JOBS) for row in page.rows]


def _read_job(item: StoredItem) -> KeptJob:
    return KeptJob(JOB.read(item), text.read(item["write_id"]))


def _read_token_ids(item: StoredItem) -> Sequence[str]:
    return text.read(item[_TOKEN_IDS]).split()
