"""``/v1/admin/tokens``: the tokens of all users, for administrators."""

from chalice.app import Blueprint, Response

from chalicelib import bootstrap
from chalicelib.domain import errors
from chalicelib.handlers.http import responses
from chalicelib.handlers.http.credentials import credentials
from chalicelib.handlers.http.operations import ADMIN, DocumentedResponse, Operation
from chalicelib.handlers.http.wire import given
from chalicelib.handlers.v1 import rendering, resources
from chalicelib.handlers.v1.filters import AllTokensListQuery

all_tokens = Blueprint(__name__)

LIST = Operation(
    "GET",
    "/v1/admin/tokens",
    "admin.tokens.list",
    "Administration",
    ADMIN,
    (DocumentedResponse(body=resources.OwnedTokenPage),),
    query=AllTokensListQuery,
    raises=(errors.InvalidCursor,),
)


@LIST.on(all_tokens)
def list_all_tokens() -> Response:
    """Return a page of the tokens of all users.

    The newest users come first, and of each user the newest tokens. A page reads a limited number of rows,
    so it may be short or even empty before the last one. It may lack changes of the last seconds. With
    `token_id` you find the owner of a token id that stands in a log.
    """
    bootstrap.service().sign_in.admin(credentials(all_tokens.current_request))
    asked = LIST.query_of(all_tokens.current_request)
    service = bootstrap.service()
    page = service.all_tokens.page(asked.query())
    usage_until = service.clock.now() if given(asked.include) else None
    return responses.document(rendering.owned_token_page(page, usage_until))
