"""Events: who changed what, when and from where."""

from chalice.app import Blueprint, Response

from chalicelib import bootstrap
from chalicelib.domain import errors
from chalicelib.handlers.http import responses
from chalicelib.handlers.http.credentials import credentials
from chalicelib.handlers.http.operations import ADMIN, PERSON, DocumentedResponse, Operation
from chalicelib.handlers.v1.events import rendering, resources
from chalicelib.handlers.v1.events.filters import AllEventsListQuery, HistoryListQuery

histories = Blueprint(__name__)

_OWN_PAGE = DocumentedResponse(body=resources.EventPage)
_ADMINS_PAGE = DocumentedResponse(body=resources.AdminsEventPage)

READ_OWN = Operation(
    "GET",
    "/v1/me/events",
    "me.events",
    "Account",
    PERSON,
    (_OWN_PAGE,),
    query=HistoryListQuery,
    raises=(errors.InvalidCursor,),
)


@READ_OWN.on(histories)
def read_my_events() -> Response:
    """Return a page of the events of the caller's account and tokens, newest first.

    Of an actor who is not you or your token, you see only the kind.
    """
    service = bootstrap.service()
    owner = service.sign_in.user(credentials(histories.current_request))
    query = READ_OWN.query_of(histories.current_request).query()
    return responses.document(rendering.own_page(service.histories.own(owner, query)))


READ_OF_TOKEN = Operation(
    "GET",
    "/v1/tokens/{token_id}/events",
    "token.events",
    "Tokens",
    PERSON,
    (_OWN_PAGE,),
    query=HistoryListQuery,
    raises=(errors.TokenNotFound, errors.InvalidCursor),
)


@READ_OF_TOKEN.on(histories)
def read_token_events(token_id: str) -> Response:
    """Return a page of the events of one of the caller's tokens, newest first.

    The rotation that made the token is among them. Of an actor who is not you or your token, you see only
    the kind. Events are kept longer than the token itself: after it is deleted, find them among all your
    events.
    """
    service = bootstrap.service()
    owner = service.sign_in.user(credentials(histories.current_request))
    query = READ_OF_TOKEN.query_of(histories.current_request).query()
    token = service.manage.get(owner, token_id).token
    return responses.document(rendering.own_page(service.histories.own(owner, query, token)))


READ_OF_USER = Operation(
    "GET",
    "/v1/users/{user_id}/events",
    "user.events",
    "Users",
    ADMIN,
    (_ADMINS_PAGE,),
    query=HistoryListQuery,
    raises=(errors.UserNotFound, errors.InvalidCursor),
)


@READ_OF_USER.on(histories)
def read_users_events(user_id: str) -> Response:
    """Return a page of the events of a user's account and tokens, newest first.

    They stay after the removal of the user until the operator's retention ends.
    """
    service = bootstrap.service()
    service.sign_in.admin(credentials(histories.current_request))
    query = READ_OF_USER.query_of(histories.current_request).query()
    page = service.histories.of_user(service.administer.get(user_id), query)
    return responses.document(rendering.admins_page(page))


SUMMARIZE = Operation(
    "GET",
    "/v1/users/{user_id}/events/summary",
    "user.events.summary",
    "Users",
    ADMIN,
    (DocumentedResponse(body=resources.EventSummary),),
    raises=(errors.UserNotFound,),
)


@SUMMARIZE.on(histories)
def summarize_users_events(user_id: str) -> Response:
    """Return the number of events of a user's account and tokens, up to 1,000.

    Before you remove the user, it tells how many events stay after the removal. The removal adds its own.
    An event of the last second may be missing.
    """
    service = bootstrap.service()
    service.sign_in.admin(credentials(histories.current_request))
    counted = service.histories.count(service.administer.get(user_id))
    summary = resources.EventSummary(count=counted.count, is_more=counted.is_more)
    return responses.document(summary)


READ_OF_USERS_TOKEN = Operation(
    "GET",
    "/v1/users/{user_id}/tokens/{token_id}/events",
    "user.token.events",
    "Users",
    ADMIN,
    (_ADMINS_PAGE,),
    query=HistoryListQuery,
    raises=(errors.UserNotFound, errors.TokenNotFound, errors.InvalidCursor),
)


@READ_OF_USERS_TOKEN.on(histories)
def read_users_token_events(user_id: str, token_id: str) -> Response:
    """Return a page of the events of one token of a user, newest first.

    The rotation that made the token is among them. Events are kept longer than the token itself: after it
    is deleted, find them among all events of the user.
    """
    service = bootstrap.service()
    service.sign_in.admin(credentials(histories.current_request))
    query = READ_OF_USERS_TOKEN.query_of(histories.current_request).query()
    owner = service.administer.get(user_id)
    token = service.manage.get(owner, token_id).token
    page = service.histories.of_user(owner, query, token)
    return responses.document(rendering.admins_page(page))


LIST = Operation(
    "GET",
    "/v1/events",
    "events.list",
    "Administration",
    ADMIN,
    (_ADMINS_PAGE,),
    query=AllEventsListQuery,
    raises=(errors.InvalidCursor,),
)


@LIST.on(histories)
def list_events() -> Response:
    """Return a page of the events of all users and of the signing keys, newest first.

    A page searches a limited number of days, so it may be short or even empty before the last one. Read on
    until `next_cursor` is null. Events of the last seconds may be missing.
    """
    service = bootstrap.service()
    service.sign_in.admin(credentials(histories.current_request))
    query = LIST.query_of(histories.current_request).query()
    return responses.document(rendering.admins_page(service.all_events.page(query)))
