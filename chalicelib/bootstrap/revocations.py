"""Jobs that revoke or pause many tokens."""

from typing import TYPE_CHECKING

from chalicelib.services.pause import PauseToken
from chalicelib.services.revocation_jobs import RevocationJobs
from chalicelib.services.revocation_targets import FindTargets
from chalicelib.services.run_revocations import RunRevocations

if TYPE_CHECKING:
    from chalicelib.bootstrap.closed_mode import Service


def runs_of(service: "Service") -> RunRevocations:
    """Return the work of jobs over the service's stores."""
    jobs, rows, rules = service.revocation_job_store, service.authorization, service.rules
    targets = FindTargets(jobs, service.sweep_store, service.token_index, rules)
    pause = PauseToken(service.tokens, rows, service.clock, rules, service.journal)
    return RunRevocations(jobs, targets, service.revoke, pause, rows, service.users, service.clock, rules)


def jobs_of(service: "Service") -> RevocationJobs:
    """Return the jobs as administrators start and read them."""
    store, run = service.revocation_job_store, service.run_revocations
    return RevocationJobs(store, run, service.clock, service.rules, service.journal)
