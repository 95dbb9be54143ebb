"""What the OpenAPI document says that no definition says: words, credentials and headers."""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain import errors

Json = dict[str, Any]

VERSION = "0.1.0"

INFO = {
    "title": "Bodhi API Tokens",
    "version": VERSION,
    "summary": "Personal access tokens for any API behind AWS API Gateway.",
    "description": (
        "People sign in at their OpenID provider and make API tokens here; programs send those to the "
        "protected API as `Authorization: Bearer`. Bodies are JSON in UTF-8 and closed: unknown members, "
        "repeated ones and unknown parameters are refused. Every error is a problem document (RFC 9457) "
        "with a stable `code`. Times are RFC 3339, in UTC.\n\n"
        "The OAuth 2.0 endpoints take forms, ignore what they do not know and report errors as their RFCs "
        "say, with the same `code` beside."
    ),
    "license": {"name": "MIT", "identifier": "MIT"},
}
TAGS = {
    "Account": "Who is calling.",
    "Tokens": "One's own API tokens. Nobody sees or changes another's.",
    "Tokens themselves": "A token rotates or revokes itself, or ends the overlap of its predecessor.",
    "OAuth 2.0": "Tokens by the standard process, for any OAuth client library. Bodies are forms.",
    "Discovery": "What other software has to know to work with this service.",
    "Leak reports": "For whoever finds a token where it does not belong.",
    "Users": "What administrators do with users and their tokens.",
    "Sample API": "What stands behind the authorizer in a project of your own.",
    "Documents": "This contract.",
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
        "description": "An API token. Its scopes decide which methods and paths it opens.",
    },
    "client": {
        "type": "http",
        "scheme": "basic",
        "description": (
            "A configured resource server: its id and secret. Both may stand in the form instead, "
            "and so may a JWT that it signs (`private_key_jwt`, RFC 7523)."
        ),
    },
}
# Beside the cookie a change needs the header, so that no other site can ask for it.
COMPANIONS = {"session": "sessionChange"}
HEADERS: Mapping[str, Json] = {
    "Cache-Control": {"description": "How long the answer may be kept.", "schema": {"type": "string"}},
    "ETag": {
        "description": "The version of what is returned (RFC 9110 section 8.8.3).",
        "schema": {"type": "string", "pattern": '^"[^"]+"$'},
    },
    "Effective-By": {
        "description": "By when every gateway refuses what was ended, from this answer on.",
        "schema": {"type": "string", "format": "date-time"},
    },
    "Location": {"description": "The path of what was made.", "schema": {"type": "string"}},
    "Retry-After": {
        "description": "Seconds to wait before the next try. Absent if waiting does not help.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWW-Authenticate": {
        "description": "How to authenticate (RFC 6750 section 3).",
        "schema": {"type": "string"},
    },
}
# API Gateway throttles each method of the API by itself; infra/aws/package/template.yaml has its response.
THROTTLED: Mapping[str, str] = {
    "too_many_requests": "Too many requests arrived at this method of the API. Retry in a second.",
}
ERROR_HEADERS: Mapping[type[errors.ApiTokensError], str] = {
    errors.NotAuthenticated: "WWW-Authenticate",
    errors.InvalidToken: "WWW-Authenticate",
    errors.InsufficientScope: "WWW-Authenticate",
    errors.TooManyCreations: "Retry-After",
    errors.ReactivationLimitReached: "Retry-After",
    errors.SignInRefused: "Retry-After",
    errors.SignInTooSoon: "Retry-After",
    errors.InvalidSubjectToken: "Retry-After",
    errors.DependencyUnavailable: "Retry-After",
}
