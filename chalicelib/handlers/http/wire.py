"""Types on the wire that more than one front reads or writes. The OpenAPI document is made of them."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.domain.frozen import Frozen, field
from chalicelib.domain.ids import JOB_ID, TOKEN_ID, USER_ID
from chalicelib.domain.network_lists import MAX_NETWORKS
from chalicelib.domain.text import MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH, plain_text_pattern
from chalicelib.domain.token_rules import MAX_LIFETIME
from chalicelib.domain.users import Role, UserStatus
from chalicelib.settings.scope_definitions import MAX_SCOPES

_T = TypeVar("_T")

IDEMPOTENCY_KEY_PATTERN = r"[\x21-\x7e]{1,255}"


def given(value: _T | UnsetType) -> _T | None:
    """Return the value of a member, or None if it is absent."""
    return None if value is UNSET else value


class Resource(msgspec.Struct, frozen=True):
    """Base of every response body."""


TokenId = Annotated[str, Meta(description="The token's id.", examples=["tok_0" + "1" * 35])]
JobId = Annotated[str, Meta(description="The job's id.", examples=["job_" + "1" * 26])]
UserId = Annotated[str, Meta(description="The user's id.", examples=["usr_" + "a" * 32])]
Scopes = Annotated[list[str], Meta(max_length=MAX_SCOPES)]


def _text_schema(longest: int) -> Mapping[str, Any]:
    meaning = (
        f"Plain text of at most {longest} characters after trimming. It is empty or has a visible "
        "character. Control characters and characters that change the reading direction are refused. So is "
        "a text that holds the string of an API token or a JWT."
    )
    return {"type": "string", "description": meaning, "pattern": plain_text_pattern(longest)}


# The pattern is long, so the document has it once per kind and refers to it.
TEXT_SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "TokenName": _text_schema(MAX_NAME_LENGTH),
    "TokenDescription": _text_schema(MAX_DESCRIPTION_LENGTH),
}
# The document lists the scopes that the running service knows under this name.
SCOPE_SCHEMA = "Scope"
# The document replaces schemas with this mark if the service sets a longest lifetime.
LIFETIME_MARK = "x-token-lifetime"

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
        le=MAX_LIFETIME.days,
        description="Days until the token expires. If it is null or absent, the token never expires.",
        examples=[90],
        extra_json_schema={LIFETIME_MARK: True},
    ),
]

# No pattern describes a network: the bits behind the length must be zero.
NETWORK_FORMAT = "network"
Networks = Annotated[
    list[Annotated[str, Meta(extra_json_schema={"format": NETWORK_FORMAT})]],
    Meta(
        max_length=MAX_NETWORKS,
        description="The networks that the token may be used from, as CIDRs. An address alone is a network "
        "of one address. If the list is empty, the token may be used from every address.",
        examples=[["192.0.2.0/24", "2001:db8::/32"]],
        extra_json_schema={"uniqueItems": True},
    ),
]


class Account(Resource, frozen=True, kw_only=True):
    """The account of a person, as that person and administrators see it."""

    id: UserId
    subject: Annotated[str, Meta(description="The user's identifier at the OpenID provider.")]
    issuer: Annotated[str, Meta(description="The OpenID provider.")]
    name: Annotated[
        str, Meta(description="The name to show. Without a name it is the verified e-mail or the subject.")
    ]
    email: str
    email_verified: Annotated[
        bool,
        Meta(description="True if the provider has verified the e-mail. Never trust an unverified one."),
    ]
    role: Role
    status: UserStatus


class Me(Account, frozen=True, kw_only=True):
    """The caller's own account."""

    notices: Annotated[
        bool,
        Meta(
            description="False if the caller turned off the mails about the own tokens. Mails go to a "
            "verified e-mail only."
        ),
    ]


class Problem(Resource, frozen=True, kw_only=True):
    """A problem document (RFC 9457). ``code`` is stable. ``detail`` is for people and may change."""

    type: Annotated[str, Meta(description="Always about:blank.", examples=["about:blank"])] = "about:blank"
    title: Annotated[str, Meta(description="The status in words.", examples=["Bad Request"])]
    status: Annotated[int, Meta(ge=400, le=599, examples=[400])]
    code: Annotated[str, Meta(description="What went wrong, as a stable word.")]
    detail: Annotated[str, Meta(description="What went wrong, and what to do.")]
    token_id: Annotated[
        TokenId | UnsetType, Meta(description="With already_created: the token that was made.")
    ] = UNSET
    successor_id: Annotated[
        TokenId | UnsetType, Meta(description="With token_rotated: the token that replaced it.")
    ] = UNSET
    reason: Annotated[
        str | UnsetType,
        Meta(description="A stable word for the reason of a refused sign-in or a failed provider."),
    ] = UNSET


class HeaderInput(Frozen):
    """A header that a request may carry, or must."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=dict)
    is_required: bool = False


IDEMPOTENCY_KEY = HeaderInput(
    "Idempotency-Key",
    "A text of your choice. A repeated request with the same key makes no second token for 24 hours.",
    {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY_PATTERN}$", "examples": ["order-7"]},
)
IF_NONE_MATCH = HeaderInput(
    "If-None-Match",
    "The `ETag` of your copy. The response is 304 if the copy is current.",
    {"type": "string"},
)

PATH_PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "job_id": {
        "description": "The id of a job.",
        "schema": {"type": "string", "pattern": f"^{JOB_ID.pattern}$"},
        "example": "job_" + "1" * 26,
    },
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
