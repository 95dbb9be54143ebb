"""Texts of the OpenAPI document that no definition holds: descriptions, credentials and headers."""

from collections.abc import Mapping
from typing import Any

from chalicelib import __version__
from chalicelib.domain import errors

Json = dict[str, Any]

INFO = {
    "title": "Bodhi API Tokens",
    "version": __version__,
    "summary": "Personal access tokens for any API behind AWS API Gateway.",
    "description": (
        "People sign in at their OpenID provider and create API tokens here. Programs send these tokens "
        "to the protected API as `Authorization: Bearer`. Bodies are JSON in UTF-8. Unknown members, "
        "repeated members and unknown parameters are refused. So is a name, a description or a query "
        "parameter that holds the string of an API token or a JWT. Every error is a problem "
        "document (RFC 9457) with a stable `code`. Times are in UTC and have the format of RFC 3339.\n\n"
        "The OAuth 2.0 endpoints take forms and ignore unknown parameters. They report errors as their "
        "RFCs say, and add the same `code`."
    ),
    "license": {"name": "MIT", "identifier": "MIT"},
}
TAGS = {
    "Account": "The caller's own account.",
    "Tokens": "The caller's own API tokens. Other users cannot see or change them.",
    "Tokens themselves": "A token rotates or revokes itself, or ends the overlap of its predecessor.",
    "OAuth 2.0": "Standard endpoints for any OAuth client library. Bodies are forms.",
    "Discovery": "Metadata and keys that other software needs to work with this service.",
    "Leak reports": "Reports of tokens that were found in public, such as in a repository.",
    "Users": "Administrators manage users and their tokens.",
    "Administration": "Administrators find and change tokens of all users.",
    "Sample API": "An example of an API that the authorizer protects. Your own API takes its place.",
    "Documents": "The contract of this API.",
}
SCHEMES: Mapping[str, Json] = {
    "signIn": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The JWT of a person's sign-in at the OpenID provider. API tokens are refused.",
    },
    "apiToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "bodhi_...",
        "description": "An API token. Its scopes decide which methods and paths it may call.",
    },
    "client": {
        "type": "http",
        "scheme": "basic",
        "description": (
            "The id and secret of a configured resource server. They may be in the form instead. "
            "A JWT that the resource server signs may replace them (`private_key_jwt`, RFC 7523)."
        ),
    },
}
# A change needs the header beside the cookie, so that another site cannot ask for it.
COMPANIONS = {"session": "sessionChange"}
HEADERS: Mapping[str, Json] = {
    "Cache-Control": {"description": "How long the response may be cached.", "schema": {"type": "string"}},
    "ETag": {
        "description": "The version of the returned resource (RFC 9110 section 8.8.3).",
        "schema": {"type": "string", "pattern": '^"[^"]+"$'},
    },
    "Effective-By": {
        "description": "The time from which every gateway knows the change that this call made.",
        "schema": {"type": "string", "format": "date-time"},
    },
    "Location": {"description": "The path of the new token.", "schema": {"type": "string"}},
    "Retry-After": {
        "description": "Seconds to wait before you retry. Absent if waiting does not help.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWW-Authenticate": {
        "description": "How to authenticate (RFC 6750 section 3, RFC 9728 section 5.1).",
        "schema": {"type": "string"},
    },
}
# API Gateway throttles each method of the API by itself; infra/aws/package/template.yaml has its response.
THROTTLED: Mapping[str, str] = {
    "too_many_requests": "Too many requests arrived at this method of the API. Retry in a second.",
}
# A policy of the authorizer does not allow the call. API Gateway does not tell which condition failed.
DENIED: Mapping[str, str] = {
    "forbidden": "The token does not allow this call, or not from this address.",
}
ERROR_HEADERS: Mapping[type[errors.ApiTokensError], str] = {
    errors.NotAuthenticated: "WWW-Authenticate",
    errors.InvalidToken: "WWW-Authenticate",
    errors.InsufficientScope: "WWW-Authenticate",
    errors.TooManyCreations: "Retry-After",
    errors.ReactivationLimitReached: "Retry-After",
    errors.TooManyChanges: "Retry-After",
    errors.SignInRefused: "Retry-After",
    errors.SignInTooSoon: "Retry-After",
    errors.InvalidSubjectToken: "Retry-After",
    errors.DependencyUnavailable: "Retry-After",
}
