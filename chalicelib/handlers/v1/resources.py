"""Bodies of responses. ``rendering.py`` builds them, and the OpenAPI document is made of them."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.seen_networks import MAX_SEEN_NETWORKS, RefusedReason
from chalicelib.domain.tokens import TokenStatus
from chalicelib.domain.usage import USAGE_DAYS
from chalicelib.domain.users import UserStatus
from chalicelib.handlers.http.wire import Account, Networks, Resource, Scopes, TokenId, UserId
from chalicelib.services.listing import MAX_LIMIT
from chalicelib.services.summary import MAX_COUNT

# Times are RFC 3339, UTC, in milliseconds.
Moment = Annotated[
    str, Meta(examples=["2026-01-31T12:00:00.000Z"], extra_json_schema={"format": "date-time"})
]
Day = Annotated[str, Meta(examples=["2026-01-31"], extra_json_schema={"format": "date"})]
EffectiveBy = Annotated[
    Moment | None,
    Meta(description="The time from which every gateway refuses it. Null while it is active."),
]
AtLeast = Annotated[int, Meta(ge=0, description="Counted uses. The true number may be higher.")]
SeenFrom = Annotated[
    str,
    Meta(
        description="An address, or the network around it: /24 for IPv4, /48 for IPv6. The operator "
        "decides how much of an address is recorded.",
        examples=["192.0.2.0/24"],
    ),
]
NextCursor = Annotated[
    str | None, Meta(description="Pass it as `cursor` to get the next page. Null on the last page.")
]


class RefusedUses(Resource, frozen=True, kw_only=True):
    """The uses of a genuine token that were refused."""

    count: Annotated[int, Meta(ge=0, description="Counted refusals. The true number may be higher.")]
    last_at: Annotated[
        Moment | None, Meta(description="The last refusal. A refusal may take minutes to appear here.")
    ]
    last_reason: Annotated[RefusedReason | None, Meta(description="The reason for the last refusal.")]
    last_from: Annotated[
        SeenFrom | None, Meta(description="Null if the address is unknown or not recorded.")
    ]


class SeenNetwork(Resource, frozen=True, kw_only=True):
    """A network from which a token was used."""

    network: SeenFrom
    last_used_at: Moment
    at_least: Annotated[int, Meta(ge=1, description="Counted uses. The true number may be higher.")]


class AnyToken(Resource, frozen=True, kw_only=True):
    """An API token, without its string."""

    id: TokenId
    name: str
    description: str
    scopes: Annotated[Scopes, Meta(description="What the token may do.", examples=[["api:read"]])]
    status: Annotated[
        TokenStatus,
        Meta(description="Only an active token is accepted. Idle means that it was not used for too long."),
    ]
    created_at: Moment
    updated_at: Moment
    last_used_at: Annotated[
        Moment | None, Meta(description="The last use. A use may take minutes to appear here.")
    ]
    last_used_from: Annotated[
        SeenFrom | None,
        Meta(description="The network of the last use. Null if it is unknown or not recorded."),
    ]
    idle_at: Annotated[Moment, Meta(description="When the token becomes idle unless it is used.")]
    expires_at: Annotated[Moment | None, Meta(description="When the token expires. Null means never.")]
    allowed_networks: Networks
    effective_by: EffectiveBy
    revoked_at: Moment | None
    revoked_reason: RevocationReason | None
    revoked_by: Annotated[
        str | None,
        Meta(
            description="Who revoked it, in the words of events. A token that revokes itself counts as "
            "its owner, and an operator as an administrator. Null while it is not revoked.",
            examples=["an administrator"],
        ),
    ]
    predecessor_id: Annotated[TokenId | None, Meta(description="The token that this one replaced.")]
    successor_id: Annotated[TokenId | None, Meta(description="The token that replaced this one.")]
    self_rotated: Annotated[
        bool,
        Meta(
            description="True if its predecessor rotated itself. Then both belong to one line: if one of "
            "them is revoked, the other is revoked too."
        ),
    ]
    overlap_ends_at: Annotated[
        Moment | None,
        Meta(description="The time until which a replaced token still works beside its successor."),
    ]
    reuse_count: Annotated[
        int, Meta(ge=0, description="Refused uses after the overlap. The true number may be higher.")
    ]
    last_reused_at: Annotated[
        Moment | None,
        Meta(description="The last refused use after the overlap. A use may take minutes to appear here."),
    ]
    refused: RefusedUses


class TokenDetails(AnyToken, frozen=True, kw_only=True):
    """An API token with the networks from which it was used."""

    networks: Annotated[
        list[SeenNetwork],
        Meta(
            max_length=MAX_SEEN_NETWORKS,
            description="The last use is first. If there are more networks, the first one that was ever "
            "seen stays and the one least recently used is dropped.",
        ),
    ]


class CreatedToken(TokenDetails, frozen=True, kw_only=True):
    """A new API token with its string."""

    token: Annotated[str, Meta(description="The token itself. It is shown here and never again.")]


class Reported(Resource, frozen=True, kw_only=True):
    """The receipt of a report. It says nothing about the strings in the report."""

    status: Literal["accepted"] = "accepted"


class Token(AnyToken, frozen=True, kw_only=True):
    """An API token in a list."""

    usage: (
        Annotated[
            list[AtLeast],
            Meta(
                min_length=USAGE_DAYS,
                max_length=USAGE_DAYS,
                description="Only with `include=usage`: the uses on each of the last 30 days (UTC). "
                "Today is last.",
            ),
        ]
        | UnsetType
    ) = UNSET


class TokenPage(Resource, frozen=True, kw_only=True):
    """A page of tokens. A page may be short, even empty, before the last one."""

    tokens: Annotated[list[Token], Meta(max_length=MAX_LIMIT)]
    next_cursor: NextCursor


class TokenOwner(Resource, frozen=True, kw_only=True):
    """The owner of a token."""

    id: UserId
    name: Annotated[
        str,
        Meta(
            description="The name to show. Without a name it is the verified e-mail or the subject. Empty "
            "for a removed user."
        ),
    ]
    email: Annotated[
        str | None, Meta(description="The e-mail, if the provider has verified it. Otherwise null.")
    ]
    status: Annotated[
        UserStatus,
        Meta(
            description="While the owner is `inactive`, all tokens of the owner are refused. Those that "
            "have not ended have the status `inactive`."
        ),
    ]


class OwnedToken(Token, frozen=True, kw_only=True):
    """An API token with its owner."""

    owner: TokenOwner


class OwnedTokenPage(Resource, frozen=True, kw_only=True):
    """A page of the tokens of all users. A page may be short, even empty, before the last one."""

    tokens: Annotated[list[OwnedToken], Meta(max_length=MAX_LIMIT)]
    next_cursor: NextCursor


class DayOfUsage(Resource, frozen=True, kw_only=True):
    """The uses of a token on one day (UTC)."""

    date: Day
    at_least: AtLeast


class Usage(Resource, frozen=True, kw_only=True):
    """The uses of a token on each of the last 30 days, today last."""

    token_id: TokenId
    days: Annotated[list[DayOfUsage], Meta(min_length=USAGE_DAYS, max_length=USAGE_DAYS)]


class User(Account, frozen=True, kw_only=True):
    """A user as administrators see it."""

    created_at: Moment
    updated_at: Moment
    last_signed_in_at: Annotated[
        Moment | None,
        Meta(
            description="When the provider issued the newest JWT that the user signed in with. Null if it "
            "is unknown: version 0.1 did not record it."
        ),
    ]
    live_tokens: Annotated[
        int,
        Meta(
            ge=0,
            description="The places of the limit that the user's tokens take. Paused and idle ones count. "
            "A token and its successor take one place. The true number may be lower, because tokens that "
            "expired are counted until the user reaches the limit.",
        ),
    ]
    effective_by: EffectiveBy


class TokenCount(Resource, frozen=True, kw_only=True):
    """A number of tokens."""

    count: Annotated[int, Meta(ge=0, le=MAX_COUNT)]
    is_more: Annotated[
        bool, Meta(description=f"True if there are more than {MAX_COUNT:,}, or if not all were counted.")
    ]


class ChangedUser(User, frozen=True, kw_only=True):
    """A user after a change."""

    revoked_tokens: Annotated[
        TokenCount | None,
        Meta(
            description="The tokens that the change revoked. Null if they could not be counted; the "
            "change itself was made."
        ),
    ]


class UserPage(Resource, frozen=True, kw_only=True):
    """A page of users, newest first. A page may be short, even empty, before the last one."""

    users: Annotated[list[User], Meta(max_length=MAX_LIMIT)]
    next_cursor: NextCursor


class Caller(Resource, frozen=True, kw_only=True):
    """The caller of the protected API. If authentication is disabled, it has ``auth`` alone."""

    auth: Literal["token", "none"]
    user_id: UserId | UnsetType = UNSET
    token_id: TokenId | UnsetType = UNSET
    token_name: str | UnsetType = UNSET
    scopes: Scopes | UnsetType = UNSET


class Echoed(Resource, frozen=True, kw_only=True):
    """The message of the request."""

    message: str
