"""What requests may carry: bodies, query parameters, headers and the ids in paths.

These definitions validate, and the OpenAPI document is made of them. ``UNSET`` is a member that is
absent, which is not the same as null. Rules that are the domain's are written down here from the
domain's own constants and checked there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.domain.ids import TOKEN_ID, USER_ID
from chalicelib.domain.text import MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH, plain_text_pattern
from chalicelib.domain.tokens import MAX_OVERLAP, TokenStatus
from chalicelib.domain.users import UserStatus
from chalicelib.handlers.http.requests import IDEMPOTENCY_KEY_PATTERN
from chalicelib.services.listing import DEFAULT_LIMIT, DEFAULT_SORT, MAX_LIMIT, Sort
from chalicelib.services.revocation import MAX_REPORTED
from chalicelib.settings.scope_definitions import MAX_SCOPES

_T = TypeVar("_T")

MAX_LIFETIME_DAYS = 3650
MAX_SEARCH_LENGTH = 100

# The document names the scopes that the running service knows; see openapi.py.
SCOPE_SCHEMA = "Scope"


def _text_schema(longest: int) -> Mapping[str, Any]:
    meaning = (
        f"Plain text of at most {longest} characters after trimming. It is empty or has a visible "
        "character. Control characters and characters that change the reading direction are refused."
    )
    return {"type": "string", "description": meaning, "pattern": plain_text_pattern(longest)}


# The pattern is long, so the document has it once per kind and refers to it.
TEXT_SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "TokenName": _text_schema(MAX_NAME_LENGTH),
    "TokenDescription": _text_schema(MAX_DESCRIPTION_LENGTH),
}


class Asked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Base of what a request carries; other members than its own are refused."""


def given(value: _T | UnsetType) -> _T | None:
    """Return what was given, or None."""
    return None if value is UNSET else value


class OwnersStatus(Enum):
    """The statuses that a token's owner may give it."""

    ACTIVE = TokenStatus.ACTIVE.value
    INACTIVE = TokenStatus.INACTIVE.value


class AdminsStatus(Enum):
    """The statuses that an administrator may give a user."""

    ACTIVE = UserStatus.ACTIVE.value
    INACTIVE = UserStatus.INACTIVE.value


Name = Annotated[
    str,
    Meta(
        description=f"What the token is for. At most {MAX_NAME_LENGTH} characters after trimming.",
        examples=["nightly build"],
        extra_json_schema={"$ref": "#/components/schemas/TokenName"},
    ),
]
Description = Annotated[
    str,
    Meta(
        description=f"Anything worth knowing. At most {MAX_DESCRIPTION_LENGTH} characters after trimming.",
        examples=["Runs at 02:00 on build-7."],
        extra_json_schema={"$ref": "#/components/schemas/TokenDescription"},
    ),
]
ExpiresInDays = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_LIFETIME_DAYS,
        description="Days until the token ends by itself; null or absent means never, "
        "unless the service sets a longest lifetime.",
        examples=[90],
    ),
]
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


@dataclass(frozen=True, slots=True)
class HeaderInput:
    """A header that a request may carry."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=dict)


IDEMPOTENCY_KEY = HeaderInput(
    "Idempotency-Key",
    "A text of your choice. A repeated request with the same key makes no second token for 24 hours.",
    {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY_PATTERN}$", "examples": ["order-7"]},
)
IF_MATCH = HeaderInput(
    "If-Match",
    "The `ETag` of the token that you read, or a list of them. Nothing changes if the token has another.",
    {"type": "string", "examples": ['"1"']},
)
IF_NONE_MATCH = HeaderInput(
    "If-None-Match",
    "The `ETag` of what you have: a 304 says that it is still good.",
    {"type": "string"},
)

PATH_PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "token_id": {
        "description": "The id of a token.",
        "schema": {"type": "string", "pattern": f"^{TOKEN_ID.pattern}$"},
        "example": "tok_0" + "1" * 35,
    },
    "resource_path": {
        "description": "The path of the API that the tokens open.",
        "schema": {"type": "string"},
        "example": "api",
    },
    "user_id": {
        "description": "The id of a user.",
        "schema": {"type": "string", "pattern": f"^{USER_ID.pattern}$"},
        "example": "usr_" + "a" * 32,
    },
}
