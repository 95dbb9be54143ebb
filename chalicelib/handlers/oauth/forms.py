"""Forms of the OAuth endpoints (RFC 6749 section 3.2). Unknown parameters are ignored."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.domain.claims import TokenType
from chalicelib.handlers.http.requests import MOST_FIELDS
from chalicelib.handlers.http.wire import Description, ExpiresInDays, Name, Networks

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a name, not a secret
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

# A parameter with an empty value counts as absent (RFC 6749 section 3.2).
_NEEDED = {"minLength": 1}

# Two JWTs, one of the provider and one of the client, and the other parameters fit in.
MAX_BYTES = 32 * 1024

_ACCESS_TOKEN = TokenType.ACCESS_TOKEN.value


class ClientForm(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of every endpoint: the client's credentials, unless they are in the header."""

    client_id: Annotated[str, Meta(description="The client's id.")] | UnsetType = UNSET
    client_secret: Annotated[str, Meta(description="The client's secret.")] | UnsetType = UNSET
    client_assertion_type: (
        Annotated[str, Meta(description=f"With an assertion: `{ASSERTION_TYPE}`.")] | UnsetType
    ) = UNSET
    client_assertion: (
        Annotated[str, Meta(description="A JWT signed by the client (RFC 7523).")] | UnsetType
    ) = UNSET


class ExchangeForm(ClientForm, frozen=True, kw_only=True):
    """A token exchange (RFC 8693 section 2.1)."""

    # The handler asks for these in turn, so that an unsupported grant type is reported first.
    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "required": ["grant_type", "subject_token", "subject_token_type"]
    }

    grant_type: (
        Annotated[
            str,
            Meta(
                description="Always token exchange.",
                examples=[TOKEN_EXCHANGE],
                extra_json_schema=_NEEDED,
            ),
        ]
        | UnsetType
    ) = UNSET
    subject_token: (
        Annotated[
            str,
            Meta(
                description="A JWT of your OpenID provider, or an API token. White space around it is "
                "ignored.",
                examples=["eyJ..."],
                extra_json_schema=_NEEDED,
            ),
        ]
        | UnsetType
    ) = UNSET
    subject_token_type: (
        Annotated[
            str,
            Meta(
                description="The type of the subject token. An API token is an access token.",
                examples=[TokenType.JWT.value],
                extra_json_schema=_NEEDED,
            ),
        ]
        | UnsetType
    ) = UNSET
    requested_token_type: (
        Annotated[str, Meta(description="If given, it must be an access token.", examples=[_ACCESS_TOKEN])]
        | UnsetType
    ) = UNSET
    actor_token: Annotated[str, Meta(description="Not supported.")] | UnsetType = UNSET
    actor_token_type: Annotated[str, Meta(description="Not supported.")] | UnsetType = UNSET
    resource: (
        Annotated[
            list[str],
            Meta(
                max_length=MOST_FIELDS,
                description="The API or service that the new token is for, as a URI (RFC 8707).",
            ),
        ]
        | UnsetType
    ) = UNSET
    audience: (
        Annotated[
            list[str],
            Meta(
                max_length=MOST_FIELDS,
                description="The same, by name. Required if you exchange an API token.",
            ),
        ]
        | UnsetType
    ) = UNSET
    scope: (
        Annotated[
            str,
            Meta(description="The scopes of the new token, separated by spaces.", examples=["api:read"]),
        ]
        | UnsetType
    ) = UNSET
    token_name: Name = ""
    token_description: Description = ""
    token_expires_in_days: ExpiresInDays | UnsetType = UNSET
    token_allowed_networks: (
        Annotated[
            Networks,
            Meta(
                description="The networks that the new token may be used from, as CIDRs. Repeat the "
                "parameter for each network. Without one, the token may be used from every address."
            ),
        ]
        | UnsetType
    ) = UNSET


class TokenForm(ClientForm, frozen=True, kw_only=True):
    """A token to introspect or revoke (RFC 7662 section 2.1, RFC 7009 section 2.1)."""

    token: Annotated[
        str,
        Meta(
            description="The token. White space around it is ignored.",
            examples=["bodhi_..."],
            extra_json_schema=_NEEDED,
        ),
    ]
    token_type_hint: (
        Annotated[str, Meta(description="Ignored. The token itself shows its type.")] | UnsetType
    ) = UNSET


class IntrospectionForm(TokenForm, frozen=True, kw_only=True):
    """A token to introspect, and the address from which it was used."""

    caller_address: (
        Annotated[
            str,
            Meta(
                description="The address that the token came from, as your server saw it. A token with a "
                "list of networks is active only for an address in one of them.",
                examples=["192.0.2.7"],
            ),
        ]
        | UnsetType
    ) = UNSET
