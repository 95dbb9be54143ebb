"""The client that a request comes from, not yet authenticated (RFC 6749 section 2.3)."""

import base64
import binascii
from urllib.parse import unquote_to_bytes

from chalice.app import Request

from chalicelib.domain.clients import ClientCredentials, PresentedAssertion, PresentedSecret
from chalicelib.domain.errors import InvalidClient, InvalidRequest
from chalicelib.handlers.http import authorization_header
from chalicelib.handlers.http.wire import given
from chalicelib.handlers.oauth.forms import ASSERTION_TYPE, ClientForm


def presented(request: Request, form: ClientForm) -> ClientCredentials | None:
    """Return the client's credentials, or None if the request has none.

    A client id alone proves nothing. Raises InvalidRequest, also for two ways to authenticate at once
    (section 2.3), or InvalidClient.
    """
    unverified_header = request.headers.get("authorization")
    secret, assertion = given(form.client_secret), given(form.client_assertion)
    if sum(way is not None for way in (unverified_header, secret, assertion)) > 1:
        raise InvalidRequest("Authenticate the client in one way only.")
    if unverified_header is not None:
        return _in_header(unverified_header, given(form.client_id))
    if secret is not None:
        return _in_body(secret, given(form.client_id))
    return _assertion(assertion, form)


def _in_header(unverified_header: str, named: str | None) -> PresentedSecret:
    """Return the id and secret of HTTP Basic; the client form-encodes each first (section 2.3.1)."""
    encoded = authorization_header.presented("basic", unverified_header)
    # A bearer in this header is a mistake that a client should see, not an anonymous call.
    if encoded is None:
        raise InvalidClient("Authenticate the client with HTTP Basic, or in the body.", by_header=True)
    try:
        pair = base64.b64decode(encoded, validate=True).decode("ascii")
        client_id, _, secret = pair.partition(":")
        presented = PresentedSecret(_decoded(client_id), _decoded(secret), by_header=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidClient(by_header=True) from error
    if named not in (None, presented.client_id):
        raise InvalidRequest("'client_id' names another client than the Authorization header.")
    return presented


def _in_body(secret: str, named: str | None) -> PresentedSecret:
    if named is None:
        raise InvalidRequest("'client_id' is missing beside 'client_secret'.")
    return PresentedSecret(named, secret)


def _assertion(assertion: str | None, form: ClientForm) -> PresentedAssertion | None:
    kind = given(form.client_assertion_type)
    if assertion is None and kind is None:
        return None
    if assertion is None or kind is None:
        raise InvalidRequest("Send 'client_assertion' and 'client_assertion_type' together.")
    if kind != ASSERTION_TYPE:
        raise InvalidClient(f"'client_assertion_type' must be {ASSERTION_TYPE}.")
    return PresentedAssertion(assertion, given(form.client_id))


def _decoded(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
