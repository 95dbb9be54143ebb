"""A DynamoDB that knows one user, one token, one session and one key, for a process without moto."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.adapters.api_token import ApiTokenSigner
from chalicelib.adapters.dynamodb import items, primary_keys
from chalicelib.adapters.dynamodb.session_store import SESSION
from chalicelib.domain.claims import Claims
from chalicelib.domain.keys import KeyUse
from chalicelib.domain.sessions import new_session
from chalicelib.domain.tokens import TokenState
from chalicelib.services.sessions import cookie_hash, random_text
from tests.packaging.fresh import ENVIRON
from tests.support import canaries
from tests.support.builders import a_token, a_user
from tests.support.keys import LocalSigningKey


@dataclass
class DynamoDBStub:
    """Where it listens, the good token, and which calls came in."""

    url: str
    token: str
    user_id: str
    token_id: str
    public_key: str
    """The key that verifies the token, in PEM."""
    cookie: str
    """The value of the cookie of the user's session."""
    calls: list[str] = field(default_factory=list)


@contextmanager
def dynamodb_stub(
    *,
    used_now: bool = False,
    state: TokenState = TokenState.ACTIVE,
    context: ssl.SSLContext | None = None,
) -> Iterator[DynamoDBStub]:
    """Serve a decision, the usual authorizer and a first list, over TLS if there is a context.

    A decision about a token that was used just now needs two. The sweep finds no checkpoint here.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    key, user = LocalSigningKey(), a_user()
    row = a_token(user, now, last_used_at=now if used_now else None, state=state)
    claims = Claims(user.id, row.id, now, row.scopes, None)
    token = ApiTokenSigner(key, ENVIRON["ISSUER"], ENVIRON["AUDIENCE"]).sign(claims)
    canaries.remember(token)
    primary_key = primary_keys.public_key_key(KeyUse.API_TOKEN, key.kid)
    key_row = primary_key | items.PUBLIC_KEY.item(key.public)
    stored = [items.TOKEN.item(row), items.USER.item(user)]
    cookie = random_text()
    session = SESSION.item(new_session(cookie_hash(cookie), user.id, random_text(), now))
    by_key = {(each["pk"]["S"], each["sk"]["S"]): each for each in (*stored, session)}
    answers: dict[str, Any] = {
        "BatchGetItem": {
            "Responses": {ENVIRON["TABLE_NAME"]: stored},
            "UnprocessedKeys": {},
        },
        "UpdateItem": {},
    }

    def answer(call: str, request: dict[str, Any]) -> dict[str, Any]:
        if call == "Query":
            asked = request["ExpressionAttributeValues"].values()
            found = [each for each in (key_row, stored[0]) if each["pk"] in asked]
            return {"Items": found, "Count": len(found), "ScannedCount": len(found)}
        if call != "GetItem":
            return dict(answers[call])
        item = by_key.get((request["Key"]["pk"]["S"], request["Key"]["sk"]["S"]))
        return {"Item": item} if item else {}

    class Handler(BaseHTTPRequestHandler):
        # As DynamoDB does: it keeps connections, and sends a short response at once.
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            call = self.headers["X-Amz-Target"].partition(".")[2]
            stub.calls.append(call)
            body = json.dumps(answer(call, request)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    scheme = "http://127.0.0.1"
    if context:
        server.socket, scheme = context.wrap_socket(server.socket, server_side=True), "https://localhost"
    public = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    url = f"{scheme}:{server.server_port}"
    stub = DynamoDBStub(url, token, user.id, row.id, public.decode(), cookie)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
