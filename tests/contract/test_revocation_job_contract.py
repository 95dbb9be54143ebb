"""The contract of the store of jobs that revoke many tokens, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.adapters.dynamodb.revocation_job_store import JOB
from chalicelib.domain.callers import Caller, Door
from chalicelib.domain.events import Actor, ActorKind
from chalicelib.domain.ids import job_id_for
from chalicelib.domain.revocation_jobs import JobAction, JobPlace, JobStatus, Outcome, RevocationJob
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.token_filters import TokenFilter
from chalicelib.domain.tokens import TokenStatus
from chalicelib.domain.users import User
from tests.contract.test_store_contract import add
from tests.support.actors import an_event
from tests.support.builders import RULES, a_token, an_ending
from tests.support.clock import START
from tests.support.dynamodb import Stores

LATER = START + timedelta(hours=1)
DAY = timedelta(days=1)


def a_job(key: str = "key", **changes: object) -> RevocationJob:
    """Return a job that has just begun."""
    caller = Caller(Door.OWN_API, "192.0.2.0", "curl/8", request_id="request-7")
    job = RevocationJob(
        id=job_id_for("usr_admin", key),
        actor=Actor(ActorKind.ADMINISTRATOR, "usr_admin", caller),
        body_hash="hash",
        reason=RevocationReason.EXPOSED,
        is_dry_run=False,
        created_at=START,
        updated_at=START,
        purge_at=START + 90 * DAY,
    )
    return replace(job, **changes)  # type: ignore[arg-type]


EVERYTHING = TokenFilter(
    status=TokenStatus.IDLE,
    text="Zoë & co",
    unused_for=DAY,
    expires_within=2 * DAY,
    idle_within=3 * DAY,
    without_expiry=False,
    reused=True,
    refused=False,
)
JOBS = [
    a_job(),
    a_job(token_count=2),
    a_job(action=JobAction.PAUSE),
    a_job(is_dry_run=True, owner="ada", filter=EVERYTHING),
    a_job(actor=Actor(ActorKind.ADMINISTRATOR, "usr_admin", Caller(Door.OWN_API))),
    a_job(
        place=JobPlace("p", "q", "tok_1"),
        owners=frozenset({"abc", "def"}),
        tokens=1,
        people=2,
        already_revoked=3,
        not_found=4,
        failed=5,
    ),
    a_job(status=JobStatus.FINISHED),
    a_job(status=JobStatus.STOPPED),
]


@pytest.mark.parametrize("job", JOBS)
def test_job_is_read_back(stores: Stores, job: RevocationJob) -> None:
    """Each member comes back, also after a change from a job that had others."""
    added = stores.jobs.add_job(job, ())
    assert added is not None
    assert stores.jobs.find_job(job.id) == added
    assert added.job == job
    for after in (*JOBS, job):
        added = stores.jobs.save_job(added, after)
        assert added is not None
    assert stores.jobs.find_job(job.id) == added
    assert added.job == job


def test_unknown_job_is_none(stores: Stores) -> None:
    """Neither has it tokens."""
    assert stores.jobs.find_job(a_job().id) is None
    assert list(stores.jobs.find_token_ids(a_job().id)) == []


def test_only_one_job_has_an_id(stores: Stores) -> None:
    """The second one changes nothing."""
    first = stores.jobs.add_job(a_job(token_count=2), ["tok_1", "tok_2"])
    assert stores.jobs.add_job(a_job(is_dry_run=True), ["tok_3"]) is None
    assert stores.jobs.find_job(a_job().id) == first
    assert list(stores.jobs.find_token_ids(a_job().id)) == ["tok_1", "tok_2"]


def test_thousand_ids_come_back_in_order(stores: Stores) -> None:
    """They fit into one row."""
    ids = [f"tok_{number:036}" for number in range(1_000)]
    stores.jobs.add_job(a_job(token_count=1_000), ids)
    assert list(stores.jobs.find_token_ids(a_job().id)) == ids


def test_only_one_of_two_runs_writes(stores: Stores) -> None:
    """The other one learns that it has to leave the job."""
    first = stores.jobs.add_job(a_job(), ())
    assert first is not None
    kept = stores.jobs.save_job(first, a_job(tokens=1))
    assert kept is not None
    assert stores.jobs.save_job(first, a_job(tokens=2)) is None
    assert stores.jobs.find_job(a_job().id) == kept
    assert stores.jobs.save_job(kept, a_job(tokens=2)) is not None


def test_deleted_job_is_not_written_again(stores: Stores) -> None:
    """TTL may delete it."""
    kept = stores.jobs.add_job(a_job(), ())
    assert kept is not None
    assert stores.jobs.save_job(kept, a_job("other")) is None
    assert stores.jobs.find_job(a_job("other").id) is None


def test_running_jobs_are_listed_oldest_first(stores: Stores) -> None:
    """A job that has ended leaves the list."""
    jobs = [a_job(f"{n}", created_at=START + timedelta(seconds=9 - n)) for n in range(4)]
    kept = [stores.jobs.add_job(job, ()) for job in jobs]
    assert stores.jobs.list_running(10) == [job.id for job in reversed(jobs)]
    assert stores.jobs.list_running(2) == [jobs[3].id, jobs[2].id]
    for status, each in zip((JobStatus.FINISHED, JobStatus.STOPPED), kept, strict=False):
        assert each is not None
        stores.jobs.save_job(each, each.job.ended(status))
    assert stores.jobs.list_running(10) == [jobs[3].id, jobs[2].id]


def test_row_without_action_is_of_a_revocation() -> None:
    """Rows from before there were other actions lack it, and rows of revocations still do."""
    row = JOB.item(a_job())
    assert "action" not in row
    assert JOB.read(row).action is JobAction.REVOKE
    assert JOB.item(a_job(action=JobAction.PAUSE)) == {**row, "action": {"S": "pause"}}


def test_token_names_the_job_that_revoked_it(stores: Stores, owner: User) -> None:
    """The mark comes back with the row, so that a repeated page counts the token once."""
    token = a_token(owner)
    add(stores, token)
    revoked = token.revoked(RevocationReason.ADMIN, LATER, RULES, a_job().id)
    stores.tokens.end_line(an_ending(token, revoked), [an_event(owner.id)])
    rows = stores.authorization.find_for_authorization(owner.id, token.id)
    assert rows[0] is not None
    assert rows[0].revocation == revoked.revocation
    assert a_job().outcome_for(*rows, LATER, RULES) is Outcome.ENDED
    assert a_job("other").outcome_for(*rows, LATER, RULES) is Outcome.ALREADY_REVOKED
