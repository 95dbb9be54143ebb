"""Jobs that revoke or pause many tokens, as administrators start and read them."""

from collections.abc import Sequence
from datetime import timedelta

from chalicelib import logs
from chalicelib.domain.errors import (
    DependencyUnavailable,
    IdempotencyKeyReused,
    JobNotFound,
    TooManyJobs,
)
from chalicelib.domain.events import Actor
from chalicelib.domain.frozen import Frozen, field
from chalicelib.domain.ids import JOB_ID, job_id_for
from chalicelib.domain.ports.revocation_jobs import KeptJob, RevocationJobStore
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.revocation_jobs import MAX_RUNNING_JOBS, JobAction, RevocationJob, digest_of_request
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.token_filters import TokenFilter
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.users import User
from chalicelib.services.journal import Journal
from chalicelib.services.run_revocations import RunRevocations

# API Gateway's function has 10 seconds. The sweep does what is left.
_AT_ONCE = timedelta(seconds=3)
MOST_AT_ONCE = 100
"""The largest number of tokens that the request itself revokes or pauses."""


class WantedRevocations(Frozen):
    """A request for a job. If ``token_ids`` is empty, it is about the tokens that match the filter."""

    reason: RevocationReason
    is_dry_run: bool = False
    token_ids: Sequence[str] = ()
    owner: str = ""
    filter: TokenFilter = field(default_factory=TokenFilter)
    action: JobAction = JobAction.REVOKE

    @property
    def body_hash(self) -> str:
        """The digest of the request."""
        return digest_of_request(
            self.reason, self.token_ids, self.owner, self.filter, self.action, is_dry_run=self.is_dry_run
        )


class RevocationJobs:
    """The beginning of jobs, and their rows. A small job ends within the request that starts it."""

    def __init__(
        self,
        store: RevocationJobStore,
        run: RunRevocations,
        clock: Clock,
        rules: TokenRules,
        journal: Journal,
    ) -> None:
        self._store = store
        self._run = run
        self._clock = clock
        self._rules = rules
        self._journal = journal

    def start(
        self, admin: User, wanted: WantedRevocations, actor: Actor, idempotency_key: str
    ) -> RevocationJob:
        """Start a job and return it. A repeated request returns the job of the first one.

        Raises IdempotencyKeyReused, TooManyJobs or DependencyUnavailable.
        """
        job_id = job_id_for(admin.id, idempotency_key)
        logs.add(job_id=job_id)
        if found := self._store.find_job(job_id):
            return _same(found, wanted)
        if len(self._store.list_running(MAX_RUNNING_JOBS)) >= MAX_RUNNING_JOBS:
            raise TooManyJobs(MAX_RUNNING_JOBS)
        kept = self._store.add_job(self._job(job_id, wanted, actor), wanted.token_ids)
        if kept is None:
            # The same request came twice at once.
            return _same(self._find(job_id), wanted)
        return self._begun(kept)

    def get(self, job_id: str) -> RevocationJob:
        """Return a job. Raises JobNotFound or DependencyUnavailable."""
        return self._find(job_id).job

    def _find(self, job_id: str) -> KeptJob:
        found = self._store.find_job(job_id) if JOB_ID.fullmatch(job_id) else None
        if found is None:
            raise JobNotFound
        return found

    def _job(self, job_id: str, wanted: WantedRevocations, actor: Actor) -> RevocationJob:
        now = self._clock.now()
        return RevocationJob(
            id=job_id,
            actor=self._journal.recorded(actor),
            body_hash=wanted.body_hash,
            reason=wanted.reason,
            is_dry_run=wanted.is_dry_run,
            created_at=now,
            updated_at=now,
            purge_at=self._rules.purge_time(now),
            token_count=len(wanted.token_ids),
            owner=wanted.owner,
            filter=wanted.filter,
            action=wanted.action,
        )

    def _begun(self, kept: KeptJob) -> RevocationJob:
        try:
            after = self._run.one(kept, self._clock.now() + _AT_ONCE, MOST_AT_ONCE)
            return (after or self._find(kept.job.id)).job
        except DependencyUnavailable as error:
            # The job is kept. An error would make the administrator start another one.
            logs.warn("revocations.left_to_sweep", job_id=kept.job.id, cause=logs.cause(error))
            return kept.job


def _same(found: KeptJob, wanted: WantedRevocations) -> RevocationJob:
    if found.job.body_hash != wanted.body_hash:
        raise IdempotencyKeyReused
    return found.job
