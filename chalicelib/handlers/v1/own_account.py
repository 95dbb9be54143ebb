"""``/v1/me``: the caller's own account."""

from chalice.app import Blueprint, Response

from chalicelib import bootstrap, logs
from chalicelib.domain import errors
from chalicelib.domain.users import User
from chalicelib.handlers.http import responses
from chalicelib.handlers.http.credentials import credentials
from chalicelib.handlers.http.operations import PERSON, DocumentedResponse, Operation
from chalicelib.handlers.http.wire import Me
from chalicelib.handlers.v1 import inputs

own_account = Blueprint(__name__)

_TAG = "Account"

READ_ME = Operation("GET", "/v1/me", "me.read", _TAG, PERSON, (DocumentedResponse(body=Me),))


@READ_ME.on(own_account)
def read_me() -> Response:
    """Return the caller's own account."""
    return responses.document(responses.me(_sign_in()))


CHANGE_ME = Operation(
    "PATCH",
    "/v1/me",
    "me.change",
    _TAG,
    PERSON,
    (DocumentedResponse(body=Me),),
    body=inputs.ChangeMe,
    raises=(errors.TooManyChanges, errors.ConcurrentChange),
)


@CHANGE_ME.on(own_account)
def change_me() -> Response:
    """Turn mails about the caller's tokens on or off.

    This changes no right, so it leaves no event. A mail that is being sent may still arrive. The number of
    changes per UTC day is limited. Beyond the limit the response is 429.
    """
    person = _sign_in()
    wants_notices = CHANGE_ME.body_of(own_account.current_request).notices
    changed = bootstrap.service().change_preferences(person, wants_notices=wants_notices)
    logs.add(notices=changed.wants_notices)
    return responses.document(responses.me(changed))


def _sign_in() -> User:
    return bootstrap.service().sign_in.user(credentials(own_account.current_request))
