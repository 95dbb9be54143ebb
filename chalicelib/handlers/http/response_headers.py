"""The headers that every response has, whatever it carries: documents, pages, files and errors.

The gateway's own answers have the same ones; see infra/aws/package/template.yaml.
"""

from collections.abc import Callable, Mapping

from chalice.app import Request, Response

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
ALWAYS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # Other sites may not embed what a signed-in browser would get (Fetch standard, section 3.7).
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED_FEATURES),
}
# Never over plain http (RFC 6797 section 7.2), so not on this machine.
OVER_TLS: Mapping[str, str] = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


def with_security_headers(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Add the headers to a response. One that the response sets itself stays."""
    response = get_response(request)
    usual = {**ALWAYS, **(OVER_TLS if site_of(request).is_secure else {})}
    response.headers = {**usual, **response.headers}
    return response
