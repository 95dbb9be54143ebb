"""The response about a job that revokes or pauses many tokens."""

from datetime import timedelta
from typing import Annotated, Literal, TypeVar

from msgspec import UNSET, Meta, UnsetType

from chalicelib.domain.revocation_jobs import MAX_TOKEN_IDS, JobAction, JobStatus, RevocationJob
from chalicelib.domain.revocations import RevocationReason
from chalicelib.handlers.http.responses import effective_by, moment
from chalicelib.handlers.http.wire import JobId, Resource, UserId
from chalicelib.handlers.v1.resources import Moment
from chalicelib.handlers.v1.revocations.inputs import RevocationFilter

_Value = TypeVar("_Value")

_DAY = timedelta(days=1)


class RevocationCounts(Resource, frozen=True, kw_only=True):
    """Counts of a job. Only tokens that the job named or matched are counted."""

    tokens: Annotated[
        int,
        Meta(
            ge=0,
            description="Revoked by this job. In a dry run: would be revoked by it. If the job pauses: "
            "paused since it began, by it or by another call.",
        ),
    ]
    people: Annotated[int, Meta(ge=0, description="The owners of these tokens.")]
    already_revoked: Annotated[
        int,
        Meta(
            ge=0,
            description="Revoked before the job came to them, by another call. If the job pauses: all that "
            "were not active then. It left them as they were.",
        ),
    ]
    not_found: Annotated[
        int, Meta(ge=0, description="No token has the id, or its row was deleted meanwhile.")
    ]
    failed: Annotated[
        int,
        Meta(ge=0, description="Not changed, because they kept changing. Start another job for them."),
    ]


class RevocationProgress(Resource, frozen=True, kw_only=True):
    """The progress of a job."""

    done: Annotated[int, Meta(ge=0, description="The tokens that the job has come to.")]
    total: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=MAX_TOKEN_IDS,
                description="The tokens that the request named. Null if it had a filter.",
            ),
        ]
        | None
    )


class RevocationJobDetails(Resource, frozen=True, kw_only=True):
    """A job that revokes or pauses many tokens."""

    id: JobId
    action: JobAction
    status: Annotated[
        JobStatus,
        Meta(
            description="`stopped` means that the administrator was none any more before the job ended. "
            "What is counted was done."
        ),
    ]
    stopped_because: Annotated[
        Literal["admin_required"] | None, Meta(description="The reason if the job was stopped.")
    ]
    reason: RevocationReason
    dry_run: bool
    filter: RevocationFilter | UnsetType = UNSET
    requested_by: Annotated[UserId, Meta(description="The user id of the administrator.")]
    requested_at: Moment
    updated_at: Moment
    progress: RevocationProgress
    counts: RevocationCounts
    effective_by: Annotated[
        Moment | None,
        Meta(
            description="The time from which every gateway refuses the tokens that are counted as "
            "revoked or paused. Null in a dry run."
        ),
    ]


def revocation_job(job: RevocationJob) -> RevocationJobDetails:
    """Return the resource of a job."""
    return RevocationJobDetails(
        id=job.id,
        action=job.action,
        status=job.status,
        stopped_because=_stopped_because(job),
        reason=job.reason,
        dry_run=job.is_dry_run,
        filter=UNSET if job.token_count else _filter(job),
        requested_by=job.admin_id,
        requested_at=moment(job.created_at),
        updated_at=moment(job.updated_at),
        progress=RevocationProgress(done=job.done, total=job.token_count or None),
        counts=RevocationCounts(
            tokens=job.tokens,
            people=job.people,
            already_revoked=job.already_revoked,
            not_found=job.not_found,
            failed=job.failed,
        ),
        effective_by=None if job.is_dry_run else effective_by(job.updated_at),
    )


def _stopped_because(job: RevocationJob) -> Literal["admin_required"] | None:
    return "admin_required" if job.status is JobStatus.STOPPED else None


def _filter(job: RevocationJob) -> RevocationFilter:
    wanted = job.filter
    return RevocationFilter(
        all=True if wanted.is_empty and not job.owner else UNSET,
        owner=job.owner or UNSET,
        status=_or_unset(wanted.status),
        q=wanted.text or UNSET,
        unused_days=_days(wanted.unused_for),
        expires_within_days=_days(wanted.expires_within),
        idle_within_days=_days(wanted.idle_within),
        without_expiry=_or_unset(wanted.without_expiry),
        reused=_or_unset(wanted.reused),
        refused=_or_unset(wanted.refused),
    )


def _days(duration: timedelta | None) -> int | UnsetType:
    return duration // _DAY if duration else UNSET


def _or_unset(value: _Value | None) -> _Value | UnsetType:
    return UNSET if value is None else value
