"""``/.well-known/...``: metadata and keys that other software needs."""

from functools import lru_cache
from urllib.parse import unquote

from chalice.app import Blueprint, Response

from chalicelib import bootstrap
from chalicelib.bootstrap import Service
from chalicelib.domain import errors
from chalicelib.domain.clients import ASSERTION_ALGORITHMS
from chalicelib.handlers.http import responses
from chalicelib.handlers.http.operations import (
    CACHE_HEADERS,
    EVERYONE,
    NOT_MODIFIED,
    Access,
    DocumentedResponse,
    Operation,
)
from chalicelib.handlers.http.responses import FIVE_MINUTES
from chalicelib.handlers.http.wire import IF_NONE_MATCH
from chalicelib.handlers.oauth.forms import TOKEN_EXCHANGE
from chalicelib.handlers.oauth.resources import AuthorizationServer, KeySet, ProtectedResource, PublicKey
from chalicelib.settings import endpoints

well_known = Blueprint(__name__)

_TAG = "Discovery"
# These documents are made of the settings alone, so no dependency of theirs can fail.
_DOCUMENTS = Access((), (errors.TokensUnavailable,))
_FOR_ALL = {"Cache-Control": FIVE_MINUTES}
_PROOFS = ("client_secret_basic", "client_secret_post", "private_key_jwt")

AUTHORIZATION_SERVER = Operation(
    "GET",
    "/.well-known/oauth-authorization-server",
    "oauth.metadata",
    _TAG,
    _DOCUMENTS,
    (DocumentedResponse(body=AuthorizationServer),),
    has_head=True,
)


@AUTHORIZATION_SERVER.on(well_known)
def describe_authorization_server() -> Response:
    """Describe this service to OAuth clients (RFC 8414)."""
    return responses.document(_authorization_server(bootstrap.service()), headers=_FOR_ALL)


@lru_cache(maxsize=1)
def _authorization_server(service: Service) -> AuthorizationServer:
    here = service.oauth.endpoints
    return AuthorizationServer(
        issuer=here.issuer,
        token_endpoint=here.url(endpoints.TOKEN),
        introspection_endpoint=here.url(endpoints.INTROSPECTION),
        revocation_endpoint=here.url(endpoints.REVOCATION),
        jwks_uri=here.url(endpoints.KEYS),
        grant_types_supported=[TOKEN_EXCHANGE],
        response_types_supported=[],
        scopes_supported=_scopes(service),
        token_endpoint_auth_methods_supported=["none", *_PROOFS],
        token_endpoint_auth_signing_alg_values_supported=list(ASSERTION_ALGORITHMS),
        introspection_endpoint_auth_methods_supported=[*_PROOFS],
        introspection_endpoint_auth_signing_alg_values_supported=list(ASSERTION_ALGORITHMS),
        revocation_endpoint_auth_methods_supported=["none", *_PROOFS],
        revocation_endpoint_auth_signing_alg_values_supported=list(ASSERTION_ALGORITHMS),
        service_documentation=here.url(endpoints.DOCUMENTATION),
    )


PROTECTED_RESOURCE = Operation(
    "GET",
    endpoints.RESOURCE_METADATA,
    "oauth.resource_metadata",
    _TAG,
    _DOCUMENTS,
    (DocumentedResponse(body=ProtectedResource),),
    has_head=True,
)


@PROTECTED_RESOURCE.on(well_known)
def describe_protected_resource() -> Response:
    """Describe the API that the tokens open (RFC 9728)."""
    return responses.document(_protected_resource(bootstrap.service()), headers=_FOR_ALL)


PROTECTED_RESOURCE_AT_PATH = Operation(
    "GET",
    f"{endpoints.RESOURCE_METADATA}/{{resource_path+}}",
    "oauth.resource_metadata_at_path",
    _TAG,
    _DOCUMENTS,
    (DocumentedResponse(body=ProtectedResource),),
    has_head=True,
    raises=(errors.ResourceNotFound,),
)


@PROTECTED_RESOURCE_AT_PATH.on(well_known)
def describe_protected_resource_at_path() -> Response:
    """Describe the API at the address that RFC 9728 section 3.1 derives from its path.

    The path may have several segments. Send its slashes as they are.
    """
    expected = unquote(bootstrap.service().oauth.endpoints.resource_path)
    # Chalice passes no argument for a greedy parameter.
    parameters = well_known.current_request.uri_params or {}
    if unquote(parameters["resource_path"]).strip("/") != expected:
        raise errors.ResourceNotFound
    return responses.document(_protected_resource(bootstrap.service()), headers=_FOR_ALL)


KEYS = Operation(
    "GET",
    endpoints.KEYS,
    "oauth.keys",
    _TAG,
    EVERYONE,
    (DocumentedResponse(body=KeySet, headers=CACHE_HEADERS), NOT_MODIFIED),
    headers=(IF_NONE_MATCH,),
    has_head=True,
)


@KEYS.on(well_known)
def publish_keys() -> Response:
    """Publish the keys that verify access tokens (RFC 7517).

    The keys of API tokens are not published: every use of an API token must be looked up.
    """
    # Sorted, so that the ETag does not depend on the order in which the table has the keys.
    keys = sorted(bootstrap.service().oauth.published_keys(), key=lambda key: key.kid)
    document = KeySet(keys=[PublicKey(kid=key.kid, x=key.x, y=key.y) for key in keys])
    return responses.revalidated(well_known.current_request, responses.document(document))


@lru_cache(maxsize=1)
def _protected_resource(service: Service) -> ProtectedResource:
    here = service.oauth.endpoints
    return ProtectedResource(
        resource=here.resource,
        authorization_servers=[here.issuer],
        scopes_supported=_scopes(service),
        bearer_methods_supported=["header"],
        resource_documentation=here.url(endpoints.DOCUMENTATION),
    )


def _scopes(service: Service) -> list[str]:
    return [scope.name for scope in service.catalogue.scopes]
