"""Requests to the OpenID provider, each with a deadline for the whole response.

See docs/decisions/0023-provider-keys.md.
"""

import codecs
import contextlib
import http.client
from collections.abc import Mapping
from functools import partial
from typing import Any

import urllib3

from chalicelib import strict_json
from chalicelib.adapters.oidc.kept_connections import KeptConnectionEnded, seconds_until
from chalicelib.domain.errors import IdentityProviderUnavailable
from chalicelib.domain.frozen import Frozen, field
from chalicelib.domain.reasons import ProviderReason
from chalicelib.logs import fact

MOST_BYTES = 256 * 1024
# As deep and as many as in a JWT of a provider.
_BOUNDS = strict_json.Bounds(longest=MOST_BYTES, deepest=32, most_values=20_000)


class Response(Frozen):
    """An HTTP response: its status and its whole body."""

    status: int
    body: bytes = field(repr=False)


def exchange(
    connections: urllib3.PoolManager,
    method: str,
    url: str,
    until: float,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Response:
    """Return the response to a request. Redirects are responses too, and are not followed.

    ``until`` is a deadline in seconds of ``time.monotonic``. A GET is sent once more if a kept connection
    is dead. Raises IdentityProviderUnavailable if no whole response comes in time, or if it is too
    large.
    """
    send = partial(_exchange_once, connections, method, url, until, headers, body)
    try:
        try:
            return send()
        except urllib3.exceptions.ProtocolError as error:
            if method != "GET" or not isinstance(error.args[-1], KeptConnectionEnded):
                raise
            return send()
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        # urllib3 counts a refused connection as a timeout; it is not.
        is_timeout = isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError)
        is_slow = is_timeout and not isinstance(error, urllib3.exceptions.NewConnectionError)
        reason = ProviderReason.TOO_SLOW if is_slow else ProviderReason.UNREACHABLE
        facts = {"url": fact(url), "network_error": type(error).__name__}
        raise IdentityProviderUnavailable(reason, facts) from error


def json_object(body: bytes, url: str) -> dict[str, Any]:
    """Return the JSON object of a body. Raises IdentityProviderUnavailable.

    A byte order mark before it is ignored, as RFC 8259 section 8.1 allows.
    """
    try:
        document = strict_json.parse(body.removeprefix(codecs.BOM_UTF8), _BOUNDS)
    except ValueError as error:
        raise IdentityProviderUnavailable(ProviderReason.NOT_JSON, {"url": fact(url)}) from error
    if not isinstance(document, dict):
        raise IdentityProviderUnavailable(ProviderReason.BAD_ANSWER, {"url": fact(url)})
    return document


def _exchange_once(
    connections: urllib3.PoolManager,
    method: str,
    url: str,
    until: float,
    headers: Mapping[str, str] | None,
    body: bytes | None,
) -> Response:
    response = connections.request(
        method,
        url,
        headers=headers,
        body=body,
        timeout=urllib3.Timeout(total=seconds_until(until)),
        redirect=False,
        retries=False,
        preload_content=False,
    )
    # If the response was not read to its end, closing it drops the connection.
    with contextlib.closing(response):
        whole = Response(response.status, response.read(MOST_BYTES + 1))
    if len(whole.body) > MOST_BYTES:
        raise IdentityProviderUnavailable(ProviderReason.TOO_LARGE, {"url": fact(url)})
    return whole
