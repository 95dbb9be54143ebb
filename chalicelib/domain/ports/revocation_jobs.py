"""Stores of jobs that revoke many tokens."""

from collections.abc import Sequence
from typing import Protocol

from chalicelib.domain.frozen import Frozen
from chalicelib.domain.revocation_jobs import RevocationJob


class KeptJob(Frozen):
    """The stored job, and the id of the write that stored it."""

    job: RevocationJob
    write_id: str


class RevocationJobStore(Protocol):
    """Jobs, and the ids of the tokens that they name. Every call raises StoreUnavailable."""

    def add_job(self, job: RevocationJob, token_ids: Sequence[str]) -> KeptJob | None:
        """Write a job and the ids, all or nothing. Return None if there is a job with its id."""
        ...

    def find_job(self, job_id: str) -> KeptJob | None:
        """Return a job, strongly consistent."""
        ...

    def find_token_ids(self, job_id: str) -> Sequence[str]:
        """Return the ids of the tokens that a job names."""
        ...

    def save_job(self, before: KeptJob, after: RevocationJob) -> KeptJob | None:
        """Write a job if the table still has ``before``. Return None if another run wrote it."""
        ...

    def list_running(self, limit: int) -> Sequence[str]:
        """Return the ids of running jobs, the oldest first. The list may be seconds old."""
        ...
