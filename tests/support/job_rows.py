"""Rows of jobs that revoke many tokens, in memory."""

import secrets
from collections.abc import Sequence

from chalicelib.domain.ports.revocation_jobs import KeptJob
from chalicelib.domain.revocation_jobs import RevocationJob
from tests.support.rows import Rows


class JobRows(Rows):
    """Jobs by their ids, and the tokens that they name."""

    def __init__(self) -> None:
        super().__init__()
        self._jobs: dict[str, KeptJob] = {}
        self._token_ids: dict[str, Sequence[str]] = {}

    def add_job(self, job: RevocationJob, token_ids: Sequence[str]) -> KeptJob | None:
        """Add a job, unless its id is taken."""
        with self._lock:
            if job.id in self._jobs:
                return None
            self._token_ids[job.id] = tuple(token_ids)
            self._jobs[job.id] = KeptJob(job, secrets.token_hex(8))
            return self._jobs[job.id]

    def find_job(self, job_id: str) -> KeptJob | None:
        """Return a job."""
        return self._jobs.get(job_id)

    def find_token_ids(self, job_id: str) -> Sequence[str]:
        """Return the ids that a job names."""
        return self._token_ids.get(job_id, ())

    def save_job(self, before: KeptJob, after: RevocationJob) -> KeptJob | None:
        """Write a job, unless another run did."""
        with self._lock:
            found = self._jobs.get(after.id)
            if found is None or found.write_id != before.write_id:
                return None
            self._jobs[after.id] = KeptJob(after, secrets.token_hex(8))
            return self._jobs[after.id]

    def list_running(self, limit: int) -> Sequence[str]:
        """Return running jobs, the oldest first."""
        with self._lock:
            running = [kept.job for kept in self._jobs.values() if kept.job.is_running]
        return [job.id for job in sorted(running, key=lambda job: job.created_at)][:limit]
