"""Callers of the app in process, through Chalice's own test client."""

import json
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from chalice.test import Client

from chalicelib import bootstrap
from chalicelib.bootstrap import Mode
from chalicelib.settings import is_loopback
from infra.local.routes import ExactRouteMatcher
from tests.support import canaries, contract

Form = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.text)

    @property
    def code(self) -> str | None:
        """The stable code of a problem document."""
        return self.json.get("code") if self.text else None


class Api:
    """Calls the app; every answer is watched for secrets."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.around: Callable[[str, str], AbstractContextManager[None]] = lambda method, path: nullcontext()
        """What is entered for each call, by method and path."""

    def call(
        self,
        method: str,
        path: str,
        credential: str | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call with ``credential`` as bearer; a body that is not bytes goes as JSON.

        A raising authorizer is answered as API Gateway does: 401 to ``Unauthorized``, else 500.
        """
        sent = dict(headers or {})
        if credential is not None:
            canaries.remember(credential)
            sent.setdefault("Authorization", f"Bearer {credential}")
        data = b"" if body is None else body
        if not isinstance(data, bytes):
            data = json.dumps(data).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        with self.around(method, path.partition("?")[0]):
            answer = self._send(method, path, sent, data)
        self.watch(method, path, answer)
        content_type = answer.headers.get("Content-Type", "")
        contract.check(method, path, answer.status, content_type, answer.text)
        if answer.headers and "x-amzn-ErrorType" not in answer.headers:
            # Others are made by the gateway of the test client, which knows no template.
            over_tls = not is_loopback(f"//{sent.get('Host', '')}")
            contract.check_headers(f"{method} {path}", answer.headers, over_tls=over_tls)
        return answer

    def get(self, path: str, credential: str | None = None, **options: Any) -> Answer:
        """Call with GET."""
        return self.call("GET", path, credential, **options)

    def post(self, path: str, credential: str | None = None, body: object = None, **options: Any) -> Answer:
        """Call with POST; without a body an empty object is sent."""
        return self.call("POST", path, credential, {} if body is None else body, **options)

    def patch(self, path: str, credential: str, body: object, **options: Any) -> Answer:
        """Call with PATCH."""
        return self.call("PATCH", path, credential, body, **options)

    def delete(self, path: str, credential: str, **options: Any) -> Answer:
        """Call with DELETE."""
        return self.call("DELETE", path, credential, **options)

    def form(self, path: str, parameters: Form, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a form with POST; a parameter of several values is repeated."""
        usual = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(parameters, doseq=True).encode()
        return self.call("POST", path, body=body, headers={**usual, **(headers or {})})

    def create_token(self, credential: str, **members: Any) -> dict[str, Any]:
        """Return a new token resource with its string."""
        answer = self.post("/v1/tokens", credential, members)
        assert answer.status == 201, answer.text
        created: dict[str, Any] = answer.json
        return created

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        try:
            response = self.client.http.request(method, path, headers=headers, body=body)
        except Exception as error:
            # Lambda logs what escapes a handler, with its traceback.
            canaries.check(f"what {method} {path} raised", traceback.format_exc())
            return Answer(401 if str(error) == "Unauthorized" else 500, {}, "{}")
        return Answer(response.status_code, response.headers, response.body.decode())

    @staticmethod
    def watch(method: str, path: str, answer: Answer) -> None:
        """Look for secrets in an answer; only those that create a token may hold one."""
        text = answer.text
        member = _shown_once(method, path, answer.status)
        if member:
            secret = answer.json[member]
            canaries.remember(secret)
            text = text.replace(secret, "")
        canaries.check(f"answer to {method} {path}", f"{dict(answer.headers)} {text}")


def _shown_once(method: str, path: str, status: int) -> str | None:
    """Return the member that holds a new token, where an answer has one."""
    if (method, status) == ("POST", 201) and (path == "/v1/tokens" or path.endswith("/rotate")):
        return "token"
    return "access_token" if (method, path, status) == ("POST", "/oauth2/token", 200) else None


@contextmanager
def api_of(service: Mode) -> Iterator[Api]:
    """Call the app while ``service`` is the one of this process."""
    from app import app

    # Chalice's own logger hands nothing on, and quotes what a view raised.
    canaries.watch(app.log)
    before = bootstrap.current()
    bootstrap.install(service)
    try:
        with Client(app, stage_name="dev", project_dir=".") as client:
            # Chalice's own matcher does not know greedy parameters.
            client.http._local_gateway.event_converter._route_matcher = ExactRouteMatcher(app.routes)
            yield Api(client)
    finally:
        bootstrap.install(before)
