"""What the page says of functions, answers and names is what the code does."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import unquote

import pytest

from chalicelib.handlers.authorizer import UNAUTHORIZED, api_token_authorizer
from chalicelib.handlers.front_doors import (
    appsync_authorizer,
    http_api_authorizer,
    rest_request_authorizer,
    websocket_authorizer,
)
from infra.aws.package.flushing import MAX_STAGES
from infra.local.policies import allows
from infra.local.template import read_template
from tests.attach.page import EXPORTS, PAGE, examples, table
from tests.support.api import api_of
from tests.support.events import Context, Event, appsync, http_api, rest_request, rest_token, websocket
from tests.support.service import MemoryService

Make = Callable[[str], dict[str, Any]]
APPSYNC = "AppSync"
DOORS: dict[str, tuple[Callable[[Event, Any], Event], Callable[[str], Event]]] = {
    "REST API, REQUEST authorizer": (rest_request_authorizer, rest_request),
    "REST API, TOKEN authorizer": (api_token_authorizer, rest_token),
    "HTTP API, payload format 2.0, simple responses": (http_api_authorizer, http_api),
    "HTTP API, payload format 1.0": (
        rest_request_authorizer,
        lambda header: {**rest_request(header), "version": "1.0"},
    ),
    "WebSocket API, `$connect`": (websocket_authorizer, websocket),
    APPSYNC: (appsync_authorizer, appsync),
}
SCOPES = {
    "open": {
        "description": "What the events ask for",
        "opens": ["GET /orders/*", "GET /", "POST /graphql"],
    },
    "other": {"description": "Something else", "opens": ["GET /other"]},
}
NAME = 'Größe "1"'


@pytest.fixture
def service() -> MemoryService:
    """Return a service with one scope that opens every door, and one that opens none."""
    return MemoryService({"SCOPES": json.dumps(SCOPES)})


@pytest.fixture
def make(service: MemoryService) -> Iterator[Make]:
    """Make tokens with one scope."""
    with api_of(service) as api:
        person = service.provider.sign_in("user@example.com")
        yield lambda scope: api.create_token(person, name=NAME, scopes=[scope])


def asked(door: str, header: str) -> tuple[int, dict[str, str]]:
    """Return the status that AWS makes of a function's answer, and what the backend hears."""
    function, event_of = DOORS[door]
    event = event_of(header)
    try:
        answer = function(event, Context())
    except Exception as refusal:
        if str(refusal) != UNAUTHORIZED:
            raise
        return 401, {}
    if "isAuthorized" not in answer:
        return (200 if allows(answer, event["methodArn"]) else 403), answer.get("context", {})
    refused = 401 if door == APPSYNC else 403
    heard = answer.get("context") or answer.get("resolverContext") or {}
    return (200 if answer["isAuthorized"] else refused), heard


def test_each_kind_of_api_has_its_function() -> None:
    """All whose aliases are exported, each under the name of that output."""
    rows = [[cell.strip("`") for cell in row[1:3]] for row in table("Choose the function")]
    assert [row[0] for row in table("Choose the function")] == list(DOORS)
    assert {output for _, output in rows} == {name for name in EXPORTS.values() if "Alias" in name}
    for (function, output), (handler, _) in zip(rows, DOORS.values(), strict=True):
        assert output == f"{function}AliasArn"
        assert handler.__name__ == re.sub(r"(?<!^)(?=[A-Z])", "_", function).lower()


@pytest.mark.parametrize("row", table("What callers get"), ids=lambda row: row[0])
def test_callers_get_what_the_table_says(make: Make, row: list[str]) -> None:
    """Without a token gateways answer by themselves: the examples make the header an identity source."""
    door, without, invalid, unscoped = row
    assert without == "401"
    assert asked(door, f"Bearer {make('open')['token']}")[0] == 200
    assert asked(door, "Bearer garbage")[0] == int(invalid)
    assert asked(door, f"Bearer {make('other')['token']}")[0] == int(unscoped)


@pytest.mark.parametrize("door", DOORS)
def test_backend_hears_plain_strings(make: Make, door: str) -> None:
    """All of them as they are, but the name has to be decoded."""
    made = make("open")
    _, heard = asked(door, f"Bearer {made['token']}")
    assert heard.keys() == {row[0].strip("`") for row in table("What your backend gets")} - {"expires_at"}
    assert all(value.isascii() for value in heard.values())
    assert (heard["token_id"], heard["scopes"]) == (made["id"], "open")
    assert heard["token_name"] != NAME == unquote(heard["token_name"])


def test_number_of_stages_is_the_one_that_packaging_takes() -> None:
    """One place is the token service's own."""
    assert f"At most {MAX_STAGES - 1} other stages" in PAGE


def test_every_answer_of_the_gateway_that_is_worth_a_copy_is_named() -> None:
    """Those of the template, all."""
    resources = read_template()["Resources"].values()
    answers = [r["Properties"] for r in resources if r["Type"] == "AWS::ApiGateway::GatewayResponse"]
    assert [a["ResponseType"] for a in answers if f"`{a['ResponseType']}`" not in PAGE] == []


class Gateway(BaseHTTPRequestHandler):
    """An API behind the authorizer, and the token service, as far as the page's commands call them."""

    revoked: ClassVar[set[str]] = set()

    def do_GET(self) -> None:
        """Answer as a REST API with a TOKEN authorizer."""
        presented = self.headers["Authorization"]
        if presented in self.revoked or presented not in ("Bearer good", "Bearer unscoped"):
            self._answer(401)
        else:
            self._answer(200 if presented == "Bearer good" else 403)

    def do_DELETE(self) -> None:
        """Revoke the token that is presented, as the token service does."""
        assert self.path == "/v1/tokens/self"
        self.revoked.add(self.headers["Authorization"])
        self._answer(204)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


def test_commands_print_what_stands_beside_them() -> None:
    """Run by a shell, against an API that does what it should."""
    if not shutil.which("curl"):
        pytest.skip("no curl here")
    commands = examples("console")["Check it"]
    expected = re.findall(r"  # (\d{3}): ", commands)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    mine = {"URL": f"{base}/orders", "TOKENS": base, "TOKEN": "good", "OTHER_TOKEN": "unscoped"}
    script = re.sub(r"^(URL|TOKENS)=.*$", "", commands, flags=re.MULTILINE)
    done = subprocess.run(["sh", "-c", script], env=mine, capture_output=True, text=True, check=False)
    server.shutdown()
    server.server_close()
    assert (done.stdout.split(), done.stderr) == (expected, "")
    assert len(expected) == 6
