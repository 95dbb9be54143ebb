"""Every operation and page behind a stage, a base path and a nested one: each address in each answer.

The operations come from their registry, so one that is added later is walked as well.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from app import app
from chalicelib.handlers.docs import openapi
from chalicelib.handlers.http.operations import Documented, documented
from chalicelib.handlers.http.site import Site
from tests.oauth.caller import ACCESS_TOKEN, ID_TOKEN, basic
from tests.oauth.service import OTHER, oauth_service
from tests.security.victim import CountingService
from tests.support.api import Answer, Api, api_of
from tests.support.mapped import Mapped

ISSUER = "https://issuer.example.net/tokens"
AUDIENCE = "https://api.example.net/api"
PLACES = [
    pytest.param("a1b2c3.execute-api.eu-west-1.amazonaws.com", "/dev", id="stage"),
    pytest.param("api.example.com", "", id="domain"),
    pytest.param("api.example.com", "/a", id="base path"),
    pytest.param("api.example.com", "/a/b", id="nested base path"),
]
# Documents name these besides this service: its API, and standards.
ELSEWHERE = (
    AUDIENCE,
    OTHER,
    "https://json-schema.org/",
    # The source of the icons, in their licence.
    "https://lucide.dev",
    "https://login.example.com",
    "https://provider",
    "http://www.w3.org/2000/svg",
)

OPERATIONS = [pytest.param(each, id=each.name) for each in documented()]


@pytest.fixture
def service() -> CountingService:
    """Return a service whose issuer is another host than the one that is called."""
    return oauth_service({"ISSUER": ISSUER, "AUDIENCE": AUDIENCE})


@pytest.fixture
def api(service: CountingService) -> Iterator[Api]:
    """Install the service and prepare what the calls are about."""
    with api_of(service) as api:
        yield api


class Walk:
    """Makes one call of an operation that succeeds."""

    def __init__(self, api: Api, service: CountingService) -> None:
        self.api = api
        self.admin = service.provider.sign_in("admin@example.com")
        self.other = service.provider.sign_in("user@example.com")
        self.token = api.create_token(self.admin)

    def request(self, each: Documented) -> tuple[str, dict[str, str], bytes]:
        """Return path, headers and body."""
        operation = each.operation
        values = {"token_id": self.token["id"], "resource_path": "api", **self._user(operation.path)}
        values |= {"job_id": self._job()} if "{job_id}" in operation.path else {}
        path = operation.documented_path.format(**values)
        headers = self._credential(operation.access.schemes)
        headers |= {each.name: "key" for each in operation.headers if each.is_required}
        if operation.body is None:
            return path, headers, b""
        headers["Content-Type"] = operation.media_type
        return path, headers, self._body(each)

    def _credential(self, schemes: tuple[str, ...]) -> dict[str, str]:
        if "client" in schemes:
            return basic()
        bearer = self.token["token"] if "apiToken" in schemes else self.admin
        return {"Authorization": f"Bearer {bearer}"} if schemes else {}

    def _user(self, path: str) -> dict[str, str]:
        if "{user_id}" not in path:
            return {}
        of_other = "{token_id}" in path
        values = {"user_id": self.api.get("/v1/me", self.other).json["id"]}
        return values | ({"token_id": self.api.create_token(self.other)["id"]} if of_other else {})

    def _job(self) -> str:
        body = {"token_ids": [self.token["id"]], "reason": "admin", "dry_run": True}
        key = {"Idempotency-Key": "job"}
        started = self.api.post("/v1/admin/revocations", self.admin, body, headers=key)
        return str(started.json["id"])

    def _body(self, each: Documented) -> bytes:
        own = FORMS.get(each.name)
        if own:
            return urlencode(own(self)).encode()
        document = openapi.document([each], app_scopes(), None, Site("", ""))
        written = document["paths"][each.operation.documented_path][each.operation.method.lower()]
        content = written["requestBody"]["content"][each.operation.media_type]
        return json.dumps(content.get("example", {})).encode()


def app_scopes() -> Any:
    """Return the scopes of the installed service."""
    from chalicelib import bootstrap

    return bootstrap.current().catalogue


FORMS: Mapping[str, Callable[[Walk], dict[str, str]]] = {
    "exchange_token": lambda walk: {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": walk.admin,
        "subject_token_type": ID_TOKEN,
    },
    "introspect_token": lambda walk: {"token": walk.token["token"], "token_type_hint": ACCESS_TOKEN},
    "revoke_presented_token": lambda walk: {"token": walk.token["token"]},
}


def end_of_overlap(walk: Walk) -> None:
    """Give the token a predecessor in its overlap."""
    walk.token = walk.api.post("/v1/tokens/self/rotate", walk.token["token"], {"overlap_seconds": 60}).json


PREPARED: Mapping[str, Callable[[Walk], None]] = {"end_predecessor": end_of_overlap}


def require_ours(answer: Answer, place: Mapped) -> None:
    """Fail for an address in an answer that leads elsewhere than to this service as it was called."""
    for name in ("Location", "Content-Location"):
        if name in answer.headers:
            assert leads_here(str(answer.headers[name]), place), answer.headers[name]
    for target in re.findall(r"<([^>]*)>", str(answer.headers.get("Link", ""))):
        assert leads_here(target, place), target
    cookies: str | list[str] = answer.headers.get("Set-Cookie", [])
    for cookie in cookies if isinstance(cookies, list) else [cookies]:
        # __Host- cookies have the path of the whole host (RFC 6265bis section 4.1.3.2).
        assert cookie.startswith("__Host-")
        assert "; Path=/;" in cookie
        assert "Domain" not in cookie
    if str(answer.headers.get("Content-Type", "")).startswith("text/html"):
        for link in re.findall(r'\b(?:href|src|action|data-base)="([^"#][^"]*)"', answer.text):
            assert leads_here(link, place) or link == place.prefix, link
    for url in re.findall(r"https?://[^\s\"'<>\\`&)]+", answer.text):
        assert url.startswith((ISSUER, *ELSEWHERE)), f"{url} in an answer"


def leads_here(address: str, place: Mapped) -> bool:
    """Return whether an address is below the prefix, at the same host."""
    parts = urlsplit(address)
    same_host = parts.netloc in ("", place.host)
    return same_host and parts.path.startswith(f"{place.prefix}/") and not address.startswith("//")


@pytest.mark.parametrize(("host", "prefix"), PLACES)
@pytest.mark.parametrize("each", OPERATIONS)
def test_every_address_of_an_operation_is_right(
    api: Api, service: CountingService, each: Documented, host: str, prefix: str
) -> None:
    """Addresses of answers keep the prefix. Addresses of documents are those of ``ISSUER``."""
    place, walk = Mapped(service, host, prefix), Walk(api, service)
    if each.name in PREPARED:
        PREPARED[each.name](walk)
    path, headers, body = walk.request(each)

    answer = place.call(each.operation.method, path, headers, body)

    assert answer.status < 400, f"{answer.text}: give the operation a body in FORMS"
    require_ours(answer, place)
    documents_it = any("Location" in each.headers for each in each.operation.responses)
    assert documents_it is ("Location" in answer.headers)
    if "Location" in answer.headers:
        found = place.call("GET", answer.headers["Location"].removeprefix(prefix), headers_of(walk))
        assert found.status == 200


def headers_of(walk: Walk) -> dict[str, str]:
    """Return what the owner of the new token sends."""
    return {"Authorization": f"Bearer {walk.admin}"}


PAGES = [
    path
    for path, methods in app.routes.items()
    if "GET" in methods and path not in {each.operation.path for each in documented()}
]


@pytest.mark.parametrize(("host", "prefix"), PLACES)
@pytest.mark.parametrize("route", PAGES)
def test_every_address_of_a_page_is_right(
    api: Api, service: CountingService, route: str, host: str, prefix: str
) -> None:
    """Links, files, cookies and redirects keep the prefix. Only the provider has another address."""
    place = Mapped(service, host, prefix)
    signed_out = place.call("GET", "/signed-out").text
    version, name = re.findall(r"/assets/(\w+)/(\w+\.css)", signed_out)[0]

    answer = place.call("GET", route.format(version=version, name=name))

    if route == "/login":
        asked = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert asked["redirect_uri"] == [f"{place.site}/login/callback"]
        answer = Answer(answer.status, {**answer.headers, "Location": f"{place.site}/"}, "")
    require_ours(answer, place)


@pytest.mark.parametrize(("host", "prefix"), PLACES)
def test_a_person_signs_in_and_works_behind_a_prefix(
    api: Api, service: CountingService, host: str, prefix: str
) -> None:
    """The callback leads to the page, and the page's own data and files lead back here."""
    place = Mapped(service, host, prefix)
    leaving = place.call("GET", "/login?return_to=/settings/api-tokens")
    state = parse_qs(urlsplit(leaving.headers["Location"]).query)["state"][0]
    cookie = leaving.headers["Set-Cookie"][0].partition(";")[0]

    back = place.call("GET", f"/login/callback?code=user@example.com&state={state}", {"Cookie": cookie})
    require_ours(back, place)
    session = next(c for c in back.headers["Set-Cookie"] if "bodhi_session" in c).partition(";")[0]
    page = place.call("GET", back.headers["Location"].removeprefix(prefix), {"Cookie": session})

    require_ours(page, place)
    assert f'data-base="{prefix}"' in page.text
    files = set(re.findall(r'(?:src|href)="([^"]*/assets/[^"]*)"', page.text))
    assert len(files) > 10
    for file in files:
        require_ours(place.call("GET", file.removeprefix(prefix)), place)


def test_a_cursor_works_behind_every_prefix(api: Api, service: CountingService) -> None:
    """A cursor names a place in a list and no address."""
    walk = Walk(api, service)
    for _ in PLACES:
        api.create_token(walk.admin)
    query, seen = "/v1/tokens?limit=1", set()
    for host, prefix in (each.values for each in PLACES):
        answer = Mapped(service, str(host), str(prefix)).call("GET", query, headers_of(walk))
        seen.add(answer.json["tokens"][0]["id"])
        query = f"/v1/tokens?limit=1&cursor={answer.json['next_cursor']}"
    assert len(seen) == len(PLACES)


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/v1/tokens",
        "/evil.example//v1/tokens",
        "/%2f/v1/tokens",
        "/a\\b/v1/tokens",
        "/v1/tokens/",
    ],
)
def test_a_strange_path_never_becomes_another_host(api: Api, service: CountingService, path: str) -> None:
    """No usual gateway sends such a path. The prefix is left out then."""
    walk = Walk(api, service)
    before = path.removesuffix("/").removesuffix("/v1/tokens")
    answer = Mapped(service, "api.example.com", before).call("POST", "/v1/tokens", headers_of(walk) | JSON)
    assert re.fullmatch(r"/v1/tokens/tok_\w+", answer.headers["Location"])


JSON = {"Content-Type": "application/json"}
