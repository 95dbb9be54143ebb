"""``/v1/admin/revocations``: jobs that revoke or pause many tokens, for administrators."""

from http import HTTPStatus

from chalice.app import Blueprint, Response

from chalicelib import bootstrap, logs
from chalicelib.domain import errors
from chalicelib.domain.revocation_jobs import RevocationJob
from chalicelib.domain.users import User
from chalicelib.handlers.http import requests, responses
from chalicelib.handlers.http.credentials import administrator, credentials
from chalicelib.handlers.http.operations import ADMIN, DocumentedResponse, Operation
from chalicelib.handlers.http.site import site_of
from chalicelib.handlers.v1.revocations.inputs import JOB_KEY, RevokeTokens
from chalicelib.handlers.v1.revocations.resources import RevocationJobDetails, revocation_job

revocations = Blueprint(__name__)

_TAG = "Administration"
_PATH = "/v1/admin/revocations"

START = Operation(
    "POST",
    _PATH,
    "admin.revocations.start",
    _TAG,
    ADMIN,
    (DocumentedResponse(HTTPStatus.ACCEPTED, RevocationJobDetails, ("Location",)),),
    body=RevokeTokens,
    # As many as 1,000 ids need, and enough to refuse a few more by their number.
    most_bytes=64 * 1024,
    most_values=2_000,
    headers=(JOB_KEY,),
    raises=(errors.IdempotencyKeyReused, errors.TooManyJobs),
)


@START.on(revocations)
def revoke_tokens() -> Response:
    """Start a job that revokes many tokens, each with its line. A revocation is final.

    With the `action` `pause` the job pauses active tokens instead, each one alone. Their owners may
    re-activate them, so do not use it against a thief.

    Name up to 1,000 tokens, or give a filter. With `dry_run` the job changes nothing: it counts tokens and
    people. A small job has ended when the response comes. A larger one goes on in the background every 5
    minutes; read it at `Location`. Each token is judged by the filter when the job comes to it, with
    deadlines counted from the beginning of the job. Each revocation or pause is an event of the owner. The
    job stops if you are not an administrator any more. Repeat a request whose response was lost with the
    same `Idempotency-Key`.
    """
    admin = _sign_in_admin()
    request = revocations.current_request
    wanted = START.body_of(request).wanted()
    idempotency_key = requests.idempotency_key(request)
    if idempotency_key is None:
        raise errors.InvalidRequest("Send the header Idempotency-Key with a text of your choice.")
    actor = administrator(admin, request)
    job = bootstrap.service().revocation_jobs.start(admin, wanted, actor, idempotency_key)
    _note(job)
    location = {"Location": f"{site_of(request).prefix}{_PATH}/{job.id}"}
    return responses.document(revocation_job(job), HTTPStatus.ACCEPTED, location)


READ = Operation(
    "GET",
    f"{_PATH}/{{job_id}}",
    "admin.revocations.read",
    _TAG,
    ADMIN,
    (DocumentedResponse(body=RevocationJobDetails),),
    raises=(errors.JobNotFound,),
)


@READ.on(revocations)
def read_revocations(job_id: str) -> Response:
    """Return a job that revokes or pauses many tokens, with its progress and counts.

    Every administrator may read it. It is deleted some time after its end, like the rows of revoked tokens.
    """
    _sign_in_admin()
    job = bootstrap.service().revocation_jobs.get(job_id)
    _note(job)
    return responses.document(revocation_job(job))


def _note(job: RevocationJob) -> None:
    logs.add(
        job_id=job.id,
        action=job.action.value,
        status=job.status.value,
        dry_run=job.is_dry_run,
        tokens=job.tokens,
    )


def _sign_in_admin() -> User:
    return bootstrap.service().sign_in.admin(credentials(revocations.current_request))
