"""Bodies of summaries: a user's tokens in numbers."""

from typing import Annotated

from msgspec import Meta, field

from chalicelib.handlers.http.wire import Resource, TokenId
from chalicelib.handlers.v1.resources import Moment, SeenFrom
from chalicelib.services.rows import MOST_ROWS_READ

Number = Annotated[int, Meta(ge=0)]


class StatusCounts(Resource, frozen=True, kw_only=True):
    """The number of tokens with each status."""

    active: Number
    inactive: Number
    idle: Number
    expired: Number
    revoked: Number


class Attention(Resource, frozen=True, kw_only=True):
    """The tokens that need attention for one reason. Without one, the other members are null."""

    count: Number
    at: Annotated[Moment | None, Meta(description="The time that is nearest to now.")]
    token_id: Annotated[TokenId | None, Meta(description="The token with that time.")]
    token_name: str | None
    uses: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(
            description="The uses of this token that are the reason. The true number may be higher. It is "
            "null if it is not known, or if uses are not the reason."
        ),
    ]
    last_from: Annotated[
        SeenFrom | None,
        Meta(
            description="The network of the last one of these uses. Null if it is unknown or not recorded."
        ),
    ] = field(name="from")


class TokenSummary(Resource, frozen=True, kw_only=True):
    """The tokens of a user in numbers, and those that need attention."""

    total: Annotated[Number, Meta(description="All tokens in the list, also those that have ended.")]
    is_complete: Annotated[
        bool,
        Meta(
            description=f"False if the user has more than {MOST_ROWS_READ:,} tokens. Then only the newest "
            "are counted, so every number is a lower bound."
        ),
    ]
    statuses: StatusCounts
    live: Annotated[
        Number,
        Meta(
            description="The tokens that count against `limit`. A rotated token and its successor count "
            "as one."
        ),
    ]
    limit: Annotated[int, Meta(ge=1, description="The most live tokens that the user may have.")]
    working: Annotated[
        Number,
        Meta(
            description="The tokens that work while the user is active. If the user is deactivated, "
            "these tokens work again after a re-activation with `restore_tokens`."
        ),
    ]
    not_ended: Annotated[
        Number,
        Meta(
            description="The tokens that are neither revoked nor expired. If all tokens of the user are "
            "revoked, these tokens end."
        ),
    ]
    ended: Annotated[Number, Meta(description="The tokens that are revoked or expired.")]
    used_in_30_days: Annotated[
        Number, Meta(description="Those of `not_ended` that were used in the last 30 days.")
    ]
    expiring: Annotated[
        Attention, Meta(description="Active tokens that expire within 7 days. Rotated ones are left out.")
    ]
    idling: Annotated[
        Attention,
        Meta(
            description="Active tokens that go idle within 7 days, before they expire. If tokens go idle "
            "after 7 days or less, it is 3 days, or 1 day. Rotated ones are left out."
        ),
    ]
    never_used: Annotated[
        Attention,
        Meta(description="Active tokens that were never used, with the creation as the time."),
    ]
    used_in_overlap: Annotated[
        Attention,
        Meta(
            description="Rotated tokens that still work and were used after the rotation. `uses` does not "
            "count the day of the rotation (UTC)."
        ),
    ]
    used_after_overlap: Annotated[
        Attention,
        Meta(
            description="Rotated tokens whose use after the overlap was refused, the last time within the "
            "last 7 days."
        ),
    ]
    exposed: Annotated[
        Attention,
        Meta(description="Tokens that were found exposed and revoked within the last 7 days."),
    ]
    refused: Annotated[
        Attention,
        Meta(
            description="Tokens whose last refused use was within the last 7 days. Uses after an overlap "
            "are left out."
        ),
    ]
