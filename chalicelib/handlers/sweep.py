"""The scheduled function: ``chalicelib.handlers.sweep.sweep_tokens``.

``infra/aws/package/pieces/sweep.yaml`` has its schedule.
"""

from datetime import timedelta
from typing import Protocol

from chalicelib import bootstrap, logs

bootstrap.start()

_HOUR = timedelta(hours=1)
# A page of tokens may still be under way at the deadline.
_RESERVE = timedelta(seconds=30)


class Context(Protocol):
    """The part of Lambda's context that tells when the function must end."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left."""
        ...


def sweep_tokens(event: object, context: Context) -> None:
    """Go on with revocation jobs and with today's walk through all tokens.

    Raises DependencyUnavailable.

    The next invocation goes on from the checkpoints, so Lambda does not need to repeat this one.
    """
    with logs.entry("sweep", request_id=getattr(context, "aws_request_id", None)) as entry:
        service = bootstrap.service()
        began, run_jobs = service.clock.now(), service.run_revocations.all_running
        left = timedelta(milliseconds=context.get_remaining_time_in_millis()) - _RESERVE
        # Revocations are urgent, but large jobs must leave time for the walk.
        try:
            pages = run_jobs(began + left / 2)
        finally:
            # A job that fails must not hold up the walk either.
            swept = service.sweep(began + left)
        pages += run_jobs(began + left)
        entry.add(
            job_pages=pages,
            users=swept.users,
            tokens=swept.tokens,
            calls=swept.calls,
            walked_users=swept.walk.users,
            walked_tokens=swept.walk.tokens,
            is_ended=swept.walk.ended_at is not None,
            hours_since_walk=round(swept.walk.age(service.clock.now()) / _HOUR, 2),
        )
        if swept.is_left_to_another:
            entry.add(outcome="left_to_another")
