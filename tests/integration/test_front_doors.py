"""The authorizer behind every front door of AWS, asked with the events that AWS documents."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.scopes import MAX_PATH_LENGTH
from chalicelib.domain.users import User
from chalicelib.handlers import authorizer, front_doors
from chalicelib.services.callers import token_caller
from infra.local.policies import allows
from tests.support.api import Api, api_of
from tests.support.events import API, Context, appsync, http_api, rest_request, websocket
from tests.support.memory import InMemoryStore
from tests.support.service import MemoryService

SCOPES = {
    "orders:read": {"description": "Read orders", "opens": ["GET /orders", "GET /orders/*"]},
    "live": {"description": "Live updates", "opens": ["GET /"]},
    "graph": {"description": "GraphQL", "opens": ["POST /graphql"]},
}


@pytest.fixture
def service() -> MemoryService:
    """Return a service with a scope for each door."""
    return MemoryService({"SCOPES": json.dumps(SCOPES)})


@pytest.fixture
def api(service: MemoryService) -> Iterator[Api]:
    """Call the app."""
    with api_of(service) as api:
        yield api


@pytest.fixture
def token(api: Api, service: MemoryService) -> dict[str, Any]:
    """Return a token with every scope."""
    return api.create_token(service.provider.sign_in("user@example.com"), name="ci")


def context_of(token: dict[str, Any]) -> dict[str, str]:
    """Return what a backend hears about the token."""
    scopes = " ".join(token["scopes"])
    return {"token_id": token["id"], "token_name": token["name"], "scopes": scopes}


def test_rest_request_gets_the_policy_of_all_that_is_open(token: dict[str, Any]) -> None:
    """As the TOKEN authorizer answers: right for every route while the gateway caches it."""
    answer = front_doors.rest_request_authorizer(rest_request(f"Bearer {token['token']}"), Context())

    assert allows(answer, f"{API}/test/GET/orders/8")
    assert allows(answer, f"{API}/test/GET/")
    assert not allows(answer, f"{API}/test/DELETE/orders/7")
    assert not allows(answer, f"{API}/prod/GET/orders/7")
    assert context_of(token).items() <= answer["context"].items()
    assert answer["principalId"] == answer["context"]["user_id"]


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_rest_request_finds_the_header_in_any_case(token: dict[str, Any], name: str) -> None:
    """REST APIs hand headers on as the client spelled them (RFC 9110 section 5.1)."""
    event = rest_request(f"bearer {token['token']}", name)

    assert allows(front_doors.rest_request_authorizer(event, Context()), event["methodArn"])
    del event["multiValueHeaders"]
    assert allows(front_doors.rest_request_authorizer(event, Context()), event["methodArn"])


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ["Bearer {token}", "Bearer {token}"]},
        {"Authorization": ["Bearer {token}"], "authorization": ["Basic x"]},
        {"Authorization": []},
        {},
    ],
)
def test_two_headers_or_none_let_nobody_in(token: dict[str, Any], headers: dict[str, list[str]]) -> None:
    """Two headers are refused like none, because the backend may read either of them."""
    event = rest_request(None)
    event["multiValueHeaders"] = {
        name: [value.format(token=token["token"]) for value in values] for name, values in headers.items()
    }

    with pytest.raises(Exception, match=r"^Unauthorized$"):
        front_doors.rest_request_authorizer(event, Context())


@pytest.mark.parametrize(
    ("method", "path", "stage", "expected"),
    [
        ("GET", "/orders/7", "$default", True),
        ("GET", "/orders/7", "test", True),
        ("GET", "/orders", "test", True),
        ("GET", "/orders", "orders", True),
        ("DELETE", "/orders/7", "$default", False),
        ("GET", "/elsewhere", "$default", False),
        ("GET", "/x/orders/7", "x", False),
    ],
)
def test_http_api_hears_whether_this_request_is_open(
    token: dict[str, Any], method: str, path: str, stage: str, expected: bool
) -> None:
    """A simple response is about one request. The stage is not part of the path that scopes know."""
    event = http_api(f"Bearer {token['token']}", method, path, stage)

    answer = front_doors.http_api_authorizer(event, Context())

    assert answer["isAuthorized"] is expected
    assert (
        (answer["context"]["token_id"] == token["id"]) if expected else (answer == {"isAuthorized": False})
    )


def test_http_api_refuses_paths_longer_than_gateways_send(
    token: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The last length that passes is API Gateway's own limit; the log says why the next one does not."""
    for length, expected in ((MAX_PATH_LENGTH, True), (MAX_PATH_LENGTH + 1, False)):
        event = http_api(f"Bearer {token['token']}", "GET", "/orders/".ljust(length, "a"), "$default")
        assert front_doors.http_api_authorizer(event, Context())["isAuthorized"] is expected

    assert [(line["outcome"], line.get("reason")) for line in lines_of(caplog)] == [
        ("allowed", None),
        ("refused", "path_too_long"),
    ]


def test_http_api_with_the_stage_in_its_path_only_is_read_as_it_is(token: dict[str, Any]) -> None:
    """A custom domain leaves the stage out of the path."""
    event = http_api(f"Bearer {token['token']}", stage="test")
    event["rawPath"] = "/orders/7"

    assert front_doors.http_api_authorizer(event, Context())["isAuthorized"] is True


DOMAIN = "api.example.com"


@pytest.mark.parametrize(
    ("path", "stage", "domain", "expected"),
    [
        # The catch-all stage is served from the base, so a segment of that name is the caller's.
        ("/$default/orders/7", "$default", None, False),
        ("/orders/7", "$default", DOMAIN, True),
        ("/$default/orders/7", "$default", DOMAIN, False),
        # A custom domain does not name the stage, so a segment like it is the caller's.
        ("/orders/7", "test", DOMAIN, True),
        ("/test/orders/7", "test", DOMAIN, False),
        ("/orders/7", "orders", DOMAIN, True),
        ("/orders/orders", "orders", DOMAIN, True),
        # At the API's own address the stage comes once.
        ("/orders/7", "orders", None, True),
        ("/test/orders/7", "test", None, False),
        ("/test/orders/7", "test", "ABCDEF123.execute-api.us-east-1.amazonaws.com", True),
        # A domain that looks like another API's address is a custom one.
        ("/test/orders/7", "test", "other.execute-api.example.com", False),
        ("/test/orders/7", "test", "abcdef1234.execute-api.us-east-1.amazonaws.com", False),
    ],
)
def test_http_api_loses_its_stage_where_the_stage_is_in_the_path(
    token: dict[str, Any], path: str, stage: str, domain: str | None, expected: bool
) -> None:
    """Elsewhere the path would be compared without a segment that the backend sees."""
    event = http_api(f"Bearer {token['token']}", "GET", path, stage, domain)

    assert front_doors.http_api_authorizer(event, Context())["isAuthorized"] is expected


@pytest.mark.parametrize("raw", ["/test", "/test/"])
def test_root_of_a_named_stage_is_the_root(token: dict[str, Any], raw: str) -> None:
    """With or without a slash behind the stage."""
    event = http_api(f"Bearer {token['token']}", stage="test")
    event["rawPath"] = raw

    assert front_doors.http_api_authorizer(event, Context())["isAuthorized"] is True


@pytest.mark.parametrize("domain", [None, DOMAIN])
@pytest.mark.parametrize("stage", ["$default", "test"])
def test_stage_that_merely_begins_the_first_segment_stays(
    token: dict[str, Any], stage: str, domain: str | None
) -> None:
    """``/tests`` is not ``/test``."""
    event = http_api(f"Bearer {token['token']}", stage=stage, domain=domain)
    event["rawPath"] = f"/{stage}s/orders/7"

    assert front_doors.http_api_authorizer(event, Context())["isAuthorized"] is False


def test_websocket_opens_its_one_route(token: dict[str, Any]) -> None:
    """The policy names the connection and nothing else."""
    answer = front_doors.websocket_authorizer(websocket(f"Bearer {token['token']}"), Context())

    assert answer["policyDocument"]["Statement"] == [
        {
            "Action": "execute-api:Invoke",
            "Effect": "Allow",
            "Resource": [f"{API}/default/$connect"],
        }
    ]


@pytest.mark.parametrize("credential", ["{token}", "Bearer {token}"])
def test_appsync_lets_the_token_in_with_or_without_its_scheme(
    token: dict[str, Any], credential: str
) -> None:
    """AppSync itself advises against the scheme; people send it all the same."""
    answer = front_doors.appsync_authorizer(appsync(credential.format(token=token["token"])), Context())

    assert answer["isAuthorized"] is True
    assert context_of(token).items() <= answer["resolverContext"].items()


def test_appsync_remembers_a_yes_for_as_long_as_its_api_says(token: dict[str, Any]) -> None:
    """That cache is not flushed, so a gateway that was configured without one must not get one."""
    answer = front_doors.appsync_authorizer(appsync(token["token"]), Context())

    assert answer.keys() == {"isAuthorized", "resolverContext"}


@pytest.mark.parametrize(
    "path",
    [
        "/orders/../admin",
        "/orders/..",
        "/orders/./7",
        "/orders/.",
        "/orders\\..\\admin",
        "/orders/..\\admin",
        "/orders/..;/admin",
        "/orders/..;x=y/admin",
        "/orders/.;x/admin",
        "/orders/%2e%2e/admin",
        "/orders/%2E./admin",
        "/orders/..%2fadmin",
        "/orders/..%5Cadmin",
        "/orders%2f..%2fadmin",
        "/orders/%252e%252e/admin",
        "/orders/..%00",
        "/orders/.%09./admin",
        "/orders/%c0%ae%c0%ae/admin",
    ],
)
@pytest.mark.parametrize("stage", ["$default", "test"])
def test_path_that_names_another_one_is_not_open(
    token: dict[str, Any], caplog: pytest.LogCaptureFixture, path: str, stage: str
) -> None:
    """HTTP APIs decode %2e and %2F. A backend that resolves them opens another path."""
    event = http_api(f"Bearer {token['token']}", path=path, stage=stage)

    assert front_doors.http_api_authorizer(event, Context()) == {"isAuthorized": False}
    assert [(line["outcome"], line["reason"]) for line in lines_of(caplog)] == [
        ("refused", "ambiguous_path")
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/reports/7.csv", True),
        ("/reports/a/b.csv", True),
        ("/reports/a%2Fb.csv", True),
        ("/reports/secret;.csv", False),
        ("/reports/secret%3b.csv", False),
        ("/reports/secret%3f.csv", False),
        ("/reports/secret%2523.csv", False),
        ("/tenants/7/orders", True),
        ("/tenants//orders", False),
        ("/tenants/%2Forders", False),
        ("/tenants/\\orders", False),
    ],
)
def test_path_must_be_open_in_every_reading(path: str, expected: bool) -> None:
    """A backend that drops parameters, cuts queries or merges slashes arrives at an open path too."""
    scopes = {"r": {"description": "R", "opens": ["GET /reports/*.csv", "GET /tenants/*/orders"]}}
    service = MemoryService({"SCOPES": json.dumps(scopes)})
    with api_of(service) as api:
        token = api.create_token(service.provider.sign_in("user@example.com"))["token"]
        answer = front_doors.http_api_authorizer(http_api(f"Bearer {token}", path=path), Context())

    assert answer["isAuthorized"] is expected


@pytest.mark.parametrize(
    "path", ["//orders/7", "/orders;v=1", "/orders/a%2Fb", "/a\\b", "/100%25", "/Gr%C3%BCn"]
)
def test_scope_that_opens_all_paths_opens_odd_ones(path: str) -> None:
    """Only paths that name another one are refused to it."""
    service = MemoryService()
    with api_of(service) as api:
        token = api.create_token(service.provider.sign_in("user@example.com"))["token"]
        answer = front_doors.http_api_authorizer(http_api(f"Bearer {token}", path=path), Context())

    assert answer["isAuthorized"] is True


@pytest.mark.parametrize("path", ["/orders/7..8", "/orders/...", "/orders/.well-known", "/orders/a.b"])
def test_dots_within_a_name_are_nothing_special(token: dict[str, Any], path: str) -> None:
    """RFC 3986 section 3.3 knows two dot segments and no more."""
    answer = front_doors.http_api_authorizer(http_api(f"Bearer {token['token']}", path=path), Context())

    assert answer["isAuthorized"] is True


@pytest.mark.parametrize("name", ['x","user_id":"usr_victim', "back\\slash", "100%", "Grüße 🔑", "%22"])
def test_name_of_a_token_is_nothing_but_text_at_every_door(
    api: Api, service: MemoryService, name: str
) -> None:
    """People choose it, and gateways and mapping templates copy it unescaped."""
    token = api.create_token(service.provider.sign_in("user@example.com"), name=name)
    header = f"Bearer {token['token']}"

    for context in (
        front_doors.rest_request_authorizer(rest_request(header), Context())["context"],
        front_doors.http_api_authorizer(http_api(header), Context())["context"],
        front_doors.websocket_authorizer(websocket(header), Context())["context"],
        front_doors.appsync_authorizer(appsync(header), Context())["resolverContext"],
    ):
        assert context["token_name"].isascii()
        assert not set('"\\') & set(context["token_name"])
        assert token_caller(context, service.settings.catalogue).token_name == name


@pytest.mark.parametrize("header", ["Bearer bodhi_x", None])
def test_http_api_of_format_1_is_refused_by_its_policy(api: Api, header: str | None) -> None:
    """AWS documents refusals by a message for REST and WebSocket APIs only."""
    event = {**rest_request(header), "version": "1.0"}

    answer = front_doors.rest_request_authorizer(event, Context())

    assert answer["policyDocument"]["Statement"] == [
        {"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": "*"}
    ]


def test_http_api_of_format_1_gets_the_policy_of_all_that_is_open(token: dict[str, Any]) -> None:
    """The same as a REST API gets."""
    event = {**rest_request(f"Bearer {token['token']}"), "version": "1.0"}

    answer = front_doors.rest_request_authorizer(event, Context())

    assert answer == front_doors.rest_request_authorizer({**event, "version": None}, Context())
    assert allows(answer, event["methodArn"])


def test_a_token_without_the_scope_is_forbidden_at_every_door(api: Api, service: MemoryService) -> None:
    """Good tokens that open something else."""
    person = service.provider.sign_in("user@example.com")
    orders, live = (api.create_token(person, scopes=[s])["token"] for s in ("orders:read", "live"))

    assert not allows(
        front_doors.rest_request_authorizer(rest_request(f"Bearer {live}"), Context()),
        f"{API}/test/GET/orders/7",
    )
    assert front_doors.http_api_authorizer(http_api(f"Bearer {live}"), Context()) == {"isAuthorized": False}
    denied = front_doors.websocket_authorizer(websocket(f"Bearer {orders}"), Context())
    assert denied["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert front_doors.appsync_authorizer(appsync(orders), Context())["isAuthorized"] is False


REFUSED = ["Bearer bodhi_x", "Bearer ", "Basic dXNlcjpwdw==", "bodhi_x", "Bearer eyJhbGciOiJub25lIn0.e30."]


@pytest.mark.parametrize("header", [*REFUSED, None])
def test_strangers_hear_unauthorized_where_the_door_can_say_so(api: Api, header: str | None) -> None:
    """REST and WebSocket APIs answer 401 to exactly this message."""
    for door, event in (
        (front_doors.rest_request_authorizer, rest_request(header)),
        (front_doors.websocket_authorizer, websocket(header)),
    ):
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            door(event, Context())


@pytest.mark.parametrize("header", REFUSED)
def test_strangers_are_not_authorized_where_the_door_knows_no_more(api: Api, header: str) -> None:
    """HTTP APIs and AppSync know yes and no; a no is not cached."""
    assert front_doors.http_api_authorizer(http_api(header), Context()) == {"isAuthorized": False}
    assert front_doors.http_api_authorizer(http_api(None), Context()) == {"isAuthorized": False}
    answer = front_doors.appsync_authorizer(appsync(header), Context())
    assert answer == {"isAuthorized": False, "ttlOverride": 0}


class BrokenStore(InMemoryStore):
    """A store that does not answer."""

    def find_for_authorization(self, user_id: str, token_id: str) -> tuple[None, User | None]:
        """Fail."""
        raise StoreUnavailable


def test_a_store_that_does_not_answer_is_a_failure_at_every_door(
    service: MemoryService, token: dict[str, Any]
) -> None:
    """Never a refusal, never an allow: the gateways answer 5xx to what is raised."""
    service.__dict__.pop("verify", None)
    service.__dict__["authorization"] = BrokenStore()
    header = f"Bearer {token['token']}"

    for door, event in (
        (front_doors.rest_request_authorizer, rest_request(header)),
        (front_doors.http_api_authorizer, http_api(header)),
        (front_doors.websocket_authorizer, websocket(header)),
        (front_doors.appsync_authorizer, appsync(header)),
    ):
        with pytest.raises(StoreUnavailable):
            door(event, Context())


def lines_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return what the lines about decisions say."""
    return [record.fields for record in caplog.records if record.message == "authorize"]  # type: ignore[attr-defined]


def test_missing_scope_is_no_admission_in_the_log(
    api: Api, service: MemoryService, caplog: pytest.LogCaptureFixture
) -> None:
    """A caller who lacks a scope is logged as refused, so that a line tells which callers were let in."""
    person = service.provider.sign_in("user@example.com")
    orders, live = (api.create_token(person, scopes=[s])["token"] for s in ("orders:read", "live"))
    front_doors.http_api_authorizer(http_api(f"Bearer {live}"), Context())
    front_doors.websocket_authorizer(websocket(f"Bearer {orders}"), Context())
    front_doors.appsync_authorizer(appsync(orders), Context())

    assert [(line["outcome"], line["reason"]) for line in lines_of(caplog)] == [
        ("refused", "insufficient_scope")
    ] * 3


def test_event_of_another_door_is_a_failure_that_the_log_names(
    token: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """If the wrong function is attached, there is a line and an alarm."""
    header = f"Bearer {token['token']}"
    for door, event in (
        (authorizer.api_token_authorizer, http_api(header)),
        (authorizer.api_token_authorizer, appsync(header)),
        (front_doors.http_api_authorizer, rest_request(header, "authorization")),
        (front_doors.appsync_authorizer, http_api(header)),
        (front_doors.websocket_authorizer, rest_request(header)),
        (front_doors.websocket_authorizer, {**rest_request(header), "version": "1.0"}),
    ):
        with pytest.raises(KeyError):
            door(event, Context())

    assert {(line["outcome"], line["error"]) for line in lines_of(caplog)} == {("error", "KeyError")}
    assert len(lines_of(caplog)) == 6


def test_websocket_opens_nothing_but_its_connections(token: dict[str, Any]) -> None:
    """Whatever else may come to ask: the scope for connections opens no route."""
    event = websocket(f"Bearer {token['token']}")
    event["requestContext"]["eventType"] = "MESSAGE"

    with pytest.raises(ValueError, match=r"\$connect route"):
        front_doors.websocket_authorizer(event, Context())


def test_each_door_notes_the_request_id_and_counts_a_use(
    service: MemoryService, token: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """One line per decision, whichever door it was; the same verification as everywhere."""
    header = f"Bearer {token['token']}"
    front_doors.rest_request_authorizer(rest_request(header), Context())
    front_doors.http_api_authorizer(http_api(header), Context())
    front_doors.websocket_authorizer(websocket(header), Context())
    front_doors.appsync_authorizer(appsync(header), Context())

    decisions = lines_of(caplog)
    assert [(d["outcome"], d["request_id"]) for d in decisions] == [("allowed", "request-7")] * 4
    assert {d["token_id"] for d in decisions} == {token["id"]}
