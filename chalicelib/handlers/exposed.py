"""``/v1/exposed``: whoever finds a token may report it."""

from http import HTTPStatus

from chalice.app import Blueprint, Response

from chalicelib import bootstrap
from chalicelib.handlers import inputs, resources, responses
from chalicelib.handlers.operations import ANYBODY, Answer, Operation

exposed = Blueprint(__name__)

REPORT = Operation(
    "POST",
    "/v1/exposed",
    "token.report_exposed",
    "Leak reports",
    ANYBODY,
    (Answer(HTTPStatus.ACCEPTED, resources.Reported),),
    body=inputs.ReportTokens,
    most_bytes=512 * 1024,
)


@REPORT.on(exposed)
def report_exposed() -> Response:
    """Report strings that were found where no API token belongs; genuine ones are revoked.

    Anybody may, and the answer is the same whatever the strings are. It is safe to repeat a report, and
    a report that was answered with 503 should be.
    """
    reports = bootstrap.current().exposed
    reports.report(REPORT.body_of(exposed.current_request).tokens)
    return responses.document(resources.Reported(), HTTPStatus.ACCEPTED)
