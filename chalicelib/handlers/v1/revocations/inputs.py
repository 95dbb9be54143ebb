"""The body and the header by which administrators start a job that revokes or pauses many tokens."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import Enum
from typing import Annotated, Any, ClassVar

from msgspec import UNSET, Meta, UnsetType

from chalicelib.domain.errors import InvalidRequest
from chalicelib.domain.ids import TOKEN_ID
from chalicelib.domain.revocation_jobs import MAX_TOKEN_IDS, JobAction
from chalicelib.domain.revocations import RevocationReason
from chalicelib.domain.text import MAX_SEARCH_LENGTH
from chalicelib.domain.token_filters import TokenFilter
from chalicelib.domain.token_rules import MAX_LIFETIME
from chalicelib.domain.tokens import TokenStatus
from chalicelib.handlers.http.refusals import quoted
from chalicelib.handlers.http.wire import IDEMPOTENCY_KEY_PATTERN, HeaderInput, given
from chalicelib.handlers.v1.inputs import Asked
from chalicelib.services.revocation_jobs import WantedRevocations

_TokenId = Annotated[str, Meta(extra_json_schema={"pattern": f"^{TOKEN_ID.pattern}$"})]
_Days = Annotated[
    int,
    Meta(ge=1, le=MAX_LIFETIME.days, description="As in the list of all tokens.", examples=[30]),
]
_YesOrNo = Annotated[bool, Meta(description="As in the list of all tokens.")]
_Text = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_SEARCH_LENGTH,
        # With a visible character, because a blank text would match every token.
        pattern=r"\S",
        description="As in the list of all tokens.",
        examples=["ada"],
        extra={"hint": " with a visible character"},
    ),
]

JOB_KEY = HeaderInput(
    "Idempotency-Key",
    "A text of your choice. A repeated request with the same key starts no second job. The response shows "
    "the first one.",
    {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY_PATTERN}$", "examples": ["leak-7"]},
    is_required=True,
)


class JobReason(Enum):
    """The reasons that an administrator may give."""

    ADMIN = RevocationReason.ADMIN.value
    EXPOSED = RevocationReason.EXPOSED.value


class RevocationFilter(Asked, frozen=True, kw_only=True):
    """Properties of tokens, as in the list of all tokens. A token must have all of them."""

    all: (
        Annotated[
            bool,
            Meta(
                description="`true`, and no other member: all tokens of all users.",
                extra_json_schema={"const": True},
            ),
        ]
        | UnsetType
    ) = UNSET
    owner: _Text | UnsetType = UNSET
    status: Annotated[TokenStatus, Meta(examples=["active"])] | UnsetType = UNSET
    q: _Text | UnsetType = UNSET
    unused_days: _Days | UnsetType = UNSET
    expires_within_days: _Days | UnsetType = UNSET
    idle_within_days: _Days | UnsetType = UNSET
    without_expiry: _YesOrNo | UnsetType = UNSET
    reused: _YesOrNo | UnsetType = UNSET
    refused: _YesOrNo | UnsetType = UNSET

    def token_filter(self) -> TokenFilter:
        """Return the properties of a token. Raises InvalidRequest if ``all`` is not alone, or is needed."""
        wanted = TokenFilter(
            status=given(self.status),
            text=(given(self.q) or "").strip(),
            unused_for=_days(self.unused_days),
            expires_within=_days(self.expires_within_days),
            idle_within=_days(self.idle_within_days),
            without_expiry=given(self.without_expiry),
            reused=given(self.reused),
            refused=given(self.refused),
        )
        has_others = not wanted.is_empty or self.owner is not UNSET
        if self.all is False:
            raise InvalidRequest("'filter.all' must be true or absent.")
        if self.all is True and has_others:
            raise InvalidRequest("'filter.all' must be the only member of the filter.")
        if self.all is UNSET and not has_others:
            raise InvalidRequest(
                "'filter' is empty. For all tokens of all users, set its member 'all' to true."
            )
        return wanted


def _days(count: int | UnsetType) -> timedelta | None:
    return None if count is UNSET else timedelta(days=count)


class RevokeTokens(Asked, frozen=True, kw_only=True):
    """Tokens to revoke or pause: either their ids or a filter."""

    # The document says this too: types alone cannot.
    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "oneOf": [{"required": ["token_ids"]}, {"required": ["filter"]}],
    }

    token_ids: (
        Annotated[
            list[_TokenId],
            Meta(
                min_length=1,
                max_length=MAX_TOKEN_IDS,
                description="The ids of the tokens.",
                examples=[["tok_0" + "1" * 35]],
                extra_json_schema={"uniqueItems": True},
            ),
        ]
        | UnsetType
    ) = UNSET
    filter: (
        Annotated[
            RevocationFilter,
            Meta(
                description="Every token with these properties that was created before the job.",
                extra_json_schema={
                    "oneOf": [
                        {"required": ["all"], "maxProperties": 1},
                        {"not": {"required": ["all"]}, "minProperties": 1},
                    ]
                },
            ),
        ]
        | UnsetType
    ) = UNSET
    reason: Annotated[
        JobReason,
        Meta(
            description="The reason of the job. Owners see it at revoked tokens. `exposed` means that the "
            "tokens leaked.",
            examples=["exposed"],
        ),
    ]
    action: Annotated[
        JobAction,
        Meta(
            description="`revoke` is final, and ends each token with its line. `pause` pauses active "
            "tokens alone. Their owners may re-activate them.",
            examples=["revoke"],
        ),
    ] = JobAction.REVOKE
    dry_run: Annotated[
        bool, Meta(description="True changes nothing, and counts what would be revoked or paused.")
    ] = False

    def wanted(self) -> WantedRevocations:
        """Return the request. Raises InvalidRequest."""
        token_ids, filtered = given(self.token_ids), given(self.filter)
        if (token_ids is None) == (filtered is None):
            raise InvalidRequest("Send either 'token_ids' or 'filter'.")
        reason = RevocationReason(self.reason.value)
        if filtered is None:
            ids = _checked(token_ids or ())
            return WantedRevocations(reason, self.dry_run, ids, action=self.action)
        owner = (given(filtered.owner) or "").strip()
        matched = filtered.token_filter()
        return WantedRevocations(reason, self.dry_run, (), owner, matched, self.action)


def _checked(token_ids: Sequence[str]) -> Sequence[str]:
    seen: set[str] = set()
    for each in token_ids:
        if not TOKEN_ID.fullmatch(each):
            raise InvalidRequest(f"'token_ids' has an entry that is not the id of a token: {quoted(each)}.")
        if each in seen:
            raise InvalidRequest(f"'token_ids' has an id twice: {quoted(each)}.")
        seen.add(each)
    return token_ids
