"""``/v1/tokens/self``: a token rotates itself, ends its predecessor's overlap, or revokes itself.

The only credential here is the token itself, in the Authorization header.
"""

from datetime import timedelta

from chalice.app import Blueprint, Response

from chalicelib import bootstrap
from chalicelib.domain import errors
from chalicelib.handlers.http import responses
from chalicelib.handlers.http.credentials import bearer, caller_of
from chalicelib.handlers.http.operations import ENDED, ITSELF, Operation
from chalicelib.handlers.http.site import site_of
from chalicelib.handlers.v1 import inputs
from chalicelib.handlers.v1.rendering import CREATED, created

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
        errors.SelfRotationOff,
        errors.TokenAlreadyRotated,
        errors.TooManyCreations,
        errors.ConcurrentChange,
    ),
)


@ROTATE_SELF.on(self_service)
def rotate_self() -> Response:
    """Rotate the presented token. Only this response contains the successor's string.

    The successor expires when the token would have expired: a token cannot extend its own lifetime. Both
    belong to one line: if one is revoked, the other is revoked too. If you rotate without an overlap and
    the response is lost, you lose access. To end the overlap early, call
    `DELETE /v1/tokens/self/predecessor` with the successor.
    """
    request = self_service.current_request
    itself = bootstrap.service().self_service
    # The credential comes before the body, so that a call without one is a 401 in any case.
    caller = caller_of(request)
    holder = itself.bearer(bearer(request), caller)
    overlap = timedelta(seconds=ROTATE_SELF.body_of(request).overlap_seconds)
    return created(itself.rotate(holder, overlap, caller), site_of(request))


END_PREDECESSOR = Operation(
    "DELETE",
    "/v1/tokens/self/predecessor",
    "token.end_predecessor",
    _TAG,
    ITSELF,
    (ENDED,),
    raises=(errors.NoPredecessor, errors.ConcurrentChange),
)


@END_PREDECESSOR.on(self_service)
def end_predecessor() -> Response:
    """End the overlap of the presented token's predecessor.

    Call it as soon as the successor is in use everywhere. The presented token still works.
    """
    request = self_service.current_request
    itself = bootstrap.service().self_service
    caller = caller_of(request)
    itself.end_predecessor(itself.bearer(bearer(request), caller), caller)
    return responses.ended()


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
    """Revoke the presented token and its line. This is final.

    A line is a token with all successors that came from self-rotation. The successor is revoked as well.
    So is a predecessor that is still in its overlap. A token with `allowed_networks` may be revoked from
    every address.
    """
    request = self_service.current_request
    itself = bootstrap.service().self_service
    caller = caller_of(request)
    itself.revoke(itself.bearer(bearer(request), caller, from_anywhere=True), caller)
    return responses.ended()
