"""``/v1/tokens/self``: the only two things that a token may do, both to itself.

The token itself is the credential, in the Authorization header; nothing else counts here.
"""

from datetime import timedelta

from chalice.app import Blueprint, Response

from chalicelib import bootstrap
from chalicelib.domain import errors
from chalicelib.handlers import inputs, responses, visits
from chalicelib.handlers.operations import CREATED, ENDED, ITSELF, Operation

self_service = Blueprint(__name__)

_TAG = "Tokens themselves"

ROTATE_SELF = Operation(
    "POST",
    "/v1/tokens/self/rotate",
    "token.rotate_self",
    _TAG,
    ITSELF,
    (CREATED,),
    body=inputs.RotateToken,
    needs_body=False,
    raises=(
        errors.TokenAlreadyRotated,
        errors.TooManyCreations,
        errors.TokenLimitReached,
        errors.ConcurrentChange,
    ),
)


@ROTATE_SELF.on(self_service)
def rotate_self() -> Response:
    """Replace the token that is presented by a successor, whose string is in this answer only.

    Whoever cannot be sure to receive this answer should ask for an overlap: without one the token that
    was presented has ended.
    """
    request = self_service.current_request
    itself = bootstrap.current().self_service
    bearer = itself.bearer(visits.bearer(request))
    overlap = timedelta(seconds=ROTATE_SELF.body_of(request).overlap_seconds)
    return responses.created(itself.rotate(bearer, overlap), visits.site_of(request))


REVOKE_SELF = Operation(
    "DELETE",
    "/v1/tokens/self",
    "token.revoke_self",
    _TAG,
    ITSELF,
    (ENDED,),
    raises=(errors.ConcurrentChange,),
)


@REVOKE_SELF.on(self_service)
def revoke_self() -> Response:
    """Revoke the token that is presented for good."""
    itself = bootstrap.current().self_service
    itself.revoke(itself.bearer(visits.bearer(self_service.current_request)))
    return responses.ended()
