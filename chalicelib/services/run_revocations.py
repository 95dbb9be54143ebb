"""The work of jobs that revoke or pause many tokens, page by page.

Each outcome depends on the token's row alone, and each page ends with one conditional write of the job.
So a page that was interrupted, or that two runs have done, changes and counts each token once. There is one
exception: a pause that the owner undoes meanwhile is made again.
"""

from datetime import datetime

from chalicelib import logs
from chalicelib.domain.administrators import ActingAdmin
from chalicelib.domain.errors import AdminRequired, ConcurrentChange, DependencyUnavailable, UnreadableRow
from chalicelib.domain.ports.revocation_jobs import KeptJob, RevocationJobStore
from chalicelib.domain.ports.time import Clock
from chalicelib.domain.ports.tokens import AuthorizationStore
from chalicelib.domain.ports.users import UserStore
from chalicelib.domain.revocation_jobs import (
    MAX_RUNNING_JOBS,
    JobAction,
    JobStatus,
    Outcome,
    RevocationJob,
)
from chalicelib.domain.token_rules import TokenRules
from chalicelib.domain.users import Role
from chalicelib.services.pause import PauseToken
from chalicelib.services.revocation import RevokeToken
from chalicelib.services.revocation_targets import FindTargets, Target


class RunRevocations:
    """Runs of jobs. A job stops when its administrator is none any more."""

    def __init__(
        self,
        jobs: RevocationJobStore,
        targets: FindTargets,
        revoke: RevokeToken,
        pause: PauseToken,
        rows: AuthorizationStore,
        users: UserStore,
        clock: Clock,
        rules: TokenRules,
    ) -> None:
        self._jobs = jobs
        self._targets = targets
        self._revoke = revoke
        self._pause = pause
        self._rows = rows
        self._users = users
        self._clock = clock
        self._rules = rules

    def all_running(self, deadline: datetime) -> int:
        """Go on with the running jobs in turn, until ``deadline``. Return the number of pages.

        Raises StoreUnavailable after the others have gone on. The next run then goes on from the last page.
        """
        running, pages = self._running(), 0
        failure: DependencyUnavailable | None = None
        while running and self._clock.now() < deadline:
            kept = running.pop(0)
            try:
                after = self.page(kept, deadline)
            except UnreadableRow as error:
                # It stays damaged, so no run may fail because of it.
                logs.warn("revocations.unreadable", job_id=kept.job.id, error=type(error).__name__)
                continue
            except DependencyUnavailable as error:
                logs.warn("revocations.interrupted", job_id=kept.job.id, cause=logs.cause(error))
                failure = error
                continue
            pages += 1
            if after and after.job.is_running:
                running.append(after)
        if failure:
            raise failure
        return pages

    def _running(self) -> list[KeptJob]:
        found = []
        for job_id in self._jobs.list_running(MAX_RUNNING_JOBS):
            try:
                kept = self._jobs.find_job(job_id)
            except (UnreadableRow, KeyError, TypeError, ValueError) as error:
                # A damaged row must not hold up the others.
                logs.warn("revocations.unreadable", job_id=job_id, error=type(error).__name__)
                continue
            if kept and kept.job.is_running:
                found.append(kept)
        return found

    def one(self, kept: KeptJob, deadline: datetime, most: int) -> KeptJob | None:
        """Go on with one job until ``deadline``, or until ``most`` tokens are done if it is not a dry run.

        Return None if another run has gone on with it. Raises StoreUnavailable.
        """
        running: KeptJob | None = kept
        while running and self._may_go_on(running.job, deadline, most):
            running = self.page(running, deadline, most)
        return running

    def page(self, kept: KeptJob, deadline: datetime, most: int | None = None) -> KeptJob | None:
        """Do the next page of a job, or a part of it. Return None if another run has gone on with it.

        Raises StoreUnavailable.
        """
        acting = self._acting(kept.job)
        after = kept.job.ended(JobStatus.STOPPED)
        if acting:
            after = self._after_page(kept.job, acting, deadline, most)
        return self._jobs.save_job(kept, after.saved(self._clock.now(), self._rules))

    def _acting(self, job: RevocationJob) -> ActingAdmin | None:
        now, administrators = self._clock.now(), self._rules.administrators
        try:
            admin = self._users.find_user(job.admin_id)
        except UnreadableRow:
            # A job may not wait forever to know whether it may go on.
            return None
        if admin is None or not admin.is_active or administrators.role_of(admin, now) is not Role.ADMIN:
            return None
        return administrators.acting(admin, now)

    def _after_page(
        self, job: RevocationJob, acting: ActingAdmin, deadline: datetime, most: int | None
    ) -> RevocationJob:
        page = self._targets.page(job)
        for target in page.targets:
            if not self._may_go_on(job, deadline, most):
                return job
            try:
                job = self._past(job, target, acting)
            except AdminRequired:
                return job.ended(JobStatus.STOPPED)
        job = job.at(page.place)
        return job.ended(JobStatus.FINISHED) if page.is_last else job

    def _may_go_on(self, job: RevocationJob, deadline: datetime, most: int | None) -> bool:
        has_enough = most is not None and not job.is_dry_run and job.done >= most
        return job.is_running and not has_enough and self._clock.now() < deadline

    def _past(self, job: RevocationJob, target: Target, acting: ActingAdmin) -> RevocationJob:
        return job.past(self._outcome(job, target, acting), target.owner_id).at(target.place)

    def _outcome(self, job: RevocationJob, target: Target, acting: ActingAdmin) -> Outcome:
        if target.owner_id is None:
            return Outcome.NOT_FOUND
        try:
            is_pause = job.action is JobAction.PAUSE
            if not job.is_dry_run:
                change = self._pause if is_pause else self._revoke
                change.by_job(target.owner_id, target.token_id, job, acting)
            # A damaged token can be revoked, but not paused.
            find = self._rows.find_for_authorization if is_pause else self._revoke.find
            rows = find(target.owner_id, target.token_id)
        except (ConcurrentChange, UnreadableRow, KeyError, ValueError) as error:
            # One token that keeps changing, or a damaged row, must not hold up the others.
            logs.warn(
                "revocations.failed", job_id=job.id, token_id=target.token_id, error=type(error).__name__
            )
            return Outcome.FAILED
        return job.outcome_for(*rows, self._clock.now(), self._rules)
