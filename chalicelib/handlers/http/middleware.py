"""Middleware around every view: the request id in the log, and the headers that every response has."""

from collections.abc import Callable, Mapping

from chalice.app import Request, Response

from chalicelib import logs
from chalicelib.handlers.http.site import site_of

# Features that browsers know by these names. A page of ours needs none of them.
_UNUSED_FEATURES = (
    "accelerometer",
    "camera",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "payment",
    "usb",
)
# The gateway's own responses have these headers too; see infra/aws/package/template.yaml.
ALWAYS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # Other sites may not embed what a signed-in browser would get (Fetch standard, section 3.7).
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED_FEATURES),
}
# Never over plain http (RFC 6797 section 7.2), so not on this machine.
OVER_TLS: Mapping[str, str] = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


def with_request_id(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Log API Gateway's request id in every line. The client sees it as ``x-amzn-RequestId``."""
    lambda_id = getattr(request.lambda_context, "aws_request_id", None)
    with logs.request(request.context.get("requestId") or lambda_id):
        return get_response(request)


def with_security_headers(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Add the headers that every response has. A header that the view has set stays as it is."""
    response = get_response(request)
    usual = {**ALWAYS, **(OVER_TLS if site_of(request).is_secure else {})}
    response.headers = {**usual, **response.headers}
    return response
