"""The caller of our own API, as API Gateway describes it."""

from chalice.app import Request

from chalicelib.domain.callers import Caller, Door


def caller_of(request: Request) -> Caller:
    """Return the caller. The address is that of the connection to API Gateway, never one in a header."""
    identity = request.context.get("identity") or {}
    return Caller(
        Door.OWN_API,
        address=identity.get("sourceIp"),
        unverified_user_agent=identity.get("userAgent"),
        method=request.method,
        path=request.path,
    )
