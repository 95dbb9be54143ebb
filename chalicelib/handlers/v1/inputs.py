"""What requests may carry: bodies, query parameters, headers and the ids in paths.

These definitions validate, and the OpenAPI document is made of them. ``UNSET`` is a member that is
absent, which is not the same as null. Rules that are the domain's are written down here from the
domain's own constants and checked there.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.domain.tokens import MAX_OVERLAP, TokenStatus
from chalicelib.domain.users import UserStatus
from chalicelib.handlers.http.wire import SCOPE_SCHEMA, Description, ExpiresInDays, HeaderInput, Name
from chalicelib.services.listing import DEFAULT_LIMIT, DEFAULT_SORT, MAX_LIMIT, Sort
from chalicelib.services.revocation import MAX_REPORTED
from chalicelib.settings.scope_definitions import MAX_SCOPES

MAX_SEARCH_LENGTH = 100


class Asked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Base of what a request carries; other members than its own are refused."""


class OwnersStatus(Enum):
    """The statuses that a token's owner may give it."""

    ACTIVE = TokenStatus.ACTIVE.value
    INACTIVE = TokenStatus.INACTIVE.value


class AdminsStatus(Enum):
    """The statuses that an administrator may give a user."""

    ACTIVE = UserStatus.ACTIVE.value
    INACTIVE = UserStatus.INACTIVE.value


Scopes = Annotated[
    list[Annotated[str, Meta(extra_json_schema={"$ref": f"#/components/schemas/{SCOPE_SCHEMA}"})]],
    Meta(
        description="What the token may do; absent means the scopes that everybody may have.",
        examples=[["api:read"]],
        max_length=MAX_SCOPES,
        extra_json_schema={"minItems": 1},
    ),
]


class CreateToken(Asked, frozen=True, kw_only=True):
    """What a new token is to be."""

    name: Name = ""
    description: Description = ""
    scopes: Scopes | UnsetType = UNSET
    expires_in_days: ExpiresInDays | None = None


class ChangeToken(Asked, frozen=True, kw_only=True):
    """What to change about a token; absent members stay as they are."""

    name: Name | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    status: (
        Annotated[
            OwnersStatus,
            Meta(
                description="Pause the token, or use it again.",
                examples=["inactive"],
                extra={"hint": "; DELETE the token to revoke it"},
            ),
        ]
        | UnsetType
    ) = UNSET


class RotateToken(Asked, frozen=True, kw_only=True):
    """How a token makes way for its successor."""

    overlap_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=int(MAX_OVERLAP.total_seconds()),
            description="How long the token works beside its successor; 0 ends it at once.",
            examples=[3600],
        ),
    ] = 0


class ReportTokens(Asked, frozen=True, kw_only=True):
    """Text in which API tokens were found."""

    tokens: Annotated[
        list[str],
        Meta(
            min_length=1,
            max_length=MAX_REPORTED,
            description="The tokens as they were found, with or without the text around them.",
            examples=[["export TOKEN=bodhi_eyJ..."]],
        ),
    ]


class ChangeUser(Asked, frozen=True, kw_only=True):
    """What to change about a user."""

    # What the types alone cannot say, for the document.
    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "anyOf": [
            {"properties": {"status": {"const": UserStatus.ACTIVE.value}}},
            {"not": {"required": ["restore_tokens"]}},
        ]
    }

    status: Annotated[AdminsStatus, Meta(description="Let the user in, or not.", examples=["inactive"])]
    restore_tokens: (
        Annotated[
            bool,
            Meta(description="With active only: whether the tokens from before work again; else false."),
        ]
        | UnsetType
    ) = UNSET


Search = Annotated[
    str,
    Meta(
        max_length=MAX_SEARCH_LENGTH,
        description="Text to search for. Case and accents do not matter.",
        examples=["build"],
    ),
]
Limit = Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="The most entries of a page.")]
Cursor = Annotated[
    str,
    Meta(
        description="The `next_cursor` of the page before; the other parameters must stay the same.",
        extra_json_schema={"format": "cursor"},
    ),
]


class TokenListQuery(Asked, frozen=True, kw_only=True):
    """Which tokens to list, and in which order."""

    status: (
        Annotated[TokenStatus, Meta(description="Only tokens that stand like this.", examples=["active"])]
        | UnsetType
    ) = UNSET
    q: Search = ""
    sort: Annotated[Sort, Meta(description="The order; `-` descends.")] = DEFAULT_SORT
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET


class UserListQuery(Asked, frozen=True, kw_only=True):
    """Which users to list, newest first."""

    status: (
        Annotated[UserStatus, Meta(description="Only users that stand like this.", examples=["active"])]
        | UnsetType
    ) = UNSET
    issuer: (
        Annotated[
            str,
            Meta(
                description="Only users of exactly this issuer.",
                examples=["https://login.example.com"],
            ),
        ]
        | UnsetType
    ) = UNSET
    q: Search = ""
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET


class Echo(Asked, frozen=True, kw_only=True):
    """Something to say back."""

    message: Annotated[str, Meta(description="Any text.", examples=["hello"])] = ""


IF_MATCH = HeaderInput(
    "If-Match",
    "The `ETag` of the token that you read, or a list of them. Nothing changes if the token has another.",
    {"type": "string", "examples": ['"1"']},
)
