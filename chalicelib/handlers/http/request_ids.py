"""The request id on every line that is logged about a request."""

from collections.abc import Callable

from chalice.app import Request, Response

from chalicelib import logs


def with_request_id(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Note API Gateway's request id, which the client sees too, as ``x-amzn-RequestId``."""
    lambda_id = getattr(request.lambda_context, "aws_request_id", None)
    with logs.request(request.context.get("requestId") or lambda_id):
        return get_response(request)
