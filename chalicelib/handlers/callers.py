"""The caller of a request, from the gateway's own description of the connection, never from a header."""

# The authorizer imports this module, so it imports neither Chalice nor a service.
from collections.abc import Mapping

from chalicelib.domain.callers import Caller, Door

# The longest text of an IPv6 address: INET6_ADDRSTRLEN (RFC 3493 section 6.3) without its zero byte.
_MAX_ADDRESS = 45
# API Gateway takes headers of 10,240 bytes in all.
_MAX_USER_AGENT = 10_240

NO_CONNECTION: Mapping[str, object] = {}


def connection(request_context: object, member: str) -> Mapping[str, object]:
    """Return the gateway's description of the connection, which is a member of the request context.

    It is ``http`` in payload format 2.0 of HTTP APIs, and ``identity`` elsewhere. Source: API Gateway
    Developer Guide, "Input to an API Gateway Lambda authorizer" and its like for HTTP and WebSocket APIs.
    """
    described = request_context.get(member) if isinstance(request_context, Mapping) else None
    return described if isinstance(described, Mapping) else NO_CONNECTION


def caller_of(door: Door, method: str, path: str, connected: Mapping[str, object]) -> Caller:
    """Return the caller of a door. An address or a user agent that is not a usable text becomes None.

    ``connected`` is what ``connection`` returns.
    """
    address = _text(connected.get("sourceIp"), _MAX_ADDRESS)
    return Caller(door, address, _text(connected.get("userAgent"), _MAX_USER_AGENT), method, path)


def _text(value: object, longest: int) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= longest else None
