"""``/oauth2/...``: token exchange, introspection and revocation for OAuth client libraries."""

import re
import string
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import TypeVar

from chalice.app import Blueprint, Response
from msgspec import UNSET, UnsetType

from chalicelib import bootstrap, logs
from chalicelib.domain import errors
from chalicelib.domain.claims import TokenType
from chalicelib.domain.clients import ClientCredentials
from chalicelib.domain.ids import API_TOKEN_PREFIX
from chalicelib.domain.network_lists import allowed_networks
from chalicelib.domain.scopes import parse_scope
from chalicelib.domain.text import MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH
from chalicelib.domain.token_creation import TokenRequest
from chalicelib.handlers.http import requests, responses
from chalicelib.handlers.http.credentials import caller_of
from chalicelib.handlers.http.operations import Access, DocumentedResponse, Operation
from chalicelib.handlers.http.wire import IDEMPOTENCY_KEY, given
from chalicelib.handlers.http.wording import text_member
from chalicelib.handlers.oauth import clients, rendering
from chalicelib.handlers.oauth.errors import OAUTH, UNCACHED, UnsupportedGrantType
from chalicelib.handlers.oauth.forms import (
    MAX_BYTES,
    TOKEN_EXCHANGE,
    ClientForm,
    ExchangeForm,
    IntrospectionForm,
    TokenForm,
)
from chalicelib.handlers.oauth.resources import ExchangedToken, Introspection
from chalicelib.settings import endpoints

oauth = Blueprint(__name__)

_TAG = "OAuth 2.0"
_FAILURES = (errors.InvalidClient, errors.TokensUnavailable, errors.DependencyUnavailable)
# The token in the form is the credential, so a client needs no identity (RFC 8693 section 2.1, RFC 7009).
_ANY_CLIENT = Access((), _FAILURES)
_RESOURCE_SERVER = Access(("client",), _FAILURES)

# An absolute URI without a fragment (RFC 3986 section 4.3).
_RESOURCE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s#]+")

_F = TypeVar("_F", bound=ClientForm)

EXCHANGE = Operation(
    "POST",
    endpoints.TOKEN,
    "oauth.token",
    _TAG,
    _ANY_CLIENT,
    (DocumentedResponse(body=ExchangedToken),),
    body=ExchangeForm,
    media_type=requests.FORM,
    most_bytes=MAX_BYTES,
    headers=(IDEMPOTENCY_KEY,),
    raises=(
        UnsupportedGrantType,
        errors.InvalidSubjectToken,
        errors.InvalidScope,
        errors.ScopeNotAllowed,
        errors.InvalidTarget,
        errors.UserInactive,
        errors.SignInTooSoon,
        errors.TooManyCreations,
        errors.TokenLimitReached,
        errors.AlreadyCreated,
        errors.IdempotencyKeyReused,
        errors.ConcurrentChange,
    ),
    rendering=OAUTH,
)


@EXCHANGE.on(oauth)
def exchange_token() -> Response:
    """Exchange a token for another one (RFC 8693).

    A JWT of your OpenID provider becomes an API token, as by `POST /v1/tokens`. An API token becomes an
    access token for one other service. That service verifies it with the published keys alone. So an API
    token with `allowed_networks` does not become an access token.
    """
    parts = bootstrap.service().oauth
    form, unverified_credentials = _form(EXCHANGE)
    parts.clients.check(unverified_credentials)
    kind, unverified_token = _subject(form)
    caller = caller_of(oauth.current_request)
    targets = _targets(form)
    if unverified_token.startswith(API_TOKEN_PREFIX) and kind is TokenType.ACCESS_TOKEN:
        derived = parts.derive(unverified_token, caller, targets, _scopes(form))
        logs.add(audience=derived.claims.audience)
        return responses.document(rendering.derived_token(derived), headers=UNCACHED)
    idempotency_key = requests.idempotency_key(oauth.current_request)
    issued = parts.exchange(unverified_token, kind, targets, _token_request(form), caller, idempotency_key)
    return responses.document(rendering.issued_token(issued), headers=UNCACHED)


INTROSPECT = Operation(
    "POST",
    endpoints.INTROSPECTION,
    "oauth.introspect",
    _TAG,
    _RESOURCE_SERVER,
    (DocumentedResponse(body=Introspection),),
    body=IntrospectionForm,
    media_type=requests.FORM,
    most_bytes=MAX_BYTES,
    rendering=OAUTH,
)


@INTROSPECT.on(oauth)
def introspect_token() -> Response:
    """Return the state of a token to a configured resource server (RFC 7662).

    The response is `{"active": false}` for a token that may not be used, for any reason. It is the same
    for a token whose audience is not the client's. Introspection is not counted as a use. A token with
    `allowed_networks` is active only for a `caller_address` in one of them.
    """
    parts = bootstrap.service().oauth
    form, unverified_credentials = _form(INTROSPECT)
    client_id = parts.clients.require(unverified_credentials)
    active = parts.introspect(_trimmed(form.token), client_id, given(form.caller_address))
    logs.add(active=active is not None)
    document = rendering.introspection(active, parts.endpoints.issuer)
    return responses.document(document, headers=UNCACHED)


REVOKE = Operation(
    "POST",
    endpoints.REVOCATION,
    "oauth.revoke",
    _TAG,
    _ANY_CLIENT,
    (DocumentedResponse(media_type=None, headers=("Effective-By",)),),
    body=TokenForm,
    media_type=requests.FORM,
    most_bytes=MAX_BYTES,
    raises=(errors.UnsupportedTokenType, errors.ConcurrentChange),
    rendering=OAUTH,
)


@REVOKE.on(oauth)
def revoke_presented_token() -> Response:
    """Revoke the API token in the body (RFC 7009). This is final.

    The response is the same for a genuine token, an unknown token and any other string.
    """
    parts = bootstrap.service().oauth
    form, unverified_credentials = _form(REVOKE)
    parts.clients.check(unverified_credentials)
    parts.revoke(_trimmed(form.token), caller_of(oauth.current_request))
    return responses.ended(HTTPStatus.OK)


def _form(operation: Operation[_F, None]) -> tuple[_F, ClientCredentials | None]:
    """Return the form and the client's credentials, which are not checked yet."""
    request = oauth.current_request
    if request.query_params:
        # URLs end up in logs and histories (RFC 6749 section 2.3.1).
        raise errors.InvalidRequest("Send parameters in the body, not in the URL.")
    form = operation.body_of(request)
    return form, clients.presented(request, form)


def _subject(form: ExchangeForm) -> tuple[TokenType, str]:
    if _needed(form.grant_type, "grant_type") != TOKEN_EXCHANGE:
        raise UnsupportedGrantType
    unverified_token = _trimmed(_needed(form.subject_token, "subject_token"))
    try:
        kind = TokenType(_needed(form.subject_token_type, "subject_token_type"))
    except ValueError:
        known = ", ".join(kind.value for kind in TokenType)
        raise errors.InvalidRequest(f"'subject_token_type' must be one of: {known}.") from None
    if given(form.actor_token) or given(form.actor_token_type):
        raise errors.InvalidRequest(
            "'actor_token' is not supported. A token cannot act on behalf of another party."
        )
    requested = given(form.requested_token_type)
    if requested not in (None, TokenType.ACCESS_TOKEN.value):
        raise errors.InvalidRequest(f"'requested_token_type' must be {TokenType.ACCESS_TOKEN.value}.")
    return kind, unverified_token


def _trimmed(unverified_token: str) -> str:
    """Return a token without the ASCII white space around it.

    A shell that reads a token from a file may send the line break after it. The token is not unknown
    because of that.
    """
    return unverified_token.strip(string.whitespace)


def _needed(value: str | UnsetType, name: str) -> str:
    if value is UNSET:
        raise errors.InvalidRequest(f"'{name}' is missing.")
    return value


def _targets(form: ExchangeForm) -> Sequence[str]:
    resources = given(form.resource) or []
    if not all(_RESOURCE.fullmatch(resource) for resource in resources):
        raise errors.InvalidTarget("'resource' must be an absolute URI without a fragment.")
    return [*resources, *(given(form.audience) or [])]


def _scopes(form: ExchangeForm) -> frozenset[str] | None:
    return None if form.scope is UNSET else parse_scope(form.scope)


def _token_request(form: ExchangeForm) -> TokenRequest:
    days, networks = given(form.token_expires_in_days), given(form.token_allowed_networks)
    return TokenRequest(
        name=text_member(form.token_name, "token_name", MAX_NAME_LENGTH),
        description=text_member(form.token_description, "token_description", MAX_DESCRIPTION_LENGTH),
        scopes=_scopes(form),
        lifetime=None if days is None else timedelta(days=days),
        allowed_networks=allowed_networks(networks or []),
    )
