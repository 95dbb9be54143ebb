"""The query parameters by which administrators find tokens of all users."""

from datetime import timedelta
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from chalicelib.domain.ids import TOKEN_ID
from chalicelib.domain.text import MAX_SEARCH_LENGTH
from chalicelib.domain.token_filters import TokenFilter
from chalicelib.domain.token_rules import MAX_LIFETIME
from chalicelib.domain.tokens import TokenStatus
from chalicelib.handlers.http.wire import given
from chalicelib.handlers.v1.inputs import Asked, Cursor, Include, Limit, Search, YesOrNo, is_yes
from chalicelib.services.all_tokens import AllTokensQuery
from chalicelib.services.listing import DEFAULT_LIMIT

_Days = Annotated[int, Meta(ge=1, le=MAX_LIFETIME.days, examples=[30])]


class AllTokensListQuery(Asked, frozen=True, kw_only=True):
    """A query for a page of the tokens of all users. A token must match every parameter."""

    token_id: (
        Annotated[
            str,
            Meta(
                pattern=rf"^{TOKEN_ID.pattern}$",
                description="Only the token with this id.",
                examples=["tok_0" + "1" * 35],
                extra={"hint": " that is the id of a token"},
            ),
        ]
        | UnsetType
    ) = UNSET
    owner: Annotated[
        str,
        Meta(
            max_length=MAX_SEARCH_LENGTH,
            description="Only tokens of the user with this id, or of users whose name, e-mail or subject "
            "has this text in it. Case and accents do not matter.",
            examples=["ada"],
        ),
    ] = ""
    anywhere: Annotated[
        str,
        Meta(
            max_length=MAX_SEARCH_LENGTH,
            description="The id of a token or of a user, or a text. Only tokens with this id, of this "
            "user, or with the text in their name or in what `owner` searches. Case and accents do not "
            "matter, except in an id.",
            examples=["ada"],
        ),
    ] = field(name="any", default="")
    status: (
        Annotated[TokenStatus, Meta(description="Only tokens with this status.", examples=["active"])]
        | UnsetType
    ) = UNSET
    q: Search = ""
    unused_days: (
        Annotated[
            _Days,
            Meta(
                description="Only tokens that were not used for so many days. If a token was never used, "
                "its age counts. Ended tokens never match."
            ),
        ]
        | UnsetType
    ) = UNSET
    expires_within_days: (
        Annotated[
            _Days,
            Meta(description="Only tokens that expire within so many days. Ended tokens never match."),
        ]
        | UnsetType
    ) = UNSET
    idle_within_days: (
        Annotated[
            _Days,
            Meta(
                description="Only active tokens that become idle within so many days unless they are used."
            ),
        ]
        | UnsetType
    ) = UNSET
    without_expiry: (
        Annotated[
            YesOrNo,
            Meta(
                description="`true`: only tokens that never expire. `false`: only tokens that will expire. "
                "Ended tokens never match."
            ),
        ]
        | UnsetType
    ) = UNSET
    reused: (
        Annotated[
            YesOrNo,
            Meta(
                description="`true`: only rotated tokens that were used after their overlap. `false`: only "
                "the others."
            ),
        ]
        | UnsetType
    ) = UNSET
    refused: (
        Annotated[
            YesOrNo,
            Meta(description="`true`: only tokens with refused uses. `false`: only tokens without."),
        ]
        | UnsetType
    ) = UNSET
    include: Include = UNSET
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | UnsetType = UNSET

    def query(self) -> AllTokensQuery:
        """Return the query."""
        return AllTokensQuery(
            filter=TokenFilter(
                status=given(self.status),
                text=self.q.strip(),
                unused_for=_days(self.unused_days),
                expires_within=_days(self.expires_within_days),
                idle_within=_days(self.idle_within_days),
                without_expiry=is_yes(self.without_expiry),
                reused=is_yes(self.reused),
                refused=is_yes(self.refused),
            ),
            owner=self.owner.strip(),
            anywhere=self.anywhere.strip(),
            token_id=given(self.token_id),
            limit=self.limit,
            cursor=given(self.cursor),
        )


def _days(count: int | UnsetType) -> timedelta | None:
    return None if count is UNSET else timedelta(days=count)
