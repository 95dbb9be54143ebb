"""The caller behind a presented token, as the gateway in front of it describes the request."""

from enum import Enum

from chalicelib.domain.frozen import Frozen


class Door(Enum):
    """The kind of API that presents a token."""

    REST_TOKEN = "rest_token"  # noqa: S105 (this is not a password)
    REST_REQUEST = "rest_request"
    HTTP_API_1 = "http_api_1"
    HTTP_API_2 = "http_api_2"
    WEBSOCKET = "websocket"
    APPSYNC = "appsync"
    OWN_API = "own_api"


class Caller(Frozen):
    """A request, as a gateway describes it.

    ``address`` is the source address as text. The gateway takes it from the connection. A header never
    sets it. It is None if the door does not know it. ``method`` and ``path`` are those that the door
    decides about. The client chooses its user agent freely. ``request_id`` is the gateway's id of a
    request to our own API.
    """

    door: Door
    address: str | None = None
    unverified_user_agent: str | None = None
    method: str | None = None
    path: str | None = None
    request_id: str | None = None
