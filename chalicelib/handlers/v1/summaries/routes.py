"""``/v1/tokens/summary`` and the same for administrators: a user's tokens in numbers."""

from chalice.app import Blueprint, Response

from chalicelib import bootstrap
from chalicelib.domain import errors
from chalicelib.domain.attention import Attention, KnownUses, uses_behind
from chalicelib.domain.tokens import TokenStatus
from chalicelib.domain.users import User
from chalicelib.handlers.http import responses
from chalicelib.handlers.http.credentials import credentials
from chalicelib.handlers.http.operations import ADMIN, PERSON, DocumentedResponse, Operation
from chalicelib.handlers.http.responses import moment
from chalicelib.handlers.v1.summaries import resources
from chalicelib.services.summary import Attended, Summary

summaries = Blueprint(__name__)

_SUMMARY = DocumentedResponse(body=resources.TokenSummary)

SUMMARIZE = Operation("GET", "/v1/tokens/summary", "token.summary", "Tokens", PERSON, (_SUMMARY,))


@SUMMARIZE.on(summaries)
def summarize_tokens() -> Response:
    """Return the caller's tokens in numbers, and those that need attention.

    The numbers agree with the list of tokens at the same moment.
    """
    service = bootstrap.service()
    return _summary_of(service.sign_in.user(credentials(summaries.current_request)))


SUMMARIZE_TOKENS = Operation(
    "GET",
    "/v1/users/{user_id}/tokens/summary",
    "user.tokens.summary",
    "Users",
    ADMIN,
    (_SUMMARY,),
    raises=(errors.UserNotFound,),
)


@SUMMARIZE_TOKENS.on(summaries)
def summarize_users_tokens(user_id: str) -> Response:
    """Return a user's tokens in numbers, and those that need attention.

    Before you deactivate, remove or re-activate the user, it tells how many tokens that affects.
    """
    service = bootstrap.service()
    service.sign_in.admin(credentials(summaries.current_request))
    return _summary_of(service.administer.get(user_id))


def _summary_of(owner: User) -> Response:
    return responses.document(rendered(bootstrap.service().summary(owner)))


def rendered(summary: Summary) -> resources.TokenSummary:
    """Return the resource of a summary."""
    return resources.TokenSummary(
        total=summary.total,
        is_complete=summary.is_complete,
        statuses=resources.StatusCounts(
            **{status.value: summary.statuses.get(status, 0) for status in TokenStatus}
        ),
        live=summary.live,
        limit=summary.limit,
        working=summary.working,
        not_ended=summary.not_ended,
        ended=summary.ended,
        used_in_30_days=summary.used_in_30_days,
        **{reason.value: _attention(reason, found) for reason, found in summary.attention.items()},
    )


def _attention(reason: Attention, attended: Attended) -> resources.Attention:
    token = attended.token
    uses = uses_behind(reason, token) if token else KnownUses()
    return resources.Attention(
        count=attended.count,
        at=moment(attended.at),
        token_id=token.id if token else None,
        token_name=token.name if token else None,
        uses=uses.count,
        last_from=uses.network,
    )
