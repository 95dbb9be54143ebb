"""Challenges: from a refusal to a token (RFC 6750 section 3, RFC 9728 section 5.1)."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import unquote, urlsplit

import pytest
from chalice.config import Config

from chalicelib.handlers.challenges import ApiChallenges, bearer
from infra.aws.package.challenges import with_challenges
from infra.local.events import HttpRequest
from infra.local.gateway import Gateway
from infra.local.responses import GatewayResponses
from infra.local.template import gateway_responses, read_template
from tests.oauth.service import oauth_service
from tests.security.victim import CountingService
from tests.support import challenges
from tests.support.api import Answer, api_of
from tests.support.challenges import parameters
from tests.support.discovery import OAuthClient
from tests.support.mapped import Mapped
from tests.support.service import ENVIRON

ISSUER = "https://api.example.com"
WELL_KNOWN = "/.well-known/oauth-protected-resource"
HEADER = "gatewayresponse.header.WWW-Authenticate"
SCOPES = {
    "orders:read": {"description": "Read", "opens": ["GET /*"]},
    "a": {"description": "Another", "opens": ["POST /a"]},
    "users/admin": {"description": "For administrators", "opens": ["GET /users"], "roles": ["admin"]},
}
FOR_ADMINISTRATORS = {"users/admin": SCOPES["users/admin"]}

Place = tuple[CountingService, OAuthClient]
Serve = Callable[[Mapping[str, str]], AbstractContextManager[Place]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve the application behind our own gateway, at the host of every URL."""
    from app import app

    kind = app.__class__

    @contextmanager
    def serving(environ: Mapping[str, str]) -> Iterator[Place]:
        service = oauth_service(environ)
        template = with_challenges(read_template(), {**ENVIRON, **environ})
        with api_of(service):
            gateway = Gateway(app, Config.create(app_name="bodhi"), GatewayResponses(template))
            yield service, OAuthClient(lambda *request: sent(gateway, *request))

    yield serving
    # The gateway changes the application, which other tests share.
    app.__class__ = kind


def sent(gateway: Gateway, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Return the answer to a request for an absolute URL."""
    parts = urlsplit(url)
    wire = {name.lower(): [value] for name, value in headers.items()} | {"host": [parts.netloc]}
    response = gateway.respond(HttpRequest(method, parts.path, wire, body))
    names = {name: value for name, value in response.headers.items() if isinstance(value, str)}
    return Answer(int(response.status), names, response.body.decode())


@pytest.mark.parametrize("audience", [f"{ISSUER}/api", ISSUER, f"{ISSUER}/api/", f"{ISSUER}/api/whoami"])
def test_client_finds_its_way_from_a_refusal_to_a_token(serve: Serve, audience: str) -> None:
    """It knows the URL of the API only, and follows what it is told."""
    url = f"{ISSUER}/api/whoami"
    with serve({"AUDIENCE": audience}) as (service, client):
        token = client.token_for(url, service.provider.sign_in("user@example.com"))
        assert client.status(url, token) == 200


def test_client_finds_its_way_with_scopes_of_the_team(serve: Serve) -> None:
    """It gets the scopes that everybody may have."""
    url = f"{ISSUER}/api/whoami"
    with serve({"SCOPES": json.dumps(SCOPES)}) as (service, client):
        assert client.challenged(url)["scope"] == "a orders:read"
        token = client.token_for(url, service.provider.sign_in("user@example.com"))
        assert client.status(url, token) == 200


def test_challenge_names_no_scope_if_none_is_for_everybody(serve: Serve) -> None:
    """An empty scope would not be one (RFC 6749 section 3.3)."""
    with serve({"SCOPES": json.dumps(FOR_ADMINISTRATORS)}) as (_, client):
        assert "scope" not in client.challenged(f"{ISSUER}/api/whoami")


def test_refused_call_leads_to_the_metadata_too(serve: Serve) -> None:
    """The gateway does not know why it refuses, so the challenge has no error and names no scope."""
    url = f"{ISSUER}/api/echo"
    with serve({}) as (service, client):
        person = service.provider.sign_in("user@example.com")
        token = client.token_for(f"{ISSUER}/api/whoami", person, scope="api:read")
        refused = client.send("POST", url, {"Authorization": f"Bearer {token}"}, b"{}")
        assert (refused.status, refused.code) == (403, "forbidden")
        assert refused.headers["WWW-Authenticate"] == challenges.FORBIDDEN
        told = parameters(refused.headers["WWW-Authenticate"])
        assert client.resource_of(url, told["resource_metadata"])["resource"] == f"{ISSUER}/api"


@pytest.mark.parametrize(
    ("issuer", "audience", "metadata"),
    [
        (ISSUER, f"{ISSUER}/api", f"{ISSUER}{WELL_KNOWN}/api"),
        (ISSUER, ISSUER, f"{ISSUER}{WELL_KNOWN}"),
        (f"{ISSUER}/", f"{ISSUER}/", f"{ISSUER}{WELL_KNOWN}"),
        (ISSUER, f"{ISSUER}/tenants/7/api", f"{ISSUER}{WELL_KNOWN}/tenants/7/api"),
        # The stage of an API is in the path of the resource, and before our own path.
        (f"{ISSUER}/dev", f"{ISSUER}/dev/api", f"{ISSUER}/dev{WELL_KNOWN}/dev/api"),
        # The base path of a custom domain.
        (f"{ISSUER}/a/b", f"{ISSUER}/a/b/api", f"{ISSUER}/a/b{WELL_KNOWN}/a/b/api"),
        # The API has a host of its own. The document is where this service is.
        (ISSUER, "https://orders.example.com/v1", f"{ISSUER}{WELL_KNOWN}/v1"),
    ],
)
def test_metadata_is_where_the_challenge_says(issuer: str, audience: str, metadata: str) -> None:
    """Behind a stage and a base path too."""
    service = oauth_service({"ISSUER": issuer, "AUDIENCE": audience})
    assert ApiChallenges.of(service.settings).resource_metadata == metadata
    prefix = urlsplit(issuer).path.rstrip("/")
    with api_of(service):
        place = Mapped(service, "api.example.com", prefix)
        answer = place.call("GET", metadata.removeprefix(f"{ISSUER}{prefix}"))
    assert (answer.status, answer.json["resource"]) == (200, audience)


ODD_PATHS = (
    "/it's",
    '/say"hi"',
    "/back\\slash",
    "/$context.error.message",
    "/$util.parseJson('x')",
    "/${stageVariables.x}",
    "/\u00fc/\u2603",
    "/\x01\x7f",
    "/a//b",
    "/./a",
    "/a/../b",
    "/a/%2e%2E/b",
    "/a%2Fb",
    "/%2Fa",
    "/{a}/<b>|^`",
    "/100%",
    "/a%20b/%7Ec",
    "/a,b;c=d&e+f!g*(h)@i:j",
)


@pytest.mark.parametrize("path", ODD_PATHS)
def test_any_audience_is_described_where_the_challenge_says(serve: Serve, path: str) -> None:
    """Every path that the settings allow leads to the document, through a header that parses."""
    audience = f"{ISSUER}{path}"
    with serve({"AUDIENCE": audience}) as (_, client):
        told = client.challenged(f"{ISSUER}/api/whoami")
        assert set(told) == {"realm", "error", "scope", "resource_metadata"}
        assert unquote(told["resource_metadata"]).startswith(f"{ISSUER}{WELL_KNOWN}")
        assert client.document(told["resource_metadata"])["resource"] == audience


@pytest.mark.parametrize("path", ODD_PATHS)
def test_no_setting_ends_a_static_value(path: str) -> None:
    """API Gateway reads a value in single quotes as text, and everything else as a mapping."""
    settings = {**ENVIRON, "ISSUER": f"{ISSUER}{path}", "AUDIENCE": f"{ISSUER}{path}/api"}
    found = challenges_in(settings)
    assert set(found) == {"UNAUTHORIZED", "ACCESS_DENIED"}
    for value in found.values():
        assert (value[0], value[-1]) == ("'", "'")
        assert not set(value[1:-1]) & set("'$\\")
        assert value.isascii()
        assert value.isprintable()
        assert parameters(value[1:-1])["realm"] == "bodhi-api-tokens"


def challenges_in(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the challenges of the gateway's own responses."""
    template = with_challenges(read_template(), settings)
    parameters_of = {r["ResponseType"]: r["ResponseParameters"] for r in gateway_responses(template)}
    return {kind: each[HEADER] for kind, each in parameters_of.items() if HEADER in each}


def test_open_mode_has_no_challenge() -> None:
    """It refuses no token, and does not need the settings that a challenge is made of."""
    settings = {"AUTH_MODE": "none", "STAGE": "dev"}
    assert challenges_in(settings) == {}
    assert with_challenges(read_template(), settings) == read_template()


def test_values_are_escaped() -> None:
    """As quoted-string (RFC 9110 section 5.6.4). Parameters without a value are left out."""
    assert bearer(a='x"y\\z', b=None, c="") == 'Bearer realm="bodhi-api-tokens", a="x\\"y\\\\z"'
    assert parameters(bearer(a='x"y\\z'))["a"] == 'x"y\\z'
