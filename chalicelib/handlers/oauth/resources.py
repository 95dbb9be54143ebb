"""Bodies of the OAuth endpoints' responses."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from chalicelib.handlers.http.wire import Resource, Scopes, TokenId

Url = Annotated[str, Meta(extra_json_schema={"format": "uri"})]
Seconds = Annotated[int, Meta(description="Seconds since 1970 (RFC 7519, NumericDate).")]
# Generated clients allocate by these bounds. Documents of this service stay far below them.
Names = Annotated[list[str], Meta(max_length=16)]
Methods = Annotated[Names, Meta(examples=[["client_secret_basic"]])]


class OAuthError(Resource, frozen=True, kw_only=True):
    """An error of an OAuth endpoint (RFC 6749 section 5.2). ``code`` is finer than ``error``."""

    error: Annotated[str, Meta(description="The RFC's code of the error.")]
    error_description: Annotated[str, Meta(description="What went wrong, and what to do.")]
    code: Annotated[str, Meta(description="The code of the error, as in all other calls of this API.")]
    detail: Annotated[str, Meta(description="The same sentence, in all characters.")]
    token_id: Annotated[
        TokenId | UnsetType, Meta(description="With already_created: the token that was made.")
    ] = UNSET
    reason: Annotated[
        str | UnsetType,
        Meta(description="A stable word for the reason of a refused JWT or a failed provider."),
    ] = UNSET


class ExchangedToken(Resource, frozen=True, kw_only=True):
    """The token of an exchange (RFC 8693 section 2.2.1)."""

    access_token: Annotated[str, Meta(description="The token. It is shown here and never again.")]
    issued_token_type: Annotated[str, Meta(description="Always an access token.")]
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a word of RFC 6750
    scope: Annotated[str, Meta(description="What the token may do.", examples=["api:read"])]
    expires_in: (
        Annotated[int, Meta(description="Seconds until the token expires. Absent if it never expires.")]
        | UnsetType
    ) = UNSET
    token_id: Annotated[
        TokenId | UnsetType, Meta(description="The id of the new API token. Absent for an access token.")
    ] = UNSET


class Introspection(Resource, frozen=True, kw_only=True):
    """The state of a token (RFC 7662 section 2.2). An inactive token has ``active`` alone."""

    active: bool
    scope: str | UnsetType = UNSET
    client_id: Annotated[
        TokenId | UnsetType, Meta(description="For an access token: the API token that it came from.")
    ] = UNSET
    token_type: Literal["Bearer"] | UnsetType = UNSET
    exp: Seconds | UnsetType = UNSET
    iat: Seconds | UnsetType = UNSET
    sub: Annotated[str, Meta(description="The id of the user.")] | UnsetType = UNSET
    aud: str | UnsetType = UNSET
    iss: Url | UnsetType = UNSET
    jti: str | UnsetType = UNSET


class AuthorizationServer(Resource, frozen=True, kw_only=True):
    """The authorization server metadata of this service (RFC 8414 section 2)."""

    issuer: Url
    token_endpoint: Url
    introspection_endpoint: Url
    revocation_endpoint: Url
    jwks_uri: Url
    grant_types_supported: Names
    response_types_supported: Names
    scopes_supported: Scopes
    token_endpoint_auth_methods_supported: Methods
    token_endpoint_auth_signing_alg_values_supported: Names
    introspection_endpoint_auth_methods_supported: Methods
    introspection_endpoint_auth_signing_alg_values_supported: Names
    revocation_endpoint_auth_methods_supported: Methods
    revocation_endpoint_auth_signing_alg_values_supported: Names
    service_documentation: Url


class ProtectedResource(Resource, frozen=True, kw_only=True):
    """The API that the tokens open (RFC 9728 section 2)."""

    resource: Url
    authorization_servers: Annotated[list[Url], Meta(max_length=1)]
    scopes_supported: Scopes
    bearer_methods_supported: Annotated[list[Literal["header"]], Meta(max_length=1)]
    resource_documentation: Url


class PublicKey(Resource, frozen=True, kw_only=True):
    """A key that verifies access tokens (RFC 7517 section 4)."""

    kid: str
    kty: Literal["EC"] = "EC"
    crv: Literal["P-256"] = "P-256"
    alg: Literal["ES256"] = "ES256"
    use: Literal["sig"] = "sig"
    x: str
    y: str


class KeySet(Resource, frozen=True, kw_only=True):
    """The keys that verify access tokens (RFC 7517 section 5)."""

    keys: Annotated[list[PublicKey], Meta(max_length=1000)]
