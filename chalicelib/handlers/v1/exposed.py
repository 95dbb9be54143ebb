"""``/v1/exposed``: reports of leaked tokens."""

from http import HTTPStatus
from itertools import islice

from chalice.app import Blueprint, Response

from chalicelib import bootstrap, logs
from chalicelib.domain import leaks
from chalicelib.handlers.http import responses
from chalicelib.handlers.http.credentials import caller_of
from chalicelib.handlers.http.operations import EVERYONE, DocumentedResponse, Operation
from chalicelib.handlers.http.requests import PayloadTooLarge
from chalicelib.handlers.v1 import inputs, resources
from chalicelib.services.revocation import MAX_REPORTED

exposed = Blueprint(__name__)

REPORT = Operation(
    "POST",
    "/v1/exposed",
    "token.report_exposed",
    "Leak reports",
    EVERYONE,
    (DocumentedResponse(HTTPStatus.ACCEPTED, resources.Reported),),
    body=inputs.ReportTokens,
    most_bytes=512 * 1024,
)


@REPORT.on(exposed)
def report_exposed() -> Response:
    """Report text in which API tokens were found. Genuine tokens are revoked, each with its line.

    Tokens are found anywhere in a string, even if percent-encoded. You need no credential. The response
    does not show whether a string was a genuine token. Repeat the report after a 503.
    """
    revoke_exposed = bootstrap.service().revoke_exposed
    request = exposed.current_request
    texts = REPORT.body_of(request).tokens
    logs.add(reported=len(texts))
    # One more than allowed is enough to refuse the report, however many there are.
    unverified_tokens = list(islice(leaks.candidates(texts), MAX_REPORTED + 1))
    if len(unverified_tokens) > MAX_REPORTED:
        raise PayloadTooLarge(f"A report may contain at most {MAX_REPORTED} different tokens.")
    revoke_exposed(unverified_tokens, caller_of(request))
    return responses.document(resources.Reported(), HTTPStatus.ACCEPTED)
