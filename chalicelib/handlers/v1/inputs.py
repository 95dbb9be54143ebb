"""Bodies, query parameters and headers of requests to the management API.

These definitions validate requests, and the OpenAPI document is made of them. ``UNSET`` marks an absent
member, which differs from null. Limits come from the domain's constants; the domain checks them.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.domain.network_lists import allowed_networks
from chalicelib.domain.text import MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH, MAX_SEARCH_LENGTH
from chalicelib.domain.token_creation import TokenRequest
from chalicelib.domain.token_rules import MAX_OVERLAP
from chalicelib.domain.tokens import TokenState, TokenStatus
from chalicelib.domain.users import UserStatus
from chalicelib.handlers.http.wire import (
    SCOPE_SCHEMA,
    Description,
    ExpiresInDays,
    HeaderInput,
    Name,
    Networks,
    given,
)
from chalicelib.handlers.http.wording import text_member
from chalicelib.services.list_orders import DEFAULT_SORT, Sort
from chalicelib.services.listing import DEFAULT_LIMIT, MAX_LIMIT, TokenQuery
from chalicelib.services.manage import TokenPatch
from chalicelib.services.revocation import MAX_REPORTED
from chalicelib.services.user_lists import UserQuery
from chalicelib.settings.scope_definitions import MAX_SCOPES


class Asked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Base of bodies and queries. Members that it does not define are refused."""


class OwnersStatus(Enum):
    """The statuses of a token that its owner or an administrator may set."""

    ACTIVE = TokenState.ACTIVE.value
    INACTIVE = TokenState.INACTIVE.value


class AdminsStatus(Enum):
    """The statuses that an administrator may set."""

    ACTIVE = UserStatus.ACTIVE.value
    INACTIVE = UserStatus.INACTIVE.value


Scopes = Annotated[
    list[Annotated[str, Meta(extra_json_schema={"$ref": f"#/components/schemas/{SCOPE_SCHEMA}"})]],
    Meta(
        description="What the token may do. If absent, the token gets the scopes that every user may have.",
        examples=[["api:read"]],
        max_length=MAX_SCOPES,
        extra_json_schema={"minItems": 1},
    ),
]


class CreateToken(Asked, frozen=True, kw_only=True):
    """A request for a new token."""

    name: Name = ""
    description: Description = ""
    scopes: Scopes | UnsetType = UNSET
    expires_in_days: ExpiresInDays | None = None
    allowed_networks: Networks = []

    def token_request(self) -> TokenRequest:
        """Return the request. Raises InvalidRequest if a text or a network is not valid."""
        days = self.expires_in_days
        return TokenRequest(
            name=text_member(self.name, "name", MAX_NAME_LENGTH),
            description=text_member(self.description, "description", MAX_DESCRIPTION_LENGTH),
            scopes=None if self.scopes is UNSET else frozenset(self.scopes),
            lifetime=None if days is None else timedelta(days=days),
            allowed_networks=allowed_networks(self.allowed_networks),
        )


_TokenStatusToSet = Annotated[
    OwnersStatus,
    Meta(
        description="`inactive` pauses the token; `active` re-activates it.",
        examples=["inactive"],
        extra={"hint": "; DELETE the token to revoke it"},
    ),
]


class ChangeToken(Asked, frozen=True, kw_only=True):
    """Changes to a token. Absent members stay as they are."""

    name: Name | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    status: _TokenStatusToSet | UnsetType = UNSET
    allowed_networks: Networks | UnsetType = UNSET

    def token_patch(self) -> TokenPatch:
        """Return the changes. Raises InvalidRequest if a text or a network is not valid."""
        status, networks = given(self.status), given(self.allowed_networks)
        return TokenPatch(
            name=_text(self.name, "name", MAX_NAME_LENGTH),
            description=_text(self.description, "description", MAX_DESCRIPTION_LENGTH),
            status=TokenState(status.value) if status else None,
            allowed_networks=None if networks is None else allowed_networks(networks),
        )


def _text(value: str | UnsetType, member: str, longest: int) -> str | None:
    return None if value is UNSET else text_member(value, member, longest)


class ChangeUsersToken(Asked, frozen=True, kw_only=True):
    """A change to a token by an administrator."""

    status: _TokenStatusToSet


class RotateToken(Asked, frozen=True, kw_only=True):
    """A rotation: the token is replaced by a successor."""

    overlap_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=int(MAX_OVERLAP.total_seconds()),
            description="Seconds for which the token still works beside its successor. 0 ends it at once.",
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


class ChangeMe(Asked, frozen=True, kw_only=True):
    """Changes to the caller's own account."""

    notices: Annotated[
        bool,
        Meta(description="False turns off the mails about the caller's tokens.", examples=[False]),
    ]


class ChangeUser(Asked, frozen=True, kw_only=True):
    """Changes to a user."""

    # The document says this too: types alone cannot.
    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "anyOf": [
            {"properties": {"status": {"const": UserStatus.ACTIVE.value}}},
            {"not": {"required": ["restore_tokens"]}},
        ]
    }

    status: Annotated[
        AdminsStatus,
        Meta(
            description="`inactive` deactivates the user; `active` re-activates the user.",
            examples=["inactive"],
        ),
    ]
    restore_tokens: (
        Annotated[
            bool,
            Meta(description="Only with `active`. True revives the old tokens; the default is false."),
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
Limit = Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="The maximum number of entries on the page.")]
Cursor = Annotated[
    str,
    Meta(
        description="The `next_cursor` of the previous page. The other parameters must stay the same.",
        extra_json_schema={"format": "cursor"},
    ),
]


Include = (
    Annotated[
        Literal["usage"],
        Meta(description="`usage` adds the uses of each token on the last 30 days.", examples=["usage"]),
    ]
    | UnsetType
)
YesOrNo = Literal["true", "false"]


def is_yes(word: YesOrNo | UnsetType) -> bool | None:
    """Return the value of a parameter that is true or false, or None if it is absent."""
    return None if word is UNSET else word == "true"


class TokenListQuery(Asked, frozen=True, kw_only=True):
    """A query for a page of tokens."""

    status: (
        Annotated[TokenStatus, Meta(description="Only tokens with this status.", examples=["active"])]
        | UnsetType
    ) = UNSET
    ended: (
        Annotated[
            YesOrNo,
            Meta(
                description="`true`: only tokens that are revoked or expired. `false`: only those that are "
                "active, inactive or idle. A replaced token ends with its overlap."
            ),
        ]
        | UnsetType
    ) = UNSET
    q: Annotated[
        str,
        Meta(
            max_length=MAX_SEARCH_LENGTH,
            description="Text in the name or the description, or the id of a token. Case and accents do "
            "not matter, except in an id.",
            examples=["build"],
        ),
    ] = ""
    sort: Annotated[
        Sort,
        Meta(
            description="The order. `-` means descending. Tokens without the value come last in both "
            "directions: they were never used, or have ended and cannot become idle. `ends_at` is the time "
            "at which a token stopped or stops working. That is its expiry, the end of its overlap or, "
            "while active, its idle time, if that is earlier."
        ),
    ] = DEFAULT_SORT
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET
    include: Include = UNSET

    def query(self) -> TokenQuery:
        """Return the query."""
        return TokenQuery(
            status=given(self.status),
            ended=is_yes(self.ended),
            text=self.q.strip(),
            sort=self.sort,
            limit=self.limit,
            cursor=given(self.cursor),
        )


class UserListQuery(Asked, frozen=True, kw_only=True):
    """A query for a page of users, newest first."""

    status: (
        Annotated[UserStatus, Meta(description="Only users with this status.", examples=["active"])]
        | UnsetType
    ) = UNSET
    issuer: (
        Annotated[
            str,
            Meta(
                description="Only users of this issuer. The comparison is exact.",
                examples=["https://login.example.com"],
            ),
        ]
        | UnsetType
    ) = UNSET
    q: Annotated[
        str,
        Meta(
            max_length=MAX_SEARCH_LENGTH,
            description="The id of a user, or a text in the name, the e-mail or the subject. Case and "
            "accents of a text do not matter.",
            examples=["ada"],
        ),
    ] = ""
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET

    def query(self) -> UserQuery:
        """Return the query."""
        return UserQuery(
            given(self.status), self.q.strip(), self.limit, given(self.cursor), given(self.issuer)
        )


class Echo(Asked, frozen=True, kw_only=True):
    """A message that the response repeats."""

    message: Annotated[str, Meta(description="Any text.", examples=["hello"])] = ""


IF_MATCH = HeaderInput(
    "If-Match",
    "The `ETag` of the token that you read, or a list. If the token has another one, nothing changes.",
    {"type": "string", "examples": ['"1"']},
)
