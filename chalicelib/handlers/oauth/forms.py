"""What the OAuth endpoints take, as forms (RFC 6749 section 3.2); unknown parameters are ignored."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.domain.token_types import TOKEN_EXCHANGE, TokenType
from chalicelib.handlers.http.requests import MOST_FIELDS
from chalicelib.handlers.http.wire import Description, ExpiresInDays, Name

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

# A parameter without a value is as if left out (RFC 6749 section 3.2), so what is needed needs one.
_NEEDED = {"minLength": 1}

# A JWT of the provider and one of the client's, with room for the rest.
MAX_BYTES = 32 * 1024

_ACCESS_TOKEN = TokenType.ACCESS_TOKEN.value


class ClientForm(msgspec.Struct, frozen=True, kw_only=True):
    """What every endpoint takes: who calls, if not said in the Authorization header."""

    client_id: Annotated[str, Meta(description="The client's id.")] | UnsetType = UNSET
    client_secret: Annotated[str, Meta(description="Its secret.")] | UnsetType = UNSET
    client_assertion_type: (
        Annotated[str, Meta(description=f"With an assertion: `{ASSERTION_TYPE}`.")] | UnsetType
    ) = UNSET
    client_assertion: (
        Annotated[str, Meta(description="A JWT signed by the client (RFC 7523).")] | UnsetType
    ) = UNSET


class ExchangeForm(ClientForm, frozen=True, kw_only=True):
    """A token exchange (RFC 8693 section 2.1)."""

    # Asked for one after the other, so that another grant type is told that it is another.
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
                description="What the subject token is; an API token is an access token.",
                examples=[TokenType.JWT.value],
                extra_json_schema=_NEEDED,
            ),
        ]
        | UnsetType
    ) = UNSET
    requested_token_type: (
        Annotated[str, Meta(description="An access token, if given.", examples=[_ACCESS_TOKEN])] | UnsetType
    ) = UNSET
    actor_token: Annotated[str, Meta(description="Not supported.")] | UnsetType = UNSET
    actor_token_type: Annotated[str, Meta(description="Not supported.")] | UnsetType = UNSET
    resource: (
        Annotated[
            list[str],
            Meta(max_length=MOST_FIELDS, description="Where the new token is to be used (RFC 8707)."),
        ]
        | UnsetType
    ) = UNSET
    audience: (
        Annotated[
            list[str],
            Meta(max_length=MOST_FIELDS, description="The same, by name. Needed with an API token."),
        ]
        | UnsetType
    ) = UNSET
    scope: (
        Annotated[
            str,
            Meta(description="What the new token may do, separated by spaces.", examples=["api:read"]),
        ]
        | UnsetType
    ) = UNSET
    token_name: Name = ""
    token_description: Description = ""
    token_expires_in_days: ExpiresInDays | UnsetType = UNSET


class TokenForm(ClientForm, frozen=True, kw_only=True):
    """A token to look at, or to end (RFC 7662 section 2.1, RFC 7009 section 2.1)."""

    token: Annotated[
        str,
        Meta(
            description="The token. White space around it is ignored.",
            examples=["bodhi_..."],
            extra_json_schema=_NEEDED,
        ),
    ]
    token_type_hint: (
        Annotated[str, Meta(description="Ignored: tokens say themselves what they are.")] | UnsetType
    ) = UNSET
